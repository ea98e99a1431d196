"""Energy against cycles of several trials, with the front."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, sqrt

from launcher.reporting.diagrams.axes import axis_of, stairs
from launcher.reporting.diagrams.svg import draw
from launcher.reporting.numbers import energy, short_count
from launcher.results.fronts import front_of
from launcher.results.result import Result

_WIDTH, _HEIGHT = 640.0, 360.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 20.0, 16.0, 46.0
_LARGEST, _LEAST = 11.0, 3.0
_MOST_LABELS = 8


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
    x = axis_of([one.cycles for one in found.values()], _LEFT, _WIDTH - _RIGHT)
    y = axis_of([one.energy_pj for one in found.values()], _HEIGHT - _BOTTOM, _TOP)
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
        line=stairs(steps),
        names=[
            {"x": place[0], "y": place[1], "text": label, "end": place[0] > _WIDTH / 2}
            for label, place in list(zip(front, steps, strict=True))[:_MOST_LABELS]
        ],
    )


def _radius(area: float, largest: float) -> float:
    return max(_LEAST, _LARGEST * sqrt(area / largest)) if largest and isfinite(area) else _LEAST + 1
