"""Horizontal bars in pieces, whatever they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from launcher.reporting.diagrams.svg import draw, text_width
from launcher.summing import sum_in_order

_WIDTH = 520.0
_ROW = 26.0
_TEXT = 13.0
_LEGEND = 26.0
_BOLD = 1.1  # bold letters are wider


@dataclass(frozen=True)
class DrawnBar:
    """One bar.

    Attributes:
        label: what it stands for.
        css_class: the colour of what it stands for; none when empty.
        pieces: CSS class, size and hint of each piece.
        value: its size, as people read it.
        share: of the whole.
        strong: whether it stands out, as the one that limits.
    """

    label: str
    css_class: str
    pieces: tuple[tuple[str, float, str], ...]
    value: str
    share: float
    strong: bool = False


def bars_svg(
    title: str,
    bars: Sequence[DrawnBar],
    *,
    labels: tuple[float, float],
    values: float,
    legend: Mapping[str, str] | None = None,
    standalone: bool = False,
) -> str:
    """The bars below each other, the longest as long as there is room.

    Args:
        title: for those who cannot see it.
        bars: at least one with a size.
        labels: the least and the most room for the labels.
        values: room for the values behind the bars.
        legend: what the pieces stand for, and their CSS classes.
        standalone: a file of its own.
    """
    wanted = max(text_width(bar.label, _TEXT) * (_BOLD if any(one.strong for one in bars) else 1) for bar in bars) + 22
    left = min(labels[1], max(labels[0], wanted))
    scale = (_WIDTH - left - values) / max(sum_in_order(size for _, size, _ in bar.pieces) for bar in bars)
    top = _LEGEND + 4 if legend is not None else 4.0
    return draw(
        "bars.svg.j2",
        standalone=standalone,
        title=title,
        width=_WIDTH,
        height=top + _ROW * len(bars) + 4,
        top=top,
        row=_ROW,
        left=left,
        legend=_placed(legend or {}),
        bars=[_drawn(bar, left, scale) for bar in bars],
    )


def _drawn(bar: DrawnBar, left: float, scale: float) -> dict[str, object]:
    x, rects = left, []
    for css_class, size, hint in bar.pieces:
        if size > 0:
            rects.append((css_class, x, size * scale, hint))
            x += size * scale
    return {**vars(bar), "rects": rects, "end": x}


def _placed(legend: Mapping[str, str]) -> list[tuple[str, str, float]]:
    placed, x = [], 0.0
    for name, css_class in legend.items():
        placed.append((name, css_class, x))
        x += text_width(name, 12) + 30
    return placed
