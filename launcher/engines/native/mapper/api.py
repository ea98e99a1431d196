"""The mapper's entry: the best mapping of a specification, with its proof."""

from __future__ import annotations

from launcher.engines.interface import Mapped, MapperSettings, OnProgress
from launcher.engines.native.mapper.board import Outcome
from launcher.engines.native.mapper.confirm import confirm
from launcher.engines.native.mapper.engine import Search
from launcher.engines.native.mapper.explain import no_valid_mapping
from launcher.engines.native.mapper.mapspace import mapspace_of
from launcher.engines.native.mapper.objective import CRITERIA, EDP, criteria_order
from launcher.engines.native.mapper.progress import Clock
from launcher.engines.native.mapper.warmup import warm_up
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
    space = mapspace_of(specification)
    if space.impossible:
        raise no_valid_mapping(space, finished=True)
    run = Search(space, order, clock, settings.threads)
    outcome = run.run()
    if outcome is None:
        raise no_valid_mapping(space, finished=not run.stopped)
    evaluation = confirm(specification, outcome)
    statistics = SearchStatistics(clock.seconds, run.counters)
    return Mapped(outcome.mapping, evaluation, _optimality(settings.objective, order[0], outcome), statistics)


def _optimality(objective: tuple[str, ...], first: int, outcome: Outcome) -> Optimality:
    unit = 1e-12 if CRITERIA[first] == CRITERIA[EDP] else 1.0  # the search counts EDP in pJ x cycles
    value = outcome.values[0] * unit
    if outcome.proved:
        return Optimality("proved", objective, value, 0.0)
    bound = min(outcome.lower_bound * unit, value)
    return Optimality("bounded", objective, bound, (value - bound) / value if value else 0.0)
