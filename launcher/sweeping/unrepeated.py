"""A sampler whose points differ from all that a study has, as long as there are others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from launcher.sweeping.followed import FollowedTrials
from launcher.sweeping.points.interface import Key, key_of
from launcher.sweeping.points.space import Space

_DRAWS = 4
"""What proposes as many known points in a row is given one that nobody has tried, drawn at random."""


class Unrepeated(BaseSampler):
    """Asks another sampler again when it proposes a point of a finite space that was tried or is under way.

    Args:
        inner: proposes the points.
        space: finite.
        seed: of what is drawn at random.
    """

    def __init__(self, inner: BaseSampler, space: Space, seed: int) -> None:
        self._inner = inner
        self._space = space
        self._seed = seed
        self._followed: FollowedTrials | None = None
        self._taken: set[Key] = set()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All keys: a point is chosen whole."""
        return {one.name: one.distribution for one in self._space.dimensions}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A point that no other trial has; any when there is none left, which ends the study."""
        given = trial.system_attrs.get("fixed_params", {})
        taken = self._points_of_others(study, trial)
        point: dict[str, Any] = {}
        for _ in range(_DRAWS):
            point = {**self._proposed(study, trial), **given}
            if key_of(point) not in taken or len(given) == len(point):
                return point
        draw = Random(f"{self._seed} {trial.number}")  # noqa: S311
        return {**(self._space.other_than(taken, draw) or point), **given}

    def _points_of_others(self, study: Study, trial: FrozenTrial) -> set[Key]:
        """The points of the study's other trials, of those that wait for their turn as well; they never change."""
        if self._followed is None or self._followed.study is not study:
            self._followed, self._taken = FollowedTrials(study), set()
        look = self._followed.look()
        others = [one for one in (*look.ended, *look.open) if one.number != trial.number]
        points = [one.params or one.system_attrs.get("fixed_params", {}) for one in others]
        self._taken |= {key_of(point) for point in points if len(point) == len(self._space.dimensions)}
        return self._taken

    def _proposed(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        together = self._inner.sample_relative(study, trial, self._inner.infer_relative_search_space(study, trial))
        return {
            one.name: together[one.name]
            if one.name in together
            else self._inner.sample_independent(study, trial, one.name, one.distribution)
            for one in self._space.dimensions
        }

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The inner sampler's; of what is in no space, as all keys are chosen together."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def reseed_rng(self) -> None:
        """Let processes that share a seed draw apart."""
        self._inner.reseed_rng()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """The inner sampler's preparations."""
        self._inner.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """What the inner sampler learns."""
        self._inner.after_trial(study, trial, state, values)
