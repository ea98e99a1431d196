"""A slow reference for imperfect mappings: walk every index of the problem, and collect what crosses each boundary.

An index has one digit per loop. A word that the level K gives to the level k below is known by the instance of K, by
the moment (the digits of the loops in time, from the first that moves the tile of k outwards), and by its place in the
tensor. Collecting these in sets is all that is done here; nothing knows a closed form. Windows have perfect factors;
how much of one a step newly covers is the model for perfect factors' own (``deltas``), which has tests of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import ceil, prod

from launcher.engines.native.deltas import fetched_by_loop
from launcher.specification.mapping import Mapping
from launcher.specification.problem import DataSpace, Term
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class Slot:
    """A loop: its level, dimension, kind (``x``, ``y`` or ``t``), bound, and how many indices one iteration spans."""

    level: int
    dimension: str
    kind: str
    bound: int
    step: int


Point = tuple[dict[str, int], dict[Slot, int]]


class Walk:
    """All indices of a problem with their digits under a mapping."""

    def __init__(self, specification: Specification, mapping: Mapping) -> None:
        self.specification, self.mapping = specification, mapping
        self.extents = dict(specification.problem.dimensions)
        self.slots = list(self._placed())
        self.counts = cache(self._counts)
        self.crossing = cache(self._crossing)
        self.points = [self._point(index) for index in product(*(range(size) for size in self.extents.values()))]

    def _placed(self) -> Iterator[Slot]:
        steps = dict.fromkeys(self.extents, 1)
        for number, level in enumerate(self.mapping.levels):
            for kind, loops in (("x", level.spatial_x), ("y", level.spatial_y), ("t", level.temporal)):
                for loop in loops:
                    yield Slot(number, loop.dimension, kind, loop.bound, steps[loop.dimension])
                    steps[loop.dimension] *= loop.bound

    def _point(self, index: tuple[int, ...]) -> Point:
        at = dict(zip(self.extents, index, strict=True))
        return at, {slot: at[slot.dimension] // slot.step % slot.bound for slot in self.slots}

    @property
    def steps(self) -> int:
        """Moments that the compute units see."""
        time = [slot for slot in self.slots if slot.kind == "t"]
        return len({tuple(digits[slot] for slot in time) for _, digits in self.points})

    def kept(self, space: DataSpace) -> list[int]:
        return [n for n, level in enumerate(self.mapping.levels) if space.name in level.keep]

    def inner(self, space: DataSpace, level: int) -> int:
        return max((n for n in self.kept(space) if n < level), default=-1)

    def _crossing(self, space: DataSpace, inner: int, outer: int, *, busiest: bool = False) -> Counter[int]:
        """Destinations -> words that level ``outer`` gives to so many of its children at once."""
        windows = windowed(space, self.extents)
        outside = [slot for slot in self.slots if slot.kind != "t" and slot.level > outer]
        between = [slot for slot in self.slots if slot.kind != "t" and inner < slot.level <= outer]
        moments, weights = self._moments(space, inner, windows)
        children: dict[tuple[object, ...], set[tuple[int, ...]]] = defaultdict(set)
        weight: dict[tuple[object, ...], int] = {}
        for at, digits in self.points:
            if busiest and any(digits[slot] for slot in outside):
                continue
            moment = tuple(digits[slot] for slot in moments)
            word = tuple(at[name] for name in self.extents if name in relevant(space, self.extents) - windows)
            apart = tuple(digits[slot] for slot in between if not self._multicast(space, slot.level))
            places = tuple(
                self._place(space, [slot for slot in between if slot.level == level], digits, windows)
                for level in range(inner + 1, outer + 1)
            )
            key = (tuple(digits[slot] for slot in outside), moment, apart, places, word)
            children[key].add(tuple(digits[slot] for slot in between if slot.level == outer))
            weight[key] = weights(moment)
        found: Counter[int] = Counter()
        for key, instances in children.items():
            found[len(instances)] += weight[key]
        return +found

    def words(self, space: DataSpace, inner: int, outer: int, *, busiest: bool = False) -> int:
        return sum(self.crossing(space, inner, outer, busiest=busiest).values())

    def first_touches(self, space: DataSpace, level: int, *, busiest: bool = False) -> int:
        """Words that the instances of a level meet at all, each counted once per instance."""
        outside = [slot for slot in self.slots if slot.kind != "t" and slot.level > level]
        names = relevant(space, self.extents)
        met = {
            (tuple(digits[slot] for slot in outside), tuple(at[name] for name in sorted(names)))
            for at, digits in self.points
            if not (busiest and any(digits[slot] for slot in outside))
        }
        return len(met)

    def _counts(self, space: DataSpace, level: int, *, busiest: bool = False) -> tuple[int, int, int]:
        """Reads, fills and updates of a level that keeps the data space."""
        taken = self.words(space, self.inner(space, level), level, busiest=busiest)
        backing = level == self.kept(space)[-1]
        given = 0 if backing else self.words(space, level, level, busiest=busiest)
        if not space.read_write:
            return taken, given, 0
        constraint = self.specification.constraints.at(self.mapping.levels[level].level)
        again = space.name in constraint.temporal.rmw_first_update
        met = 0 if again else self.first_touches(space, level, busiest=busiest)
        return taken - met, 0 if backing else given - met, taken

    def _multicast(self, space: DataSpace, level: int) -> bool:
        return space.name not in self.specification.constraints.at(self.mapping.levels[level].level).spatial.no_reuse

    def _moments(
        self, space: DataSpace, inner: int, windows: frozenset[str]
    ) -> tuple[list[Slot], Callable[[tuple[int, ...]], int]]:
        """The loops in time that make a moment, and the words of the windows that come at one."""
        time = [slot for slot in self.slots if slot.kind == "t" and slot.level > inner]
        keeps = inner >= 0 and (
            space.name not in self.specification.constraints.at(self.mapping.levels[inner].level).temporal.no_reuse
        )
        tile = self._tile(inner)
        whole = prod(self._widths(space, tile, windows))
        moving = next((n for n, s in enumerate(time) if s.dimension in relevant(space, self.extents)), len(time))
        if not keeps:
            return time, lambda moment: whole
        if not any(len(real_terms(rank, self.extents)) > 1 for rank in space.projection):
            return time[moving:], lambda moment: whole
        strides = [
            tuple(sum(t.coefficient * s.step for t in rank if t.dimension == s.dimension) for rank in space.projection)
            for s in time
        ]
        widths = tuple(1 + sum(t.coefficient * (tile[t.dimension] - 1) for t in rank) for rank in space.projection)
        ranks = [n for n, rank in enumerate(space.projection) if any(t.dimension in windows for t in rank)]
        fetched = [
            sum(prod(box[rank][1] - box[rank][0] for rank in ranks) for box in boxes)
            for boxes in fetched_by_loop(widths, strides)
        ]

        def weights(moment: tuple[int, ...]) -> int:
            advanced = next((n for n, digit in enumerate(moment) if digit), None)
            return whole if advanced is None else fetched[advanced]

        return time, weights

    def _tile(self, level: int) -> dict[str, int]:
        return {
            name: min(size, prod(s.bound for s in self.slots if s.level <= level and s.dimension == name))
            for name, size in self.extents.items()
        }

    def _widths(self, space: DataSpace, tile: dict[str, int], windows: frozenset[str]) -> Iterator[int]:
        for rank in space.projection:
            if any(term.dimension in windows for term in rank):
                yield 1 + sum(term.coefficient * (tile[term.dimension] - 1) for term in rank)

    def _place(
        self, space: DataSpace, slots: list[Slot], digits: dict[Slot, int], windows: frozenset[str]
    ) -> tuple[int, ...]:
        """How far a child's windows lie from those of the first child."""
        return tuple(
            sum(
                term.coefficient * digits[slot] * slot.step
                for term in rank
                for slot in slots
                if slot.dimension == term.dimension and slot.dimension in windows
            )
            for rank in space.projection
        )


