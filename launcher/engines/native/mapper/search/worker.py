"""One worker of a search: takes candidates, bounds them, and searches those that may hold something better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import numpy as np

from launcher.engines.native.arrays import FloatArray
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.kernels.search_tables import Goal
from launcher.engines.native.mapper.search.automaton import Automaton, build_automaton, build_mapping, temporal_loops
from launcher.engines.native.mapper.search.board import Board, Outcome
from launcher.engines.native.mapper.search.candidates import Candidate
from launcher.engines.native.mapper.search.judge import BoundedNest, Judge, Verdict
from launcher.engines.native.mapper.search.objective import Order, criteria_values, first_of_best, is_better, powers_of
from launcher.engines.native.mapper.search.solver import Found, Task
from launcher.engines.native.mapper.space.bypass import Pattern, keep_of
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace

FIRST_NODES = 1000
"""Nodes spent on a first mapping."""

MOST_WAITING = 32
"""Nests that wait to be judged together, as long as none of them is better."""

Pause = Callable[[], None]
"""Called between two slices of work."""


class SpatialCosts(Protocol):
    """What a worker knows of the spatial assignments."""

    @property
    def spatial(self) -> SpatialAssignments:
        """The assignments."""

    @property
    def leak_pj(self) -> FloatArray:
        """(assignments,) leakage of the whole machine per cycle."""

    @property
    def from_compute(self) -> frozenset[int]:
        """Data spaces for which serving the compute units depends on the loops."""

    def __len__(self) -> int: ...


class Searcher(Protocol):
    """Searches one spatial assignment at a time; not to be shared between threads."""

    @property
    def nodes(self) -> int:
        """Nodes visited since ``begin``."""

    def task(self, automaton: Automaton, index: int, chosen: tuple[Pattern, ...]) -> Task:
        """What is to be searched."""

    def restart(self) -> None:
        """Another search of the same mapspace begins."""

    def prepare(self, task: Task) -> float:
        """A lower bound of the dynamic energy of an assignment's mappings; infinite when there is none."""

    def begin(self, task: Task, goal: Goal, *, glance: bool = False) -> None:
        """Start the search of an assignment for a goal; at a glance not much of it will be looked at."""

    def resume(self, task: Task, goal: Goal, *, slice_nodes: float, report: bool = False) -> bool:
        """Search on for one slice, or until a mapping is found; False when the assignment is exhausted."""

    def found(self) -> Found | None:
        """The best mapping found since ``begin`` (with ``report``: by the last ``resume``)."""

    def open_bounds(self) -> list[tuple[float, float]]:
        """Bounds (dynamic energy, busy cycles) of everything that was not looked at yet."""


@dataclass(frozen=True)
class Plan:
    """What a search is about, the same for all workers.

    Attributes:
        space, machine, assignments: the mapspace and its constants.
        order: criteria, the most important first.
        searcher: makes what searches the assignments, one for each worker.
        judge: evaluates nests that can only be bounded; None when the bounds are exact.
        automata: those built so far, by the numbers of the chosen patterns.
        least: dynamic energy of the best nest of every candidate that was prepared before.
    """

    space: SearchSpace
    machine: Machine
    assignments: SpatialCosts
    order: Order
    searcher: Callable[[], Searcher]
    judge: Judge | None
    automata: dict[tuple[int, ...], Automaton] = field(default_factory=dict)
    least: dict[tuple[int, tuple[int, ...]], float] = field(default_factory=dict)


@dataclass
class _Waiting:
    """Nests that are to be judged together.

    Attributes:
        most: at most so many at a time.
        next: how many the next time: few where a better mapping was just found, since the next one spares others.
        nests: those that wait, with the bounds of their criteria.
    """

    most: int
    next: int = 1
    nests: list[tuple[BoundedNest, list[float]]] = field(default_factory=list)


