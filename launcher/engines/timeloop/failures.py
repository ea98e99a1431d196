"""How a Timeloop run can fail, told apart."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from launcher.engines.timeloop.front_end import MISSING
from launcher.engines.timeloop.process import GRACE_S, LOG, STDERR, STDOUT, Ended
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import EngineError, NoValidMappingError
from launcher.programs import last_words

_STATEMENT = re.compile(r"^\[ *\d+\] STATEMENT: (.*)$", re.MULTILINE)
_ASSERTION = re.compile(r"^\S+: (\S+?):(\d+): .*Assertion `(.*)' failed", re.MULTILINE)
_CAN_NOT_MAP = re.compile(r"ERROR: couldn't map level (.*)$", re.MULTILINE)
_THROWN = re.compile(r"terminate called after throwing an instance of '([^']+)'(?:\s*what\(\):\s*(.*))?")
_PROGRESS = re.compile(r"^\[ *\d+\] Utilization = ")
_WORDS = re.compile(r"ERROR|WARNING|error|terminate|what\(\)|\S+: .*(failed|bad_alloc)|.*was imperfectly factorized")
_FEWER = "fewer mapper.num_threads, or fewer trials at a time"
_IMPERFECT = "was imperfectly factorized"
_NO_ENERGIES = "Failed to run Accelergy"
_OUTDATED = (
    "key not found: data-spaces",
    "key not found: data_spaces",
    "key not found: dimensions",
    "unrecognized architecture version",
    "Unknown data-space",
)
"""What a Timeloop of another generation stumbles over in our input."""


def log_of(folder: Path) -> str:
    """All that a run said, errors first."""
    texts = [folder / name for name in (STDERR, LOG, STDOUT)]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in texts if path.is_file())


def not_mapped(log: str) -> str | None:
    """Why ``timeloop-model`` says that a mapping is illegal; None when it says no such thing."""
    match = _CAN_NOT_MAP.search(log)
    return match[1].strip() if match and match[1].strip().strip(":") else None


def explain(ended: Ended, folder: Path, program: str, settings: TimeloopSettings) -> EngineError | NoValidMappingError:
    """Why a run that left no result failed.

    Args:
        ended: how it ended.
        folder: where its logs are.
        program: what was run.
        settings: how; hints name none that has the value already.
    """
    log = log_of(folder)
    where = str(folder / STDERR)
    if ended.status is None:
        return _late(ended, log, where, program, settings)
    number = _signal_in(ended.status)
    gave_up = ended.status == 0 and ("no valid mappings found" in log or ended.stopped)
    if gave_up or (ended.stopped and number == signal.SIGINT):
        return _nothing_found(log, ended, settings)  # SIGINT ends what has not got as far as catching it
    if number is not None:
        return _killed(number, log, where, program, settings)
    for applies, what, expected, hint in _known(ended.status, log, program, settings):
        if applies:
            return EngineError(what, where=where, expected=expected, hint=hint)
    if ended.status == 0:
        what = f"{program} ended as if all were well, but left no result: {last_words(log)}"
        return EngineError(what, where=where, hint="a full disk? Run again")
    return EngineError(f"{program} failed with status {ended.status}: {_last_error(log)}", where=where)


def _known(
    status: int, log: str, program: str, settings: TimeloopSettings
) -> list[tuple[bool, str, str | None, str | None]]:
    """Whether it applies, what is wrong, what was expected, and what to do, of each failure with a name."""
    return [
        (
            status == MISSING,
            "Timeloop's Python front end is not installed (engine.frontend=timeloopfe)",
            "the package timeloopfe, or pytimeloop with timeloopfe in it",
            "engine.frontend=direct runs the programs without it",
        ),
        (
            status == 127 or "error while loading shared libraries" in log,
            f"{program} cannot be started: {last_words(log)}",
            None,
            "install the library, or build Timeloop on this machine; python -m launcher doctor checks it",
        ),
        (
            _NO_ENERGIES in log,
            f"{program} asked Accelergy for energies and got none",
            "an ERT in its input: energies come from estimator=tables, accelergy or hwcomponents",
            None,
        ),
        (
            "Traceback (most recent call last)" in log,
            f"Timeloop's Python front end failed: {_raised(log)}",
            None,
            "engine.frontend=direct runs the programs without it",
        ),
        (
            _IMPERFECT in log,
            f"Timeloop stopped at a mapping with imperfect factors that it cannot evaluate{_said(log)}",
            None,
            _fewer_remainders(settings),
        ),
        (
            any(words in log for words in _OUTDATED),
            f"{program} is of another version: {_last_error(log)}",
            "Timeloop 4 (sources of 2023 or later)",
            "python -m launcher doctor says how to install it",
        ),
    ]


def _late(ended: Ended, log: str, where: str, program: str, settings: TimeloopSettings) -> EngineError:
    when = f"within {GRACE_S:g} s of being asked to stop" if ended.stopped else "in time"
    asks = "" if ended.stopped else "; mapper.timeout_s asks the search to stop with its best mapping"
    limit = f"more than engine.timeout_s={settings.timeout_s:g}" if settings.timeout_s else "engine.timeout_s"
    return EngineError(
        f"{program} did not end {when} and was killed after {ended.seconds:.0f} s{_said(log)}",
        where=where,
        hint=None if ended.stopped else f"{limit}{' sets the limit' if not settings.timeout_s else ''}{asks}",
    )


def _fewer_remainders(settings: TimeloopSettings) -> str | None:
    if settings.template != "ruby" or settings.remainders == 0:
        return None
    than = "the fan-out" if settings.remainders is None else f"{settings.remainders}"
    return f"mapspace.remainders=0 leaves them out, a smaller number than {than} leaves out some"


_WIDER = {
    "timeout": "mapper.timeout (invalid mappings in a row)",
    "victory_condition": "mapper.victory_condition",
    "algorithm": "mapper.algorithm",
}
"""Settings that widen Timeloop's search."""


