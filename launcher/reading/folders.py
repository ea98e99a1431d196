"""Trials in output folders."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from launcher.errors import LauncherError
from launcher.reading.sound import read_sound
from launcher.results.files import CERTIFICATE_JSON, LAYERS_FOLDER, RESULT_JSON, STUDY_JSON, sweep_file
from launcher.results.finished import FinishedTrial, Origin, SkippedTrial
from launcher.results.goals import goals_of_record

_OUTPUTS = ("outputs", "multirun")
_HYDRA = ".hydra"
_CHECKED = "the folder of a finished trial, of a sweep, or of a study that settled a whole space"
_NUMBER = re.compile(r"\d+")


def trials_below(folder: Path) -> tuple[list[FinishedTrial], list[SkippedTrial]]:
    """Every trial in ``folder`` or anywhere below it; a network counts as one trial, not as its layers.

    A folder that Hydra made for a trial but that has no ``result.json`` is skipped: the trial is running, or was
    killed.
    """
    trials: list[FinishedTrial] = []
    skipped: list[SkippedTrial] = []
    for found in _trial_folders(folder):
        try:
            trials.append(read_trial(found))
        except LauncherError as error:
            skipped.append(SkippedTrial(str(found), error.what))
    return trials, skipped


def read_trial(folder: Path) -> FinishedTrial:
    """The trial of one output folder.

    Raises:
        LauncherError: it did not finish, or its ``result.json`` is damaged.
    """
    file = folder / RESULT_JSON
    if not file.is_file():
        raise LauncherError(
            "the trial has no result yet: it is still running, or it was stopped",
            where=str(folder),
            expected=RESULT_JSON,
        )
    result = read_sound(folder)
    sweep = sweep_file(folder.parent)
    origin = Origin(
        folder=folder,
        study=sweep.get("study"),
        sweep=str(folder.parent) if sweep else None,
        started=_started(file, result.seconds),
        goals=goals_of_record(sweep.get("goals")),
    )
    return FinishedTrial(result, origin)


def _started(file: Path, seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) - timedelta(seconds=seconds)
    except (ArithmeticError, ValueError):  # the file says more years than there are
        return None


def newest(directory: Path) -> Path | None:
    """The output folder of the last run or sweep that was started in ``directory``; None when there is none.

    Runs that left no result, because they failed or still run, count only when there is no other.
    """
    folders = [path for kind in _OUTPUTS for path in (directory / kind).glob("*/*") if path.is_dir()]
    # The names are day and time; a name of the user's own lies elsewhere and must be given.
    folders.sort(key=lambda path: (path.parent.name, path.name), reverse=True)
    return next(filter(_holds_results, folders), folders[0] if folders else None)


def folder_ending_in(name: str, directory: Path) -> Path | None:
    """The one output folder below ``directory`` whose path ends in ``name``, as reports shorten it; else None."""
    if Path(name).is_absolute() or not Path(name).parts or ".." in Path(name).parts:
        return None
    ends = glob.escape(str(Path(name)))
    found = [
        path
        for kind in _OUTPUTS
        for pattern in (ends, f"*/{ends}")
        for path in (directory / kind).glob(pattern)
        if path.is_dir()
    ]
    return found[0] if len(found) == 1 else None


def folders_to_check(name: str, directory: Path) -> list[Path]:
    """The folders of trials, or of a study of a whole space, that a name stands for.

    Raises:
        LauncherError: it is no such folder, and holds none.
    """
    path = directory / Path(name).expanduser()
    path = path.parent if path.name == RESULT_JSON and path.is_file() else path
    found = path if path.is_dir() else folder_ending_in(name, directory)
    if found is None:
        what = f"{name} is a file" if path.is_file() else f"there is no folder {name}"
        raise LauncherError(what, expected=_CHECKED, hint="python -m launcher check takes the newest one here")
    if any((found / file).is_file() for file in (RESULT_JSON, STUDY_JSON, CERTIFICATE_JSON)):
        return [found]
    below = [one for one in _trial_folders(found) if (one / RESULT_JSON).is_file()]
    if not below:
        raise LauncherError(f"{name} holds no result", where=str(found), expected=_CHECKED)
    return below


def _holds_results(folder: Path) -> bool:
    return (folder / RESULT_JSON).is_file() or any(folder.glob(f"*/{RESULT_JSON}"))


def _trial_folders(folder: Path) -> Iterator[Path]:
    """Folders of trials in natural order, so that trial 10 comes after trial 2."""
    if (folder / RESULT_JSON).is_file() or (folder / _HYDRA).is_dir():
        yield folder
        return
    with os.scandir(folder) as entries:
        below = [entry.path for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    for path in sorted(below, key=_natural):
        if Path(path).name != LAYERS_FOLDER:
            yield from _trial_folders(Path(path))


def _natural(path: str) -> tuple[object, ...]:
    name = Path(path).name
    return (_NUMBER.sub(lambda digits: digits[0].zfill(20), name), name)
