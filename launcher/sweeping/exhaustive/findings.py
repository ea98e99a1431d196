"""What an exhaustive search has found: figures of designs that were searched, the best, the front, and exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from launcher.engines.native.arrays import FloatArray, IntArray
from launcher.engines.native.designs.bounds import LayerBound
from launcher.results.goals import Goals
from launcher.sweeping.exhaustive.figure_bounds import EXACT
from launcher.sweeping.exhaustive.ledger import PointOutcome

SLACK = 1e-9
"""Bounds are sums in another order than figures: they are believed up to this share."""


@dataclass(frozen=True)
class Exclusion:
    """Designs that need not be searched.

    Attributes:
        members: their numbers.
        losses: lower bounds of their losses.
        layers: lower bounds of their layers.
        reason: ``bound``, a limit that none of them keeps, or ``no mapping``.
    """

    members: IntArray
    losses: tuple[float, ...]
    layers: tuple[LayerBound, ...]
    reason: str


BOUND, NO_MAPPING_REASON = "bound", "no mapping"


@dataclass
class Findings:
    """Grows as the search goes on.

    Attributes:
        goals: what is best.
        searched: design -> what came out.
        excluded: in the order in which they were.
        front: losses of those designs that nothing beats so far, limits kept, and which they are.
    """

    goals: Goals
    searched: dict[int, PointOutcome] = field(default_factory=dict)
    excluded: list[Exclusion] = field(default_factory=list)
    front: list[tuple[tuple[float, ...], int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._losses: FloatArray = np.zeros((0, len(self.goals.objectives)))
        self._exact = np.array([name in EXACT for name in self.goals.objectives])

    def add(self, design: int, outcome: PointOutcome) -> None:
        """Take down what came out of a design."""
        self.searched[design] = outcome
        losses = self.losses_of(outcome)
        if losses is None or self._is_beaten(np.array(losses)):
            return
        own = np.array(losses)
        keep = [one for one in self.front if not _dominates(own, np.array(one[0]))]
        self.front = [*keep, (losses, design)]
        self._losses = np.array([one for one, _ in self.front])

    def losses_of(self, outcome: PointOutcome) -> tuple[float, ...] | None:
        """Losses of a design that counts as good: it has all figures, and keeps the limits."""
        if outcome.status != "searched" or self.goals.missing(outcome.figures) or self.goals.broken(outcome.figures):
            return None
        return tuple(self.goals.losses(outcome.figures))

    def beats(self, losses: Sequence[float]) -> bool:
        """Whether some design is better than any whose losses have these lower bounds can be.

        Bounds that rounding may have raised must be clearly worse; an equal one is no reason to exclude.
        """
        bound = np.array(losses)
        finite = np.where(np.isfinite(bound), np.abs(bound), 0.0)
        return self._is_beaten(bound - np.where(self._exact, 0.0, finite * SLACK))

    def _is_beaten(self, losses: FloatArray) -> bool:
        if not len(self._losses):
            return False
        less = (self._losses <= losses).all(axis=1) & (self._losses < losses).any(axis=1)
        return bool(less.any())

    @property
    def best(self) -> float | None:
        """The least of the first objective's losses."""
        return float(self._losses[:, 0].min()) if len(self._losses) else None


def _dominates(one: FloatArray, other: FloatArray) -> bool:
    return bool((one <= other).all() and (one < other).any())
