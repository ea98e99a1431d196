"""Plotly figures of results, in the same colours as every other picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from launcher.figures import BY_KEY, METRICS, TABLES
from launcher.notebook.results import Results
from launcher.reporting.diagrams import cycle_limits
from launcher.reporting.diagrams.energy import component_styles, energy_bars
from launcher.reporting.diagrams.palette import COMPUTE_COLOUR, LEVELS, OTHER_COLOUR, classes
from launcher.reporting.numbers import with_unit
from launcher.results.energy_table import compute_name, energy_by_component_pj
from launcher.results.metrics import recorded_metrics
from launcher.results.result import Result
from launcher.summing import sum_in_order

_LARGEST_MARKER = 28
_COLOURS = {name: colour.light for name, colour in classes()}


def energies_figure(results: Results) -> go.Figure:
    """Energy by level of every trial that found a mapping, as stacked bars."""
    return energy_figure(results.labelled())


def energy_figure(results: Mapping[str, Result]) -> go.Figure:
    """Energy of each trial as a stacked bar, by storage level, network and compute units.

    Args:
        results: label -> trial; trials without a mapping are left out.
    """
    found = {label: one for label, one in results.items() if one.ok}
    energies: dict[str, dict[str, float]] = {}
    styles: dict[str, str] = {}
    for label, one in found.items():
        styles |= _styles(one)
        for name, value in energy_by_component_pj(one).items():
            energies.setdefault(name, {})[label] = value * 1e-6
    labels = list(found)
    bars = [
        go.Bar(
            name=name,
            x=labels,
            y=[values.get(label, 0.0) for label in labels],
            marker_color=_COLOURS[styles.get(name, "do")],
            hovertemplate="%{x}<br>" + name + ": %{y:.4~g} uJ<extra></extra>",
        )
        for name, values in energies.items()
    ]
    return _styled(go.Figure(bars), "energy by level", "", "energy uJ").update_layout(barmode="stack")


def breakdown_figure(result: Result) -> go.Figure:
    """Where the energy of one trial goes: a bar per level in parts by data space; of a network, per layer by level."""
    bars = energy_bars(result)
    parts = {part.name: part.css_class for bar in bars for part in bar.parts if part.energy_pj}
    traces = [
        go.Bar(
            name=name,
            orientation="h",
            y=[bar.label for bar in bars],
            x=[sum_in_order(part.energy_pj for part in bar.parts if part.name == name) * 1e-6 for bar in bars],
            marker_color=_COLOURS[css_class],
            hovertemplate="%{y}, " + name + ": %{x:.4~g} uJ<extra></extra>",
        )
        for name, css_class in parts.items()
    ]
    figure = _styled(go.Figure(traces), f"energy of {result.name}", "energy uJ", "")
    return figure.update_layout(barmode="stack").update_yaxes(autorange="reversed")


def cycles_figure(result: Result) -> go.Figure:
    """The cycles that compute and every bandwidth would need alone; the longest one limits, and stands out.

    Of a network: the cycles of each layer, all its runs together.
    """
    if result.layers:
        labels = [str(run.result.parameters.get("layer", run.result.name)) for run in result.layers]
        cycles = [run.result.cycles * run.runs for run in result.layers]
        colours = [COMPUTE_COLOUR.light] * len(labels)
    else:
        limits = cycle_limits(result)
        labels = [limit.label for limit in limits]
        cycles = [float(limit.cycles) for limit in limits]
        colours = [LEVELS[0].light if limit.limiting else OTHER_COLOUR.light for limit in limits]
    bars = go.Bar(
        orientation="h", y=labels, x=cycles, marker_color=colours, hovertemplate="%{y}: %{x:,} cycles<extra></extra>"
    )
    figure = _styled(go.Figure(bars), f"cycles of {result.name}", "cycles", "")
    return figure.update_yaxes(autorange="reversed")


def front_figure(results: Results, *, color: str | None = None) -> go.Figure:
    """Energy against cycles of every trial, with the front; the area of a point is the area of the chip.

    Args:
        results: trials without a mapping are left out.
        color: a parameter or a metric that colours the points; None means the first parameter that varies.
    """
    trials = results.ok
    if color is None:
        color = next(iter(results.varying), None)
    figure = _styled(go.Figure(), "energy against cycles", "cycles", "energy uJ")
    areas = [one.area_um2 * 1e-6 for one in trials]
    largest = max((area for area in areas if area > 0), default=1.0)
    figure.add_scatter(
        x=[one.cycles for one in trials],
        y=[one.energy_pj * 1e-6 for one in trials],
        mode="markers",
        name="trials",
        marker={
            "size": [area if area > 0 else largest for area in areas],
            "sizemode": "area",
            "sizeref": largest / _LARGEST_MARKER**2 * 2,
            "sizemin": 4,
            **(_coloured(trials, color) if color is not None and len(trials) else {}),
        },
        text=[_hover(results, one) for one in trials],
        hovertemplate="%{text}<extra></extra>",
    )
    front = results.front()
    figure.add_scatter(
        x=[one.cycles for one in front],
        y=[one.energy_pj * 1e-6 for one in front],
        mode="lines",
        name="front",
        line={"shape": "vh", "color": OTHER_COLOUR.light, "dash": "dot"},
        hoverinfo="skip",
    )
    return figure.update_layout(showlegend=False)


def parallel_figure(results: Results, metric: str = "edp_j_cycles") -> go.Figure:
    """Every trial as a line through its parameters and figures.

    Args:
        results: trials without a mapping are left out.
        metric: colours the lines; any figure that is recorded in MLflow.

    Raises:
        ValueError: no trial has this figure.
    """
    trials = results.ok
    figures = [recorded_metrics(one) for one in trials]
    if not any(metric in one for one in figures):
        known = sorted({name for one in figures for name in one})
        raise ValueError(f"no trial has a figure {metric!r}; there are {', '.join(known) or 'none'}")
    columns = [_dimension(name, [one.parameters.get(name) for one in trials]) for name in results.varying]
    for name in dict.fromkeys((*(next(iter(one.metric_names)) for one in TABLES), metric)):
        title, factor = _shown(name)
        columns.append({"label": title, "values": [one.get(name, float("nan")) * factor for one in figures]})
    line = {"color": [one.get(metric, float("nan")) for one in figures], "colorscale": "Viridis", "showscale": True}
    return go.Figure(go.Parcoords(dimensions=columns, line=line)).update_layout(template="plotly_white", height=380)


def _shown(metric: str) -> tuple[str, float]:
    """A metric's title with its unit, and the factor to it."""
    if metric not in METRICS:
        return metric, 1.0
    figure, factor = METRICS[metric]
    return figure.title_with_unit, figure.factor / factor


