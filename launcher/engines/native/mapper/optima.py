"""The mapper's entries: the best mapping of a specification, or its whole front, with their proofs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from launcher.engines.interface import Mapped, MapperSettings, OnProgress
from launcher.engines.native.mapper.imperfect.padding import padded_optimum
from launcher.engines.native.mapper.imperfect.search import imperfect_search
from launcher.engines.native.mapper.reasons.conflicts import no_valid_mapping
from launcher.engines.native.mapper.search.best_first import BestFirstSearch
from launcher.engines.native.mapper.search.board import Outcome
from launcher.engines.native.mapper.search.clock import Clock, EffortLimit
from launcher.engines.native.mapper.search.confirm import confirm
from launcher.engines.native.mapper.search.objective import Order, criteria_order
from launcher.engines.native.mapper.search.perfect import perfect_search
from launcher.engines.native.mapper.space.mapspace import mapspace_of
from launcher.engines.native.mapper.warmup import warm_up
from launcher.results.result import Optimality, SearchStatistics
from launcher.specification.constraints import Factors
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
    warm_up(specification, settings.factors)
    clock = Clock(settings.timeout_s, on_progress)
    runs = _prepared(specification, criteria_order(settings.objective), clock, settings)
    outcome = _best(runs, clock)
    if outcome is None:
        raise no_valid_mapping(runs[-1].space, finished=not any(run.stopped for run in runs))
    return _mapped(runs, outcome, settings.objective, clock.seconds)


def root_figures(specification: Specification, settings: MapperSettings) -> tuple[float, float, float]:
    """Bounds that are known before anything is searched; infinite where not even the smallest tiles fit.

    Returns:
        Of the energy in pJ, of the cycles, each by itself, and of the first criterion in the search's unit.

    Raises:
        NoValidMappingError: constraints that no mapping meets.
        SpecificationError, ConfigurationError: as ``search`` does.
    """
    runs = _prepared(specification, criteria_order(settings.objective), Clock(None, None), settings)
    figures = [run.least_figures for run in runs]
    return (
        min(energy for energy, _ in figures),
        min(cycles for _, cycles in figures),
        min(run.least_bound for run in runs),
    )


def least_value(specification: Specification, settings: MapperSettings, looks: int) -> float:
    """What a search of limited effort proves of the first criterion, in the search's unit: infinite without a mapping.

    Nothing else comes of it; a search that the limit ends proves as much as it had until then.

    Args:
        specification: what is mapped.
        settings: objective and time limit.
        looks: see :class:`EffortLimit`.

    Raises:
        NoValidMappingError: constraints that no mapping meets.
        SpecificationError, ConfigurationError: as ``search`` does.
    """
    warm_up(specification, settings.factors)
    clock = EffortLimit(looks, settings.timeout_s)
    runs = _prepared(specification, criteria_order(settings.objective)[:1], clock, settings)
    outcome = _best(runs, clock)
    if outcome is None:
        return min(run.least_bound for run in runs) if any(run.stopped for run in runs) else inf
    return outcome.values[0] if outcome.proved else min(outcome.lower_bound, outcome.values[0])


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
    warm_up(specification, settings.factors)
    clock = Clock(settings.timeout_s, on_progress)
    runs = _prepared(specification, criteria_order(("energy", "cycles")), clock, settings)
    points: list[Mapped] = []
    most_cycles = inf
    while True:
        before = clock.seconds
        outcome = _best(runs, clock, most_cycles)
        if outcome is not None:
            points.append(_mapped(runs, outcome, ("pareto",), clock.seconds - before))
            most_cycles = outcome.cycles - 1
        if outcome is None or any(run.stopped for run in runs):
            break
    if not points:
        raise no_valid_mapping(runs[-1].space, finished=not any(run.stopped for run in runs))
    return tuple(points)


def _prepared(
    specification: Specification, order: Order, clock: Clock, settings: MapperSettings
) -> list[BestFirstSearch]:
    """The searches of a mapspace: of perfect mappings, and of those that may be imperfect."""
    constraints = dict(settings.narrower)
    perfect = constraints.get(Factors.perfect, specification.constraints)
    spaces = [mapspace_of(replace(specification, constraints=perfect))]
    for factors in (Factors.spatial, Factors.all):
        own = constraints.get(factors, specification.constraints)
        if factors is settings.factors or own != specification.constraints:
            spaces.append(mapspace_of(replace(specification, constraints=own), factors))
    possible = [space for space in spaces if not space.impossible]
    if not possible:
        raise no_valid_mapping(spaces[-1], finished=True)
    return [
        (imperfect_search if any(space.imperfect) else perfect_search)(space, order, clock, settings.threads)
        for space in possible
        if any(space.imperfect) or space is spaces[0]
    ]


def _best(runs: Sequence[BestFirstSearch], clock: Clock, most_cycles: float = inf) -> Outcome | None:
    """The best mapping of all runs, one after the other: each begins with what the one before found.

    It is proved when every run was, since together they cover the mapspace. One that may not come to its end begins
    with the padded layer's optimum as well; when one was stopped, the others are only bounded.
    """
    best: Outcome | None = None
    bounds: list[float] = []
    proved = True
    for place, run in enumerate(runs):
        imperfect = any(run.space.imperfect)
        guess = padded_optimum(run.space, run.order, clock) if imperfect and clock.limited else None
        found = run.run(most_cycles, best, guess)
        proved = proved and not run.stopped
        if found is not None:
            bounds.append(found.lower_bound)
            best = replace(found, proved=proved and found.proved)
        if run.stopped:
            bounds += [later.least_bound for later in runs[place + 1 :]]
            break
    return None if best is None else replace(best, lower_bound=min(bounds))


def _mapped(runs: Sequence[BestFirstSearch], outcome: Outcome, objective: tuple[str, ...], seconds: float) -> Mapped:
    """The outcome of searches, confirmed, with its bound in the unit of the first criterion's figure."""
    evaluation = confirm(runs[-1].space.specification, outcome)
    counters = {name: sum(run.counters[name] for run in runs) for name in runs[0].counters}
    statistics = SearchStatistics(seconds, counters)
    unit = runs[0].order[0].scale
    value = outcome.values[0] * unit
    bound = value if outcome.proved else min(outcome.lower_bound * unit, value)
    gap = (value - bound) / value if value else 0.0
    optimality = Optimality("proved" if outcome.proved else "bounded", objective, bound, gap)
    return Mapped(outcome.mapping, evaluation, optimality, statistics)
