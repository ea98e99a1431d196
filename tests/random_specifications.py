"""Small random specifications: architectures, problems and constraints that the oracle can enumerate."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from launcher.specification.architecture import Architecture, ComputeLevel, Network, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16)
FANOUTS = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (4, 2), (1, 4))


def random_specification(random: Random, kind: str, *, rare: float = 1.0) -> Specification:
    """A specification of a problem of the given kind.

    That is ``gemm``, ``elementwise``, ``conv``, ``strided``, ``transposed`` (strides of its output), or with a
    dimension that all tensors share, ``batched`` (a gemm) or ``grouped`` (a convolution).

    ``rare`` makes rarely used options of levels and constraints that much more likely.
    """
    problem = random_problem(random, kind)
    architecture, energy = random_architecture(random, problem, rare)
    constraints = random_constraints(random, architecture, problem, rare)
    return Specification(architecture, problem, constraints, energy)


def with_widths(random: Random, specification: Specification) -> Specification:
    """The same with values of some data spaces wider or narrower than words, at some levels."""
    names = specification.problem.data_space_names
    levels = tuple(
        replace(level, value_bits={name: random.choice(WIDTHS) for name in names if random.random() < 0.7})
        if random.random() < 0.8
        else level
        for level in specification.architecture.levels
    )
    return replace(specification, architecture=replace(specification.architecture, levels=levels))


def random_problem(random: Random, kind: str) -> Problem:
    def space(name: str, *ranks: str, read_write: bool = False) -> DataSpace:
        return DataSpace(name, tuple(tuple(_term(t) for t in rank.split("+")) for rank in ranks), read_write)

    if kind in {"gemm", "elementwise"}:
        extents = {name: random.choice((1, 2, 2, 3, 4, 4, 6)) for name in "EDL"}
        if kind == "gemm":
            spaces = (space("W", "E", "D"), space("I", "E", "L"), space("O", "D", "L", read_write=True))
        else:
            spaces = (space("W", "D"), space("I", "E", "L"), space("O", "E", "L", read_write=True))
        return Problem(kind, extents, spaces)
    if kind in {"batched", "grouped"}:
        return _with_shared(random, kind)
    if kind == "transposed":
        return _transposed(random)
    stride = random.choice((1, 2)) if kind == "strided" else 1
    extents = {"E": random.choice((1, 2)), "D": random.choice((1, 2)), "P": random.choice((2, 3, 4, 4, 6, 8))}
    extents |= {"R": random.choice((2, 3)), "Q": random.choice((1, 1, 2)), "S": random.choice((1, 1, 2))}
    inputs = space("I", "E", f"{stride}P+R" if stride > 1 else "P+R", "Q+S")
    spaces = (space("W", "E", "D", "R", "S"), inputs, space("O", "D", "P", "Q", read_write=True))
    return Problem(kind, extents, spaces)


def _transposed(random: Random) -> Problem:
    """A convolution whose outputs are windows, without gaps: the kernel is at least as large as the stride."""
    stride = random.choice((1, 1, 2, 2, 3))
    extents = {"E": random.choice((1, 2)), "D": random.choice((1, 1, 2)), "P": random.choice((2, 3, 4, 4, 6, 8))}
    extents |= {"R": random.choice([kernel for kernel in (2, 3, 4, 6) if kernel >= stride])}
    extents |= {"Q": random.choice((1, 1, 2, 3)), "S": random.choice((1, 1, 2))}
    window = f"{stride}P+R" if random.random() < 0.8 else f"P+{extents['P']}R"  # or one that never overlaps
    outputs = random.sample(["D", window, "Q+S"], 3)
    ranks = {"W": ["E", "D", "R", "S"], "I": ["E", "P", "Q"], "O": outputs}
    if random.random() < 0.25:
        extents |= {"G": random.choice((2, 3)), "D": 1}
        ranks = {name: ["G", *own] for name, own in ranks.items()}
    spaces = {name: tuple(tuple(map(_term, rank.split("+"))) for rank in own) for name, own in ranks.items()}
    return Problem("transposed", extents, tuple(DataSpace(name, own, name == "O") for name, own in spaces.items()))


def _with_shared(random: Random, kind: str) -> Problem:
    """All tensors have the dimension G; a convolution may be depthwise."""
    extents = {"G": random.choice((2, 2, 3, 4))} | {name: random.choice((1, 1, 2, 3)) for name in "ED"}
    if kind == "batched":
        extents |= {"L": random.choice((1, 2, 2, 3))}
        ranks = {"W": ("G", "E", "D"), "I": ("G", "E", "L"), "O": ("G", "D", "L")}
    else:
        extents |= {"P": random.choice((2, 3, 4)), "R": random.choice((2, 3))}
        ranks = {"W": ("G", "E", "D", "R"), "I": ("G", "E", "P+R"), "O": ("D", "P", "G")}
    spaces = {name: tuple(tuple(map(_term, rank.split("+"))) for rank in listed) for name, listed in ranks.items()}
    return Problem(kind, extents, tuple(DataSpace(name, own, name == "O") for name, own in spaces.items()))


def _term(text: str) -> Term:
    return Term(text[-1], int(text[:-1] or 1))


def random_architecture(random: Random, problem: Problem, rare: float) -> tuple[Architecture, EnergyTable]:
    """Two to four levels, some of which only fan out."""
    count = random.choice((2, 2, 3, 3, 4))
    fanouts = [random.choice(FANOUTS) if random.random() < 0.5 else (1, 1) for _ in range(count)]
    if random.random() * rare < 0.6:
        fanouts[-1] = (1, 1)  # compute units directly below level 0 are the special case
    levels: list[StorageLevel] = []
    energies: dict[str, dict[str, tuple[ActionEnergy, ...]]] = {}
    mesh_x = mesh_y = 1
    for number in range(count):
        outermost = number == 0
        dummy = not outermost and fanouts[number] != (1, 1) and random.random() < 0.5
        level = StorageLevel(
            name=f"level{number}",
            component_class="dummy_storage" if dummy else "SRAM",
            instances=mesh_x * mesh_y,
            mesh_x=mesh_x,
            mesh_y=mesh_y,
            word_bits=8,
            block_size=random.choice((1, 1, 2, 4)),
            cluster_size=random.choice([c for c in (1, 2, 4) if mesh_x * mesh_y % c == 0]),
            capacity_words=None if outermost else random.choice((None, 2, 4, 8, 12, 16, 24, 40, 64)),
            multiple_buffering=random.choice((1.0, 1.0, 2.0)),
            min_utilization=random.choice((0.0,) * 7 + (0.1,)),
            read_bandwidth=random.choice((None, None, 0.5, 1.0, 3.0)),
            write_bandwidth=random.choice((None, None, 0.5, 1.0, 3.0)),
            shared_bandwidth=random.choice((None, None, None, 2.0)),
            bandwidth_scale={problem.data_space_names[0]: 0.5} if random.random() < 0.1 else {},
            network_fill_latency=random.choice((0, 0, 1)),
            addr_gen_energy_pj=random.choice((None, None, 0.3)),
            reduction_supported=random.random() < 0.9,
            power_gated_at="level0" if random.random() < 0.1 * rare else None,
            attributes=_wires(random, rare),
        )
        if dummy:
            level = replace(level, capacity_words=1, multiple_buffering=1.0, min_utilization=0.0, cluster_size=1)
        levels.append(level)
        energies[level.name] = _energies(random, scale=4.0 ** (count - number))
        mesh_x, mesh_y = mesh_x * fanouts[number][0], mesh_y * fanouts[number][1]
    compute = ComputeLevel("mac", "intmac", mesh_x * mesh_y, mesh_x=mesh_x, mesh_y=mesh_y)
    energies["mac"] = {"compute": (ActionEnergy(random.uniform(0.1, 2.0)),)}
    networks = {}
    if random.random() < 0.15 * rare:
        chosen = random.randrange(count)
        levels[chosen] = replace(levels[chosen], read_network="net")
        networks["net"] = Network("net", "SimpleMulticast", fill_latency=random.choice((0, 2)))
        energies["net"] = {
            "transfer": tuple(
                ActionEnergy(random.uniform(0.1, 2.0), {"num_destinations": n}) for n in range(1, random.choice((2, 5)))
            )
        }
    return Architecture("random", tuple(reversed(levels)), compute, networks), EnergyTable(energies)


def _wires(random: Random, rare: float) -> dict[str, object]:
    if random.random() > 0.15 * rare:
        return {}
    keys = random.sample(("energy_per_hop", "router_energy", "energy-per-ingress"), random.choice((1, 2)))
    return {key: random.uniform(0.05, 1.0) for key in keys}


def _energies(random: Random, scale: float) -> dict[str, tuple[ActionEnergy, ...]]:
    actions = {name: (ActionEnergy(scale * random.uniform(0.3, 2.0)),) for name in ("read", "write", "update")}
    actions["leak"] = (ActionEnergy(random.choice((0.0, random.uniform(0.0, 0.5)))),)
    return actions


def random_constraints(random: Random, architecture: Architecture, problem: Problem, rare: float) -> Constraints:
    levels = {}
    for index, level in enumerate(architecture.levels):
        if random.random() < 0.3:
            continue
        keep, bypass = set(), set()
        for space in problem.data_space_names:
            draw = random.random()
            if not level.is_dummy and draw < 0.35:
                keep.add(space)
            elif draw < 0.75 and index < len(architecture.levels) - 1:
                bypass.add(space)
        levels[level.name] = LevelConstraint(
            keep=frozenset(keep),
            bypass=frozenset(bypass),
            temporal=_block(random, problem, rare, temporal=True),
            spatial=_block(random, problem, rare, temporal=False)
            if architecture.fanout(index) != (1, 1)
            else BlockConstraint(),
        )
    return Constraints(levels)


def _block(random: Random, problem: Problem, rare: float, *, temporal: bool) -> BlockConstraint:
    if random.random() < 0.5:
        return BlockConstraint()
    factors = {}
    names = list(problem.dimensions)
    rarely = 3 / max(3, len(names))  # more dimensions, not more constraints
    for name in names:
        draw = random.random() / rarely
        value = random.choice((1, 1, 1, 2, 2, 3, 4))
        if draw < 0.12:
            factors[name] = FactorBounds(exact=value)
        elif draw < 0.25:
            factors[name] = FactorBounds(most=value)
        elif draw < 0.28:
            factors[name] = FactorBounds(least=min(value, 2), most=random.choice((None, 4)))
    order = random.sample(names, random.randrange(len(names) + 1)) if random.random() < 0.4 else []
    spaces = problem.data_space_names
    written = [space.name for space in problem.data_spaces if space.read_write]
    return BlockConstraint(
        factors=factors,
        permutation=tuple(order),
        default_max_factor=random.choice((None, None, None, 2)),
        no_reuse=frozenset(random.sample(spaces, 1)) if random.random() < 0.1 * rare else frozenset(),
        rmw_first_update=frozenset(written) if temporal and random.random() < 0.1 * rare else frozenset(),
        no_link_transfer=frozenset(spaces) if not temporal and random.random() < 0.1 * rare else frozenset(),
        split=random.randrange(len(names) + 1) if not temporal and random.random() < 0.2 else None,
    )
