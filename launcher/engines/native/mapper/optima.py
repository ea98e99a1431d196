"""The mapper's entries: the best mapping of a specification, or its whole front, with their proofs."""

from __future__ import annotations

from math import inf

from launcher.engines.interface import Mapped, MapperSettings, OnProgress
from launcher.engines.native.mapper.reasons.conflicts import no_valid_mapping
from launcher.engines.native.mapper.search.best_first import BestFirstSearch
from launcher.engines.native.mapper.search.board import Outcome
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.confirm import confirm
from launcher.engines.native.mapper.search.objective import Order, criteria_order
from launcher.engines.native.mapper.search.warmup import warm_up
from launcher.engines.native.mapper.space.mapspace import mapspace_of
from launcher.results.result import Optimality, SearchStatistics
from launcher.specification.specification import Specification


def search(specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None) -> Mapped:
    """The best mapping of the constrained mapspace.

    The result says how good it is: ``proved`` when no mapping of the mapspace is better, ``bounded`` when the time
    limit or Ctrl-C ended the search; then the optimum lies between ``lower_bound`` and the value found. Equal input
    gives an equal mapping: of several best ones, the first in the mapspace's fixed order.

    Args:
        specification: what is mapped, energies included.
        settings: objective, time limit, threads.
        on_progress: called now and then while a search takes longer than a second, in the calling thread.

    Raises:
        NoValidMappingError: no mapping satisfies the constraints and capacities, or none was found in time; says why.
        SpecificationError: a constraint that does not make sense or cannot be honoured.
        ConfigurationError: an unknown objective.
    """
    order = criteria_order(settings.objective)
    warm_up(specification)
    clock = Clock(settings.timeout_s, on_progress)
    run = _prepared(specification, order, clock, settings.threads)
    outcome = run.run()
    if outcome is None:
        raise no_valid_mapping(run.space, finished=not run.stopped)
    return _mapped(run, outcome, settings.objective, clock.seconds)


def pareto(
    specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None
) -> tuple[Mapped, ...]:
    """The exact front of energy and cycles: every mapping that no other one beats in one without losing in the other.

    Points come in order of increasing energy and decreasing cycles, each with one mapping. All returned points are
    proved to be on the front; when the time limit or Ctrl-C ends the search, the fast end of the front may be missing,
    and the last point found is ``bounded`` to say so.

    Args:
        specification: what is mapped, energies included.
        settings: time limit for the whole front, and threads; the objective is not looked at.
        on_progress: called now and then while a search takes longer than a second.

    Raises:
        NoValidMappingError, SpecificationError: as ``search`` does.
    """
    warm_up(specification)
    clock = Clock(settings.timeout_s, on_progress)
    run = _prepared(specification, criteria_order(("energy", "cycles")), clock, settings.threads)
    points: list[Mapped] = []
    most_cycles = inf
    while True:
        before = clock.seconds
        outcome = run.run(most_cycles)
        if outcome is not None:
            points.append(_mapped(run, outcome, ("pareto",), clock.seconds - before))
            most_cycles = outcome.cycles - 1
        if outcome is None or run.stopped:
            break
    if not points:
        raise no_valid_mapping(run.space, finished=not run.stopped)
    return tuple(points)


def _prepared(specification: Specification, order: Order, clock: Clock, threads: int) -> BestFirstSearch:
    space = mapspace_of(specification)
    if space.impossible:
        raise no_valid_mapping(space, finished=True)
    return BestFirstSearch(space, order, clock, threads)


def _mapped(run: BestFirstSearch, outcome: Outcome, objective: tuple[str, ...], seconds: float) -> Mapped:
    """The outcome of a search, confirmed, with its bound in the unit of the first criterion's figure."""
    evaluation = confirm(run.space.specification, outcome)
    statistics = SearchStatistics(seconds, run.counters)
    unit = run.order[0].scale
    value = outcome.values[0] * unit
    bound = value if outcome.proved else min(outcome.lower_bound * unit, value)
    gap = (value - bound) / value if value else 0.0
    optimality = Optimality("proved" if outcome.proved else "bounded", objective, bound, gap)
    return Mapped(outcome.mapping, evaluation, optimality, statistics)
