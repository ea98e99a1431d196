"""One layer of a fused group: every own nest that it may have, and what each costs by walking.

Own nests come from the oracle of mapspaces; nothing here uses the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf, prod

import numpy as np
from fused_walk import TensorWalk, View, access_energy_pj, busy_cycles, leak_pj, merged, price
from mapspace_oracle import enumerate_mappings, keeps_of

from launcher.specification.architecture import StorageLevel
from launcher.specification.chain import ChainLayer
from launcher.specification.constraints import Constraints
from launcher.specification.mapping import Mapping
from launcher.specification.problem import DataSpace
from launcher.specification.specification import Specification

Shared = tuple[tuple[str, int], ...]
"""Shared loops of a layer, outermost first, in its own names."""


@dataclass(frozen=True)
class Figures:
    """What a layer costs in a group.

    Attributes:
        energy_pj, cycles: over all iterations of shared loops.
        own: per level, bits of the tiles of one instance.
        stays, totals: per level, bits of the tiles that stay: of one instance, and of all.
    """

    energy_pj: float
    cycles: int
    own: tuple[int, ...]
    stays: tuple[int, ...]
    totals: tuple[int, ...]


@dataclass(frozen=True)
class Loops:
    """Loops of an own nest: per level, dimension -> bound of the fan-out, and (dimension, bound) innermost first."""

    spatial: tuple[tuple[tuple[str, int], ...], ...]
    temporal: tuple[tuple[tuple[str, int], ...], ...]

    @property
    def used(self) -> list[int]:
        """Instances of each level that are used."""
        return [prod(bound for one in self.spatial[level + 1 :] for _, bound in one) for level in self.levels]

    @property
    def levels(self) -> range:
        return range(len(self.spatial))

    @property
    def steps(self) -> int:
        return prod(bound for one in self.temporal for _, bound in one)

    def view(self, relevant: frozenset[str], shared: Shared) -> View:
        """The nest as a tensor of those dimensions sees it; along which axis children lie does not matter to it."""
        return View(
            tuple(merged(sorted((bound, name in relevant) for name, bound in one)) for one in self.spatial),
            tuple(merged([(bound, name in relevant) for name, bound in one]) for one in self.temporal),
            merged([(bound, name in relevant) for name, bound in shared]),
        )


def loops_of(mapping: Mapping) -> Loops:
    """Loops of a mapping that somebody found."""
    return Loops(
        tuple(tuple((loop.dimension, loop.bound) for loop in level.spatial) for level in mapping.levels),
        tuple(tuple((loop.dimension, loop.bound) for loop in level.temporal) for level in mapping.levels),
    )


Row = tuple[int, View, tuple[int, ...], frozenset[int]]
"""A tensor's number, the nest as it sees it, levels that keep it, and those at which it stays."""


