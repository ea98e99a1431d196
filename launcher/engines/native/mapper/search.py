"""The search: every spatial assignment and bypass choice, best bound first, until nothing can be better."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from math import inf
from time import perf_counter

import numpy as np

from launcher.engines.base import Mapped, MapperSettings, OnProgress
from launcher.engines.native.mapper.automaton import build_automaton
from launcher.engines.native.mapper.base import base_of
from launcher.engines.native.mapper.bypass import keep_choices
from launcher.engines.native.mapper.coefficients import Assignments, coefficients_of
from launcher.engines.native.mapper.machine import Machine, machine_of
from launcher.engines.native.mapper.mapspace import Mapspace, UnitDimensionConflictError, build_mapspace
from launcher.engines.native.mapper.objective import criteria_order, criteria_values, is_better
from launcher.engines.native.mapper.solver import Found, Solver, Variant
from launcher.engines.native.mapper.spatial import spatial_assignments
from launcher.engines.native.mapper.tables import THINNED, Goal
from launcher.engines.native.mapper.walk import build_mapping, temporal_loops
from launcher.engines.native.mapper.wires import layout_levels
from launcher.engines.native.model import evaluate
from launcher.errors import NoValidMappingError, SpecificationError
from launcher.result import Evaluation, Optimality, SearchStatistics
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification

AGREEMENT = 1e-9
"""How closely the search's own figures must meet the exact model's."""


class MapperDefectError(RuntimeError):
    """The search's arithmetic and the exact model disagree on the winner: a defect of ours, never a user's mistake."""


@dataclass(order=True)
class _Candidate:
    """A spatial assignment with a bypass choice, ordered by its bound."""

    bound: float
    keep: int
    assignment: int
    energy_pj: float = field(compare=False)
    busy: float = field(compare=False)
    exact: bool = field(compare=False, default=False)


def search(specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None) -> Mapped:
    """The best mapping of the constrained mapspace, proved.

    Raises:
        NoValidMappingError: no mapping satisfies the constraints and capacities; says why.
        SpecificationError: a constraint that does not make sense or cannot be honoured.
    """
    del on_progress
    started = perf_counter()
    order = np.array(criteria_order(settings.objective), np.int64)
    try:
        space = build_mapspace(specification)
    except UnitDimensionConflictError as conflict:
        raise NoValidMappingError(str(conflict), where=conflict.where) from None
    _check_problem(specification)
    run = _Search(space, order)
    keep, assignment, found = run.best()
    mapping = build_mapping(
        space,
        run.problems[keep].automaton,
        run.assignments.spatial,
        assignment,
        temporal_loops(run.problems[keep].automaton, found.steps, found.bounds),
    )
    evaluation = _confirm(specification, mapping, found, run.machine, run.assignments.leak_pj[assignment])
    value = {"edp": evaluation.edp_j_cycles, "energy": evaluation.energy_pj, "cycles": float(evaluation.cycles)}
    return Mapped(
        mapping,
        evaluation,
        Optimality("proved", settings.objective, value[settings.objective[0]], 0.0),
        SearchStatistics(perf_counter() - started, run.counters),
    )


def _check_problem(specification: Specification) -> None:
    for space in specification.problem.data_spaces:
        terms = [[t for t in r if specification.problem.dimensions[t.dimension] > 1] for r in space.projection]
        if any(len(rank) > 1 for rank in terms):
            raise SpecificationError(
                f"data space {space.name!r} has a sliding window: convolutions cannot be mapped yet",
                where=f"problem, data space {space.name}",
            )


class _Search:
    """State of one search."""

    def __init__(self, space: Mapspace, order: np.ndarray) -> None:
        self.space, self.order = space, order
        self.machine: Machine = machine_of(space)
        spatial = spatial_assignments(space, layout_levels(space.specification, self.machine))
        self.assignments: Assignments = coefficients_of(space, self.machine, spatial)
        self.counters: dict[str, int] = {"spatial_assignments": len(self.assignments), "prepared": 0, "searched": 0, "nodes": 0}
        self.incumbent = np.full(3, inf)
        self.problems: list[Variant] = []
        self.candidates: list[_Candidate] = []
        relayed = [p for p in range(len(self.machine.boxes)) if not self.machine.boxes[p] and (self.assignments.pair[:, 0, p, THINNED] < 1).any()]
        for keep in keep_choices(space):
            automaton = build_automaton(space, self.machine, keep, relayed)
            self.problems.append(Variant(automaton, base_of(self.machine, self.assignments, automaton)))
        self.counters["bypass_choices"] = len(self.problems)
        self.solver = Solver(space, self.machine, self.assignments)

    def best(self) -> tuple[int, int, Found]:
        """The canonical one of the best mappings: its bypass choice, spatial assignment and walk."""
        self._minimise()
        if not self.incumbent[0] < inf:
            raise NoValidMappingError("no mapping satisfies the constraints and capacities")
        return self._canonical()

    def _minimise(self) -> None:
        heap = [
            self._candidate(keep, a, problem.base.least_energy_pj[a], problem.base.least_busy[a])
            for keep, problem in enumerate(self.problems)
            for a in range(len(self.assignments))
        ]
        heapq.heapify(heap)
        while heap:
            candidate = heapq.heappop(heap)
            if not self._promising(candidate, ties=False):
                self.candidates.append(candidate)
                continue
            if not candidate.exact:
                candidate = self._tighten(candidate)
                if candidate.energy_pj == inf:
                    continue
                if heap and heap[0].bound < candidate.bound:
                    heapq.heappush(heap, candidate)
                    continue
            self.candidates.append(candidate)
            if self._promising(candidate, ties=False):
                self._explore(candidate, canonical=False)

    def _candidate(self, keep: int, assignment: int, energy: float, busy: float, exact: bool = False) -> _Candidate:
        bound = self._values(assignment, float(energy), float(busy))[0]
        return _Candidate(bound, keep, assignment, float(energy), float(busy), exact)

    def _tighten(self, candidate: _Candidate) -> _Candidate:
        self.counters["prepared"] += 1
        energy = self.solver.prepare(self.problems[candidate.keep], candidate.assignment)
        return self._candidate(candidate.keep, candidate.assignment, energy, candidate.busy, exact=True)

    def _promising(self, candidate: _Candidate, *, ties: bool) -> bool:
        values = self._values(candidate.assignment, candidate.energy_pj, candidate.busy)
        return is_better(values, self.incumbent, or_equal=ties)

    def _values(self, assignment: int, energy: float, busy: float) -> list[float]:
        energy += float(self.assignments.leak_pj[assignment]) * busy
        return criteria_values(self.order, energy, busy + self.machine.latency)

    def _explore(self, candidate: _Candidate, *, canonical: bool) -> Found | None:
        problem, index = self.problems[candidate.keep], candidate.assignment
        self.counters["searched"] += 1
        goal = Goal(self.order, self.incumbent, canonical)
        self.solver.begin(problem, index)
        while self.solver.resume(problem, index, goal):
            pass
        self.counters["nodes"] += self.solver.nodes
        return self.solver.found(problem)

    def _canonical(self) -> tuple[int, int, Found]:
        """Of all mappings as good as the incumbent, the first in the fixed order of the mapspace."""
        for candidate in sorted(self.candidates, key=lambda c: (c.keep, c.assignment)):
            if not self._promising(candidate, ties=True):
                continue
            if not candidate.exact:
                candidate = self._tighten(candidate)
                if not self._promising(candidate, ties=True):
                    continue
            found = self._explore(candidate, canonical=True)
            if found is not None:
                return candidate.keep, candidate.assignment, found
        raise MapperDefectError("the optimum was not found again")


def _confirm(specification: Specification, mapping: Mapping, found: Found, machine: Machine, leak: float) -> Evaluation:
    """The exact model's figures, which must be the search's own."""
    evaluation = evaluate(specification, mapping)
    energy, cycles = found.energy_pj + leak * found.busy, int(found.busy) + machine.latency
    if (
        not evaluation.legal
        or evaluation.cycles != cycles
        or abs(evaluation.energy_pj - energy) > AGREEMENT * evaluation.energy_pj
    ):
        raise MapperDefectError(
            f"the search found {energy} pJ in {cycles} cycles, the model says {evaluation.energy_pj} pJ in "
            f"{evaluation.cycles} cycles ({evaluation.reason or 'legal'}) for {mapping}"
        )
    return evaluation
