"""What results look like as the value of a notebook's cell: plain HTML that follows the notebook's theme."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from launcher.figures import TABLES
from launcher.notebook.results import Results
from launcher.reporting.diagrams import energy_svg, fused_svg, loop_nest_svg
from launcher.reporting.fused_nest import fused_nest
from launcher.reporting.layers import fusion_lines
from launcher.reporting.numbers import cell, count, percent, significant, with_unit
from launcher.reporting.terminal import describe_mapping
from launcher.reporting.trials import ranking_title
from launcher.results.fused import FusedLayers
from launcher.results.fused_savings import fused_groups
from launcher.results.layers import layer_rows
from launcher.results.parameters import plain
from launcher.results.result import Result
from launcher.results.trial_rows import rows_of_results

_MOST_ROWS = 20
_PICTURE_WIDTH, _WIDE = 640, 1400
_RIGHT = "text-align:right;white-space:nowrap"
_LEFT = "text-align:left"


def result_html(result: Result) -> str:
    """One trial: its figures, where the energy goes, and the loop nest or the layers; or why there is no mapping."""
    title = f"<b>{escape(result.name)}</b>"
    if not result.ok:
        return f"<div>{title}: {escape(result.status)}<br>{_lines(result.reason or 'no reason given')}</div>"
    figures = [(figure.title, with_unit(figure, figure.of(result))) for figure in TABLES]
    figures.append(("mapping", describe_mapping(result)))
    parts = [title, _table([name for name, _ in figures], [[value for _, value in figures]])]
    parts.append(_picture(energy_svg(result, standalone=True)))
    if result.layers:
        parts.append(_layers(result))
        parts += [f"<div>{escape(line)}</div>" for line in fusion_lines(result)]
        parts += [_group(result, group) for group in fused_groups(result)]
    else:
        parts.append(
            f"<details><summary>loop nest</summary>{_picture(loop_nest_svg(result, standalone=True))}</details>"
        )
    parts += [f"<div>note: {escape(flag)}</div>" for flag in result.flags]
    return f"<div>{''.join(parts)}</div>"


@dataclass(frozen=True)
class Picture:
    """An SVG picture that shows itself in a notebook.

    Attributes:
        svg: the picture as text, for a file as well.
    """

    svg: str = field(repr=False)

    def _repr_html_(self) -> str:
        return _picture(self.svg)


def mapping_picture(result: Result) -> Picture:
    """The loop nest, with what each level keeps.

    Raises:
        ValueError: there is no mapping, or one for each layer.
    """
    svg = loop_nest_svg(result, standalone=True)
    if not svg:
        hint = "each layer has its own: result.layers[0].result.plot_mapping()" if result.layers else result.reason
        raise ValueError(f"{result.name} has no mapping to draw; {hint or 'none was found'}")
    return Picture(svg)


def _group(result: Result, group: FusedLayers) -> str:
    """A fused group: its nest as a picture, and below it as text."""
    picture = _picture(fused_svg(result, [group], standalone=True), _WIDE)
    text = escape("\n".join(fused_nest(result, group)))
    title = escape(f"{' + '.join(group.layers)} as one nest")
    as_text = f"<details><summary>as text</summary><pre>{text}</pre></details>"
    return f"<details open><summary>{title}</summary>{picture}{as_text}</details>"


def results_html(results: Results) -> str:
    """All trials, best first, with the parameters that differ; the first ones when there are many."""
    if not results:
        return "<div>no trials</div>"
    names = results.varying
    ordered = results.best_to_worst()
    shown = ordered[:_MOST_ROWS]
    remarked = any(not one.ok for one in shown)
    headings = [*(names or ["trial"]), *(figure.title_with_unit for figure in TABLES)]
    rows = [_row(one, names, remarked=remarked) for one in shown]
    title = ranking_title(rows_of_results(results.trials, results.goals), results.goals)
    title += f"; the first {_MOST_ROWS} are shown" if len(ordered) > _MOST_ROWS else ""
    table = _table([*headings, *(["remark"] if remarked else [])], rows, left=len(names) or 1)
    skipped = "".join(f"<div>not read: {escape(reason)}</div>" for reason in results.skipped)
    return f"<div><b>{escape(title)}</b>{table}{skipped}</div>"


def _row(result: Result, names: Sequence[str], *, remarked: bool) -> list[str]:
    labels = [plain(result.parameters.get(name)) for name in names] or [result.name]
    figures = [cell(figure, figure.of(result)) for figure in TABLES]
    reason = (result.reason or "no reason given").splitlines()[0]
    remark = [] if not remarked else ["" if result.ok else f"{result.status}: {reason}"]
    return [*labels, *figures, *remark]


def _picture(svg: str, width: int = _PICTURE_WIDTH) -> str:
    """As an image, because the notebook would mix a picture's style with its own, or drop it."""
    encoded = b64encode(svg.encode()).decode()
    return f"<img style='width:100%;max-width:{width}px' src='data:image/svg+xml;base64,{encoded}'>"


def _layers(result: Result) -> str:
    rows = [
        [row.layer, count(row.runs), significant(row.energy_uj), count(row.cycles), percent(row.utilization)]
        for row in layer_rows(result)
    ]
    return _table(["layer", "runs", "energy uJ", "cycles", "utilization"], rows)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """The first ``left`` columns and remarks are aligned to the left, figures to the right."""
    styles = [_LEFT if n < left or name == "remark" else _RIGHT for n, name in enumerate(headings)]
    head = "".join(f"<th style='{style}'>{escape(name)}</th>" for name, style in zip(headings, styles, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td style='{style}'>{escape(cell)}</td>" for cell, style in zip(row, styles, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
