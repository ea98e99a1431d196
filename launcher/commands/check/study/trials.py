"""A study's points composed again, from what study.json says."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.config.recompose import kept_composition
from launcher.config.trial import Trial
from launcher.sweeping.exhaustive.numbering import point_at
from launcher.sweeping.exhaustive.study_file import StudyFile
from launcher.sweeping.points.configurations import written

_BARE = ("tracking=none", "cache=false", "verify=false")
"""Nothing is kept, nothing that was kept is used, and nobody else is asked."""


@dataclass(frozen=True)
class StudyTrials:
    """Makes the trial of any point.

    Attributes:
        study: how its points are composed.
    """

    study: StudyFile

    def trial(self, number: int) -> Trial:
        """The trial of one point.

        Raises:
            LauncherError: it cannot be composed.
        """
        point = point_at(self.study.keys, number)
        groups = tuple(f"{key}={written(value)}" for key, value in point.items() if "." not in key)
        composed = kept_composition([*self.study.overrides, *_BARE, *groups], self.study.config_dir)
        return composed.at({key: value for key, value in point.items() if "." in key})


def layers_of(trial: Trial) -> tuple[Trial, ...]:
    """The trials of a network's layers; of a single layer, itself."""
    return trial.layers or (trial,)
