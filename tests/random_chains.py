"""Small random chains: layers on one machine, and what flows between them, that the oracle can enumerate."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import prod
from random import Random

import yaml

from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.chain import Chain, ChainLayer, Flow
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import dump_constraints, dump_specification

_FANOUTS = ((2, 1), (1, 2), (2, 2), (3, 1))
_EXTENTS = (2, 2, 3, 4, 6)
_SIZES = (None, 6, 8, 10, 12, 14, 16, 20, 24, 32)
_TIGHT = (4, 5, 6, 7, 8, 9, 10, 12, 14)


def random_chain(random: Random, *, tight: bool = False, pooled: bool = False, batched: bool = False) -> Chain:
    """Two or three layers, each a matmul or elementwise.

    Args:
        random: where choices come from.
        tight: two layers with few constraints on a machine with distributed memories, in which tiles that stay leave
            little room.
        pooled: with ``tight``, one layer's machine has one large memory where the other's has several small ones.
        batched: two layers, all tensors of which have a dimension B.
    """
    count = 2 if tight or batched else random.choice((2, 2, 2, 3))
    middle = random.randrange(count) if random.random() < (0.1 if tight else 0.4) else None
    most = 16 if count == 2 and not batched else 8  # no less: 2 x 2 x 2 is the smallest second matmul
    problems = _problems(random, count, middle)
    while max(problem.computes for problem in problems) > most:
        problems = _problems(random, count, middle)
    problems = list(map(_batched, problems)) if batched else problems
    architecture, energy = random_machine(random, 2 if random.random() < 0.55 else 3, tight=tight)
    common = _by_level(random, architecture, problems, 0.3 if tight else 1.0)
    layers = []
    for number, problem in enumerate(problems):
        rules = Constraints({name: _for_layer(one, problem) for name, one in common.items()})
        layers.append(ChainLayer(f"layer{number}", Specification(architecture, problem, rules, energy)))
    if pooled:
        number = random.randrange(count)
        layers[number] = replace(layers[number], specification=_pooled(layers[number].specification))
        if random.random() < 0.5:
            other = layers[1 - number]
            layers[1 - number] = replace(other, specification=_copying(other.specification))
    flows = [_flow(before, behind) for before, behind in pairwise(problems)]
    return Chain(tuple(layers), tuple(flows))


def as_files(chain: Chain) -> dict[str, str]:
    """A chain on one machine as the command ``fuse`` reads it, every constraint said once for all layers."""
    first = chain.layers[0].specification
    machine = yaml.safe_load(dump_specification(first))
    everything = _everything(chain)
    levels: dict[str, LevelConstraint] = {}
    for layer in chain.layers:
        for name, one in layer.specification.constraints.levels.items():
            levels[name] = _joined(levels[name], one) if name in levels else one
    layers = []
    for layer in chain.layers:
        layers.append(
            {"name": layer.name, "problem": yaml.safe_load(dump_specification(layer.specification))["problem"]}
        )
    flows = [
        {
            "from": f"{before.name}.{flow.output}",
            "to": f"{behind.name}.{flow.input}",
            "dimensions": dict(flow.dimensions),
        }
        for (before, behind), flow in zip(pairwise(chain.layers), chain.flowing, strict=True)
    ]
    return {
        "machine.yaml": yaml.safe_dump({key: value for key, value in machine.items() if key != "problem"}),
        "constraints.yaml": dump_constraints(replace(first, problem=everything, constraints=Constraints(levels))),
        "chain.yaml": yaml.safe_dump({"chain": {"layers": layers, "flows": flows}}),
    }


def _everything(chain: Chain) -> Problem:
    """A problem with the names of all layers."""
    spaces = {space.name: space for layer in chain.layers for space in layer.problem.data_spaces}
    extents = {name: size for layer in chain.layers for name, size in layer.problem.dimensions.items()}
    return Problem("everything", extents, tuple(spaces.values()))


def _joined(one: LevelConstraint, other: LevelConstraint) -> LevelConstraint:
    """What two layers' constraints say, as far as it concerns either."""

    def block(first: BlockConstraint, second: BlockConstraint) -> BlockConstraint:
        return replace(
            first,
            factors={**first.factors, **second.factors},
            permutation=tuple(dict.fromkeys((*first.permutation, *second.permutation))),
            no_reuse=first.no_reuse | second.no_reuse,
            rmw_first_update=first.rmw_first_update | second.rmw_first_update,
        )

    return replace(
        one,
        keep=one.keep | other.keep,
        bypass=one.bypass | other.bypass,
        temporal=block(one.temporal, other.temporal),
        spatial=block(one.spatial, other.spatial),
    )


