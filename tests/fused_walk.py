"""What crosses the boundaries of a hierarchy of memories when layers share outer loops, found by running the loops.

Every level holds one tile of each tensor that it keeps, and takes another when a loop moves the tile, or when a shared
loop dropped it because it is not persistent there. Boundaries that look alike are walked once. Nothing here knows a
closed form. Tensors whose ranks are single dimensions only, perfect factors, no links and no priced networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain as chained
from itertools import product
from math import prod

import numpy as np

from launcher.specification.architecture import StorageLevel
from launcher.specification.problem import DataSpace
from launcher.specification.specification import Specification

Seen = tuple[tuple[int, bool], ...]
"""Loops as one tensor sees them: bound, and whether they move its tile."""


@dataclass(frozen=True)
class View:
    """A nest as one tensor sees it.

    Attributes:
        spatial: per level, innermost first.
        temporal: per level, innermost loop first.
        shared: outermost first.
    """

    spatial: tuple[Seen, ...]
    temporal: tuple[Seen, ...]
    shared: Seen

    def used(self, level: int) -> int:
        """Instances of a level."""
        return prod(bound for one in self.spatial[level + 1 :] for bound, _ in one)

    @property
    def steps(self) -> int:
        """Moments of the whole nest."""
        return prod(bound for bound, _ in chained(*self.temporal, self.shared))

    def moved_outside(self, level: int) -> bool:
        """Whether an own loop in time outside a level moves the tile there."""
        return any(moves for one in self.temporal[level + 1 :] for _, moves in one)


@dataclass(frozen=True)
class Crossing:
    """What crosses a boundary, in tiles of the level inside.

    Attributes:
        reads: taken from one instance of the level outside; those that several children get at once count once.
        fills: brought to one child.
    """

    reads: int
    fills: int


@cache
def crossing(
    time: tuple[tuple[int, bool, bool], ...], places: tuple[tuple[int, bool, bool], ...], forgets: bool
) -> Crossing:
    """Run the loops around a boundary.

    Args:
        time: outermost first: bound, whether the loop moves the tile, whether it drops it.
        places: fan-outs between the levels: bound, whether they move the tile, whether one read serves all.
        forgets: whether the level inside keeps nothing from one moment to the next.
    """
    held: dict[tuple[int, ...], tuple[int, ...]] = {}
    dropping = [number for number, (_, _, drops) in enumerate(time) if drops]
    moving = [number for number, (_, moves, _) in enumerate(time) if moves]
    children = list(product(*(range(bound) for bound, _, _ in places)))
    before: list[int] | None = None
    reads = 0
    fills = dict.fromkeys(children, 0)
    for moment in product(*(range(bound) for bound, _, _ in time)):
        iteration = [moment[number] for number in dropping]
        if iteration != before or forgets:
            held.clear()
        before = iteration
        taken = set()
        for child in children:
            offset = tuple(digit for digit, (_, moves, _) in zip(child, places, strict=True) if moves)
            tile = (*(moment[number] for number in moving), *offset)
            if held.get(child) != tile:
                held[child] = tile
                fills[child] += 1
                alone = tuple(digit for digit, (_, _, serves) in zip(child, places, strict=True) if not serves)
                taken.add((tile, alone))
        reads += len(taken)
    (each,) = set(fills.values())
    return Crossing(reads, each)


@cache
def places_met(time: tuple[tuple[int, bool], ...]) -> int:
    """Different tiles that one instance holds in all its life."""
    moving = [range(bound) if moves else range(1) for bound, moves in time]
    return len(set(product(*moving)))


class TensorWalk:
    """One tensor of a layer in a nest.

    Args:
        specification: of the layer's own problem.
        space: the tensor.
        view: the nest as it sees it.
        stays: levels at which its tile is persistent.
    """

    def __init__(self, specification: Specification, space: DataSpace, view: View, stays: frozenset[int]) -> None:
        self.specification, self.space, self.view, self.stays = specification, space, view, stays

    def tile(self, level: int) -> int:
        """Words of the tile that one instance of a level holds; one word for the compute units below level 0."""
        inside = chained(*self.view.spatial[: level + 1], *self.view.temporal[: level + 1])
        return prod(bound for bound, moves in inside if moves)

    def crossing(self, inner: int, outer: int) -> Crossing:
        names = [level.name for level in self.specification.architecture.levels]
        constraints = self.specification.constraints
        own = [(bound, moves, False) for level in self.view.temporal[inner + 1 :] for bound, moves in level]
        shared = [(bound, moves, inner not in self.stays) for bound, moves in self.view.shared]
        places = [
            (bound, moves, self.space.name not in constraints.at(names[level]).spatial.no_reuse)
            for level in range(inner + 1, outer + 1)
            for bound, moves in self.view.spatial[level]
        ]
        forgets = inner < 0 or self.space.name in constraints.at(names[inner]).temporal.no_reuse
        return crossing((*shared, *reversed(own)), tuple(places), forgets)

    def first_touches(self, level: int) -> int:
        """Words that one instance meets at all."""
        own = [loop for one in self.view.temporal[level + 1 :] for loop in one]
        return self.tile(level) * places_met((*self.view.shared, *own))

    def counts(self, kept: Sequence[int]) -> dict[int, tuple[int, int, int]]:
        """Level -> reads, fills and updates of one instance, for the levels that keep the tensor."""
        found = {}
        for number, level in enumerate(kept):
            inner = kept[number - 1] if number else -1
            taken = self.crossing(inner, level).reads * self.tile(inner)
            backing = number == len(kept) - 1
            given = 0 if backing else self.crossing(level, kept[number + 1]).fills * self.tile(level)
            if not self.space.read_write:
                found[level] = taken, given, 0
                continue
            constraint = self.specification.constraints.at(self.specification.architecture.levels[level].name)
            met = 0 if self.space.name in constraint.temporal.rmw_first_update else self.first_touches(level)
            found[level] = taken - met, 0 if backing else given - met, taken
        return found


def merged(loops: Sequence[tuple[int, bool]]) -> Seen:
    """Neighbours that do the same to a tile as one loop."""
    found: list[tuple[int, bool]] = []
    for bound, moves in loops:
        if found and found[-1][1] == moves:
            found[-1] = found[-1][0] * bound, moves
        else:
            found.append((bound, moves))
    return tuple(found)


def price(specification: Specification, component: str, *actions: str) -> float:
    assert specification.energy is not None
    table = specification.energy.components[component]
    return next((table[action][0].energy_pj for action in actions if action in table), 0.0)


def access_energy_pj(
    specification: Specification, index: int, used: int, space: DataSpace, counts: tuple[int, int, int]
) -> float:
    """Energy of a tensor's accesses in all instances of a level of which so many are used."""
    level = specification.architecture.levels[index]
    bits, access = level.value_bits.get(space.name, level.word_bits), level.block_size * level.word_bits
    clusters = min(used, level.instances // level.cluster_size)
    prices = [price(specification, level.name, name, "write") for name in ("read", "write", "update")]
    moved = sum(-(-words * bits // access) * pj for words, pj in zip(counts, prices, strict=True))
    addresses = counts[1] + (counts[2] if space.read_write else counts[0])
    return (moved + addresses * (level.addr_gen_energy_pj or 0.0)) * clusters


def leak_pj(specification: Specification, used: Sequence[int]) -> float:
    """Leakage of all levels per cycle."""
    levels = specification.architecture.levels
    names = [level.name for level in levels]
    total = 0.0
    for index, level in enumerate(levels):
        gate = names.index(level.power_gated_at) if level.power_gated_at else index
        share = level.instances / levels[gate].instances if level.instances > levels[gate].instances else 1.0
        total += price(specification, level.name, "leak") * share * used[gate if share > 1 else index]
    return total


def busy_cycles(level: StorageLevel, steps: int, reads: np.ndarray, writes: np.ndarray) -> np.ndarray:
    """Cycles that a level's bandwidth asks for; reads and writes are words per step."""
    speed = np.ones(len(reads))
    needs = (level.read_bandwidth, reads), (level.write_bandwidth, writes), (level.shared_bandwidth, writes + reads)
    for limit, need in needs:
        if limit is not None:
            speed = np.minimum(speed, limit / np.maximum(need, limit))
    return np.ceil(steps / speed).astype(np.int64)
