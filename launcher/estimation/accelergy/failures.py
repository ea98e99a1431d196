"""Why Accelergy gave no figures, in words that say what to do."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from launcher.errors import EstimationError, LauncherError
from launcher.estimation.accelergy.inputs import Described
from launcher.estimation.accelergy.program import INSTALL, Program, Run, last_line
from launcher.estimation.base import EstimatorSettings

_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ +")
_QUERY = re.compile(r"Can not find an (energy|area) estimator for (\w+)\((.*?)\)(?:\.(\w+)\(.*\))?$", re.MULTILINE)
_DECLINED = re.compile(r"^[| ]*(.+?) with accuracy \S+ estimating (?:accuracy|value): *(.*)$")
_TABLE_PLUG_IN = "accelergy-table-based-plug-ins"
_MOST_DECLINED = 12
_OTHER_VERSION = ("cannot be parsed by current accelergy", "incompatible with parser version", "version is newer than")


def explain(
    run: Run,
    components: Sequence[Described],
    program: Program,
    settings: EstimatorSettings,
    cause: LauncherError,
    kept: Path,
) -> EstimationError:
    """What went wrong in a run.

    Args:
        run: its status and log.
        components: what it was asked for.
        program: who was asked.
        settings: of the estimator.
        cause: what is wrong with its output.
        kept: the folder with its input, output and log.
    """
    where, log = str(kept), "\n".join(_PREFIX.sub("", line) for line in run.log.splitlines())
    if run.status is None:
        hint = "estimator.timeout_s=1800"
        return EstimationError(f"Accelergy did not end within {settings.timeout_s:g} s", where=where, hint=hint)
    if run.status < 0:
        return _killed(run.status, where)
    if (query := _QUERY.search(log)) is not None:
        return _declined(query, log, components, program, where)
    if run.status == 0:
        return EstimationError(f"Accelergy ended as if all were well, but {cause.what}", where=where)
    return _unusable(log, program, where) or EstimationError(
        f"Accelergy crashed (status {run.status}): {_crash(log)}", where=f"{where}/stderr.txt"
    )


def _unusable(log: str, program: Program, where: str) -> EstimationError | None:
    """Another version, another program, or a broken installation."""
    if any(words in log for words in _OTHER_VERSION):
        return EstimationError(
            f"this Accelergy is too old: {last_line(log)}",
            where=str(program.path),
            expected="Accelergy 0.4, which reads v0.4 files",
            hint=INSTALL.format(name="accelergy"),
        )
    if "unrecognized arguments" in log or "invalid choice" in log:
        return EstimationError(
            f"{program.path.name} does not take Accelergy's options: {last_line(log)}",
            where=str(program.path),
            expected="Accelergy 0.4",
            hint="estimator.program=/path/to/accelergy",
        )
    missing = re.search(r"ModuleNotFoundError: No module named '([^']+)'", log)
    if missing is not None:
        return EstimationError(
            f"Accelergy's installation is broken: it lacks the Python package {missing.group(1)!r}",
            where=where,
            hint=f"install {missing.group(1)} where {program.path} lies",
        )
    return None


def _killed(status: int, where: str) -> EstimationError:
    name = signal.Signals(-status).name
    likely = " (out of memory, most likely)" if -status == signal.SIGKILL else ""
    return EstimationError(f"Accelergy was ended by {name}{likely}", where=where)


def _declined(
    query: re.Match[str], log: str, components: Sequence[Described], program: Program, where: str
) -> EstimationError:
    """No plug-in had a figure: for which component, and why each of them declined."""
    kind, primitive, attributes, action = query.groups()
    names = [one.name for one in components if _has(one, primitive)]
    what = f"{kind} of {action!r}" if action else kind
    reasons = dict.fromkeys(_reasons(log[query.end() :]))
    declined = "".join(f"\n    {name}: {why}" for name, why in list(reasons)[:_MOST_DECLINED])
    hint = (
        "a plug-in that knows it, its figures in a components.csv of your own (estimator.tables), or estimator=tables"
    )
    if _TABLE_PLUG_IN not in program.plug_ins():
        hint = f"{INSTALL.format(name=_TABLE_PLUG_IN)}: without this plug-in Accelergy cannot read the project's tables"
    return EstimationError(
        f"Accelergy could not estimate component {', '.join(names) or '?'}: nobody knows the {what} of {primitive}"
        f"({_brief(attributes)}); who declined, and why:{declined or ' there is no plug-in'}",
        where=where,
        hint=hint,
    )


def _has(one: Described, primitive: str) -> bool:
    if one.composition is None:
        return True
    return any(part.primitive == primitive for part in one.composition.parts)


def _reasons(log: str) -> list[tuple[str, str]]:
    after = log.partition("Why plug-ins did not estimate:")[2]
    found = (_DECLINED.match(line) for line in after.splitlines())
    reasons = [(match.group(1), match.group(2)) for match in found if match is not None]
    # The table plug-in's last words are about something else.
    return [("tables", "no row for it") if "table-based" in name else (name, why) for name, why in reasons]


def _brief(attributes: str) -> str:
    added = ("cycle_seconds=", "action_latency_cycles=", "n_instances=")
    return ", ".join(one for one in attributes.split(", ") if not one.startswith(added))


def _crash(log: str) -> str:
    """The error that Accelergy's crash report ends with, not the report."""
    lines = [line.strip(" |") for line in log.splitlines()]
    errors = [line for line in lines if re.match(r"[A-Za-z_.]+(Error|Exception)\b", line)]
    return errors[-1] if errors else last_line(log)
