"""From the trials that names stand for to the ones that are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from launcher.errors import LauncherError
from launcher.reading.find import load_trials
from launcher.reporting.question import objective_of
from launcher.results.finished import FinishedTrial, Trials
from launcher.results.ranking import ranked
from launcher.results.workloads import workloads_of

MOST_COMPARED = 8


def best_of(trials: Trials) -> Trials:
    """The one trial, or the best of several that run the same work.

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
    best = ranked(trials.results, objective_of(trials.results))[0]
    chosen = next(trial for trial in trials if trial.result is best)
    return replace(trials, trials=(chosen,), skipped=())


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
