"""From Python: one trial, a sweep, and trials that were run before."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from launcher.config.compose import compose
from launcher.engines.base import OnProgress
from launcher.jobs import tracker_of
from launcher.notebook.results import Results, results_of
from launcher.reporting.artifacts import write_artifacts
from launcher.result import Result
from launcher.trial import run_trial


def run(
    overrides: Sequence[str] = (),
    *,
    config_dir: str | Path | None = None,
    output: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Result:
    """Find the best mapping of one composed experiment.

    Args:
        overrides: what stands behind ``python launch.py``, e.g. ``["arch=gemmini", "layer=KQV"]``.
        config_dir: a folder with groups and templates of your own, as ``--config-dir`` takes it.
        output: a folder for the files a run on the command line leaves behind; None writes none.
        on_progress: called now and then during a long search.

    Returns:
        The result; its status is ``infeasible`` when the hardware admits no mapping. It is recorded only when the
        overrides choose a tracking, e.g. ``tracking=mlflow``.

    Raises:
        LauncherError: the configuration is wrong, or the result could not be written or recorded.
    """
    asked = any(override.startswith("tracking=") for override in overrides)
    trial = compose(
        [*overrides] if asked else ["tracking=none", *overrides], Path(config_dir) if config_dir is not None else None
    )
    result = run_trial(trial, on_progress, Path(output) if output is not None else None)
    if output is None and not asked:
        return result
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch if output is None else output)
        write_artifacts(result, folder)
        if asked:
            tracker = tracker_of(trial)
            tracker.prepare()
            tracker.record(result, folder)
    return result


def sweep(
    overrides: Sequence[str], *, config_dir: str | Path | None = None, output: str | Path | None = None
) -> Results:
    """Run a sweep, as ``python launch.py -m`` does, and wait for it.

    It says nothing, records nothing and leaves no files, unless it is asked to: with ``verbosity=normal``,
    ``tracking=mlflow`` and ``output``. It takes the first trial about a second to start, and the process's own
    working directory is where relative paths begin.

    Args:
        overrides: what stands behind ``python launch.py -m``: all combinations of
            ``["arch.rows=8,16,32", "layer=KQV"]``, or a search when they hold ``hydra/sweeper=optuna``.
        config_dir: a folder with groups and templates of your own, as ``--config-dir`` takes it.
        output: the sweep's folder. A search that is given the same folder again goes on from where it was.

    Returns:
        All trials, failed ones included, in order; of a search that goes on, the earlier ones too.

    Raises:
        LauncherError: the configuration is wrong, or no trial found a mapping.
    """
    from launcher.notebook.sweep import run_sweep_here  # noqa: PLC0415 - only who sweeps waits for it

    return run_sweep_here(
        overrides,
        Path(config_dir) if config_dir is not None else None,
        Path(output) if output is not None else None,
    )


def load(*names: str | Path, tracking_uri: str | None = None, directory: str | Path | None = None) -> Results:
    """Finished trials, read back from where they are kept.

    Args:
        names: each a folder (of a trial, a sweep, or any that holds such folders), an MLflow experiment, a run's name
            or identifier, or a study; none means the newest run or sweep in ``directory``.
        tracking_uri: of the MLflow store; None means ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in ``directory``.
        directory: what relative paths refer to; None means the current one.

    Returns:
        The trials; ``skipped`` names those that could not be read, and why.

    Raises:
        LauncherError: a name stands for nothing, or the store cannot be used.
    """
    from launcher.reading import load_trials  # noqa: PLC0415 - only who loads waits for it

    found = load_trials(
        [str(name) for name in names],
        tracking_uri=tracking_uri,
        directory=Path(directory) if directory is not None else None,
    )
    return results_of(found.results, (f"{one.place}: {one.reason}" for one in found.skipped))
