"""On random tiny chains the search finds the best of all partitions, classes and own nests, counted by walking."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from effort import seeds
from fused_layers import Figures, LayerWalk, Shared, room_of
from fused_oracle import FusedOracle, may_share, taken_by, waiting_places
from mapspace_oracle import violations
from random_chains import random_chain

from launcher.engines.fuse import FusedNetwork, find_fused
from launcher.errors import NoValidMappingError
from launcher.figures import CRITERIA
from launcher.results.fused import FusedLayers
from launcher.results.result import LayerRun
from launcher.specification.chain import Chain, Unit
from launcher.specification.mapping import Mapping

MOST_NESTS = 1500
SEEDS = (
    *((first, "any") for first in range(0, 90, 30)),
    *((first, "tight") for first in (40, 70)),
    *((first, "pooled") for first in (0, 10)),
    *((first, "batched") for first in (0, 10)),
)


@pytest.mark.parametrize(("first", "kind"), SEEDS)
def test_the_optimum_is_the_best_of_all_fused_mappings(first: int, kind: str) -> None:
    for seed in seeds(first, 10):
        chain = random_chain(
            Random(seed), tight=kind in ("tight", "pooled"), pooled=kind == "pooled", batched=kind == "batched"
        )
        oracle = FusedOracle(chain, MOST_NESTS)
        front = oracle.front()
        assert not oracle.too_large, seed
        for objective in CRITERIA if seed % 20 == 0 else [list(CRITERIA)[seed % 4]]:
            if not front:
                with pytest.raises(NoValidMappingError, match=r"\w"):
                    find_fused([Unit(chain)], objective)
                continue
            found = find_fused([Unit(chain)], objective)
            criterion = CRITERIA[objective]
            value = criterion.value(*figures_of(found))
            assert value == pytest.approx(min(criterion.value(*one) for one in front), rel=1e-9), (seed, objective)
            assert found.optimality.status == "proved", (seed, objective)
            assert all(value <= criterion.value(*one) * (1 + 1e-9) for one in oracle.alone()), (seed, objective)
            check(chain, found)


def figures_of(found: FusedNetwork) -> tuple[float, int]:
    """Energy and cycles of the whole."""
    return sum(group.energy_pj for group in found.groups), sum(group.cycles for group in found.groups)


def check(chain: Chain, found: FusedNetwork) -> None:
    """Groups make up the chain, classes are legal, and nests cost what is said of them."""
    names = [layer.name for layer in chain.layers]
    assert [name for group in found.groups for name in group.layers] == names
    runs = iter(found.layers)
    for group in found.groups:
        first = names.index(group.layers[0])
        check_group(chain.part(first, first + len(group.layers)), group, [next(runs) for _ in group.layers])


def check_group(chain: Chain, group: FusedLayers, runs: list[LayerRun]) -> None:
    waits = [group.waits[chain.tensor(number)] for number in range(len(chain.layers) - 1)]
    assert all(level in waiting_places(chain, number) for number, level in enumerate(waits))
    for loop in group.shared:
        for number, flow in enumerate(chain.flows):
            assert flow is not None and flow.dimensions[loop.names[number]] == loop.names[number + 1]
        assert may_share(chain, loop.names)
        assert chain.layers[0].problem.dimensions[loop.names[0]] % loop.bound == 0
    walked = [check_layer(chain, number, group, waits, runs[number]) for number in range(len(chain.layers))]
    machines = [layer.specification.architecture for layer in chain.layers]
    for number, machine in enumerate(machines):
        others = [(machines[n], as_row(one)) for n, one in enumerate(walked) if n != number]
        for index, level in enumerate(machine.levels):
            taken = taken_by(others, level)[0] if others else 0
            assert walked[number].own[index] + taken <= room_of(level)
    assert group.energy_pj == pytest.approx(sum(one.energy_pj for one in walked), rel=1e-9)
    assert group.cycles == sum(one.cycles for one in walked)


def as_row(one: Figures) -> np.ndarray:
    return np.array([[one.energy_pj, one.cycles, *one.own, *one.stays, *one.totals]])


def check_layer(chain: Chain, number: int, group: FusedLayers, waits: list[str], run: LayerRun) -> Figures:
    """What the walk says of one layer's own nest, which is one of the layer's mapspace in the class."""
    layer = chain.layers[number]
    names = [level.name for level in layer.specification.architecture.levels]
    held: dict[str, int] = {}
    if number and (before := chain.flows[number - 1]) is not None:
        held[before.input] = names.index(waits[number - 1])
    if number < len(waits) and (behind := chain.flows[number]) is not None:
        held[behind.output] = names.index(waits[number])
    shared: Shared = tuple((loop.names[number], loop.bound) for loop in group.shared)
    walk = LayerWalk(layer, shared, held)
    mapping = run.result.mapping
    assert mapping is not None and run.result.evaluation is not None
    assert not violations(walk.specification, mapping)
    at = {name: frozenset(map(names.index, levels)) for name, levels in staying(group, layer.name).items()}
    assert not held.keys() & at.keys()
    for name, level in [*held.items(), *((name, level) for name, levels in at.items() for level in levels)]:
        assert name in mapping.levels[level].keep and not moved(mapping, level, layer.problem.data_space(name).relevant)
    walked = walk.figures(mapping, at)
    assert run.result.evaluation.energy_pj == pytest.approx(walked.energy_pj, rel=1e-9)
    assert run.result.evaluation.cycles == walked.cycles
    return walked


def staying(group: FusedLayers, name: str) -> dict[str, list[str]]:
    """Data space -> levels at which its tile stays."""
    found: dict[str, list[str]] = {}
    for level, spaces in group.persistent.get(name, {}).items():
        for space in spaces:
            found.setdefault(space, []).append(level)
    return found


def moved(mapping: Mapping, level: int, relevant: frozenset[str]) -> bool:
    return any(loop.dimension in relevant for one in mapping.levels[level + 1 :] for loop in one.temporal)
