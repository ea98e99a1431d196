"""How good designs can be over the values of one key: a dot for the best of all, a ring for the best one changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from launcher.reporting.diagrams.axes import PlotAxis
from launcher.reporting.diagrams.svg import draw, text_width

_WIDTH, _HEIGHT = 520.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 18.0, 14.0, 30.0
_TEXT = 12.0


@dataclass(frozen=True)
class ReachMark:
    """One value.

    Attributes:
        label: it.
        best: how good a design with it can be, as its figure; None where there is no good one.
        alone: how good the best design is with it instead of its own value; None where that is no design.
        chosen: whether the best design has it.
        hint: all of this in words.
    """

    label: str
    best: float | None
    alone: float | None
    chosen: bool
    hint: str


def plot_ends() -> tuple[float, float]:
    """Where the axis of figures begins and ends, from the bottom."""
    return _HEIGHT - _BOTTOM, _TOP


def reach_svg(
    title: str, marks: Sequence[ReachMark], axis: PlotAxis, text: Callable[[float], str], *, standalone: bool = False
) -> str:
    """The picture of one key.

    Args:
        title: for those who cannot see it.
        marks: in the order of the values.
        axis: of figures, which pictures beside each other share (see :func:`plot_ends`).
        text: a figure as people read it.
        standalone: a file of its own.
    """
    step = (_WIDTH - _RIGHT - _LEFT) / len(marks)
    places = [_LEFT + step * (n + 0.5) for n in range(len(marks))]
    return draw(
        "reach.svg.j2",
        standalone=standalone,
        title=title,
        width=_WIDTH,
        height=_HEIGHT,
        box=(_LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM),
        y_ticks=[(axis.place(value), text(value)) for value in axis.ticks],
        labels=list(_labels(marks, places, step)),
        marks=[
            {
                "x": x,
                "step": step,
                "best": None if mark.best is None else axis.place(mark.best),
                "alone": None if mark.alone is None else axis.place(mark.alone),
                "chosen": mark.chosen,
                "hint": mark.hint,
            }
            for x, mark in zip(places, marks, strict=True)
        ],
        line=_line(places, [mark.best for mark in marks], axis),
        alone=_line(places, [mark.alone for mark in marks], axis),
    )


def _line(places: Sequence[float], values: Sequence[float | None], axis: PlotAxis) -> str:
    """Through the points that there are."""
    pairs = zip(places, values, strict=True)
    return " ".join(f"{x:.1f},{axis.place(value):.1f}" for x, value in pairs if value is not None)


def _labels(marks: Sequence[ReachMark], places: Sequence[float], step: float) -> Iterator[tuple[float, str, bool]]:
    """Those for which there is room; always the chosen one."""
    room = max(text_width(mark.label, _TEXT) for mark in marks) + 8
    every = max(1, -(-int(room) // max(int(step), 1)))
    chosen = next((n for n, mark in enumerate(marks) if mark.chosen), 0)
    for n, (mark, x) in enumerate(zip(marks, places, strict=True)):
        if (n - chosen) % every == 0:
            yield x, mark.label, mark.chosen
