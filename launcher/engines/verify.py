"""``verify``: what the real Timeloop says of the mapping that the native engine found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.engines.differences import approximate_counts, differences, unexplained
from launcher.engines.interface import Engine
from launcher.engines.timeloop.programs import installed_version
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.engines.timeloop.widths import in_words
from launcher.errors import ConfigurationError, EngineError, SpecificationError
from launcher.results.evaluation import Evaluation
from launcher.results.result import Result, Verification
from launcher.specification.mapping import Mapping
from launcher.specification.problem import Problem

if TYPE_CHECKING:
    from launcher.engines.timeloop.engine import TimeloopEngine

MODES = ("auto", "true", "false")


def verify_mode(value: object) -> str:
    """``verify`` as one of :data:`MODES`.

    Raises:
        ConfigurationError: it is none of them.
    """
    mode = str(value).lower()
    if mode not in MODES:
        raise ConfigurationError(f"verify={value} is unknown", expected=", ".join(MODES))
    return mode


def verifier(settings: TimeloopSettings, mode: str, folder: Path | None = None) -> TimeloopEngine | None:
    """Who evaluates mappings once more; None for ``false``, and for ``auto`` where Timeloop is not installed.

    Whoever says where Timeloop is expects it to be asked, so with ``auto`` too it is an error then that it cannot be.

    Args:
        settings: where Timeloop is.
        mode: one of :data:`MODES`.
        folder: takes the folder of Timeloop's run.

    Raises:
        EngineError: Timeloop is not installed, with ``true`` or where the settings look for it.
    """
    if mode == "false":
        return None
    try:
        installed_version(settings)  # the engine's modules take a moment to load, and few machines have Timeloop
        from launcher.engines.timeloop.engine import TimeloopEngine  # noqa: PLC0415 - only who verifies waits for it

        return TimeloopEngine(replace(settings, frontend=settings.frontend or "direct", live=False), folder)
    except EngineError as error:
        if mode == "auto" and not (settings.bin_dir or settings.container or settings.image):
            return None
        error.hint = "verify=false leaves Timeloop out; python -m launcher doctor says how to install it"
        raise


def verified(result: Result, engine: TimeloopEngine, *, strict: bool) -> Result:
    """The result with what ``engine`` says of its mapping.

    Args:
        result: of the native engine.
        engine: evaluates the mapping once more.
        strict: whether it is an error that it cannot.

    Raises:
        EngineError: ``strict``, and Timeloop failed.
    """
    if result.mapping is None or result.evaluation is None or result.specification is None:
        return result
    by = f"{engine.name} {engine.version}"
    try:
        in_words(result.specification, result.mapping)
    except EngineError as error:
        if strict:
            raise
        return replace(result, flags=(*result.flags, f"not verified: {error.what}"))
    try:
        theirs = engine.evaluate(result.specification, result.mapping)
    except EngineError as error:
        if strict:
            raise
        return replace(result, verification=Verification(by, (f"it could not evaluate the mapping: {error.what}",)))
    ours, mapping, problem = result.evaluation, result.mapping, result.specification.problem
    found = differences(ours, theirs)
    if not found or not theirs.legal or mapping.is_perfect:
        return replace(result, verification=Verification(by, found))
    if odd := unexplained(ours, theirs, mapping, problem):
        return replace(result, verification=Verification(by, odd))
    why = approximate_counts(ours, theirs, mapping, problem)
    return replace(result, verification=Verification(by, found, why))


def second_opinion(result: Result, engine: Engine) -> Result:
    """Timeloop's result with a remark on what ``engine`` says of its mapping, where factors are imperfect.

    Args:
        result: of the real Timeloop, whose figures it keeps.
        engine: the native one.
    """
    mapping, theirs, specification = result.mapping, result.evaluation, result.specification
    if mapping is None or theirs is None or specification is None or mapping.is_perfect:
        return result
    try:
        ours = engine.evaluate(specification, mapping)
    except SpecificationError as error:
        remark = f"the native model does not evaluate this mapping: {error.what}"
    else:
        remark = _opinion(ours, theirs, mapping, specification.problem)
    return replace(result, flags=(*result.flags, remark))


def _opinion(ours: Evaluation, theirs: Evaluation, mapping: Mapping, problem: Problem) -> str:
    if not ours.legal:
        return f"to the native model this mapping is illegal: {ours.reason}"
    if not differences(ours, theirs):
        return "the native model gives this mapping the same figures"
    if odd := unexplained(ours, theirs, mapping, problem):
        return f"the native model disagrees: {'; '.join(odd)}"
    return approximate_counts(ours, theirs, mapping, problem)
