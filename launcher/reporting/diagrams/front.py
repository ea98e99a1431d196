"""Energy against cycles of several trials, with the front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10, sqrt

from launcher.reporting.diagrams.svg import draw
from launcher.reporting.numbers import energy, short_count
from launcher.results.fronts import front_of
from launcher.results.result import Result

_WIDTH, _HEIGHT = 640.0, 360.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 20.0, 16.0, 46.0
_LARGEST, _LEAST = 11.0, 3.0
_MOST_LABELS = 8
_DECADES = 1.0
"""An axis whose values span more than this is logarithmic."""


def front_svg(results: Mapping[str, Result], *, standalone: bool = False) -> str:
    """A point per trial, the area of the chip as its size; the front is drawn and its trials are named.

    Args:
        results: label -> trial; those without a mapping are left out.
        standalone: a file of its own.

    Returns:
        The picture; empty when no trial has a mapping.
    """
    found = {label: one for label, one in results.items() if one.ok and one.energy_pj > 0 and one.cycles > 0}
    if not found:
        return ""
    x = _axis([one.cycles for one in found.values()], _LEFT, _WIDTH - _RIGHT)
    y = _axis([one.energy_pj for one in found.values()], _HEIGHT - _BOTTOM, _TOP)
    front = front_of(found, lambda label: (found[label].cycles, found[label].energy_pj))  # the fastest first
    largest = max((one.area_um2 for one in found.values() if isfinite(one.area_um2)), default=0.0)
    points = [
        {
            "x": x.place(one.cycles),
            "y": y.place(one.energy_pj),
            "r": _radius(one.area_um2, largest),
            "on_front": label in front,
            "hint": f"{label}: {energy(one.energy_pj)}, {one.cycles:,} cycles",
        }
        for label, one in found.items()
    ]
    steps = [(x.place(found[label].cycles), y.place(found[label].energy_pj)) for label in front]
    return draw(
        "front.svg.j2",
        standalone=standalone,
        title=f"energy against cycles of {len(found)} trials, {len(front)} on the front",
        width=_WIDTH,
        height=_HEIGHT,
        box=(_LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM),
        x_ticks=[(x.place(value), short_count(value)) for value in x.ticks],
        y_ticks=[(y.place(value), energy(value)) for value in y.ticks],
        points=points,
        line=_steps(steps),
        names=[
            {"x": place[0], "y": place[1], "text": label, "end": place[0] > _WIDTH / 2}
            for label, place in list(zip(front, steps, strict=True))[:_MOST_LABELS]
        ],
    )


@dataclass(frozen=True)
class _Axis:
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
            marks = [digit * 10.0**n for n in decades for digit in (1, 2, 5)]
        else:
            step = _round_step((self.high - self.low) / 4)
            marks = [n * step for n in range(floor(self.low / step), ceil(self.high / step) + 1)]
        return [mark for mark in marks if self.low <= mark <= self.high]


def _axis(values: Sequence[float], start: float, end: float) -> _Axis:
    low, high = min(values), max(values)
    logarithmic = high / low > 10**_DECADES
    if logarithmic:
        return _Axis(low / 1.2, high * 1.2, start, end, logarithmic=True)
    room = (high - low or high) * 0.1
    return _Axis(low - room, high + room, start, end, logarithmic=False)


def _round_step(step: float) -> float:
    magnitude = 10.0 ** floor(log10(step))
    return next(digit * magnitude for digit in (1, 2, 5, 10) if digit * magnitude >= step)


def _radius(area: float, largest: float) -> float:
    return max(_LEAST, _LARGEST * sqrt(area / largest)) if largest and isfinite(area) else _LEAST + 1


def _steps(places: Sequence[tuple[float, float]]) -> str:
    """The points of a stair from the left to the right: what the front dominates lies above it."""
    corners: list[tuple[float, float]] = []
    for place in places:
        if corners:
            corners.append((place[0], corners[-1][1]))
        corners.append(place)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