class Worker:
    """Searches candidates from the board.

    Args:
        number: tells workers apart.
        plan: what the search is about.
    """

    def __init__(self, number: int, plan: Plan) -> None:
        self._number, self._plan = number, plan
        self._solver = plan.searcher()
        self._pause: Pause = lambda: None

    def join(self, board: Board, most_busy: float, slice_nodes: int) -> None:
        """Take part in a search whose state is on the board; mappings with more busy cycles are not wanted."""
        self._board, self._most_busy, self._slice_nodes = board, most_busy, slice_nodes
        self._solver.restart()

    def run(self, pause: Pause) -> None:
        """Work until nothing is left that may be better."""
        while (candidate := self._board.take(self._number, pause)) is not None:
            self._handle(candidate, pause)
            pause()

    def probe(self, candidates: Sequence[Candidate], pause: Pause) -> None:
        """Look for a good mapping in each of some candidates: it spares others, and is there if time runs out."""
        for candidate in candidates:
            if self._board.stopped:
                return
            if self._promising(candidate):
                tight = self._tighten(candidate)
                if tight is not None and self._promising(tight):
                    self._explore(tight, pause, glance=True)
            pause()

    def find_first(self, candidates: list[Candidate], pause: Pause) -> None:
        """Of all mappings as good as the best one, make the first in the mapspace's fixed order the best."""
        for candidate in sorted(candidates, key=lambda c: (c.chosen, c.index)):
            tight: Candidate | None = candidate
            if self._promising(candidate, or_equal=True):
                tight = self._tighten(candidate)
                if tight is not None and self._promising(tight, or_equal=True):
                    found = self._explore(tight, pause, canonical=True)
                    if found or self._board.stopped:
                        return
            pause()

    def _handle(self, candidate: Candidate, pause: Pause) -> None:
        if not candidate.tight and self._promising(candidate):
            tight = self._tighten(candidate)
            if tight is None:
                return
            candidate = tight
            if self._board.is_best_bound(candidate.bounds):
                # A good mapping early on spares many candidates, and is there if time runs out.
                self._explore(candidate, pause, glance=True)
            if self._board.queue.least_bounds < candidate.bounds:
                self._board.put_back(candidate)
                return
        self._board.note(candidate)
        if self._promising(candidate):
            self._explore(candidate, pause)

    def _promising(self, candidate: Candidate, *, or_equal: bool = False) -> bool:
        if candidate.busy > self._most_busy:
            return False
        return is_better(candidate.bounds, self._board.values, or_equal=or_equal)

    def _tighten(self, candidate: Candidate) -> Candidate | None:
        """The candidate with the best bounds there are; None when it holds no mapping."""
        if candidate.tight:
            return candidate
        energy = self._least_energy(candidate)
        return self._board.queue.tightened(candidate, energy) if energy < inf else None

    def _least_energy(self, candidate: Candidate) -> float:
        key = (candidate.index, candidate.chosen)
        if key not in self._plan.least:
            self._board.count("prepared")
            self._plan.least[key] = self._solver.prepare(self._task(candidate))
        return self._plan.least[key]

    def _chosen(self, candidate: Candidate) -> tuple[Pattern, ...]:
        patterns = self._board.queue.patterns
        return tuple(listed[number] for listed, number in zip(patterns, candidate.chosen, strict=True))

    def _task(self, candidate: Candidate) -> Task:
        plan, chosen = self._plan, self._chosen(candidate)
        if candidate.chosen not in plan.automata:
            automaton = build_automaton(plan.space, plan.machine, keep_of(chosen), plan.assignments.from_compute)
            plan.automata[candidate.chosen] = automaton
        return self._solver.task(plan.automata[candidate.chosen], candidate.index, chosen)

    def _explore(self, candidate: Candidate, pause: Pause, *, canonical: bool = False, glance: bool = False) -> bool:
        """Search one candidate; True when, canonical, the mapping that was looked for is found.

        At a ``glance`` it ends after a few nodes, or with the first mapping that the judge has seen.
        """
        task, board, solver = self._task(candidate), self._board, self._solver
        self._pause = pause
        board.count("searched")
        incumbent = np.array(board.values, float)
        goal = Goal(powers_of(self._plan.order), incumbent, float(self._most_busy), canonical)
        solver.begin(task, goal, glance=glance)
        nodes = 0
        heap = _Waiting(1 if canonical or glance else MOST_WAITING)
        while True:
            incumbent[:] = board.values
            most = FIRST_NODES if glance else self._slice_nodes
            more = solver.resume(task, goal, slice_nodes=most, report=self._plan.judge is not None)
            board.count("nodes", solver.nodes - nodes)
            nodes = solver.nodes
            found = solver.found()
            if found is not None and self._consider(task, found, heap, canonical=canonical) and canonical:
                return True
            if not more or board.stopped:
                self._judge_waiting(heap)
            opened = [board.queue.values(task.index, *bounds)[0] for bounds in solver.open_bounds()]
            opened += [bounds[0] for _, bounds in heap.nests]
            board.report_bound(self._number, max(candidate.bounds[0], min(opened, default=inf)))
            pause()
            if not more or board.stopped or glance:
                return False

    def _consider(self, task: Task, found: Found, heap: _Waiting, *, canonical: bool) -> bool:
        """Offer a found nest as the best mapping; True when it is taken. One that must be judged may have to wait."""
        plan = self._plan
        loops = temporal_loops(task.automaton, found.steps, found.bounds)
        energy = found.energy_pj + float(plan.assignments.leak_pj[task.index]) * found.busy
        cycles = int(found.busy) + plan.machine.latency
        if plan.judge is not None:
            nest = BoundedNest(task.automaton, task.index, loops, energy, cycles)
            if heap.most == 1:
                return self._consider_judged(plan.judge, nest, canonical=canonical)
            heap.nests.append((nest, criteria_values(plan.order, energy, cycles)))
            return len(heap.nests) >= heap.next and self._judge_waiting(heap)
        values = criteria_values(plan.order, energy, cycles)
        mapping = build_mapping(plan.space, task.automaton, plan.assignments.spatial, task.index, loops)
        return self._board.offer(Outcome(mapping, energy, cycles, values), or_equal=canonical)

    def _judge_waiting(self, heap: _Waiting) -> bool:
        """Judge the nests that wait, as far as one of their mappings may be better; True when one is taken."""
        judge, board = self._plan.judge, self._board
        wanted = [(nest, bounds) for nest, bounds in heap.nests if is_better(bounds, board.values)]
        heap.nests.clear()
        if judge is None or not wanted:
            return False
        taken = False
        if len(wanted) == 1 or board.stopped:
            for nest, _ in wanted:
                taken = self._consider_judged(judge, nest, canonical=False) or taken
        else:
            for verdict in judge.judge_together([nest for nest, _ in wanted]):
                board.count("evaluated", len(verdict.cycles))
                taken = self._take_best(judge, verdict, canonical=False) or taken
        heap.next = 1 if taken else min(2 * heap.next, heap.most)
        return taken

    def _consider_judged(self, judge: Judge, nest: BoundedNest, *, canonical: bool) -> bool:
        """Judge the mappings of a nest as long as one of them may be better; True when one is taken."""
        board, order = self._board, self._plan.order
        bounds = criteria_values(order, nest.energy_pj, nest.cycles)
        taken = False
        for verdict in judge.judge(nest):
            board.count("evaluated", len(verdict.cycles))
            taken = self._take_best(judge, verdict, canonical=canonical) or taken
            if (canonical and taken) or not is_better(bounds, board.values, or_equal=canonical):
                break
            if board.stopped:
                board.leave_open(bounds[0])
                break
            self._pause()
        return taken

    def _take_best(self, judge: Judge, verdict: Verdict, *, canonical: bool) -> bool:
        wanted = np.flatnonzero(verdict.cycles <= self._most_busy + self._plan.machine.latency)
        if not len(wanted):
            return False
        i = int(wanted[first_of_best(self._plan.order, verdict.energy_pj[wanted], verdict.cycles[wanted])])
        energy, cycles = float(verdict.energy_pj[i]), int(verdict.cycles[i])
        values = criteria_values(self._plan.order, energy, cycles)
        if not is_better(values, self._board.values, or_equal=canonical):
            return False
        return self._board.offer(Outcome(judge.mapping(verdict.batch, i), energy, cycles, values), or_equal=canonical)