def real_terms(rank: tuple[Term, ...], extents: dict[str, int]) -> list[Term]:
    return [term for term in rank if extents[term.dimension] > 1]


def relevant(space: DataSpace, extents: dict[str, int]) -> frozenset[str]:
    return frozenset(name for name in space.relevant if extents[name] > 1)


def windowed(space: DataSpace, extents: dict[str, int]) -> frozenset[str]:
    found = set()
    for rank in space.projection:
        terms = real_terms(rank, extents)
        if len(terms) > 1 or any(term.coefficient > 1 for term in terms):
            found |= {term.dimension for term in terms}
    return frozenset(found)


def energy_and_cycles(walk: Walk) -> tuple[float, int]:
    """Energy without networks, and cycles, from the walk's counts; a plain reading of what levels cost."""
    specification = walk.specification
    architecture, problem = specification.architecture, specification.problem
    assert specification.energy is not None
    table = specification.energy.components
    busy = steps = walk.steps
    for index, level in enumerate(architecture.levels):
        reads = writes = 0.0
        for space in problem.data_spaces:
            if index in walk.kept(space):
                read, fill, update = walk.counts(space, index, busiest=True)
                share = level.value_bits.get(space.name, level.word_bits) / level.word_bits
                scale = level.bandwidth_scale.get(space.name, 1.0) * share
                # Words per step, as the model adds them: the last bit can make one cycle more.
                reads, writes = reads + read / steps * scale, writes + (fill + update) / steps * scale
        needs = (level.read_bandwidth, reads), (level.write_bandwidth, writes), (level.shared_bandwidth, writes + reads)
        busy = max(busy, ceil(steps / min([1.0, *(limit / need for limit, need in needs if limit and need)])))
    energy = prod(walk.extents.values()) * table[architecture.compute.name]["compute"][0].energy_pj
    for index, level in enumerate(architecture.levels):
        used = prod(slot.bound for slot in walk.slots if slot.kind != "t" and slot.level > index)
        clusters = min(used, level.instances // level.cluster_size)
        prices = {name: entries[0].energy_pj for name, entries in table[level.name].items()}
        for space in problem.data_spaces:
            if index not in walk.kept(space):
                continue
            counts = walk.counts(space, index)
            bits, access = level.value_bits.get(space.name, level.word_bits), level.block_size * level.word_bits
            for words, action in zip(counts, ("read", "write", "update"), strict=True):
                energy += -(-words * bits // (used * access)) * clusters * prices[action]
            addresses = counts[1] + (counts[2] if space.read_write else counts[0])
            energy += addresses / used * clusters * (level.addr_gen_energy_pj or 0.0)
        energy += prices["leak"] * busy * _leaking(walk, index)
    return energy, busy


def _leaking(walk: Walk, index: int) -> float:
    levels = walk.specification.architecture.levels
    gates = [level.name for level in levels]
    level, gate = levels[index], index
    share = 1.0
    if level.power_gated_at is not None:
        outer = levels[gates.index(level.power_gated_at)]
        if level.instances > outer.instances:
            gate, share = gates.index(outer.name), level.instances / outer.instances
    return share * prod(slot.bound for slot in walk.slots if slot.kind != "t" and slot.level > gate)
