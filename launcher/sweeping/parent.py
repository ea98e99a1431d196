"""The tracking store's run of a study, and the files that a sweep leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from rich.console import Console
from rich.markup import escape

from launcher.config.trial import ALL
from launcher.disks import FullDiskError
from launcher.errors import LauncherError
from launcher.reporting.best_words import works_of
from launcher.reporting.sweep_note import sweep_note
from launcher.results.best import best_rows
from launcher.results.files import read_result
from launcher.results.goals import Goals
from launcher.results.result import Result
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.rows import common_reasons, states
from launcher.tracking import RunReference, Tracker
from launcher.tracking.records import as_parameters

_SETTLING_S = 0.3

_KEY_TAG = "sweep.key"
"""Tag of a study's run: what the study notes of it."""

_LACKING = "unrecorded"
"""Noted of a study with trials that could not be recorded when they ended."""

NUMBER_TAG = "sweep.trial"
"""Tag of a trial's run: the trial's number in the study."""


@dataclass(frozen=True)
class EndedTrial:
    """A trial that ended: its number, its folder, and what its run is called."""

    number: int
    folder: Path
    name: str


class Notes(Protocol):
    """Where a study keeps what is to be known of it by the next process."""

    def noted(self, key: str, /) -> Any:
        """What was noted; None when there is nothing."""

    def note(self, key: str, value: object, /) -> None:
        """Keep something; a later note replaces it."""


class ParentRun:
    """A study's own run: made once, resumed by later sweeps of the same study.

    Only the sweep's process writes to the tracking store. What cannot be recorded is said once; the sweep goes on,
    since results are safe in the study and on disk.
    """

    def __init__(self, tracker: Tracker, study: Notes, console: Console) -> None:
        self._tracker = tracker
        self._study = study
        self._console = console
        self._told = False
        self._closed = False
        self.run = ""

    def open(self, name: str, parameters: Mapping[str, object], swept: Sequence[str], goals: Goals) -> None:
        """Resume the study's run, or make it.

        Raises:
            LauncherError: the store cannot be used.
        """
        self._tracker.prepare()
        # Known before the run is made, so that a kill in between does not leave two.
        if self._study.noted(_KEY_TAG) is None:
            self._study.note(_KEY_TAG, uuid4().hex)
            time.sleep(_SETTLING_S)  # another process may do so at this moment: the last note counts for both
        tags = {_KEY_TAG: str(self._study.noted(_KEY_TAG))}
        self.run = self._tracker.resume_sweep(tags)
        if not self.run and self._tracker.start_sweep(name, parameters, tags, swept, goals):
            self.run = self._tracker.resume_sweep(tags)

    def record(self, number: int, result: Result, folder: Path, name: str, *, again: bool = False) -> None:
        """Record a trial below the study's run; ``again`` when an earlier process may have done so."""
        if not self.run:
            return
        try:
            if again and self._tracker.has_recorded(self.run, {NUMBER_TAG: str(number)}):
                return
            self._tracker.record(result, folder, self.run, {NUMBER_TAG: str(number)}, name)
        except FullDiskError:  # the next trials would find no room, either
            raise
        except LauncherError as error:
            if not self.lacks_trials:
                self._study.note(_LACKING, True)
            if not self._told:
                self._told = True
                self._console.print(f"[yellow]not recorded:[/] {escape(str(error))}", soft_wrap=True)

    @property
    def lacks_trials(self) -> bool:
        """Whether trials ended that could not be recorded."""
        return bool(self._study.noted(_LACKING))

    def mend(self, ended: Callable[[], Sequence[EndedTrial]]) -> None:
        """Record the trials that could not be recorded when they ended, as far as that is possible by now.

        Args:
            ended: all that ended and have files.
        """
        if not self.run or not self.lacks_trials:
            return
        with suppress(LauncherError):
            known = self._tracker.recorded(self.run, NUMBER_TAG)
            for one in ended():
                if str(one.number) not in known:
                    tags = {NUMBER_TAG: str(one.number)}
                    if not self._tracker.has_recorded(self.run, tags):
                        self._tracker.record(read_result(one.folder), one.folder, self.run, tags, one.name)
            self._study.note(_LACKING, False)

    def close(
        self,
        rows: Sequence[TrialRow],
        goals: Goals,
        folder: Path,
        *,
        interrupted: bool,
        more: Mapping[str, float] | None = None,
    ) -> RunReference | None:
        """Write the study's figures, ``more`` of them as well, and its files, and end its run."""
        if not self.run:
            return None
        self._closed = True
        metrics, tags = outcome(rows, goals)
        metrics |= more or {}
        if interrupted:
            tags["status"] = "interrupted"
        return self._tracker.close_sweep(self.run, metrics, tags, folder, interrupted=interrupted)

    def give_up(self, folder: Path, *, interrupted: bool) -> None:
        """End the study's run where there are no figures to write; where :meth:`close` ended it, nothing happens."""
        if not self.run or self._closed:
            return
        self._closed = True
        tags = {"status": "interrupted" if interrupted else "failed"}
        with suppress(LauncherError):  # what made it give up is what there is to be told
            self._tracker.close_sweep(self.run, {}, tags, folder, interrupted=interrupted)


def sweep_name(choices: Mapping[str, Any], swept: Sequence[str], differing: Sequence[str]) -> str:
    """What is the same for all trials, and what differs: ``gemmini KQV sweep: rows, scratchpad_kib``.

    Args:
        choices: of the groups.
        swept: keys and groups.
        differing: those of them that tell trials apart.
    """
    subject = "model" if choices["layer"] == ALL else "layer"
    common = [str(choices[group]) for group in ("arch", subject) if group not in swept]
    return f"{' '.join([*common, 'sweep'])}: {', '.join(name.rpartition('.')[2] for name in differing)}"


def outcome(rows: Sequence[TrialRow], goals: Goals) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics and tags of a study's run: number of trials by state, and what is best.

    What was swept of the best trial are tags, because a resumed study may find a better one and MLflow's parameters
    never change; the description is the answer.
    """
    count = states(rows)
    metrics: dict[str, float] = {"trials": float(len(rows))}
    metrics |= {f"trials_{state}": float(number) for state, number in count.items()}
    metrics["trials_reused"] = float(sum(row.same_as is not None for row in rows))
    metrics["trials_breaking_constraints"] = float(sum(bool(row.broken) for row in rows))
    best = best_rows(rows, goals)
    tags = {"status": "ok" if count["ok"] else "failed", "goals": str(goals), "reasons": common_reasons(rows)}
    if goals.several:
        metrics["front_size"] = float(len(best))
    if best and len(works_of(rows, goals, list(best[0].point))) == 1:  # other work is not better
        first = best[0]
        metrics |= first.metrics
        tags |= {f"best.{name}": value for name, value in as_parameters(first.point).items()}
        tags["best.trial"] = str(first.number)
    if rows:
        tags["mlflow.note.content"] = sweep_note(rows, best, goals)
    return metrics, {name: value for name, value in tags.items() if value}
