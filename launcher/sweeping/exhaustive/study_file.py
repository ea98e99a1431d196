"""``study.json``: what one needs to map any point of a study again."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.config.data_only import check_data, check_data_override
from launcher.errors import LauncherError
from launcher.results.files import STUDY_JSON
from launcher.sweeping.exhaustive.numbering import Keys, point_at, size_of
from launcher.sweeping.points.configurations import written
from launcher.whole_files import write_text


@dataclass(frozen=True)
class StudyFile:
    """How the points of a study were composed.

    Attributes:
        overrides: what all of them have in common.
        keys: swept key, as an override writes it (``+`` included) -> its values, in order.
        config_dir: a folder with groups and templates of the user's own; None when there is none.
    """

    overrides: tuple[str, ...]
    keys: Keys
    config_dir: Path | None = None

    @property
    def size(self) -> int:
        """The number of points."""
        return size_of(self.keys)

    def overrides_of(self, number: int) -> list[str]:
        """What a command line would say to run one point alone."""
        point = point_at(self.keys, number)
        return [*self.overrides, *(f"{key}={written(value)}" for key, value in point.items())]

    def write(self, folder: Path) -> None:
        """Write it into a study's folder."""
        own = {"overrides": self.overrides, "keys": {key: list(values) for key, values in self.keys.items()}}
        place = {"config_dir": str(self.config_dir)} if self.config_dir else {}
        write_text(folder / STUDY_JSON, json.dumps({**own, **place}, indent=1) + "\n")


def read_study(folder: Path, config_dir: Path | None = None) -> StudyFile:
    """What a study wrote into its folder.

    Args:
        folder: of the study.
        config_dir: a folder with groups of the user's own, which the file alone must not choose: groups name programs.

    Raises:
        LauncherError: the folder is none of a study, the file is damaged, or it sets what a file must not.
    """
    file = folder / STUDY_JSON
    if not file.is_file():
        raise LauncherError(
            f"{folder} is no study whose points have numbers",
            expected=f"a folder in which hydra/sweeper=exhaustive left {STUDY_JSON}",
            hint=f"python -m launcher show {folder} shows a trial, or the best one of another sweep",
        )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        keys = {str(key): tuple(values) for key, values in found["keys"].items()}
        place = found.get("config_dir")
        study = StudyFile(tuple(map(str, found["overrides"])), keys, Path(place) if place else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LauncherError(f"the study's file is damaged: {type(error).__name__} {error}", where=str(file)) from error
    if not study.size:
        raise LauncherError("the study's file is damaged: a key has no values", where=str(file))
    for override in study.overrides:
        check_data_override(override, str(file))
    for key, values in study.keys.items():
        for value in values:
            check_data(key, value, str(file))
    if study.config_dir is not None and config_dir is None:
        raise LauncherError(
            f"the study was composed with groups from {study.config_dir}",
            where=str(file),
            hint=f"--config-dir {study.config_dir}, if you trust that folder",
        )
    return replace(study, config_dir=config_dir)
