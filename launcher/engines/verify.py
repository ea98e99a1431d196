"""``verify``: what the real Timeloop says of the mapping that the native engine found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.engines.interface import Engine
from launcher.engines.timeloop.programs import installed_version
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import ConfigurationError, EngineError, SpecificationError
from launcher.results.evaluation import Evaluation
from launcher.results.result import Result, Verification
from launcher.specification.problem import Problem

if TYPE_CHECKING:
    from launcher.engines.timeloop.engine import TimeloopEngine

MODES = ("auto", "true", "false")
TOLERANCE = 1e-6
"""Relative, on energies and utilization; cycles and accesses must be equal."""

_MOST = 12


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
        theirs = engine.evaluate(result.specification, result.mapping)
    except EngineError as error:
        if strict:
            raise
        return replace(result, verification=Verification(by, (f"it could not evaluate the mapping: {error.what}",)))
    found = differences(result.evaluation, theirs)
    counted_otherwise = found and theirs.legal and not result.mapping.is_perfect
    why = approximate_counts(result.evaluation, theirs, result.specification.problem) if counted_otherwise else None
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
        remark = _opinion(ours, theirs, specification.problem)
    return replace(result, flags=(*result.flags, remark))


def _opinion(ours: Evaluation, theirs: Evaluation, problem: Problem) -> str:
    if not ours.legal:
        return f"to the native model this mapping is illegal: {ours.reason}"
    if not differences(ours, theirs):
        return "the native model gives this mapping the same figures"
    return approximate_counts(ours, theirs, problem)


def approximate_counts(ours: Evaluation, theirs: Evaluation, problem: Problem) -> str:
    """What both say of a mapping with imperfect factors, and that Timeloop's counts of these do not add up.

    Timeloop averages over iterations, the last of which are shorter, so that even the multiply-accumulates that it
    prints need not be those of the problem. The native model counts every word once.
    """
    totals = (f"{one.energy_pj * 1e-6:.5g} uJ and {one.cycles:,} cycles" for one in (ours, theirs))
    return (
        f"{' natively, '.join(totals)} in Timeloop, whose counts of imperfect factors are approximate: it has "
        f"{_evidence(ours, theirs, problem)}"
    )


def _evidence(ours: Evaluation, theirs: Evaluation, problem: Problem) -> str:
    """A count that shows it: the computes, or else the outermost accesses that are not the same."""
    if theirs.computes != problem.computes:
        return f"{theirs.computes:,} multiply-accumulates instead of {problem.computes:,}"
    for mine, other in reversed(list(zip(ours.levels, theirs.levels, strict=True))):
        for space, stats in mine.data_spaces.items():
            for figure in ("reads", "fills", "updates"):
                counted, there = getattr(stats, figure), getattr(other.data_spaces[space], figure)
                if counted != there:
                    return f"{there:,} {figure} of {space} at {mine.level} instead of {counted:,.10g}"
    return f"{theirs.computes:,} multiply-accumulates, and other steps than they need"


def differences(ours: Evaluation, theirs: Evaluation) -> tuple[str, ...]:
    """Figures on which two evaluations of one mapping do not agree, the totals first; empty when they agree."""
    if not theirs.legal:
        return (f"the mapping is illegal there: {theirs.reason}",)
    found = [
        f"{name}: {mine:.12g} here, {other:.12g} there"
        for name, mine, other, exact in _figures(ours, theirs)
        if not (mine == other if exact else isclose(mine, other, rel_tol=TOLERANCE, abs_tol=1e-9))
    ]
    more = len(found) - _MOST
    return (*found[:_MOST], *([f"and {more} more figures"] if more > 0 else []))


def _figures(ours: Evaluation, theirs: Evaluation) -> Iterator[tuple[str, float, float, bool]]:
    """Name, value here, value there, and whether they must be equal."""
    yield "cycles", ours.cycles, theirs.cycles, True
    yield "energy in pJ", ours.energy_pj, theirs.energy_pj, False
    yield "utilization", ours.utilization, theirs.utilization, False
    yield "energy of computing in pJ", ours.compute_energy_pj, theirs.compute_energy_pj, False
    for name, energy in ours.network_energy_pj.items():
        yield f"energy of {name} in pJ", energy, theirs.network_energy_pj.get(name, 0.0), False
    for mine, other in zip(ours.levels, theirs.levels, strict=True):
        yield f"{mine.level}: energy in pJ", mine.energy_pj, other.energy_pj, False
        yield f"{mine.level}: leakage in pJ", mine.leakage_pj, other.leakage_pj, False
        yield f"{mine.level}: cycles", mine.cycles, other.cycles, True
        for space, stats in mine.data_spaces.items():
            there = other.data_spaces[space]
            for figure in ("tile_words", "reads", "fills", "updates"):
                label = f"{mine.level}: {figure.replace('_', ' ')} of {space}"
                yield label, getattr(stats, figure), getattr(there, figure), True
