"""Axes of pictures over two figures, and stairs between their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

_DECADES = 1.0
"""An axis whose values span more than this is logarithmic."""

_MOST_DECADES = 4
"""Up to so many decades have marks between them."""


@dataclass(frozen=True)
class PlotAxis:
    """Values from ``low`` to ``high`` along a picture from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    def place(self, value: float) -> float:
        scale = log10 if self.logarithmic else float
        low, high = scale(self.low), scale(self.high)
        return self.start + (scale(value) - low) / (high - low) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        if self.logarithmic:
            decades = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            digits = (1, 2, 5) if len(decades) <= _MOST_DECADES else (1,)
            marks = [digit * 10.0**n for n in decades for digit in digits]
        else:
            step = _round_step((self.high - self.low) / 4)
            marks = [n * step for n in range(floor(self.low / step), ceil(self.high / step) + 1)]
        return [mark for mark in marks if self.low <= mark <= self.high]


def axis_of(values: Sequence[float], start: float, end: float, *, logarithmic: bool | None = None) -> PlotAxis:
    """An axis that has room for all values.

    Args:
        values: above 0.
        start, end: of the axis in the picture.
        logarithmic: None chooses by how far the values span.
    """
    low, high = min(values), max(values)
    if high / low > 10**_DECADES if logarithmic is None else logarithmic:
        return PlotAxis(low / 1.2, high * 1.2, start, end, logarithmic=True)
    room = (high - low or high) * 0.1
    return PlotAxis(low - room, high + room, start, end, logarithmic=False)


def _round_step(step: float) -> float:
    magnitude = 10.0 ** floor(log10(step))
    return next(digit * magnitude for digit in (1, 2, 5, 10) if digit * magnitude >= step)


def stairs(places: Sequence[tuple[float, float]]) -> str:
    """The points of a stair from the left to the right: what the front dominates lies above it."""
    corners: list[tuple[float, float]] = []
    for place in places:
        if corners:
            corners.append((place[0], corners[-1][1]))
        corners.append(place)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