def _problems(random: Random, count: int, middle: int | None) -> list[Problem]:
    """Layers whose inputs have the size of the output before; L is the dimension that all of them have."""
    columns = random.choice(_EXTENTS)
    size = random.choice((1, 2, 2, 3, 4))
    problems = []
    for number in range(count):
        if number == middle:
            problems.append(elementwise(size, columns))
            continue
        extents = {"E": size, "D": random.choice(_EXTENTS[:4]), "L": columns}
        problems.append(matmul(extents))
        size = extents["D"]
    return problems


def matmul(extents: dict[str, int]) -> Problem:
    return Problem("matmul", extents, (_space("W", "E", "D"), _space("I", "E", "L"), _space("O", "D", "L")))


def elementwise(size: int, columns: int) -> Problem:
    """Every output is made of one input; K is the reduction that it does not have."""
    extents = {"K": 1, "N": size, "M": columns}
    return Problem("elementwise", extents, (_space("X", "K", "N", "M"), _space("S", "N"), _space("Y", "N", "M")))


def _space(name: str, *ranks: str) -> DataSpace:
    return DataSpace(name, tuple((Term(rank),) for rank in ranks), read_write=name in {"O", "Y"})


def _flow(before: Problem, behind: Problem) -> Flow:
    outputs = ("O", ("D", "L")) if before.name == "matmul" else ("Y", ("N", "M"))
    inputs = ("I", ("E", "L")) if behind.name == "matmul" else ("X", ("N", "M"))
    batches = {"B": "B"} if "B" in before.dimensions else {}
    return Flow(outputs[0], inputs[0], dict(zip(outputs[1], inputs[1], strict=True)) | batches)


def _batched(problem: Problem) -> Problem:
    spaces = (replace(space, projection=((Term("B"),), *space.projection)) for space in problem.data_spaces)
    return Problem(problem.name, {"B": 2, **problem.dimensions}, tuple(spaces))


def random_machine(random: Random, count: int, *, tight: bool) -> tuple[Architecture, EnergyTable]:
    """Two or three memories, some with a fan-out below, perhaps by way of a level that only fans out."""
    sizes = _TIGHT if tight else _SIZES
    levels: list[StorageLevel] = []
    energies: dict[str, dict[str, tuple[ActionEnergy, ...]]] = {}
    mesh = 1, 1
    for number in range(count):
        if number and random.random() < (0.2 if number > 1 else 0.9 if tight else 0.5):
            fanout = random.choice(_FANOUTS)
            if random.random() < 0.4:
                levels.append(level_of(f"fan{number}", mesh, component_class="dummy_storage", capacity_words=1))
                energies[f"fan{number}"] = _energies(random, 1.0, leaks=False)
            mesh = mesh[0] * fanout[0], mesh[1] * fanout[1]
        levels.append(_memory(random, f"level{number}", mesh, sizes if number else ()))
        energies[f"level{number}"] = _energies(random, 5.0 ** (count - number), leaks=random.random() < 0.5)
    compute = ComputeLevel("mac", "intmac", prod(mesh), mesh_x=mesh[0], mesh_y=mesh[1])
    energies["mac"] = {"compute": (ActionEnergy(random.uniform(0.1, 2.0)),)}
    return Architecture("random", tuple(reversed(levels)), compute), EnergyTable(energies)


def _pooled(specification: Specification) -> Specification:
    """The same machine without fan-outs; every level holds what its instances hold together."""
    architecture = specification.architecture
    levels = tuple(
        replace(
            level,
            instances=1,
            mesh_x=1,
            mesh_y=1,
            cluster_size=1,
            capacity_words=None if level.capacity_words is None else level.capacity_words * level.instances,
        )
        for level in architecture.levels
    )
    machine = replace(
        architecture, levels=levels, compute=replace(architecture.compute, instances=1, mesh_x=1, mesh_y=1)
    )
    rules = {name: replace(one, spatial=BlockConstraint()) for name, one in specification.constraints.levels.items()}
    return replace(specification, architecture=machine, constraints=Constraints(rules))


def _copying(specification: Specification) -> Specification:
    """Only the dimension that all layers have may be spread, so that all instances hold the same weights."""
    names = [name for name in specification.problem.dimensions if name not in "LM"]
    spread = BlockConstraint(factors={name: FactorBounds(exact=1) for name in names})
    architecture = specification.architecture
    fans = [level.name for index, level in enumerate(architecture.levels) if architecture.fanout(index) != (1, 1)]
    rules = {name: replace(specification.constraints.at(name), spatial=spread) for name in fans}
    return replace(specification, constraints=Constraints({**specification.constraints.levels, **rules}))


