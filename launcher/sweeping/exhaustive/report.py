"""What an exhaustive search leaves and says when it ends."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from launcher.config.sweep_schema import Kept
from launcher.errors import LauncherError
from launcher.paths import shown_path
from launcher.reporting.best_words import last_words
from launcher.reporting.numbers import percent, short_seconds
from launcher.results.best import best_rows
from launcher.results.files import STUDY_HTML, TRIALS_CSV
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.best_trials import keep_files_of, trials_to_keep
from launcher.sweeping.exhaustive.ending import Ending
from launcher.sweeping.exhaustive.matter import matters_text
from launcher.sweeping.exhaustive.progress import told
from launcher.sweeping.exhaustive.study_page import write_study_page
from launcher.sweeping.exhaustive.work import HardwareStudy
from launcher.sweeping.parent import ParentRun
from launcher.sweeping.pictures import write_page
from launcher.sweeping.progress import print_searched
from launcher.sweeping.rows import trials_csv
from launcher.sweeping.trials import ComposedTrial, TrialLimits
from launcher.whole_files import write_text


def leave(
    ending: Ending,
    study: HardwareStudy,
    executor: Executor,
    workers: int,
    parent: ParentRun,
    identity: Mapping[str, Any],
    console: Console,
    seconds: float,
    *,
    interrupted: bool,
) -> list[TrialRow]:
    """Write and say everything.

    Args:
        ending: what was found.
        study: what the points were composed of.
        executor, workers: map the best points once more, with all their files.
        parent: the search's run in the tracking store.
        identity: what makes outcomes comparable.
        console: where to say it.
        seconds: the search took.
        interrupted: whether Ctrl-C ended it; then no time is spent on files of points.

    Returns:
        The designs that were searched; those whose files were kept have folders.

    Raises:
        LauncherError: no point has a mapping.
        KeyboardInterrupt: Ctrl-C ended the search, or came while files were kept; everything else is left and said.
    """
    plan, folder = ending.plan, ending.plan.folder
    rows = ending.rows()
    ending.write(folder, identity)
    if not interrupted:
        folders, interrupted = _kept(ending, rows, study, executor, workers, parent, console)
        rows = [replace(row, folder=str(folders.get(row.number, ""))) for row in rows]
    if rows:
        print_searched(rows, list(plan.space.values), plan.goals, console)
    write_text(folder / TRIALS_CSV, trials_csv(rows, list(plan.space.values)))
    if plan.settings.pictures and not interrupted:
        write_page([Path(row.folder) for row in rows if row.folder], folder)
    if plan.settings.pictures:
        write_study_page(folder)
    counts = ending.counts()
    for what, text in _sentences(ending, rows, counts, seconds):
        say(console, what, text)
    say(console, "files", shown_path(folder))
    if (folder / STUDY_HTML).is_file():
        say(console, "report", shown_path(folder / STUDY_HTML))
    if any(row.ok for row in rows):
        for command in ("summary", "check"):
            say(console, "next", f"python -m launcher {command} {shlex.quote(shown_path(folder))}")
    metrics = {"points": float(sum(counts.values()))} | {f"points_{word}": float(n) for word, n in counts.items()}
    reference = parent.close(rows, plan.goals, folder, interrupted=interrupted, more=metrics)
    if reference is not None:
        say(console, "recorded", str(reference))
    if plan.goals.several and (answer := last_words(rows, plan.goals, list(plan.space.values))):
        say(console, "front", answer)
    if interrupted:
        raise KeyboardInterrupt
    if not len(ending.open_designs) and not any(row.ok for row in rows):
        raise LauncherError(_nothing(ending, rows), where=shown_path(folder))
    return rows


def say(console: Console, what: str, text: str) -> None:
    """A line of what is left behind."""
    console.print(f"{what:<10}{text}", highlight=False, soft_wrap=True, markup=False)


def _kept(
    ending: Ending,
    rows: Sequence[TrialRow],
    study: HardwareStudy,
    executor: Executor,
    workers: int,
    parent: ParentRun,
    console: Console,
) -> tuple[dict[int, Path], bool]:
    """The folders of the best designs, and whether Ctrl-C came before all were kept."""
    folders: dict[int, Path] = {}
    plan = ending.plan
    limits = TrialLimits(plan.settings.trial_timeout_s, shared=True)

    def composed(number: int) -> ComposedTrial:
        return _composed(ending, study, number)

    chosen = trials_to_keep(rows, plan.goals, Kept.best)
    kept = keep_files_of(chosen, list(plan.space.values), composed, executor, workers, limits, parent)
    try:
        with console.status("keeping the files of the best designs"):
            for number, place in kept:
                folders[number] = place
    except KeyboardInterrupt:
        return folders, True
    return folders, False


def _composed(ending: Ending, study: HardwareStudy, number: int) -> ComposedTrial:
    points, point = ending.plan.points, ending.plan.space.point(number)
    groups, values = ending.plan.space.split(number)
    return ComposedTrial(tuple(points.written(point)), study.composed[groups], values, ending.plan.folder / str(number))


def _sentences(
    ending: Ending, rows: Sequence[TrialRow], counts: Mapping[str, int], seconds: float
) -> Iterator[tuple[str, str]]:
    """The answer, how sure it is, and what it took."""
    goals, findings = ending.plan.goals, ending.findings
    best = best_rows(rows, goals)
    if best and len(goals.objectives) == 1:
        point = " ".join(f"{key}={value}" for key, value in best[0].point.items())
        name = goals.objectives[0]
        yield "best", f"point {best[0].number}: {point}: {told(name, best[0].metrics[name])}"
        if ending.reach is not None:
            yield "matters", matters_text(ending.reach)
    settled = sum(counts.values()) - counts["open"]
    boxes = len(findings.excluded)
    what = [f"{counts['searched']:,} searched", f"{counts['excluded']:,} excluded by bounds"]
    what += [f"{counts['limit']:,} by limits"] if counts["limit"] else []
    what += [f"{counts[word]:,} {name}" for word, name in _WITHOUT.items() if counts[word]]
    if ending.complete:
        yield "proved", f"no other point of the space is better: all {settled:,} points settled"
    else:
        yield "not yet", f"{counts['open']:,} of {sum(counts.values()):,} points are open{_gap(ending)}"
        if ending.failures:
            yield "failed", f"searches of {len(ending.failures):,} designs, first: {ending.failures[0].reason}"
        yield "kept", "the same command goes on from here"
    yield "points", f"{', '.join(what)} ({boxes:,} boxes), in {short_seconds(seconds)}"


_WITHOUT = {"infeasible": "without a mapping", "failed": "no design"}


def _gap(ending: Ending) -> str:
    best, goals = ending.findings.best, ending.plan.goals
    bound = None if ending.failures else ending.least_open_loss
    if best is None or len(goals.objectives) > 1 or bound is None:
        return ""
    bound = min(bound, best)
    return f": none is better than {told(goals.objectives[0], abs(bound))}, {percent((best - bound) / abs(best))} less"


def _nothing(ending: Ending, rows: Sequence[TrialRow]) -> str:
    size = ending.plan.space.size
    if ending.plan.goals.constraints and ending.counts()["limit"]:
        limits = ", ".join(map(str, ending.plan.goals.constraints))
        return f"none of the {size:,} points keeps {limits} and has a mapping"
    reasons = [row.reason for row in rows if row.reason] or list(ending.table.reasons)
    return f"none of the {size:,} points has a mapping" + (f": {reasons[0]}" if reasons else "")
