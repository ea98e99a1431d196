"""The search of mappings whose factors may be imperfect."""

from __future__ import annotations

from launcher.engines.native.mapper.costs.machine_constants import machine_of
from launcher.engines.native.mapper.imperfect.assignments import assignments_of
from launcher.engines.native.mapper.imperfect.solver import ImperfectSolver
from launcher.engines.native.mapper.search.best_first import BestFirstSearch
from launcher.engines.native.mapper.search.candidates import Queue
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.objective import Order
from launcher.engines.native.mapper.search.worker import Plan
from launcher.engines.native.mapper.space.fan_outs import spatial_assignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.errors import SpecificationError


def imperfect_search(space: SearchSpace, order: Order, clock: Clock, threads: int = 1) -> BestFirstSearch:
    """The search of a mapspace, ready to run; ``order`` has the criteria, the most important first.

    Raises:
        SpecificationError: windows of a data space slide, or a network charges what is not counted.
    """
    machine = machine_of(space)
    for tensor, box in zip(machine.tensors, machine.boxes, strict=True):
        if box:
            raise SpecificationError(
                f"windows of {tensor.name!r} slide, and the mapper does not search imperfect factors of such problems",
                where="mapspace.factors",
                expected="mapspace.factors=perfect",
            )
    assignments = assignments_of(space, machine, spatial_assignments(space, set()))
    plan = Plan(space, machine, assignments, order, lambda: ImperfectSolver(space, machine, assignments), None)
    return BestFirstSearch(plan, Queue(space, machine, assignments, order), clock, threads)
