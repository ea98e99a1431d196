"""Spatial assignments with a bypass choice, in the order of their bounds."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf, prod

import numpy as np

from launcher.engines.native.arrays import BoolArray, FloatArray, IntArray
from launcher.engines.native.mapper.costs.lower_bounds import AssignmentBounds, Least, limited_slots
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.kernels.search_tables import TIE_TOLERANCE
from launcher.engines.native.mapper.search.objective import Order, criteria_values, is_better
from launcher.engines.native.mapper.space.bypass import Pattern, patterns
from launcher.engines.native.mapper.space.mapspace import SearchSpace

LISTED_AT_ONCE = 20
"""Assignments whose choices are listed between two looks at the clock."""

REMEMBERED_BYTES = 100_000_000
"""Memory for listed choices."""

MANY_ASSIGNMENTS, FEW_CHOICES = 500, 64
"""From so many assignments on, and up to so many choices, the bound of each choice is worked out to begin with."""

PROBES = 8
"""Choices of an assignment that are tried to begin with."""

CriterionValues = tuple[float, ...]
"""Criteria in order."""


@dataclass(frozen=True, order=True)
class Candidate:
    """One spatial assignment with one choice of keep and bypass.

    Attributes:
        bounds: lower bounds of the criteria, in order.
        chosen: per data space the number of its pattern.
        index: which assignment.
        energy_pj: lower bound of the dynamic energy.
        busy: lower bound of the cycles, without network latency.
        tight: whether the energy is that of the best nest.
    """

    bounds: CriterionValues
    chosen: tuple[int, ...]
    index: int
    energy_pj: float = field(compare=False)
    busy: float = field(compare=False)
    tight: bool = field(compare=False, default=False)


@dataclass(frozen=True)
class _Choices:
    """All bypass choices of one assignment that can hold its smallest tiles, best bound first."""

    index: int
    bounds: FloatArray
    chosen: IntArray
    energy_pj: FloatArray
    busy: FloatArray

    def candidate(self, number: int) -> Candidate:
        return Candidate(
            tuple(self.bounds[number].tolist()),
            tuple(self.chosen[number].tolist()),
            self.index,
            float(self.energy_pj[number]),
            float(self.busy[number]),
        )

    @property
    def size(self) -> int:
        """Bytes."""
        return self.bounds.nbytes + self.chosen.nbytes + self.energy_pj.nbytes + self.busy.nbytes


class Queue:
    """Candidates by bound.

    There can be millions, of which few are ever looked at. So the assignments wait in an array, ordered by a bound over
    all bypass choices; the choices of an assignment are listed when its turn comes. Lists that are waited for are
    forgotten when they take too much memory, and made again when their next choice is wanted.

    Attributes:
        least_energy_pj: no mapping has less dynamic energy.
        least_busy: nor fewer cycles, network latency left out.
        frontier: (energy in pJ with leakage, busy cycles) such that every mapping has at least as much of both as one
            of them; None where the queue's own bounds say more than these.
    """

    def __init__(self, space: SearchSpace, machine: Machine, bounds: AssignmentBounds, order: Order) -> None:
        self.order, self._machine, self._of = order, machine, bounds
        self.patterns: list[list[Pattern]] = [patterns(space, p) for p in range(len(machine.boxes))]
        self._shape = tuple(len(listed) for listed in self.patterns)
        self._limited = limited_slots(machine)
        self._least = [_stacked(bounds, len(self._limited), p, listed) for p, listed in enumerate(self.patterns)]
        kept = [np.array(listed, float).reshape(len(listed), len(space.levels)) for listed in self.patterns]
        self._tiles = [(bounds.smallest_tiles(p) * machine.weight[:, p], where) for p, where in enumerate(kept)]
        self.frontier: list[tuple[float, float]] | None = None
        least, values = self._bounds_over_choices()
        self._waiting = np.lexsort(values.T[::-1])[: len(bounds) if all(self.patterns) else 0]
        self._waiting_bounds = values[self._waiting]
        self.least_energy_pj = float(least.min(initial=inf))
        self.least_busy = float(bounds.iterations.min(initial=inf))
        self._waiting_least = (least + bounds.leak_pj * bounds.iterations)[self._waiting]
        self.restart()

    def _bounds_over_choices(self) -> tuple[FloatArray, FloatArray]:
        """Per assignment the least dynamic energy over all choices, and a bound of the criteria over all of them.

        Where there are many assignments and few choices, that is the best bound of a choice; else it is made of the
        best that each data space has by itself.
        """
        of = self._of
        least = np.full(len(of), of.compute_pj)
        for part in self._least:
            # A data space that cannot be kept anywhere leaves nothing to search.
            least += part.energy_pj.min(axis=0, initial=inf)
        if len(of) > MANY_ASSIGNMENTS and 0 < prod(self._shape) <= FEW_CHOICES:
            energy, busy = self._best_choices()
        else:
            energy = least
            busy = self._busy(of.iterations, [part.words.min(axis=0, initial=inf).T for part in self._least])
            self.frontier = _frontier(energy + of.leak_pj * busy, busy)
        return least, self._bounds(energy, busy, of.leak_pj)

    def _best_choices(self) -> tuple[FloatArray, FloatArray]:
        """Per assignment, energy and busy cycles of the choice with the best bound; infinite where none fits."""
        best = np.full(len(self._of), inf), np.full(len(self._of), inf)
        least = np.full((len(self._of), len(self.order)), inf)
        for chosen in np.ndindex(*self._shape):
            parts = [(least.energy_pj[k], least.words[k].T) for least, k in zip(self._least, chosen, strict=True)]
            energy = self._of.compute_pj + np.sum([part for part, _ in parts], axis=0)
            busy = self._busy(self._of.iterations, [words for _, words in parts])
            values = self._bounds(energy, busy, self._of.leak_pj)
            better = _before(values, least) & self._fitting(chosen)
            least[better] = values[better]
            for kept, new in zip(best, (energy, busy), strict=True):
                kept[better] = new[better]
        return best

    def _fitting(self, chosen: Sequence[int]) -> BoolArray:
        """Per assignment, whether the smallest tiles fit all levels under one choice."""
        fits = np.ones(len(self._of), np.bool_)
        for level in np.flatnonzero(np.isfinite(self._machine.capacity)):
            parts = [tiles[:, level] for (tiles, kept), k in zip(self._tiles, chosen, strict=True) if kept[k, level]]
            if parts:
                fits &= sum(parts) <= self._machine.capacity[level]
        return fits

    def restart(self) -> None:
        """Fill the queue again, for another search of the same mapspace."""
        self._next = 0
        self._serial = count()
        self._heap: list[tuple[CriterionValues, int, Candidate, int | None]] = []
        self._lists: OrderedDict[int, _Choices] = OrderedDict()
        self._bytes = 0

    def values(self, index: int, energy_pj: float, busy: float) -> list[float]:
        """All criteria in order, from dynamic energy and busy cycles of an assignment."""
        leak = float(self._of.leak_pj[index])
        return criteria_values(self.order, energy_pj + leak * busy, busy + self._machine.latency)

    def tightened(self, candidate: Candidate, energy_pj: float) -> Candidate:
        """The same candidate with the energy of its best nest."""
        bounds = tuple(self.values(candidate.index, energy_pj, candidate.busy))
        return replace(candidate, bounds=bounds, energy_pj=energy_pj, tight=True)

    def list_choices(self, most: int = LISTED_AT_ONCE) -> bool:
        """List the choices of assignments whose turn has come, of so many at most; whether none is left."""
        while self._next < len(self._waiting) and not (self._heap and self._heap[0][0] <= self._waiting_values):
            if not most:
                return False
            self._push(self._choices(int(self._waiting[self._next])), 0)
            self._next += 1
            most -= 1
        return True

    def pop(self) -> Candidate | None:
        """Take the candidate with the least bounds, when all choices are listed; None when the queue is empty."""
        if not self._heap:
            return None
        _, _, candidate, number = heapq.heappop(self._heap)
        if number is not None:
            self._push(self._choices(candidate.index), number + 1)
        return candidate

    def probes(self) -> list[Candidate]:
        """Candidates that are likely to hold good mappings, to begin with; they stay in the queue.

        The bounds of energies say little of which assignment is good; one that uses more of the machine often is.
        """
        if not len(self._waiting):
            return []
        edp = self._waiting_least * self._of.iterations[self._waiting]
        indices = dict.fromkeys((int(self._waiting[0]), int(self._waiting[int(edp.argmin())])))
        lists = [self._choices(index) for index in indices]
        return [listed.candidate(number) for listed in lists for number in range(min(len(listed.bounds), PROBES))]

    def may_hold_better(self, values: Sequence[float]) -> bool:
        """Whether anything in the queue may be as good as the given values.

        Cycles alone are exact, so behind them the next criterion decides as well. Energies that are equal in theory
        differ in their last digits, and the order among them says nothing.
        """
        decisive = 1 if self.order[0].energy else 2
        return is_better(self.least_bounds[:decisive], values[:decisive], or_equal=True)

    def add(self, candidate: Candidate) -> None:
        heapq.heappush(self._heap, (candidate.bounds, next(self._serial), candidate, None))

    @property
    def least_bounds(self) -> CriterionValues:
        """The smallest bounds in the queue; infinity when it is empty."""
        nothing = (inf,) * len(self.order)
        return min(self._heap[0][0] if self._heap else nothing, self._waiting_values)

    @property
    def _waiting_values(self) -> CriterionValues:
        if self._next < len(self._waiting):
            return tuple(self._waiting_bounds[self._next].tolist())
        return (inf,) * len(self.order)

    def _push(self, choices: _Choices, number: int) -> None:
        if number < len(choices.bounds):
            candidate = choices.candidate(number)
            heapq.heappush(self._heap, (candidate.bounds, next(self._serial), candidate, number))

    def _choices(self, index: int) -> _Choices:
        """The choices of an assignment, listed or remembered."""
        if index in self._lists:
            self._lists.move_to_end(index)
            return self._lists[index]
        choices = self._lists[index] = self._list(index)
        self._bytes += choices.size
        while self._bytes > REMEMBERED_BYTES and len(self._lists) > 1:
            self._bytes -= self._lists.popitem(last=False)[1].size
        return choices

    def _list(self, index: int) -> _Choices:
        machine, of = self._machine, self._of
        fits = np.ones(self._shape, np.bool_)
        for level in np.flatnonzero(np.isfinite(machine.capacity)):
            units = self._sum([tiles[index, level] * kept[:, level] for tiles, kept in self._tiles])
            fits &= units <= machine.capacity[level]
        numbers = np.flatnonzero(fits)
        energy = of.compute_pj + self._sum([least.energy_pj[:, index] for least in self._least])[fits]
        asked = [
            self._sum([least.words[:, index, slot] for least in self._least])[fits]
            for slot in range(len(self._limited))
        ]
        busy = self._busy(np.full(len(numbers), of.iterations[index]), [asked])
        bounds = self._bounds(energy, busy, of.leak_pj[index])
        order = np.lexsort(bounds.T[::-1])
        chosen = np.stack(np.unravel_index(numbers[order], self._shape), axis=1)
        return _Choices(index, bounds[order], chosen, energy[order], busy[order])

    def _busy(self, iterations: FloatArray, words: Sequence[Sequence[FloatArray]]) -> FloatArray:
        """Least cycles for the words that data spaces (or all of them together) ask of each limited bandwidth."""
        busy = iterations
        for slot, (level, kind) in enumerate(self._limited):
            cycles = sum(of_space[slot] for of_space in words) / self._machine.limits[level, kind]
            busy = np.maximum(busy, np.ceil(cycles * (1 - TIE_TOLERANCE)))
        return busy

    def _sum(self, figures: Sequence[FloatArray]) -> FloatArray:
        """Sums over the data spaces, for every combination of their patterns, of a figure for each pattern."""
        total = np.zeros(self._shape)
        for p, values in enumerate(figures):
            total += values.reshape([-1 if axis == p else 1 for axis in range(len(self._shape))])
        return total

    def _bounds(self, energy_pj: FloatArray, busy: FloatArray, leak_pj: FloatArray) -> FloatArray:
        total = energy_pj + leak_pj * busy
        return np.stack(criteria_values(self.order, total, busy + self._machine.latency), axis=1)


def _frontier(energy_pj: FloatArray, busy: FloatArray) -> list[tuple[float, float]]:
    """The points that no other one has less of both than; infinite ones left out."""
    order = np.lexsort((energy_pj, busy))
    energies = energy_pj[order]
    before = np.concatenate(([inf], np.minimum.accumulate(energies)[:-1]))
    chosen = order[energies < before]
    return list(zip(energy_pj[chosen].tolist(), busy[chosen].tolist(), strict=True))


def _before(values: FloatArray, others: FloatArray) -> BoolArray:
    """Whether each row is less than its counterpart in the first column in which they differ."""
    less, equal = np.zeros(len(values), np.bool_), np.ones(len(values), np.bool_)
    for own, other in zip(values.T, others.T, strict=True):
        less |= equal & (own < other)
        equal &= own == other
    return less


def _stacked(bounds: AssignmentBounds, slots: int, p: int, listed: Sequence[Pattern]) -> Least:
    """Bounds for one data space, with an axis for its patterns before all others."""
    parts = [bounds.least(p, pattern) for pattern in listed]
    if not parts:
        return Least(np.zeros((0, len(bounds))), np.zeros((0, len(bounds), slots)))
    return Least(np.stack([part.energy_pj for part in parts]), np.stack([part.words for part in parts]))
