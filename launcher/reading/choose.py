"""From the trials that names stand for to the ones that are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from launcher.errors import LauncherError
from launcher.reading.find import load_trials
from launcher.reporting.best_words import superlative, trade_offs
from launcher.reporting.metric_words import metric_title
from launcher.reporting.question import goals_of
from launcher.results.best import best_rows, front_first
from launcher.results.finished import FinishedTrial, Trials
from launcher.results.trial_rows import rows_of_results
from launcher.results.workloads import workloads_of

MOST_COMPARED = 8


def best_of(trials: Trials) -> Trials:
    """The one trial, or the best of several that run the same work: by what their sweep is after.

    Of a front it is the first, which is the best by the first objective.

    Raises:
        LauncherError: there is none, or they run different work.
    """
    name = " ".join(trials.names)
    if not trials.trials:
        reason = trials.skipped[0].reason if trials.skipped else "it has no trials yet"
        raise LauncherError(f"{name} has nothing to show: {reason}")
    if len(trials) == 1:
        return trials
    workloads = workloads_of(trials.results)
    if len(workloads) > 1:
        raise LauncherError(
            f"{name} stands for {len(trials):,} trials of {len(workloads):,} workloads",
            expected="a trial, or trials of one model and layer, of which the best is taken",
            hint=f"python -m launcher summary {name} lists them; name one of them",
        )
    goals = trials.goals or goals_of(trials.results)
    best = front_first(rows_of_results(trials.results, goals), goals)[0]
    return replace(trials, trials=(trials.trials[best.number],), skipped=())


def chosen_words(trials: Trials) -> str:
    """Which of several trials :func:`best_of` takes: ``the least area of 6 trials``."""
    goals = trials.goals or goals_of(trials.results)
    rows = rows_of_results(trials.results, goals)
    first = f"the {superlative(goals.directions[0])} {metric_title(goals.objectives[0])}"
    if not goals.several:
        return f"{first} of {len(trials):,} trials"
    return f"{first} among {trade_offs(len(best_rows(rows, goals)), goals)} of {len(trials):,} trials"


def to_compare(
    names: Sequence[str], *, tracking_uri: str | None = None, directory: Path | None = None
) -> list[FinishedTrial]:
    """The trials that ``names`` stand for: of one name all its trials, of several the best of each.

    Raises:
        LauncherError: a name stands for nothing, or for too many or too few.
    """
    if len(names) > 1:
        loaded = [load_trials([name], tracking_uri=tracking_uri, directory=directory) for name in names]
        found = [trial for one in loaded for trial in best_of(one)]
    else:
        found = list(load_trials(names, tracking_uri=tracking_uri, directory=directory))
    if not 2 <= len(found) <= MOST_COMPARED:
        raise LauncherError(
            f"{' '.join(names) or 'the newest run'} stands for {len(found):,} trial{'' if len(found) == 1 else 's'}",
            expected=f"2 to {MOST_COMPARED} trials: several names, or one of a sweep with so many",
            hint="python -m launcher summary lists the trials of a sweep",
        )
    return found
