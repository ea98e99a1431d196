"""The page on a study that settled a whole space: its answer, the best designs, which keys matter; no scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from launcher.installed import own_version
from launcher.reporting.diagrams.axes import PlotAxis, axis_of
from launcher.reporting.diagrams.bars import DrawnBar, bars_svg
from launcher.reporting.diagrams.front import PlottedFigure, PlottedTrial, scatter_svg
from launcher.reporting.diagrams.reach import ReachMark, plot_ends, reach_svg
from launcher.reporting.page.assets import environment, made_at, style


@dataclass(frozen=True)
class StudyRow:
    """One of the best designs.

    Attributes:
        cells: as the table's headings say.
        link: address of its own page; empty when its files were not kept.
        best: whether nothing beats it.
    """

    cells: tuple[str, ...]
    link: str
    best: bool


@dataclass(frozen=True)
class StudyKey:
    """What one key does.

    Attributes:
        title: it, and how much it matters.
        marks: its values.
    """

    title: str
    marks: tuple[ReachMark, ...]


@dataclass(frozen=True)
class StudyScatter:
    """Two objectives against each other.

    Attributes:
        trials: that were searched.
        across, up: the objectives.
    """

    trials: tuple[PlottedTrial, ...]
    across: PlottedFigure
    up: PlottedFigure


Kind = Literal["searched", "excluded", "limit", "infeasible", "failed", "open"]

_SHARES: Mapping[Kind, tuple[str, str]] = {
    "searched": ("searched", "l2"),
    "excluded": ("excluded by bounds", "l0"),
    "limit": ("excluded by limits", "l1"),
    "infeasible": ("without a mapping", "l3"),
    "failed": ("no design", "l4"),
    "open": ("open", "do"),
}
"""What became of points -> how it is called, and the class of its colour."""


@dataclass(frozen=True)
class StudyShown:
    """All that the page says.

    Attributes:
        title: what was searched.
        answer: sentences; the first is the answer.
        facts: headings and texts.
        headings: of the table of designs: text, and whether it stands to the left.
        rows: the best first.
        designs: how many were searched, those that are not shown included.
        counts: of points, by what became of them.
        figure: what the pictures of the keys are about.
        keys: those that have an effect, the strongest first.
        idle: those that have none.
        scatters: of several objectives.
        trust: what the answer rests on.
    """

    title: str
    answer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    headings: tuple[tuple[str, bool], ...]
    rows: tuple[StudyRow, ...]
    designs: int
    counts: Mapping[Kind, int]
    figure: PlottedFigure
    keys: tuple[StudyKey, ...] = ()
    idle: tuple[str, ...] = ()
    scatters: tuple[StudyScatter, ...] = ()
    trust: tuple[str, ...] = field(default=())


def study_page(shown: StudyShown) -> str:
    """The page: one HTML file that needs no network and no scripts."""
    return (
        environment()
        .get_template("study.html.j2")
        .render(
            shown=shown,
            style=style(),
            pictures=_pictures(shown.keys, shown.figure.text),
            scatters=[_scatter(one) for one in shown.scatters if one.trials],
            shares=_shares(shown.counts),
            version=own_version(),
            now=made_at(),
        )
    )


def _scatter(one: StudyScatter) -> tuple[str, str]:
    return f"{one.up.title} against {one.across.title}", scatter_svg(one.trials, one.across, one.up)


def _pictures(keys: Sequence[StudyKey], text: Callable[[float], str]) -> list[tuple[str, str]]:
    """Title and picture of each key, on one scale."""
    axis = _axis(keys)
    if axis is None:
        return []
    return [(one.title, reach_svg(one.title, one.marks, axis, text)) for one in keys]


def _axis(keys: Sequence[StudyKey]) -> PlotAxis | None:
    figures = [value for key in keys for mark in key.marks for value in (mark.best, mark.alone) if value is not None]
    return axis_of(figures, *plot_ends()) if figures and min(figures) > 0 else None


def _shares(counts: Mapping[Kind, int]) -> str:
    size = sum(counts.values())
    bars = [
        DrawnBar(label, css, ((css, float(counts[kind]), f"{label}: {counts[kind]:,} points"),), text, share)
        for kind, (label, css) in _SHARES.items()
        if counts.get(kind)
        for text, share in ((f"{counts[kind]:,}", counts[kind] / size),)
    ]
    return bars_svg("what became of the points", bars, labels=(90, 170), values=130)