class LayerWalk:
    """A layer in a group.

    Args:
        layer: it.
        shared: the group's shared loops in the layer's names.
        waits: data space -> level number at which it waits.
        rows: what is known of the layer's tensors; grows.
        beside: energy that the outputs cost beside the nest when they stay at a level (its number) between iterations.
    """

    def __init__(
        self,
        layer: ChainLayer,
        shared: Shared,
        waits: dict[str, int],
        rows: dict[Row, np.ndarray] | None = None,
        beside: Callable[[int], float] | None = None,
    ) -> None:
        bounds = dict(shared)
        extents = {name: size // bounds.get(name, 1) for name, size in layer.problem.dimensions.items()}
        own = layer.narrow(layer.specification, extents)
        self.shared, self.waits, self.beside = shared, waits, beside
        self.specification = replace(own, constraints=_held(own, waits))
        self.architecture = own.architecture
        self.spaces = own.problem.data_spaces
        self.iterations = prod(bounds.values())
        self._relevant = [space.relevant for space in self.spaces]
        self._columns = self._choices_of_levels()
        self._width = 5 * len(own.architecture.levels) + 1
        self._rows = {} if rows is None else rows
        self._known: dict[tuple[int, View], np.ndarray] = {}
        self._tables: dict[tuple[View, ...], np.ndarray] = {}

    def figures(self, mapping: Mapping, stays: dict[str, frozenset[int]]) -> Figures:
        """Those of one own nest; ``stays`` names the levels at which tensors are persistent."""
        loops = loops_of(mapping)
        total = np.zeros(self._width)
        for number, space in enumerate(self.spaces):
            kept = tuple(place for place, level in enumerate(mapping.levels) if space.name in level.keep)
            view = loops.view(space.relevant, self.shared)
            total = total + self._row(number, view, kept, stays.get(space.name, frozenset()))
        energy, cycles, *words = self._costs(loops, total[None, :])[0].tolist()
        count = len(self.architecture.levels)
        own, stay, totals = (tuple(map(int, words[first : first + count])) for first in range(0, 3 * count, count))
        return Figures(energy, int(cycles), own, stay, totals)

    def every(self, limit: int) -> np.ndarray | None:
        """Rows as ``_costs`` makes them, of all own nests that may be best; None beyond ``limit`` nests."""
        batch = enumerate_mappings(_fixed(self.specification), limit)
        if batch is None:
            return None
        found = self._loops(batch.factors, batch.orders)
        tables = [self._every_keep(loops) for loops in found if self._may_wait(loops)]
        width = 2 + 3 * len(self.architecture.levels)
        return thinned(np.concatenate([np.zeros((0, width)), *tables]))

    def _loops(self, bounds: np.ndarray, orders: np.ndarray) -> Iterator[Loops]:
        """The loops of a batch, each once whatever the axes along which fan-outs lie."""
        names = list(self.specification.problem.dimensions)
        seen = set()
        for bound, order in zip(bounds.tolist(), orders.tolist(), strict=True):
            spatial = tuple(
                tuple((name, x * y) for name, x, y in zip(names, *axes, strict=True) if x * y > 1) for *axes, _ in bound
            )
            temporal = tuple(
                tuple((names[d], one[2][d]) for d in places[2] if one[2][d] > 1)
                for one, places in zip(bound, order, strict=True)
            )
            seen.add(Loops(spatial, temporal))
        yield from seen

    def _choices_of_levels(self) -> list[list[tuple[int, ...]]]:
        """Per data space, every choice of levels that keep it."""
        table = np.array(list(keeps_of(self.specification)), np.bool_)
        table = table.reshape(-1, len(self.architecture.levels), len(self.spaces))
        return [
            sorted({tuple(np.flatnonzero(row[:, number]).tolist()) for row in table})
            for number in range(len(self.spaces))
        ]

    def _every_keep(self, loops: Loops) -> np.ndarray:
        """All choices of what is kept and what stays, for some loops."""
        views = [loops.view(relevant, self.shared) for relevant in self._relevant]
        key = tuple(views)
        if key not in self._tables:
            total = np.zeros((1, self._width))
            for number, view in enumerate(views):
                total = (total[:, None] + self._choices(number, view)[None, :]).reshape(-1, self._width)
            self._tables[key] = self._costs(loops, total)
        return self._tables[key]

    def _may_wait(self, loops: Loops) -> bool:
        """Whether no loop in time moves a tensor while it waits."""
        relevant = {space.name: space.relevant for space in self.spaces}
        return not any(
            dimension in relevant[name]
            for name, level in self.waits.items()
            for one in loops.temporal[level + 1 :]
            for dimension, _ in one
        )

    def _choices(self, number: int, view: View) -> np.ndarray:
        """All choices of what is kept and what stays of one tensor."""
        if (number, view) not in self._known:
            rows = [
                self._row(number, view, kept, stays)
                for kept in self._columns[number]
                for stays in self._persistent(self.spaces[number], view, kept)
            ]
            self._known[number, view] = np.stack(rows)
        return self._known[number, view]

    def _persistent(self, space: DataSpace, view: View, kept: tuple[int, ...]) -> Iterator[frozenset[int]]:
        """Levels at which a tensor may be persistent: on chip, where its tile is its share of an iteration."""
        yield frozenset()
        if space.name in self.waits or not view.shared or view.shared[-1][1]:
            # Where the innermost shared loop moves it, nothing stays longer than it does anyway.
            return
        levels = self.architecture.levels
        free = [
            level
            for level in kept
            if level < len(levels) - 1
            and not levels[level].is_dummy
            and not view.moved_outside(level)
            and space.name not in self.specification.constraints.at(levels[level].name).temporal.no_reuse
        ]
        for size in range(1, len(free) + 1):
            yield from map(frozenset, combinations(free, size))

    def _row(self, number: int, view: View, kept: tuple[int, ...], stays: frozenset[int]) -> np.ndarray:
        """Energy of accesses, then per level: words read and written in a step, bits kept, bits that stay, in one
        instance and in all.
        """
        key = number, view, kept, stays
        if key in self._rows:
            return self._rows[key]
        count = len(self.architecture.levels)
        row = self._rows[key] = np.zeros(self._width)
        space = self.spaces[number]
        walk = TensorWalk(self.specification, space, view, stays)
        if self.beside is not None and space.read_write:
            row[0] += self.beside(max(stays, default=kept[-1]))
        for index, counts in walk.counts(kept).items():
            level = self.architecture.levels[index]
            bits = level.value_bits.get(space.name, level.word_bits)
            scale = level.bandwidth_scale.get(space.name, 1.0) * bits / level.word_bits
            row[0] += access_energy_pj(self.specification, index, view.used(index), space, counts)
            row[1 + index] = counts[0] / view.steps * scale
            row[1 + count + index] = (counts[1] + counts[2]) / view.steps * scale
            row[1 + 2 * count + index] = walk.tile(index) * bits
            if index in stays:
                row[1 + 3 * count + index] = walk.tile(index) * bits
                row[1 + 4 * count + index] = walk.tile(index) * bits * view.used(index)
        return row

    def _costs(self, loops: Loops, rows: np.ndarray) -> np.ndarray:
        """Energy, cycles, then per level own bits, and bits that stay in one instance and in all; what fits only."""
        count = len(self.architecture.levels)
        own, stays = rows[:, 1 + 2 * count : 1 + 3 * count], rows[:, 1 + 3 * count :]
        fits = np.ones(len(rows), np.bool_)
        for index, level in enumerate(self.architecture.levels):
            capacity = room_of(level)
            if capacity < inf:
                fits &= (own[:, index] <= capacity) & (own[:, index] >= capacity * level.min_utilization)
        rows, own, stays = rows[fits], own[fits], stays[fits]
        steps = loops.steps * self.iterations
        busy = np.full(len(rows), steps, np.int64)
        for index, level in enumerate(self.architecture.levels):
            reads, writes = rows[:, 1 + index], rows[:, 1 + count + index]
            busy = np.maximum(busy, busy_cycles(level, steps, reads, writes))
        computes = self.specification.problem.computes * self.iterations
        energy = rows[:, 0] + computes * price(self.specification, self.architecture.compute.name, "compute")
        energy = energy + leak_pj(self.specification, loops.used) * busy
        latency = sum(one.network_fill_latency + one.network_drain_latency for one in self.architecture.levels)
        return np.column_stack([energy, busy + latency, own, stays])


def _held(own: Specification, waits: dict[str, int]) -> Constraints:
    """Constraints under which tensors are kept where they wait, and bypassed further out."""
    levels = {}
    for number, level in enumerate(own.architecture.levels):
        one = own.constraints.at(level.name)
        here = {space for space, at in waits.items() if at == number}
        outside = {space for space, at in waits.items() if at < number}
        assert not here & one.bypass
        levels[level.name] = replace(one, keep=(one.keep | here) - outside, bypass=(one.bypass | outside))
    return Constraints(levels)


def _fixed(specification: Specification) -> Specification:
    """The same loops, with a single choice of what is kept."""
    spaces = frozenset(specification.problem.data_space_names)
    levels = {
        level.name: replace(specification.constraints.at(level.name), keep=spaces, bypass=frozenset())
        for level in specification.architecture.levels
    }
    return replace(specification, constraints=Constraints(levels))


def room_of(level: StorageLevel) -> float:
    """Bits that an instance holds for tiles."""
    if level.capacity_words is None:
        return inf
    if not level.value_bits:
        return level.capacity_words // level.multiple_buffering * level.word_bits
    return level.capacity_words * level.word_bits // level.multiple_buffering


def thinned(rows: np.ndarray) -> np.ndarray:
    """Rows of which no other is at most as large in every place."""
    rows = np.unique(rows, axis=0)
    kept = np.zeros_like(rows)
    count = 0
    for row in rows:
        if not (kept[:count] <= row).all(axis=1).any():
            kept[count] = row
            count += 1
    return kept[:count]
