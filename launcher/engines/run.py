"""One search of an engine as a Result."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import replace

from launcher.engines.interface import Engine, Mapped, MapperSettings, OnProgress
from launcher.errors import ConfigurationError, NoValidMappingError
from launcher.figures import CRITERIA, criterion_named
from launcher.results.result import FrontPoint, Optimality, Result, SearchStatistics
from launcher.specification.constraints import Factors
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.summing import sum_in_order

PARETO = "pareto"
"""The objective that asks for the whole front of energy and cycles."""

Parameters = Dict[str, object]


def native_engine() -> Engine:
    """The native engine; imported here because compiled code takes a moment to load."""
    from launcher.engines.native.native_engine import NativeEngine  # noqa: PLC0415

    return NativeEngine()


def must_compile(name: str, *, sliding: bool, factors: Factors = Factors.perfect) -> bool:
    """Whether the engine called ``name`` has to be compiled before it can search, which takes 10 to 40 s once.

    Args:
        name: of the engine.
        sliding: whether a problem has sliding windows, as convolutions do.
        factors: which of them may be imperfect.
    """
    if name != "native":
        return False
    from launcher.engines.native.compilation import search_is_compiled  # noqa: PLC0415

    return not search_is_compiled(sliding=sliding, imperfect=factors is not Factors.perfect)


def compile_searches() -> Iterator[str]:
    """Compile whatever the native engine's searches need; yields the name of each part that is done.

    It takes 20 to 60 s once, and a moment afterwards.
    """
    from launcher.engines.native.mapper.warmup import compile_all  # noqa: PLC0415

    return compile_all()


def settings_of(
    objective: object, key: str, timeout_s: float | None, threads: int, factors: Factors = Factors.perfect
) -> MapperSettings:
    """Mapper settings from what a user wrote.

    Args:
        objective: one criterion, several in order, or ``pareto``.
        key: where the objective was written, for the message.
        timeout_s, threads, factors: as in :class:`MapperSettings`.

    Raises:
        ConfigurationError: the objective names no criterion, no thread may search, or no time is left to.
    """
    if threads < 1:
        raise ConfigurationError(f"threads={threads} is out of range", expected="a whole number of at least 1")
    if timeout_s is not None and not timeout_s > 0:
        raise ConfigurationError(f"timeout_s={timeout_s} is out of range", expected="seconds, more than 0, or None")
    names = (
        [objective] if isinstance(objective, str) else list(objective) if isinstance(objective, list | tuple) else []
    )
    if [str(name).lower() for name in names] == [PARETO]:
        return MapperSettings(("edp",), timeout_s, threads, front=True, factors=factors)
    wanted = [name for one in names if (name := criterion_named(one)) is not None]
    if not names or len(wanted) < len(names):
        raise ConfigurationError(
            f"{key}={objective} is not an objective",
            expected=f"one or several of {', '.join(CRITERIA)}, or {PARETO}",
        )
    return MapperSettings(tuple(wanted), timeout_s, threads, factors=factors)


def evaluate_given(
    engine: Engine,
    specification: Specification,
    mapping: Mapping,
    *,
    name: str,
    parameters: Parameters,
) -> Result:
    """What an engine says of a user's mapping, as a result with status ``ok``, or ``infeasible`` when it is illegal.

    Args:
        engine: who evaluates.
        specification: with energies and areas.
        mapping: what is evaluated.
        name: how people call the result.
        parameters: what it can be filtered by.
    """
    started = time.perf_counter()
    result = _result(engine, specification, name, parameters)
    evaluation = engine.evaluate(specification, mapping)
    seconds = time.perf_counter() - started
    if not evaluation.legal:
        return replace(result, reason=f"the mapping is illegal: {evaluation.reason}", seconds=seconds)
    given = Optimality("given")
    return replace(result, status="ok", mapping=mapping, evaluation=evaluation, optimality=given, seconds=seconds)


def find_best(
    engine: Engine,
    specification: Specification,
    settings: MapperSettings,
    *,
    name: str,
    parameters: Parameters,
    on_progress: OnProgress | None = None,
) -> Result:
    """The best mapping of a specification, as a result with status ``ok`` or ``infeasible``.

    Args:
        engine: who searches.
        specification: with energies and areas.
        settings: objective and limits.
        name: how people call the result.
        parameters: what it can be filtered by.
        on_progress: called now and then.
    """
    started = time.perf_counter()
    result = replace(_result(engine, specification, name, parameters), factors=settings.factors)
    tell = _naming("energy" if settings.front else settings.objective[0], on_progress)
    try:
        front = engine.pareto(specification, settings, tell) if settings.front else ()
        mapped = _least_edp(front) if front else engine.map(specification, settings, tell)
    except NoValidMappingError as error:
        return replace(result, reason=str(error), seconds=time.perf_counter() - started)
    return replace(
        result,
        status="ok",
        mapping=mapped.mapping,
        evaluation=mapped.evaluation,
        optimality=mapped.optimality,
        search=mapped.search,
        flags=(*result.flags, *mapped.remarks),
        front=tuple(FrontPoint(point.mapping, point.evaluation) for point in front),
        seconds=time.perf_counter() - started,
    )


def _result(engine: Engine, specification: Specification, name: str, parameters: Parameters) -> Result:
    """What is known before anything was found."""
    return Result(
        name=name,
        status="infeasible",
        parameters=dict(parameters),
        engine=f"{engine.name} {engine.version}",
        estimator=specification.energies_from,
        specification=specification,
        flags=specification.flags,
    )


def _naming(criterion: str, on_progress: OnProgress | None) -> OnProgress | None:
    """Engines report values; whoever shows them wants to know of what."""
    if on_progress is None:
        return None
    return lambda progress: on_progress(replace(progress, criterion=criterion))


def _least_edp(front: Sequence[Mapped]) -> Mapped:
    """The point that stands for the front, with the effort of all of it; as sure as its least sure point."""
    chosen = min(front, key=lambda point: point.evaluation.edp_j_cycles)
    unsure = next((point for point in front if point.optimality.status != "proved"), chosen)
    effort = SearchStatistics(sum_in_order(point.search.seconds for point in front), {"points": len(front)})
    optimality = replace(unsure.optimality, objective=(PARETO,), lower_bound=None)
    return replace(chosen, optimality=optimality, search=effort)
