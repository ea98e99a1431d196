"""The search of mappings whose factors are all perfect."""

from __future__ import annotations

from launcher.engines.native.mapper.costs.coefficients import coefficients_of
from launcher.engines.native.mapper.costs.lower_bounds import PerfectBounds
from launcher.engines.native.mapper.costs.machine_constants import machine_of
from launcher.engines.native.mapper.costs.network_prices import has_exact_networks, layout_levels
from launcher.engines.native.mapper.search.best_first import BestFirstSearch
from launcher.engines.native.mapper.search.candidates import Queue
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.judge import Judge
from launcher.engines.native.mapper.search.objective import Order
from launcher.engines.native.mapper.search.solver import Solver
from launcher.engines.native.mapper.search.worker import Plan
from launcher.engines.native.mapper.space.fan_outs import spatial_assignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace


def perfect_search(space: SearchSpace, order: Order, clock: Clock, threads: int = 1) -> BestFirstSearch:
    """The search of a mapspace, ready to run; ``order`` has the criteria, the most important first."""
    machine = machine_of(space)
    settled_layouts = layout_levels(space.specification, machine)
    spatial = spatial_assignments(space, settled_layouts)
    assignments = coefficients_of(space, machine, spatial)
    networks = has_exact_networks(space.specification, linked=bool(assignments.from_compute))
    helps = machine.passes_on.any(axis=1) & (spatial.factors.prod(axis=2) > 1).any(axis=0)
    exact = networks and not machine.boxes.any() and not helps.any()
    judge = None if exact else Judge(space, spatial, settled_layouts)
    plan = Plan(space, machine, assignments, order, lambda: Solver(space, machine, assignments), judge)
    return BestFirstSearch(plan, Queue(space, machine, PerfectBounds(machine, assignments), order), clock, threads)
