"""What decides whether tiles that stay leave room: pools, copies, directives that fill levels, least utilization."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import pytest
from fused_oracle import FusedOracle
from random_chains import level_of, matmul, random_chain

from launcher.engines.fuse import find_fused
from launcher.engines.native.fusion.corners import minimise
from launcher.engines.native.fusion.parts import LayerPart, own_specification
from launcher.engines.native.fusion.supports import Direction
from launcher.engines.native.model import evaluate
from launcher.errors import NoValidMappingError
from launcher.figures import CRITERIA
from launcher.specification.architecture import Architecture, ComputeLevel
from launcher.specification.chain import Chain, ChainLayer, Flow, Unit
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification

ONE = FactorBounds(exact=1)
FLOW = Flow("O", "I", {"D": "E", "L": "L"})


@dataclass(frozen=True)
class Spot:
    """Figures of something."""

    energy_pj: float
    cycles: int


def energies() -> EnergyTable:
    def actions(pj: float, leak: float) -> dict[str, tuple[ActionEnergy, ...]]:
        return {**{name: (ActionEnergy(pj),) for name in ("read", "write", "update")}, "leak": (ActionEnergy(leak),)}

    table = {"buffer": actions(1.0, 0.0), "memory": actions(20.0, 3.0), "mac": {"compute": (ActionEnergy(1.0),)}}
    return EnergyTable(table)


def machine(buffers: int, capacity: int, least: float = 0.0) -> Architecture:
    levels = (
        level_of("buffer", (buffers, 1), capacity_words=capacity, min_utilization=least),
        level_of("memory", (1, 1)),
    )
    return Architecture("machine", levels, ComputeLevel("mac", "intmac", buffers, mesh_x=buffers))


def block(**factors: FactorBounds) -> BlockConstraint:
    return BlockConstraint(factors=factors)


def best(chain: Chain, objective: str) -> float | None:
    """The value that the search finds; None where it says that there is no mapping."""
    try:
        groups = find_fused([Unit(chain)], objective).groups
    except NoValidMappingError:
        return None
    return CRITERIA[objective].value(sum(one.energy_pj for one in groups), sum(one.cycles for one in groups))


def test_every_copy_of_a_tile_takes_room_in_a_pool() -> None:
    """The first layer saves energy only where its weights stay in one buffer; with a copy in both, the pool is full.

    What is spread is a dimension that the weights do not have, so that their tile is as large in either case.
    """
    first = Specification(
        machine(2, 24),
        matmul({"E": 2, "D": 2, "L": 8}),
        Constraints({"memory": LevelConstraint(spatial=block(D=ONE, E=ONE))}),
        energies(),
    )
    second = Specification(
        machine(1, 39),
        matmul({"E": 2, "D": 4, "L": 8}),
        Constraints(
            {
                "buffer": LevelConstraint(keep=frozenset("WO"), temporal=block(L=FactorBounds(exact=4))),
                "memory": LevelConstraint(temporal=block(L=ONE, D=ONE)),
            }
        ),
        energies(),
    )
    chain = Chain((ChainLayer("first", first), ChainLayer("second", second)), (FLOW,))
    least = min(energy for energy, _ in FusedOracle(chain, 20000).front())
    (group,) = find_fused([Unit(chain)], "energy").groups
    assert group.energy_pj == pytest.approx(least, rel=1e-9)
    assert group.persistent["first"] == {"buffer": ("W",)}


def test_a_tile_stays_where_reuse_is_on_though_it_is_off_elsewhere() -> None:
    """The buffer forgets weights, and is too small for all columns; the registers inside it have room for weights."""
    levels = level_of("registers", (1, 1)), *machine(1, 10).levels
    table = energies()
    table = EnergyTable({**table.components, "registers": table.components["buffer"]})
    rules = {
        "registers": LevelConstraint(keep=frozenset("WO"), bypass=frozenset("I")),
        "buffer": LevelConstraint(keep=frozenset("IO"), temporal=BlockConstraint(no_reuse=frozenset("W"))),
    }
    architecture = replace(machine(1, 10), levels=levels)
    layers = tuple(
        ChainLayer(name, Specification(architecture, matmul(extents), Constraints(rules), table))
        for name, extents in (("first", {"E": 2, "D": 4, "L": 6}), ("second", {"E": 4, "D": 2, "L": 6}))
    )
    chain = Chain(layers, (FLOW,))
    least = min(energy for energy, _ in FusedOracle(chain, 3000).front())
    (group,) = find_fused([Unit(chain)], "energy").groups
    assert group.energy_pj == pytest.approx(least, rel=1e-9)
    assert "W" in group.persistent["first"]["registers"]


def test_questions_do_not_close_in_on_a_line_that_was_asked() -> None:
    """Two points, of which the better one lies near the end of the edge between them: few questions prove it."""
    points = [Spot(1285.5, 42), Spot(1418.1, 40)]
    asked = []

    def ask(direction: Direction) -> tuple[float, Spot]:
        asked.append(direction)
        best = min(points, key=lambda one: direction.value(one.energy_pj, one.cycles))
        return direction.value(best.energy_pj, best.cycles), best

    def lower(direction: Direction) -> float:
        return 857.9 if direction.energy else 24.0

    found = minimise(CRITERIA["ed2p"], ask, lower, Direction(1.0, 50.0), lambda: False)
    assert found.best == points[0] and found.is_proved
    assert len(asked) < 16


@pytest.mark.parametrize("seed", [9, 12])
def test_what_is_maximized_is_as_if_it_were_written_out(seed: int) -> None:
    """No class shares E of the first layer, so its largest factor in a fan-out, or of two in time, is known."""
    chain = random_chain(Random(seed), tight=True)
    layer = chain.layers[0]
    rules = layer.specification.constraints.levels
    free = {name: replace(one, temporal=BlockConstraint(), spatial=BlockConstraint()) for name, one in rules.items()}
    architecture = layer.specification.architecture
    extent = layer.problem.dimensions["E"]
    for index, level in enumerate(architecture.levels):
        columns, rows = architecture.fanout(index)
        kind, capacity = ("spatial", columns * rows) if columns * rows > 1 else ("temporal", 2)
        if level.is_dummy and kind == "temporal":
            continue
        most = max(factor for factor in range(1, capacity + 1) if extent % factor == 0)
        options = (
            BlockConstraint(maximize=("E",), maximize_capacity_words=None if kind == "spatial" else capacity),
            BlockConstraint(factors={"E": FactorBounds(exact=most)}),
        )
        found = []
        for option in options:
            asked = Constraints({**free, level.name: replace(free[level.name], **{kind: option})})
            changed = replace(layer, specification=replace(layer.specification, constraints=asked))
            found.append(best(replace(chain, layers=(changed, *chain.layers[1:])), "edp"))
        assert found[0] == found[1], level.name


@pytest.mark.parametrize(("least", "capacity", "taken"), [(0.25, 28, 3), (0.25, 28, 21), (0.25, 28, 0)])
def test_the_least_utilization_stays_the_same_number_of_words(least: float, capacity: int, taken: int) -> None:
    """Tiles of 7 words are a quarter of 28, however many of these other layers' tiles take."""
    specification = Specification(machine(1, capacity, least), matmul({"E": 1, "D": 3, "L": 1}), energy=energies())
    part = LayerPart(0, (), (), reserved=(("buffer", 8 * taken),))
    own = own_specification(ChainLayer("layer", specification), part)
    assert own is not None
    levels = LevelMapping("buffer", ("W", "I", "O"), temporal=(Loop("D", 3),)), LevelMapping("memory", ("W", "I", "O"))
    assert evaluate(own, Mapping(levels)).legal
    inner = LevelMapping("buffer", ("W", "I", "O")), LevelMapping("memory", ("W", "I", "O"), temporal=(Loop("D", 3),))
    assert not evaluate(own, Mapping(inner)).legal
    assert own_specification(ChainLayer("layer", specification), replace(part, reserved=(("buffer", 8 * 22),))) is None
