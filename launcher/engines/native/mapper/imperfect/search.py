"""The search of mappings whose factors may be imperfect."""

from __future__ import annotations

from launcher.engines.native.mapper.costs.machine_constants import machine_of
from launcher.engines.native.mapper.imperfect.assignments import assignments_of
from launcher.engines.native.mapper.imperfect.solver import ImperfectSolver
from launcher.engines.native.mapper.search.best_first import BestFirstSearch
from launcher.engines.native.mapper.search.candidates import Queue
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.judge import Judge
from launcher.engines.native.mapper.search.objective import Order
from launcher.engines.native.mapper.search.worker import Plan
from launcher.engines.native.mapper.space.fan_outs import spatial_assignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace


def imperfect_search(space: SearchSpace, order: Order, clock: Clock, threads: int = 1) -> BestFirstSearch:
    """The search of a mapspace, ready to run; ``order`` has the criteria, the most important first."""
    machine = machine_of(space)
    spatial = spatial_assignments(space, set())
    assignments = assignments_of(space, machine, spatial)
    # What windows cost depends on the order of loops in ways that the search only bounds.
    judge = Judge(space, spatial, set()) if machine.boxes.any() else None
    plan = Plan(space, machine, assignments, order, lambda: ImperfectSolver(space, machine, assignments), judge)
    return BestFirstSearch(plan, Queue(space, machine, assignments, order), clock, threads)
