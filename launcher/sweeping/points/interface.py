"""What a sweep wants of whoever chooses its points: a grid, a list of configurations, or Optuna."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from optuna.trial import FrozenTrial, Trial

Value = bool | int | float | str | None
"""What a point has for one key."""

Point = Mapping[str, Value]
"""Swept key -> value."""


Key = tuple[tuple[str, Value], ...]
"""A point, to be looked up."""


def key_of(point: Point) -> Key:
    """The same for points that are the same."""
    return tuple(sorted(point.items()))


class Points(Protocol):
    """The points of a sweep, one for each trial of a study."""

    @property
    def names(self) -> Sequence[str]:
        """The swept keys, in the order in which they were given."""

    @property
    def columns(self) -> Sequence[str]:
        """Those of them that tell trials apart."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What is swept, in words; sweeps with the same have the same points."""

    @property
    def fixed(self) -> Sequence[str]:
        """The overrides that all trials have in common."""

    @property
    def total(self) -> int:
        """Trials of the whole sweep; where :attr:`size` is known, those that repeat a point do not count."""

    @property
    def size(self) -> int | None:
        """Different points; None when there are too many to try all, or each is tried once anyway."""

    def number_of(self, trial: Trial | FrozenTrial) -> int:
        """What a trial is called: its number in its study, unless the sweep began with another one."""

    def choose(self, trial: Trial) -> Point:
        """The point of a trial, chosen now if it was not before."""

    def point_of(self, trial: Trial | FrozenTrial) -> Point:
        """The point of a trial that was chosen before."""

    def overrides(self, trial: Trial | FrozenTrial) -> Sequence[str]:
        """What a trial is told, the common overrides included."""