def _nothing_found(log: str, ended: Ended, settings: TimeloopSettings) -> NoValidMappingError:
    ends = list(dict.fromkeys(_STATEMENT.findall(log)))
    how = f": {'; '.join(ends[:2])}" if ends else ""
    asked = f" before it was asked to stop ({ended.stopped})" if ended.stopped else ""
    free = [told for name, told in _WIDER.items() if settings.mapper.get(name) is None]
    given = [f"mapper.{name}={settings.mapper[name]}" for name in _WIDER if settings.mapper.get(name) is not None]
    widens = f"{', '.join(free[:-1])}{' and ' if free[:-1] else ''}{free[-1]} widen the search" if free else ""
    limits = f"{', '.join(given)} limit{'s' if len(given) == 1 else ''} it" if given else ""
    longer = "a longer mapper.timeout_s" if ended.stopped == "time limit" else ""
    ways = "; ".join(one for one in (longer, widens, limits) if one)
    return NoValidMappingError(
        f"timeloop-mapper found no valid mapping{asked}{how}",
        hint="its search is a sample, so this is no proof; engine=native says whether there is one, and if not, why"
        + (f". {ways}" if ways else ""),
    )


def _signal_in(status: int) -> signal.Signals | None:
    """The signal that ended a program; shells and containers add 128 to it. 255 is no signal but an ``exit(-1)``."""
    number = -status if status < 0 else status - 128
    return signal.Signals(number) if number in list(signal.Signals) else None


def _killed(number: signal.Signals, log: str, where: str, program: str, settings: TimeloopSettings) -> EngineError:
    name = number.name
    thrown, assertion = _THROWN.search(log), _ASSERTION.search(log)
    if name == "SIGKILL" or (thrown and "bad_alloc" in thrown[1]):
        return EngineError(
            f"{program} was killed ({name}): out of memory, most likely{_said(log)}",
            where=where,
            hint="fewer trials at a time" if settings.mapper.get("num_threads") == 1 else _FEWER,
        )
    if assertion:
        what = f"{program} crashed: its assertion {assertion[3]} failed ({assertion[1]}, line {assertion[2]})"
    elif thrown:
        what = f"{program} crashed: {thrown[1]}{f', {thrown[2]}' if thrown[2] else ''}"
    else:
        what = f"{program} crashed ({name}): {last_words(log)}"
    return EngineError(what, where=where, hint="the folder holds its input: run it again by hand to look closer")


def _said(log: str) -> str:
    """Timeloop's own last words, where it said more than how far it is."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and not _PROGRESS.match(line)]
    words = [line for line in lines if _WORDS.match(line)]
    return f"; it said: {words[-1]}" if words else ""


def _raised(log: str) -> str:
    """The exception behind the last traceback, and where its message says it came from."""
    _, _, after = log.rpartition("Traceback (most recent call last)")
    lines = [line.strip() for line in after.splitlines()[1:] if line and not line.startswith(" ")]
    return "; ".join(lines[:2]) or last_words(log)


def _last_error(log: str) -> str:
    errors = [line.strip() for line in log.splitlines() if line.strip().startswith("ERROR")]
    return errors[-1] if errors else last_words(log)
