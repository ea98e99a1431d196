"""Spatial assignments with a bypass choice, in the order of their bounds."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from launcher.engines.native.mapper.base import least_energies
from launcher.engines.native.mapper.bypass import Pattern, patterns
from launcher.engines.native.mapper.coefficients import Assignments
from launcher.engines.native.mapper.machine import FloatArray, Machine
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.objective import criteria_arrays, criteria_values

ROUGH, BASE, TIGHT = 0, 1, 2
"""How good a candidate's bound is: data spaces one by one, all of them together, the best completion of any nest."""


@dataclass(frozen=True, order=True)
class Candidate:
    """One spatial assignment with one choice of keep and bypass.

    Attributes:
        bound: lower bound of the first criterion.
        index: which assignment.
        rank: per data space, how many of its patterns are cheaper under this assignment.
        chosen: per data space the pattern's number.
        energy_pj: lower bound of the dynamic energy.
        busy: lower bound of the cycles, without network latency.
        quality: which kind of bound this is.
    """

    bound: float
    index: int
    rank: tuple[int, ...]
    chosen: tuple[int, ...] = field(compare=False)
    energy_pj: float = field(compare=False)
    busy: float = field(compare=False)
    quality: int = field(compare=False, default=ROUGH)


class Queue:
    """Candidates by bound.

    There can be millions, of which few are ever looked at. So the assignments wait in an array, ordered by the bound of
    their cheapest bypass choice, and the other choices of an assignment follow one by one when they are due.
    """

    def __init__(self, space: Mapspace, machine: Machine, assignments: Assignments, order: tuple[int, ...]) -> None:
        self._order, self._latency = order, machine.latency
        self._leak_pj, self._iterations = assignments.leak_pj, assignments.iterations
        self._compute_pj = assignments.compute_pj
        self.patterns: list[list[Pattern]] = [patterns(space, p) for p in range(len(machine.boxes))]
        energies = [
            np.stack([least_energies(machine, assignments, p, pattern) for pattern in listed], axis=1)
            for p, listed in enumerate(self.patterns)
        ]
        self._cheapest = [np.argsort(energy, axis=1, kind="stable") for energy in energies]
        self._energies = [
            np.take_along_axis(e, order, axis=1) for e, order in zip(energies, self._cheapest, strict=True)
        ]
        self._heap: list[Candidate] = []
        self._start()

    def _start(self) -> None:
        least = np.full(len(self._iterations), self._compute_pj)
        for energy in self._energies:
            least += energy[:, 0]
        bounds = self._bounds(least, self._iterations)
        self._waiting = np.argsort(bounds, kind="stable")
        self._waiting_bounds = bounds[self._waiting]
        self._next = 0

    def restart(self) -> None:
        """Fill the queue again, for another search of the same mapspace."""
        self._heap.clear()
        self._next = 0

    def values(self, index: int, energy_pj: float, busy: float) -> list[float]:
        """All criteria in order, from dynamic energy and busy cycles of an assignment."""
        return criteria_values(self._order, energy_pj + float(self._leak_pj[index]) * busy, busy + self._latency)

    def improved(self, candidate: Candidate, energy_pj: float, busy: float, quality: int) -> Candidate:
        """The same candidate with better bounds."""
        bound = self.values(candidate.index, energy_pj, busy)[0]
        return replace(candidate, bound=bound, energy_pj=energy_pj, busy=busy, quality=quality)

    def pop(self) -> Candidate:
        """Take the candidate with the least bound."""
        if self._heap and self._heap[0].bound <= self._waiting_bound:
            candidate = heapq.heappop(self._heap)
        else:
            candidate = self._candidate(int(self._waiting[self._next]), (0,) * len(self.patterns))
            self._next += 1
        if candidate.quality == ROUGH:
            self._add_followers(candidate)
        return candidate

    def add(self, candidate: Candidate) -> None:
        heapq.heappush(self._heap, candidate)

    @property
    def least_bound(self) -> float:
        """The smallest bound in the queue; infinity when it is empty."""
        return min(self._heap[0].bound if self._heap else inf, self._waiting_bound)

    @property
    def _waiting_bound(self) -> float:
        return float(self._waiting_bounds[self._next]) if self._next < len(self._waiting) else inf

    def _candidate(self, index: int, rank: tuple[int, ...]) -> Candidate:
        energy = self._compute_pj + sum(float(e[index, r]) for e, r in zip(self._energies, rank, strict=True))
        busy = float(self._iterations[index])
        chosen = tuple(int(order[index, r]) for order, r in zip(self._cheapest, rank, strict=True))
        return Candidate(self.values(index, energy, busy)[0], index, rank, chosen, energy, busy)

    def _add_followers(self, candidate: Candidate) -> None:
        """Choices that differ in one data space's next dearer pattern; each choice follows exactly one other."""
        last = max((p for p, rank in enumerate(candidate.rank) if rank), default=0)
        for p in range(last, len(self.patterns)):
            if candidate.rank[p] + 1 < len(self.patterns[p]):
                rank = (*candidate.rank[:p], candidate.rank[p] + 1, *candidate.rank[p + 1 :])
                self.add(self._candidate(candidate.index, rank))

    def _bounds(self, energy_pj: FloatArray, busy: FloatArray) -> FloatArray:
        total = energy_pj + self._leak_pj * busy
        return criteria_arrays(self._order, total, busy + self._latency)[0]
