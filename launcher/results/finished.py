"""Trials that were read back, and where each came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from launcher.results.goals import Goals
from launcher.results.result import Result


@dataclass(frozen=True)
class Origin:
    """Where a trial was found. What its place does not know is None.

    Attributes:
        folder: its output folder, or the folder of its run's files where that lies on this machine.
        run_id, experiment: of its MLflow run.
        study: name of the study that it belongs to.
        sweep: what it was run in: the folder of a multirun, or the identifier of the sweep's MLflow run.
        started: when, in UTC.
        commit: git commit of the folder from which it was started.
        modified: whether tracked files differed from that commit.
        user: who ran it.
        goals: what its sweep was after.
    """

    folder: Path | None = None
    run_id: str | None = None
    experiment: str | None = None
    study: str | None = None
    sweep: str | None = None
    started: datetime | None = None
    commit: str | None = None
    modified: bool | None = None
    user: str | None = None
    goals: Goals | None = None

    @property
    def place(self) -> str:
        """What to call it: ``run 4f166b9c``, or the folder."""
        return f"run {self.run_id[:8]}" if self.run_id else str(self.folder or "-")


@dataclass(frozen=True)
class FinishedTrial:
    """A finished trial: what came out, whether or not it found a mapping, and where that was found."""

    result: Result
    origin: Origin


@dataclass(frozen=True)
class SkippedTrial:
    """A trial that is there but cannot be read: ``reason`` says why (still running, killed, damaged)."""

    place: str
    reason: str


@dataclass(frozen=True)
class Trials:
    """What names on a command line stand for.

    Attributes:
        names: as they were given; the folder that was chosen where none was.
        trials: in the order of the names; those of a sweep in the order in which they were numbered or started.
        skipped: what could not be read.
    """

    names: tuple[str, ...]
    trials: tuple[FinishedTrial, ...]
    skipped: tuple[SkippedTrial, ...] = ()

    def __iter__(self) -> Iterator[FinishedTrial]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def goals(self) -> Goals | None:
        """What their sweep was after; None of a single trial, and of sweeps after different things."""
        return common_goals(self.trials) if len(self) > 1 else None

    @property
    def results(self) -> tuple[Result, ...]:
        return tuple(trial.result for trial in self.trials)


def common_goals(trials: Iterable[FinishedTrial]) -> Goals | None:
    """What the sweeps of all these trials were after; None where that is not the same, or not known."""
    found = {trial.origin.goals for trial in trials}
    return found.pop() if len(found) == 1 else None
