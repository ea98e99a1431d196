"""The search itself: every spatial assignment and bypass choice, best bound first, until nothing can be better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from launcher.engines.native.mapper.automaton import build_automaton
from launcher.engines.native.mapper.base import base_of
from launcher.engines.native.mapper.bypass import keep_choices
from launcher.engines.native.mapper.candidates import Candidate, Queue
from launcher.engines.native.mapper.coefficients import coefficients_of
from launcher.engines.native.mapper.judge import Judge, Nest
from launcher.engines.native.mapper.machine import machine_of
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.objective import best_of, criteria_values, is_better
from launcher.engines.native.mapper.progress import Clock
from launcher.engines.native.mapper.solver import Found, Solver, Variant
from launcher.engines.native.mapper.spatial import spatial_assignments
from launcher.engines.native.mapper.tables import THINNED, Goal
from launcher.engines.native.mapper.walk import build_mapping, temporal_loops
from launcher.engines.native.mapper.wires import has_exact_networks, layout_levels
from launcher.specification.mapping import Mapping


@dataclass(frozen=True)
class Outcome:
    """The best mapping found.

    Attributes:
        mapping: it.
        energy_pj, cycles: its figures, network latency included.
        values: all criteria in order.
        proved: whether no mapping is better.
        lower_bound: of the first criterion over all mappings.
    """

    mapping: Mapping
    energy_pj: float
    cycles: int
    values: list[float]
    proved: bool
    lower_bound: float


class Search:
    """One search in one thread.

    Attributes:
        stopped: whether the time limit or Ctrl-C ended it.
        counters: spatial assignments, bypass choices, how many of their pairs were prepared and searched, nodes of
            the branch and bound, and mappings evaluated by the exact model.
    """

    def __init__(self, space: Mapspace, order: tuple[int, ...], clock: Clock) -> None:
        self._space, self._order, self._clock = space, order, clock
        self.stopped = False
        self._settled = False
        self._machine = machine_of(space)
        settled_layouts = layout_levels(space.specification, self._machine)
        spatial = spatial_assignments(space, settled_layouts)
        self._assignments = coefficients_of(space, self._machine, spatial)
        relayed = self._relayed()
        self._variants: list[Variant] = []
        self._queue = Queue(order, self._assignments.leak_pj, self._machine.latency)
        for keep in keep_choices(space):
            automaton = build_automaton(space, self._machine, keep, relayed)
            base = base_of(self._machine, self._assignments, automaton)
            self._queue.add_variant(len(self._variants), base.least_energy_pj, base.least_busy)
            self._variants.append(Variant(automaton, base))
        self._solver = Solver(space, self._machine, self._assignments)
        exact = not self._machine.boxes.any() and has_exact_networks(space.specification, linked=bool(relayed))
        self._judge = None if exact else Judge(space, spatial, settled_layouts)
        self._incumbent = np.full(3, inf)
        self._best: Outcome | None = None
        self._unresolved = inf
        self._current: Candidate | None = None
        self._seen: list[Candidate] = []
        self.counters = {
            "spatial_assignments": len(self._assignments),
            "bypass_choices": len(self._variants),
            "prepared": 0,
            "searched": 0,
            "nodes": 0,
            "evaluated": 0,
        }

    def run(self) -> Outcome | None:
        """Search until the optimum is proved or time is up; None when no mapping was found."""
        try:
            self._minimise()
            self._settled = not self.stopped
            if self._best is not None and self._settled:
                self._canonise()
        except KeyboardInterrupt:
            self.stopped = not self._settled
        return self._best and self._with_proof(self._best)

    def _relayed(self) -> list[int]:
        """Data spaces that compute units can get from their neighbours."""
        shares = self._assignments.pair[:, 0, :, THINNED]
        return [p for p in range(shares.shape[1]) if not self._machine.boxes[p] and (shares[:, p] < 1).any()]

    def _with_proof(self, best: Outcome) -> Outcome:
        bound = min(self._unresolved if self._settled else self.lower_bound(), best.values[0])
        proved = self._settled and not is_better([bound], best.values[:1])
        return replace(best, proved=proved, lower_bound=bound)

    def lower_bound(self) -> float:
        """Lower bound of the first criterion over everything that was not looked at yet."""
        bounds = [self._queue.least_bound, self._unresolved]
        if self._current is not None:
            index = self._current.index
            opened = [self._queue.values(index, energy, busy)[0] for energy, busy in self._solver.open_bounds()]
            bounds.append(max(self._current.bound, min(opened, default=inf)))
        return min(*bounds, float(self._incumbent[0]))

    def _minimise(self) -> None:
        while len(self._queue) and not self.stopped:
            candidate = self._queue.pop()
            if not self._promising(candidate):
                self._seen.append(candidate)
                continue
            if not candidate.tight:
                tight = self._tighten(candidate)
                if tight is None:
                    continue
                if self._queue.least_bound < tight.bound:
                    self._queue.add(tight)
                    continue
                candidate = tight
            self._seen.append(candidate)
            if self._promising(candidate):
                self._explore(candidate)

    def _promising(self, candidate: Candidate, *, or_equal: bool = False) -> bool:
        values = self._queue.values(candidate.index, candidate.energy_pj, candidate.busy)
        return is_better(values, self._incumbent.tolist(), or_equal=or_equal)

    def _tighten(self, candidate: Candidate) -> Candidate | None:
        """The candidate with its best completion's bound; None when it has no mapping."""
        self._current = candidate
        self._check_time()
        self.counters["prepared"] += 1
        energy = self._solver.prepare(self._variants[candidate.variant], candidate.index)
        self._current = None
        return self._queue.tightened(candidate, energy) if energy < inf else None

    def _explore(self, candidate: Candidate, *, canonical: bool = False) -> bool:
        """Search one candidate; True when, canonical, the mapping that was looked for is found."""
        variant, index = self._variants[candidate.variant], candidate.index
        goal = Goal(np.array(self._order, np.int64), self._incumbent, canonical)
        self.counters["searched"] += 1
        self._solver.begin(variant, index)
        self._current = candidate
        nodes = 0
        while True:
            more = self._solver.resume(variant, index, goal, report=self._judge is not None)
            self.counters["nodes"] += self._solver.nodes - nodes
            nodes = self._solver.nodes
            found = self._solver.found(variant)
            if found is not None and self._consider(candidate, found, canonical=canonical) and canonical:
                return True
            self._check_time()
            if not more or self.stopped:
                break
        if not self.stopped:
            self._current = None
        return False

    def _check_time(self) -> None:
        self._clock.tick(float(self._incumbent[0]), self.lower_bound)
        if self._clock.expired:
            self.stopped = True

    def _consider(self, candidate: Candidate, found: Found, *, canonical: bool) -> bool:
        """Take a found nest as the best mapping if it is; True when it is as good as the best one."""
        variant, index = self._variants[candidate.variant], candidate.index
        loops = temporal_loops(variant.automaton, found.steps, found.bounds)
        energy = found.energy_pj + float(self._assignments.leak_pj[index]) * found.busy
        cycles = found.busy + self._machine.latency
        if self._judge is not None:
            nest = Nest(variant.automaton, index, loops, energy, cycles)
            return self._consider_judged(self._judge, nest, canonical=canonical)
        values = criteria_values(self._order, energy, cycles)
        mapping = build_mapping(self._space, variant.automaton, self._assignments.spatial, index, loops)
        self._incumbent[:] = values
        self._best = Outcome(mapping, energy, int(cycles), values, False, 0.0)
        return True

    def _consider_judged(self, judge: Judge, nest: Nest, *, canonical: bool) -> bool:
        verdict = judge.judge(nest)
        if verdict is None:
            return False
        self.counters["evaluated"] += len(verdict.cycles)
        if not verdict.complete:
            self._unresolved = min(self._unresolved, criteria_values(self._order, nest.energy_pj, nest.cycles)[0])
        i = best_of(self._order, verdict.energy_pj, verdict.cycles)
        energy, cycles = float(verdict.energy_pj[i]), int(verdict.cycles[i])
        values = criteria_values(self._order, energy, cycles)
        if not is_better(values, self._incumbent.tolist(), or_equal=canonical):
            return False
        self._incumbent[:] = values
        self._best = Outcome(judge.mapping(verdict.batch, i), energy, cycles, values, False, 0.0)
        return True

    def _canonise(self) -> None:
        """Of all mappings as good as the best one, take the first in the fixed order of the mapspace."""
        if self._judge is not None:
            self._judge.forget()
        for candidate in sorted(self._seen, key=lambda c: (c.variant, c.index)):
            current: Candidate | None = candidate
            if current is not None and self._promising(current, or_equal=True) and not current.tight:
                current = self._tighten(current)
            if current is None or not self._promising(current, or_equal=True):
                continue
            if self._explore(current, canonical=True) or self.stopped:
                return