def _styles(result: Result) -> dict[str, str]:
    """CSS class of every component; those of a network are its layers' together."""
    parts = [run.result for run in result.layers] or [result]
    styles = {name: style for one in parts for name, style in component_styles(one).items()}
    return styles | {compute_name(result): "lc"}


def _coloured(trials: Results, name: str) -> dict[str, object]:
    values = [one.parameters[name] if name in one.parameters else recorded_metrics(one).get(name) for one in trials]
    column = _dimension(name, values)
    bar: dict[str, object] = {"title": {"text": name}}
    if "tickvals" in column:
        bar |= {"tickvals": column["tickvals"], "ticktext": column["ticktext"]}
    return {"color": column["values"], "colorscale": "Viridis", "showscale": True, "colorbar": bar}


def _dimension(name: str, values: Sequence[object]) -> dict[str, object]:
    """A column of numbers; words are numbered, in the order in which they appear."""
    if all(isinstance(value, int | float) for value in values):
        return {
            "label": name,
            "values": [float(value) for value in values if isinstance(value, int | float)],
        }
    words = list(dict.fromkeys(map(str, values)))
    places = [words.index(str(value)) for value in values]
    return {"label": name, "values": places, "tickvals": list(range(len(words))), "ticktext": words}


def _hover(results: Results, one: Result) -> str:
    energy, edp, size = (
        with_unit(BY_KEY[key], BY_KEY[key].of(one)) for key in ("energy_pj", "edp_j_cycles", "area_um2")
    )
    area = f"<br>{size}" if one.area_um2 > 0 else ""
    figures = f"{energy}<br>{one.cycles:,} cycles<br>EDP {edp}"
    return f"<b>{one.name}</b><br>{results.label(one)}<br>{figures}{area}"


def _styled(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    figure.update_layout(template="plotly_white", title=title, height=420, margin={"l": 60, "r": 20, "t": 50, "b": 50})
    return figure.update_xaxes(title=x).update_yaxes(title=y)
