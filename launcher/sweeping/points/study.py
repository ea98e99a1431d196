"""The points of a study: Optuna chooses them from a space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, Trial

from launcher.sweeping.points.interface import Point
from launcher.sweeping.points.space import Space


@dataclass(frozen=True)
class StudyPoints:
    """Points of ``space``; ``total`` of them in all."""

    space: Space
    total: int

    @property
    def names(self) -> Sequence[str]:
        return [one.name for one in self.space.dimensions]

    @property
    def columns(self) -> Sequence[str]:
        return self.names

    @property
    def identity(self) -> Mapping[str, str]:
        return {one.name: str(one) for one in self.space.dimensions}

    @property
    def fixed(self) -> Sequence[str]:
        return self.space.fixed

    @property
    def size(self) -> int | None:
        return self.space.size

    def choose(self, trial: Trial) -> Point:
        return self.space.suggest(trial)

    def point_of(self, trial: Trial | FrozenTrial) -> Point:
        return dict(trial.params)

    def overrides(self, trial: Trial | FrozenTrial) -> Sequence[str]:
        return self.space.overrides(trial.params)
