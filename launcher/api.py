"""One trial from Python."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from launcher.config.compose import compose
from launcher.engines.base import OnProgress
from launcher.jobs import tracker_of
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
    result = run_trial(trial, on_progress)
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
