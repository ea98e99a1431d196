"""The search of mappings whose factors may be imperfect."""

from __future__ import annotations

from math import prod

from launcher.engines.native.mapper.costs.machine_constants import Machine, machine_of
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
from launcher.errors import SpecificationError

MOST_EXTENT, MOST_COMPUTES = 2**22, 2**62
"""Largest dimension and problem that the search has memory, and whole numbers, for."""


def imperfect_search(space: SearchSpace, order: Order, clock: Clock, threads: int = 1) -> BestFirstSearch:
    """The search of a mapspace, ready to run; ``order`` has the criteria, the most important first.

    Raises:
        SpecificationError: a network charges what is not counted for imperfect factors, a result is accumulated window
            by window, or the problem is too large.
    """
    _check_size(space)
    machine = machine_of(space)
    _check_results(machine)
    spatial = spatial_assignments(space, set())
    assignments = assignments_of(space, machine, spatial)
    # What windows cost depends on the order of loops in ways that the search only bounds. Along which axis a
    # dimension lies decides who is whose neighbour, which does not count here.
    judge = Judge(space, spatial, set(range(len(space.levels)))) if machine.boxes.any() else None
    plan = Plan(space, machine, assignments, order, lambda: ImperfectSolver(space, machine, assignments), judge)
    return BestFirstSearch(plan, Queue(space, machine, assignments, order), clock, threads)


def _check_results(machine: Machine) -> None:
    for tensor, windowed in zip(machine.tensors, machine.windowed_results, strict=True):
        if windowed:
            raise SpecificationError(
                f"windows of the read-write data space {tensor.name!r} overlap (a transposed convolution), which the"
                " search of imperfect factors does not count",
                where=f"problem, data space {tensor.name}, projection",
                expected="perfect factors",
                hint="mapspace.factors=perfect (python -m launcher map: --factors perfect)",
            )


def _check_size(space: SearchSpace) -> None:
    for name, extent, imperfect in zip(space.dimensions, space.extents, space.imperfect, strict=True):
        if imperfect and extent > MOST_EXTENT:
            raise _too_large(f"{name} = {extent}", f"at most {MOST_EXTENT}")
    if prod(space.extents) > MOST_COMPUTES:
        raise _too_large(f"{prod(space.extents):.3g} operations", f"at most {MOST_COMPUTES:.3g}")


def _too_large(has: str, most: str) -> SpecificationError:
    return SpecificationError(
        f"the layer has {has}, too many for a search of imperfect factors",
        where="mapspace.factors",
        expected=most,
        hint="mapspace.factors=perfect, or a part of the layer",
    )
