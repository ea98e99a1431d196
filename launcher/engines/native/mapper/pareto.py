"""The whole trade-off between energy and cycles."""

from __future__ import annotations

from math import inf
from typing import Literal

from launcher.engines.interface import Mapped, MapperSettings, OnProgress
from launcher.engines.native.mapper.confirm import confirm
from launcher.engines.native.mapper.engine import Search
from launcher.engines.native.mapper.explain import no_valid_mapping
from launcher.engines.native.mapper.mapspace import mapspace_of
from launcher.engines.native.mapper.objective import CYCLES, EDP, ENERGY
from launcher.engines.native.mapper.progress import Clock
from launcher.engines.native.mapper.warmup import warm_up
from launcher.results.result import Optimality, SearchStatistics
from launcher.specification.specification import Specification


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
    space = mapspace_of(specification)
    if space.impossible:
        raise no_valid_mapping(space, finished=True)
    run = Search(space, (ENERGY, CYCLES, EDP), clock, settings.threads)
    points: list[Mapped] = []
    most_cycles = inf
    while True:
        before = clock.seconds
        outcome = run.run(most_cycles)
        if outcome is not None:
            evaluation = confirm(specification, outcome)
            status: Literal["proved", "bounded"] = "proved" if outcome.proved else "bounded"
            bound = outcome.values[0] if outcome.proved else outcome.lower_bound
            gap = (outcome.values[0] - bound) / outcome.values[0] if outcome.values[0] else 0.0
            optimality = Optimality(status, ("pareto",), bound, gap)
            statistics = SearchStatistics(clock.seconds - before, run.counters)
            points.append(Mapped(outcome.mapping, evaluation, optimality, statistics))
            most_cycles = outcome.cycles - 1
        if outcome is None or run.stopped:
            break
    if not points:
        raise no_valid_mapping(space, finished=not run.stopped)
    return tuple(points)
