"""A point of a study as a trial of its own, with all its files: mapped again, which takes less than keeping them."""

from __future__ import annotations

from math import isnan
from pathlib import Path

from launcher.config.compose import compose
from launcher.errors import LauncherError
from launcher.reporting.artifacts import write_artifacts
from launcher.results.files import RESULT_JSON
from launcher.results.metrics import recorded_metrics
from launcher.results.result import Result
from launcher.sweeping.exhaustive.study_file import StudyFile, read_study
from launcher.sweeping.exhaustive.table import POINTS_PARQUET, read_points
from launcher.trial.run import run_trial


def trial_of_point(folder: Path, number: int, config_dir: Path | None = None) -> tuple[Path, list[str]]:
    """The folder of a point's files, which are made when they are not there, and what is to be remarked on.

    Args:
        folder: of the study.
        number: of the point.
        config_dir: groups of the user's own, where the study has such.

    Raises:
        LauncherError: the folder is none of a study, there is no such point, or it cannot be mapped or written.
    """
    study = read_study(folder, config_dir)
    if not 0 <= number < study.size:
        raise LauncherError(
            f"the study has no point {number}",
            where=str(folder),
            expected=f"one of its {study.size:,} points, 0 to {study.size - 1}",
        )
    place = folder / str(number)
    if (place / RESULT_JSON).is_file():
        return place, []
    result = _mapped(study, number, place)
    write_artifacts(result, place)
    return place, _differences(folder, number, result)


def _mapped(study: StudyFile, number: int, place: Path) -> Result:
    trial = compose(["tracking=none", *study.overrides_of(number)], study.config_dir)
    return run_trial(trial, None, place)


def _differences(folder: Path, number: int, result: Result) -> list[str]:
    """What the study's table says otherwise, to the last bit."""
    table = folder / POINTS_PARQUET
    if not table.is_file():  # the study has not come so far
        return []
    points = read_points(table)
    now = recorded_metrics(result)
    known = {name: float(values[number]) for name, values in points.figures.items()}
    return [
        f"{name} is {now[name]:.10g} now, and {value:.10g} in {POINTS_PARQUET}: code or tables have changed since"
        for name, value in known.items()
        if name in now and not isnan(value) and value != now[name]
    ]
