"""One search of an engine as a Result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from launcher.engines.base import Engine, MapperSettings, OnProgress
from launcher.errors import ConfigurationError, NoValidMappingError
from launcher.result import Result
from launcher.specification.specification import Specification

CRITERIA = ("edp", "energy", "cycles")
"""What a mapping can be best in."""


def make_engine(name: str) -> Engine:
    """The engine called ``name``; imported here because compiled code takes a moment to load."""
    if name == "native":
        from launcher.engines.native.engine import NativeEngine  # noqa: PLC0415

        return NativeEngine()
    raise ConfigurationError(f"engine.name={name} is not an engine", expected="native")


def must_compile(name: str) -> bool:
    """Whether the engine called ``name`` has to be compiled before it can search, which takes about 10 s once."""
    if name != "native":
        return False
    from launcher.engines.native.compilation import search_is_compiled  # noqa: PLC0415

    return not search_is_compiled()


def checked_objective(written: object, key: str) -> tuple[str, ...]:
    """One criterion or several in order, as a tuple.

    Raises:
        ConfigurationError: it names no criterion, or something else; ``key`` says where it was written.
    """
    objective = (written,) if isinstance(written, str) else tuple(written) if isinstance(written, list | tuple) else ()
    if not objective or any(name not in CRITERIA for name in objective):
        raise ConfigurationError(
            f"{key}={written} is not an objective", expected=f"one or several of {', '.join(CRITERIA)}"
        )
    return objective


def find_best(
    engine: Engine,
    specification: Specification,
    settings: MapperSettings,
    *,
    name: str,
    parameters: Mapping[str, object],
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
    result = Result(
        name=name,
        status="infeasible",
        parameters=dict(parameters),
        engine=f"{engine.name} {engine.version}",
        estimator=specification.estimator or "",
        specification=specification,
        flags=specification.flags,
    )
    try:
        mapped = engine.map(specification, settings, on_progress)
    except NoValidMappingError as error:
        return replace(result, reason=str(error), seconds=time.perf_counter() - started)
    return replace(
        result,
        status="ok",
        mapping=mapped.mapping,
        evaluation=mapped.evaluation,
        optimality=mapped.optimality,
        search=mapped.search,
        seconds=time.perf_counter() - started,
    )
