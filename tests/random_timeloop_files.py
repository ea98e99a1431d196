"""Random specifications and mappings for round trips through files, from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from launcher.specification.architecture import Architecture, ComputeLevel, Network, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.energy import ActionEnergy, AreaTable, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.problem import DataSpace, Problem, Rank, Term
from launcher.specification.specification import Specification

# Attribute texts that a careless writer would turn into numbers, expressions, comments or mappings.
_TEXTS = ("LPDDR4", "45nm", "1e3", "no", "n_banks * 2", "n_banks", "#x", "a: b", "", "yes", "null", "-1", "0x10", "é\n")


def some(rng: Random, items: Sequence[str], most: int | None = None) -> list[str]:
    """A few of the items, in random order."""
    return rng.sample(list(items), rng.randint(0, len(items) if most is None else min(most, len(items))))


def maybe(rng: Random, low: float, high: float) -> float | None:
    """A number between the two, or none."""
    return rng.choice((None, rng.uniform(low, high)))


def random_problem(rng: Random) -> Problem:
    """A GEMM-like or convolution-like problem of two to five dimensions."""
    names = rng.sample("CMRSNPQEDL", rng.randint(2, 5))
    dimensions = {name: rng.choice((1, 2, 3, 4, 6, 8, 12, 30, 64)) for name in names}

    def rank() -> Rank:
        chosen = rng.sample(names, rng.randint(1, 2))
        return tuple(Term(name, rng.choice((1, 1, 2, 3))) for name in chosen)

    spaces = tuple(
        DataSpace(name, tuple(rank() for _ in range(rng.randint(1, 3))), read_write=name == "Outputs")
        for name in ("Weights", "Inputs", "Outputs")
    )
    return Problem(rng.choice(("matmul", "conv 2D", "1e3")), dimensions, spaces)


def _storage(rng: Random, name: str, mesh: tuple[int, int], problem: Problem, outer: Sequence[str]) -> StorageLevel:
    dram = rng.random() < 0.4
    capacity = rng.choice((None, 0, rng.randint(1, 10**6)))
    return StorageLevel(
        name=name,
        component_class="DRAM" if dram else rng.choice(("SRAM", "regfile", "smartbuffer_RF")),
        instances=mesh[0] * mesh[1],
        mesh_x=mesh[0],
        mesh_y=mesh[1],
        word_bits=rng.choice((4, 8, 16)),
        block_size=rng.choice((1, 2, 8)),
        cluster_size=1 if dram else rng.choice((1, 4)),
        capacity_words=capacity,
        multiple_buffering=rng.choice((1.0, 2.0, 1.5)),
        min_utilization=rng.choice((0.0, 0.5)) if capacity else 0.0,
        read_bandwidth=maybe(rng, 0.1, 64),
        write_bandwidth=maybe(rng, 0.1, 64),
        shared_bandwidth=maybe(rng, 0.1, 64),
        bandwidth_scale={key: rng.uniform(0, 2) for key in some(rng, problem.data_space_names, 2)},
        network_fill_latency=rng.randint(0, 3),
        network_drain_latency=rng.randint(0, 3),
        reduction_supported=rng.random() < 0.5,
        power_gated_at=rng.choice((None, *outer)),
        vector_access_energy_pj=maybe(rng, 0, 9),
        addr_gen_energy_pj=maybe(rng, -1, 1),
        attributes={
            key: rng.choice((*_TEXTS, 7, 0.5, True)) for key in some(rng, ("type", "technology", "n_ports", "kind"))
        },
        required_actions=rng.choice(((), ("read", "leak"))),
        subclass=rng.choice((None, "aladdin_register")),
    )


def random_architecture(rng: Random, problem: Problem) -> Architecture:
    """Two to five storage levels, fan-outs between some of them, perhaps an explicit network."""
    x, y = 1, 1
    levels: list[StorageLevel] = []
    for number in range(rng.randint(2, 5)):
        outer = [level.name for level in levels]
        levels.append(_storage(rng, f"level_{number}", (x, y), problem, outer))
        x, y = x * rng.choice((1, 1, 2, 3)), y * rng.choice((1, 1, 4))
    networks = {}
    if rng.random() < 0.5:
        name = rng.choice(("bus", "ring"))
        networks[name] = Network(
            name,
            "SimpleMulticast",
            action_name="move",
            per_data_space_actions=rng.random() < 0.5,
            multicast_argument=rng.choice(("none", "num_destinations")),
            fill_latency=rng.randint(0, 2),
        )
        at = rng.randrange(len(levels))
        levels[at] = replace(levels[at], read_network=name, update_network=rng.choice((None, name)))
    compute = ComputeLevel("mac", "intmac", x * y, mesh_x=x, mesh_y=y, word_bits=rng.choice((8, 16)))
    attributes = rng.choice(({}, {"technology": "32nm", "global_cycle_seconds": 1.2e-9}))
    return Architecture("system", tuple(reversed(levels)), compute, networks, attributes)


def _energy_table(rng: Random, architecture: Architecture) -> EnergyTable:
    def energy() -> ActionEnergy:
        return ActionEnergy(rng.uniform(0, 600))

    components = {
        level.name: {action: (energy(),) for action in ("read", "write", "update", "leak")}
        for level in architecture.levels
    }
    for name in architecture.networks:
        moves = tuple(replace(energy(), arguments={"num_destinations": count}) for count in (1, 2))
        components[name] = {"move": moves}
    components["mac"] = {"compute": (energy(),)}
    return EnergyTable(components)


def _bounds(rng: Random, extent: int) -> FactorBounds:
    bound = rng.randint(1, extent)
    return rng.choice(
        (
            FactorBounds(exact=bound),
            FactorBounds(least=bound),
            FactorBounds(most=bound),
            FactorBounds(least=bound, most=extent),
        )
    )


def _block(rng: Random, problem: Problem, *, spatial: bool) -> BlockConstraint:
    spaces = problem.data_space_names
    return BlockConstraint(
        factors={name: _bounds(rng, problem.dimensions[name]) for name in some(rng, list(problem.dimensions))},
        permutation=tuple(some(rng, list(problem.dimensions))),
        default_max_factor=rng.choice((None, rng.randint(1, 9))),
        maximize=tuple(some(rng, list(problem.dimensions), 2)),
        maximize_capacity_words=rng.choice((None, rng.randint(1, 99))),
        no_reuse=frozenset(some(rng, spaces)),
        rmw_first_update=frozenset() if spatial else frozenset(some(rng, spaces)),
        no_link_transfer=frozenset(some(rng, spaces)) if spatial else frozenset(),
        split=rng.choice((None, rng.randint(0, 9))) if spatial else None,
    )


def _constraints(rng: Random, architecture: Architecture, problem: Problem) -> Constraints:
    levels = {}
    for index in reversed(range(len(architecture.levels))):
        keep = frozenset(some(rng, problem.data_space_names))
        x, y = architecture.fanout(index)
        constraint = LevelConstraint(
            keep=keep,
            bypass=frozenset(some(rng, [name for name in problem.data_space_names if name not in keep])),
            no_coalesce=frozenset(some(rng, problem.data_space_names, 1)),
            temporal=_block(rng, problem, spatial=False) if rng.random() < 0.8 else BlockConstraint(),
            spatial=_block(rng, problem, spatial=True) if x * y > 1 else BlockConstraint(),
        )
        if rng.random() < 0.7 and constraint != LevelConstraint():
            levels[architecture.levels[index].name] = constraint
    return Constraints(levels)


def random_specification(rng: Random) -> Specification:
    """Everything at once, with or without tables."""
    problem = random_problem(rng)
    architecture = random_architecture(rng, problem)
    areas = {component.name: rng.uniform(0, 1e6) for component in architecture.components}
    return Specification(
        architecture,
        problem,
        _constraints(rng, architecture, problem),
        rng.choice((None, _energy_table(rng, architecture))),
        rng.choice((None, AreaTable(areas))),
    )


def random_mapping(rng: Random, architecture: Architecture, problem: Problem) -> Mapping:
    """Any tiling, permutation and bypass; fan-outs may be exceeded."""
    count = len(architecture.levels)
    blocks = [(index, "temporal") for index in range(count)]
    for index in range(count):
        x, y = architecture.fanout(index)
        blocks += [(index, "spatial")] if x * y > 1 else []
    loops: dict[tuple[int, str], list[Loop]] = {block: [] for block in blocks}
    for dimension, extent in problem.dimensions.items():
        rest = extent
        free = list(blocks)
        rng.shuffle(free)
        while rest > 1:
            divisors = [factor for factor in range(2, rest + 1) if rest % factor == 0]
            factor = rng.choice(divisors) if len(free) > 1 else rest
            loops[free.pop()].append(Loop(dimension, factor))
            rest //= factor
    return Mapping(tuple(_level_mapping(rng, index, loops, architecture, problem) for index in range(count)))


def _level_mapping(
    rng: Random,
    index: int,
    loops: dict[tuple[int, str], list[Loop]],
    architecture: Architecture,
    problem: Problem,
) -> LevelMapping:
    temporal, spatial = loops[index, "temporal"], loops.get((index, "spatial"), [])
    rng.shuffle(temporal)
    rng.shuffle(spatial)
    split = rng.randint(0, len(spatial))
    outermost = index == len(architecture.levels) - 1
    return LevelMapping(
        level=architecture.levels[index].name,
        keep=tuple(name for name in problem.data_space_names if outermost or rng.random() < 0.6),
        spatial_x=tuple(spatial[:split]),
        spatial_y=tuple(spatial[split:]),
        temporal=tuple(temporal),
    )
