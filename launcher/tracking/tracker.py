"""What a tracker is. Nothing here imports MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from launcher.results.goals import Goals
from launcher.results.result import Result


@dataclass(frozen=True)
class TrackingSettings:
    """Where and how to record.

    Attributes:
        kind: ``mlflow``, or ``none`` to record nothing (MLflow is not even imported).
        experiment: the MLflow experiment that collects the runs.
        uri: the tracking store, e.g. ``http://127.0.0.1:5000`` or ``sqlite:///runs/mlflow.db``. None means the
            environment variable ``MLFLOW_TRACKING_URI``, and without it ``sqlite:///mlflow.db`` in ``directory``.
        directory: what relative paths of the store refer to: the folder in which the launcher was started. None
            means the current one.
        timeout_s: how long a server may take to answer before recording is given up.
    """

    kind: Literal["mlflow", "none"] = "mlflow"
    experiment: str = "timeloop-launcher"
    uri: str | None = None
    directory: Path | None = None
    timeout_s: int = 5


@dataclass(frozen=True)
class RunReference:
    """Where a run was recorded.

    Attributes:
        run_id: MLflow's identifier of the run.
        experiment: name of the experiment.
        uri: the tracking store that holds it.
        view: how to look at it: a command and the address of the run's page, or the address alone.
        trials: of a sweep's run: the address of the list of its trials.
    """

    run_id: str
    experiment: str
    uri: str
    view: str
    trials: str = ""

    def __str__(self) -> str:
        return f"run {self.run_id[:8]} in experiment {self.experiment}; to see it: {self.view}"


class Tracker:
    """What a tracker can be asked; this one records nothing, as ``tracking=none`` wants.

    All methods of one that records may raise ``LauncherError``; results on disk are never touched.
    """

    def warm_up(self) -> None:
        """Start slow preparations in the background and return at once. Optional; its failures show up later."""

    def prepare(self) -> None:
        """Make the store ready: call it once, in the parent process, before any worker records.

        Raises:
            LauncherError: the store cannot be reached or used.
        """

    def start_sweep(
        self,
        name: str,
        parameters: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
        swept: Sequence[str] = (),
        goals: Goals | None = None,
    ) -> str:
        """Open the run that the trials of a sweep hang under.

        Args:
            name: what the sweep is called.
            parameters: what is common to its trials, and what is swept.
            tags: more tags.
            swept: the parameters that differ between its trials.
            goals: what it is after; None means EDP.

        Returns:
            Its identifier, to be passed as ``parent``; empty when nothing is recorded.
        """
        return ""

    def resume_sweep(self, tags: Mapping[str, str]) -> str:
        """Open the sweep's run with these tags again; its identifier, empty when there is none."""
        return ""

    def has_recorded(self, parent: str, tags: Mapping[str, str]) -> bool:
        """Whether a sweep has a trial with these tags. One that was only begun is removed."""
        return False

    def recorded(self, parent: str, tag: str) -> set[str]:
        """What a tag says of the trials of a sweep that were recorded as a whole."""
        return set()

    def record(
        self,
        result: Result,
        folder: Path,
        parent: str | None = None,
        tags: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> RunReference | None:
        """Record one finished trial with its parameters, figures, tags and files.

        Args:
            result: the trial.
            folder: where :func:`launcher.reporting.artifacts.write_artifacts` wrote it.
            parent: the sweep's run, if it belongs to one.
            tags: more tags.
            name: what to call it; None means the result's own name.

        Returns:
            Where it was recorded; None when nothing is recorded.
        """
        return None

    def close_sweep(
        self,
        parent: str,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        folder: Path,
        *,
        interrupted: bool = False,
    ) -> RunReference | None:
        """Close a sweep's run; it may be resumed later.

        Args:
            parent: what :meth:`start_sweep` returned.
            metrics, tags: what is known of it now; ``status`` says how it ended.
            folder: the files that lie directly in it are kept with the run.
            interrupted: the sweep was stopped by its user.
        """
        return None
