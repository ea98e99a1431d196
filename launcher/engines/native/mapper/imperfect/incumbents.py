"""Compiled: what bounds must be like for anything better than the incumbent to follow."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.compilation import helper, kernel
from launcher.engines.native.mapper.kernels.branch import promising, value_of
from launcher.engines.native.mapper.kernels.search_tables import TIE_TOLERANCE, Goal, Rates


@helper
def within_reach(goal: Goal, rates: Rates, energy: float, steps: float) -> bool:
    """Whether a bound of the first criterion is as good as the incumbent; bounds with delays tell of no other one."""
    return bool(value_of(goal, 0, rates, energy, steps) <= goal.incumbent[0] * (1 + TIE_TOLERANCE))


@kernel
def reaches(goal: Goal, rates: Rates, energy: float, steps: float) -> bool:
    """``within_reach``, for callers that are not compiled."""
    return bool(within_reach(goal, rates, energy, steps))


@kernel
def most_busy(goal: Goal, rates: Rates, energy: float) -> float:
    """Busy cycles beyond which nothing that takes so much dynamic energy can be better than the incumbent."""
    low, high = 0.0, 1.0
    while high < goal.most_busy and promising(goal, rates, energy, high):
        low, high = high, 2 * high
    if high >= goal.most_busy:
        high = goal.most_busy
        if high == np.inf or promising(goal, rates, energy, high):
            return high
    while high - low > max(0.5, 1e-13 * high):
        middle = (low + high) / 2
        if promising(goal, rates, energy, middle):
            low = middle
        else:
            high = middle
    return high
