"""Spatial assignments with a bypass choice, in the order of their bounds."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf

import numpy as np

from launcher.engines.native.mapper.base import Least, least_of
from launcher.engines.native.mapper.bypass import Pattern, patterns
from launcher.engines.native.mapper.coefficients import Assignments
from launcher.engines.native.mapper.machine import FloatArray, IntArray, Machine
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.objective import (
    CYCLES,
    TOLERANCE,
    criteria_arrays,
    criteria_values,
    is_better,
)

Values = tuple[float, ...]
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

    bounds: Values
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


class Queue:
    """Candidates by bound.

    There can be millions, of which few are ever looked at. So the assignments wait in an array, ordered by a bound over
    all bypass choices; the choices of an assignment are listed when its turn comes.
    """

    def __init__(self, space: Mapspace, machine: Machine, assignments: Assignments, order: tuple[int, ...]) -> None:
        self._order, self._machine, self._assignments = order, machine, assignments
        self.patterns: list[list[Pattern]] = [patterns(space, p) for p in range(len(machine.boxes))]
        self._least = [
            [least_of(machine, assignments, p, pattern) for pattern in listed] for p, listed in enumerate(self.patterns)
        ]
        least = np.full(len(assignments), assignments.compute_pj)
        for parts in self._least:
            # A data space that cannot be kept anywhere leaves nothing to search.
            least += np.min([part.energy_pj for part in parts], axis=0) if parts else inf
        bounds = self._bounds(least, assignments.iterations, assignments.leak_pj)
        self._waiting = np.lexsort(bounds.T[::-1])[: len(assignments) if all(self.patterns) else 0]
        self._waiting_bounds = bounds[self._waiting]
        self._grid = np.indices([len(listed) for listed in self.patterns]).reshape(len(self.patterns), -1).T
        self.restart()

    def restart(self) -> None:
        """Fill the queue again, for another search of the same mapspace."""
        self._next = 0
        self._serial = count()
        self._heap: list[tuple[Values, int, Candidate, _Choices | None, int]] = []

    def values(self, index: int, energy_pj: float, busy: float) -> list[float]:
        """All criteria in order, from dynamic energy and busy cycles of an assignment."""
        leak = float(self._assignments.leak_pj[index])
        return criteria_values(self._order, energy_pj + leak * busy, busy + self._machine.latency)

    def tightened(self, candidate: Candidate, energy_pj: float) -> Candidate:
        """The same candidate with the energy of its best nest."""
        bounds = tuple(self.values(candidate.index, energy_pj, candidate.busy))
        return replace(candidate, bounds=bounds, energy_pj=energy_pj, tight=True)

    def pop(self) -> Candidate | None:
        """Take the candidate with the least bounds; None when the queue is empty."""
        while self._next < len(self._waiting) and not (self._heap and self._heap[0][0] <= self._waiting_values):
            self._push(self._choices(int(self._waiting[self._next])), 0)
            self._next += 1
        if not self._heap:
            return None
        _, _, candidate, choices, number = heapq.heappop(self._heap)
        if choices is not None:
            self._push(choices, number + 1)
        return candidate

    def may_hold_better(self, values: Sequence[float]) -> bool:
        """Whether anything in the queue may be as good as the given values.

        Cycles are exact, so behind them the next criterion decides as well. Energies that are equal in theory differ in
        their last digits, and the order among them says nothing.
        """
        decisive = 2 if self._order[0] == CYCLES else 1
        return is_better(self.least_bounds[:decisive], values[:decisive], or_equal=True)

    def add(self, candidate: Candidate) -> None:
        heapq.heappush(self._heap, (candidate.bounds, next(self._serial), candidate, None, 0))

    @property
    def least_bounds(self) -> Values:
        """The smallest bounds in the queue; infinity when it is empty."""
        nothing = (inf,) * len(self._order)
        return min(self._heap[0][0] if self._heap else nothing, self._waiting_values)

    @property
    def _waiting_values(self) -> Values:
        if self._next < len(self._waiting):
            return tuple(self._waiting_bounds[self._next].tolist())
        return (inf,) * len(self._order)

    def _push(self, choices: _Choices, number: int) -> None:
        if number < len(choices.bounds):
            candidate = choices.candidate(number)
            heapq.heappush(self._heap, (candidate.bounds, next(self._serial), candidate, choices, number))

    def _choices(self, index: int) -> _Choices:
        machine, assignments = self._machine, self._assignments
        picks = [(parts, self._grid[:, p]) for p, parts in enumerate(self._least)]
        fits = self._sum(picks, "tile_words", index) <= machine.capacity
        grid = self._grid[fits.all(axis=1)]
        picks = [(parts, grid[:, p]) for p, parts in enumerate(self._least)]
        energy = assignments.compute_pj + self._sum(picks, "energy_pj", index)
        words = self._sum(picks, "words", index)
        needed = np.ceil((words / machine.limits).max(axis=(1, 2), initial=0.0) * (1 - TOLERANCE))
        busy = np.maximum(assignments.iterations[index], needed)
        bounds = self._bounds(energy, busy, assignments.leak_pj[index])
        order = np.lexsort(bounds.T[::-1])
        return _Choices(index, bounds[order], grid[order], energy[order], busy[order])

    @staticmethod
    def _sum(picks: list[tuple[list[Least], IntArray]], name: str, index: int) -> FloatArray:
        """Sum over the data spaces of a figure of their chosen patterns."""
        return sum(  # type: ignore[return-value]
            np.stack([getattr(part, name)[index] for part in parts])[numbers] for parts, numbers in picks
        )

    def _bounds(self, energy_pj: FloatArray, busy: FloatArray, leak_pj: FloatArray) -> FloatArray:
        total = energy_pj + leak_pj * busy
        return np.stack(criteria_arrays(self._order, total, busy + self._machine.latency), axis=1)
