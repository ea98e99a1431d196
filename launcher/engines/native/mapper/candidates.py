"""Spatial assignments with a bypass choice, in the order of their bounds."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace

import numpy as np

from launcher.engines.native.mapper.objective import criteria_values


@dataclass(frozen=True, order=True)
class Candidate:
    """One spatial assignment with one choice of keep and bypass.

    Attributes:
        bound: lower bound of the first criterion.
        variant, index: which bypass choice, which assignment.
        energy_pj: lower bound of the dynamic energy.
        busy: lower bound of the cycles, without network latency.
        tight: whether the energy bound comes from the best completion rather than from the assignment alone.
    """

    bound: float
    variant: int
    index: int
    energy_pj: float = field(compare=False)
    busy: float = field(compare=False)
    tight: bool = field(compare=False, default=False)


class Queue:
    """Candidates by bound. Most are never looked at, so they stay rows of arrays until they are."""

    def __init__(self, order: tuple[int, ...], leak_pj: np.ndarray, latency: float) -> None:
        self._order, self._leak_pj, self._latency = order, leak_pj, latency
        self._heap: list[Candidate] = []

    def add_variant(self, variant: int, energy_pj: np.ndarray, busy: np.ndarray) -> None:
        """Add all assignments under one bypass choice."""
        for index in range(len(energy_pj)):
            self.add(self.candidate(variant, index, float(energy_pj[index]), float(busy[index])))

    def candidate(self, variant: int, index: int, energy_pj: float, busy: float, *, tight: bool = False) -> Candidate:
        """A candidate with its bound."""
        values = self.values(index, energy_pj, busy)
        return Candidate(values[0], variant, index, energy_pj, busy, tight)

    def tightened(self, candidate: Candidate, energy_pj: float) -> Candidate:
        """The same candidate with a better bound of its energy."""
        values = self.values(candidate.index, energy_pj, candidate.busy)
        return replace(candidate, bound=values[0], energy_pj=energy_pj, tight=True)

    def values(self, index: int, energy_pj: float, busy: float) -> list[float]:
        """All criteria in order, from dynamic energy and busy cycles of an assignment."""
        return criteria_values(self._order, energy_pj + float(self._leak_pj[index]) * busy, busy + self._latency)

    def add(self, candidate: Candidate) -> None:
        heapq.heappush(self._heap, candidate)

    def pop(self) -> Candidate:
        return heapq.heappop(self._heap)

    @property
    def least_bound(self) -> float:
        """The smallest bound in the queue; infinity when it is empty."""
        return self._heap[0].bound if self._heap else float("inf")

    def __len__(self) -> int:
        return len(self._heap)
