"""The roofline of a layer: what each bandwidth allows, and where the layer stands below it."""

from __future__ import annotations

from math import log10

import plotly.graph_objects as go

from launcher.reporting.diagrams.energy import component_styles
from launcher.reporting.diagrams.palette import OTHER_COLOUR, classes
from launcher.reporting.numbers import count, significant
from launcher.results.cycle_limits import CycleLimit, cycle_limits
from launcher.results.result import Result

_COLOURS = {name: colour.light for name, colour in classes()}
_ROOM = 2.5
_BANDWIDTHS = ("read", "write", "shared")


def roofline_figure(result: Result) -> go.Figure:
    """Operations per cycle over operations per word moved, both logarithmic: a roof and a point for each bandwidth.

    Raises:
        ValueError: there is no mapping, or one for each layer, or nothing has a bandwidth.
    """
    limits = [one for one in cycle_limits(result) if one.kind in _BANDWIDTHS and one.words and one.per_cycle]
    if not limits or result.evaluation is None:
        why = "each layer has its own: result.layers[0].result.plot_roofline()" if result.layers else None
        why = why or (result.reason if not result.ok else "no level has a bandwidth")
        raise ValueError(f"{result.name} has no roofline; {why}")
    computes = result.evaluation.computes
    reached = computes / result.cycles
    peak = reached / result.utilization
    places = [x for one in limits for x in (computes / one.words, peak / one.per_cycle)]
    left, right = min(places) / _ROOM, max(places) * _ROOM
    figure = go.Figure()
    ink = OTHER_COLOUR.light
    figure.add_scatter(x=[left, right], y=[peak, peak], mode="lines", name=f"{count(peak)} units", line={"color": ink})
    for one in limits:
        _add_roof(figure, result, one, left, peak)
    figure.add_scatter(
        x=[computes / one.words for one in limits],
        y=[reached] * len(limits),
        mode="markers+text",
        text=[f"{one.label}{', which limits' if one.limiting else ''}" for one in limits],
        textposition="bottom center",
        marker={"size": 11, "color": [_colour(result, one) for one in limits]},
        showlegend=False,
        hovertemplate="<b>%{text}</b><br>%{y:.3~s} operations per cycle<br>%{x:.3~s} per word<extra></extra>",
    )
    title = f"roofline of {result.name}: {significant(reached)} of {significant(peak)} operations per cycle"
    figure.update_layout(template="plotly_white", title=title, height=420)
    figure.update_xaxes(type="log", range=[log10(left), log10(right)], title="operations per word moved")
    return figure.update_yaxes(type="log", title="operations per cycle")


def _add_roof(figure: go.Figure, result: Result, one: CycleLimit, left: float, peak: float) -> None:
    figure.add_scatter(
        x=[left, peak / one.per_cycle],
        y=[left * one.per_cycle, peak],
        mode="lines",
        name=f"{one.label}, {significant(one.per_cycle)} words per cycle",
        line={"color": _colour(result, one)},
    )


def _colour(result: Result, one: CycleLimit) -> str:
    return _COLOURS[component_styles(result).get(one.component, "do")]
