"""Two figures of several trials against each other, with the front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite, sqrt
from typing import Literal, TypeVar

from launcher.figures import METRICS
from launcher.reporting.best_words import values_words
from launcher.reporting.diagrams.axes import axis_of, stairs
from launcher.reporting.diagrams.svg import draw
from launcher.reporting.metric_words import metric_text, metric_title, typeset
from launcher.reporting.numbers import energy, short_count
from launcher.results.fronts import front_of
from launcher.results.goals import Goals, parse_goals
from launcher.results.result import Result
from launcher.results.trial_rows import rows_of_results

_WIDTH, _HEIGHT = 640.0, 360.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 20.0, 16.0, 46.0
_LARGEST, _LEAST = 11.0, 3.0
_MOST_LABELS = 8
_LONG = 1e4
"""A number on an axis that is written with k, M or G."""

_ENERGY_AND_CYCLES = parse_goals(["energy_pj", "cycles"])

T = TypeVar("T")

Better = Literal["less", "more"]


@dataclass(frozen=True)
class PlottedTrial:
    """One trial.

    Attributes:
        label: what to call it.
        x, y: its figures, above 0.
        area_um2: of its chip; NaN where it is not known.
        hint: more about it.
    """

    label: str
    x: float
    y: float
    area_um2: float
    hint: str


@dataclass(frozen=True)
class PlottedFigure:
    """What an axis shows.

    Attributes:
        title: its name.
        text: a value as people read it.
        better: which way is.
    """

    title: str
    text: Callable[[float], str]
    better: Better = "less"


def plotted_metric(name: str, direction: str) -> PlottedFigure:
    """A metric as an axis shows it; energies say their unit with each number.

    Args:
        name: in objectives.
        direction: ``minimize`` or ``maximize``.
    """
    figure = METRICS[name][0] if name in METRICS else None
    unit = typeset(figure.unit) if figure is not None and figure.key != "energy_pj" else ""
    better: Better = "less" if direction == "minimize" else "more"
    return PlottedFigure(f"{metric_title(name)} in {unit}".removesuffix(" in "), partial(_tick, name), better)


def _tick(metric: str, value: float) -> str:
    """A round number on an axis, in the axis's unit."""
    figure, factor = METRICS.get(metric, (None, 1.0))
    if figure is None or figure.kind == "share":
        return metric_text(metric, value)
    if figure.key == "energy_pj":
        return energy(value / factor)
    shown = value / factor * figure.factor
    return short_count(shown) if abs(shown) >= _LONG else f"{shown:g}"


def front_svg(results: Mapping[str, Result], goals: Goals | None = None, *, standalone: bool = False) -> str:
    """The first objective against the second, a point per trial, the chip's area as its size; the front is named.

    Args:
        results: label -> trial; those without a mapping, without one of the figures, or beyond a limit are left out.
        goals: what their sweep was after; without two objectives it is energy against cycles.
        standalone: a file of its own.

    Returns:
        The picture; empty when no trial is left.
    """
    plane = goals if goals is not None and goals.several else _ENERGY_AND_CYCLES
    (up, across), (up_way, across_way) = plane.objectives[:2], plane.directions[:2]
    rows = rows_of_results(results.values(), goals or plane)
    trials = [
        PlottedTrial(
            label, row.metrics[across], row.metrics[up], one.area_um2, f"{label}: {typeset(values_words(row, plane))}"
        )
        for (label, one), row in zip(results.items(), rows, strict=True)
        if row.ok and (plane is not goals or row.good) and min(row.metrics.get(name, 0.0) for name in (up, across)) > 0
    ]
    return scatter_svg(trials, plotted_metric(across, across_way), plotted_metric(up, up_way), standalone=standalone)


def scatter_svg(
    trials: Sequence[PlottedTrial], across: PlottedFigure, up: PlottedFigure, *, standalone: bool = False
) -> str:
    """One figure against another, a point per trial; what no trial beats in both is the front.

    Args:
        trials: any number.
        across, up: what their figures are.
        standalone: a file of its own.

    Returns:
        The picture; empty when there is no trial.
    """
    if not trials:
        return ""
    x = axis_of([one.x for one in trials], _LEFT, _WIDTH - _RIGHT)
    y = axis_of([one.y for one in trials], _HEIGHT - _BOTTOM, _TOP)
    front = front_of(trials, lambda one: (_loss(one.x, across), _loss(one.y, up)))  # the best in x first
    on_front = {(one.x, one.y) for one in front}
    largest = max((one.area_um2 for one in trials if isfinite(one.area_um2)), default=0.0)
    steps = [(x.place(one.x), y.place(one.y)) for one in front]
    return draw(
        "front.svg.j2",
        standalone=standalone,
        title=f"{up.title} against {across.title} of {len(trials)} trials, {len(front)} on the front",
        width=_WIDTH,
        height=_HEIGHT,
        box=(_LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM),
        across=f"{across.title} ({_direction(across, up)} is better; a larger point is a larger chip)",
        x_ticks=[(x.place(value), across.text(value)) for value in x.ticks],
        y_ticks=[(y.place(value), up.text(value)) for value in y.ticks],
        points=[
            {
                "x": x.place(one.x),
                "y": y.place(one.y),
                "r": _radius(one.area_um2, largest),
                "on_front": (one.x, one.y) in on_front,
                "hint": one.hint,
            }
            for one in trials
        ],
        line=stairs(steps),
        names=[
            {"x": place[0], "y": place[1], "text": one.label, "end": place[0] > _WIDTH / 2}
            for one, place in _spread(list(zip(front, steps, strict=True)))
        ],
    )


def _spread(items: Sequence[T]) -> list[T]:
    """As many as can be named, from one end to the other."""
    last, most = len(items) - 1, _MOST_LABELS - 1
    return list(items) if last <= most else [items[round(n * last / most)] for n in range(most + 1)]


def _loss(value: float, figure: PlottedFigure) -> float:
    return value if figure.better == "less" else -value


def _direction(across: PlottedFigure, up: PlottedFigure) -> str:
    """Which corner is the good one."""
    return f"{'down' if up.better == 'less' else 'up'} and {'left' if across.better == 'less' else 'right'}"


def _radius(area: float, largest: float) -> float:
    return max(_LEAST, _LARGEST * sqrt(area / largest)) if largest and isfinite(area) else _LEAST + 1