def _memory(random: Random, name: str, mesh: tuple[int, int], sizes: tuple[int | None, ...]) -> StorageLevel:
    level = level_of(
        name,
        mesh,
        block_size=random.choice((1, 1, 1, 2, 4)),
        cluster_size=random.choice([size for size in (1, 1, 2) if prod(mesh) % size == 0]),
        read_bandwidth=random.choice((None, None, None, 0.5, 1.0, 3.0)),
        write_bandwidth=random.choice((None, None, None, 0.5, 1.0)),
        shared_bandwidth=random.choice((None, None, None, 2.0)),
        network_fill_latency=random.choice((0, 0, 1)),
        network_drain_latency=random.choice((0, 0, 2)),
        addr_gen_energy_pj=random.choice((None, None, None, 0.3)),
    )
    if not sizes:
        return level
    return replace(
        level,
        capacity_words=random.choice(sizes),
        multiple_buffering=random.choice((1.0, 1.0, 1.0, 2.0)),
        min_utilization=random.choice((0.0,) * 9 + (0.1, 0.3)),
    )


def level_of(name: str, mesh: tuple[int, int], **attributes: object) -> StorageLevel:
    chosen = {"component_class": "SRAM", "instances": prod(mesh), "mesh_x": mesh[0], "mesh_y": mesh[1], **attributes}
    return StorageLevel(name, **chosen)  # type: ignore[arg-type]


def _energies(random: Random, scale: float, *, leaks: bool) -> dict[str, tuple[ActionEnergy, ...]]:
    actions = {name: (ActionEnergy(scale * random.uniform(0.3, 1.5)),) for name in ("read", "write", "update")}
    actions["leak"] = (ActionEnergy(random.uniform(0.0, 0.5) if leaks else 0.0),)
    return actions


def _by_level(
    random: Random, architecture: Architecture, problems: list[Problem], share: float
) -> dict[str, LevelConstraint]:
    """Constraints that name dimensions and data spaces of any layer; a smaller share leaves more open."""
    names = sorted({name for problem in problems for name in problem.dimensions})
    spaces = sorted({name for problem in problems for name in problem.data_space_names})
    found = {}
    for index, level in enumerate(architecture.levels):
        keep, bypass = set(), set()
        for space in () if level.is_dummy else spaces:
            draw = random.random()
            if draw < 0.4:
                keep.add(space)
            elif draw < 0.4 + 0.2 * share and index < len(architecture.levels) - 1:
                bypass.add(space)
        fans_out = architecture.fanout(index) != (1, 1)
        found[level.name] = LevelConstraint(
            keep=frozenset(keep),
            bypass=frozenset(bypass),
            temporal=_block(random, names, spaces, share),
            spatial=_block(random, names, spaces, share, spatial=True) if fans_out else BlockConstraint(),
        )
    return found


def _block(
    random: Random, names: list[str], spaces: list[str], share: float, *, spatial: bool = False
) -> BlockConstraint:
    if random.random() > 0.5 * share:
        return BlockConstraint()
    factors = {}
    for name in names:
        draw = random.random()
        if draw < 0.1:
            factors[name] = FactorBounds(exact=random.choice((1, 1, 1, 2)))
        elif draw < 0.2:
            factors[name] = FactorBounds(most=random.choice((1, 2, 2, 3)))
        elif draw < 0.22:
            factors[name] = FactorBounds(least=2)
    return BlockConstraint(
        factors=factors,
        permutation=tuple(random.sample(names, random.randrange(len(names) + 1))) if random.random() < 0.5 else (),
        default_max_factor=random.choice((None,) * 9 + (2,)),
        no_reuse=frozenset(random.sample(spaces, 1)) if random.random() < 0.08 else frozenset(),
        rmw_first_update=frozenset({"O", "Y"}) if not spatial and random.random() < 0.08 else frozenset(),
    )


def _for_layer(constraint: LevelConstraint, problem: Problem) -> LevelConstraint:
    """What constraints say to a layer: they pass over what it does not have."""
    names, spaces = set(problem.dimensions), frozenset(problem.data_space_names)

    def block(one: BlockConstraint) -> BlockConstraint:
        return replace(
            one,
            factors={name: bounds for name, bounds in one.factors.items() if name in names},
            permutation=tuple(name for name in one.permutation if name in names),
            no_reuse=one.no_reuse & spaces,
            rmw_first_update=one.rmw_first_update & spaces,
        )

    return replace(
        constraint,
        keep=constraint.keep & spaces,
        bypass=constraint.bypass & spaces,
        temporal=block(constraint.temporal),
        spatial=block(constraint.spatial),
    )
