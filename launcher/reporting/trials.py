"""Tables of the trials of a sweep: all of them, best first, and the best by each figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from math import isfinite, nan
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from launcher.figures import BY_KEY, CRITERIA, METRICS, TABLES, Figure
from launcher.reporting.best_words import goals_words
from launcher.reporting.console import tell_left_out
from launcher.reporting.numbers import cell, count, significant
from launcher.results.best import best_by_goals, best_rows, front_first
from launcher.results.goals import Goals, direction_of
from launcher.results.parameters import ABSENT, plain, swept_parameters
from launcher.results.ranking import comparable
from launcher.results.result import Result
from launcher.results.trial_rows import PRUNED, TrialRow, row_value, rows_of_results

_COLUMN_GAP = 3
_LEAST_REMARK_WIDTH = 24
_LONG_WORD = 8
_NAME, _REMARK = "trial", "remark"


class _Layout(Enum):
    """How parameters are laid out: a column each, with shorter and shorter headings, or all of them in one."""

    COLUMNS = "columns"
    SHORT_HEADINGS = "headings cut at underscores"
    NARROW_HEADINGS = "long words in two as well"
    JOINED = "joined"


@dataclass(frozen=True)
class _Column:
    """One column: a figure's is aligned to the right; ``needed`` ones stay however narrow the terminal is.

    Of the others the one with the least ``weight`` is left out first.
    """

    heading: str
    cells: Sequence[Text]
    justify: Literal["left", "right"] = "right"
    needed: bool = True
    folds: bool = False
    weight: int = 0


def print_trials(
    results: Sequence[Result], console: Console, goals: Goals, *, most: int | None = None, every: bool = False
) -> None:
    """Print trials that were read back, best first, with the parameters that differ between them.

    Args:
        results: the trials, in any order.
        console: where to print.
        goals: what decides which is best.
        most: how many rows at most; None means all.
        every: of several objectives all trials, the front first; otherwise the front alone.
    """
    if not results:
        console.print("no trials")
        return
    print_ranked(*_rows_of(results, goals), goals, console, most=most, every=every)


def print_ranked(
    rows: Sequence[TrialRow],
    parameters: Sequence[str],
    goals: Goals,
    console: Console,
    *,
    most: int | None = None,
    numbered: bool = False,
    every: bool = False,
) -> None:
    """Print rows from the best to the worst; of several objectives the front.

    Args:
        rows: at least one, in any order.
        parameters: what tells them apart.
        goals: what decides which is best.
        console: where to print.
        most: how many at most; None means all.
        numbered: whether the trials' numbers are shown.
        every: of several objectives all rows, the front first.
    """
    best = best_rows(rows, goals)
    front = best if goals.several and not every else []
    ordered = front or front_first([row for row in rows if row.same_as is None or goals.listed], goals)
    shown = ordered[:most]
    cut = f", {len(shown):,} shown" if len(shown) < len(ordered) else ""
    print_rows(
        shown,
        parameters,
        console,
        title=f"{ranking_title(rows, goals)}{cut}",
        needed=(*(ranking_metrics(goals.criteria, rows) if goals.criteria else ()), *goals.metrics),
        numbered=numbered,
        bold_first=not goals.several,
    )
    if rows and not best and any(row.ok for row in rows) and goals.constraints:
        limits = ", ".join(map(str, goals.constraints))
        console.print(f"[yellow]no trial keeps {escape(limits)}[/]", highlight=False)


def ranking_title(rows: Sequence[TrialRow], goals: Goals) -> str:
    """How many trials there are, and in which order they stand."""
    if goals.criteria:
        return f"{counts(rows)}, {best_first(goals.criteria, rows)}"
    limits = f" with {', '.join(map(str, goals.constraints))}" if goals.constraints else ""
    if goals.several:
        return f"{counts(rows)}, by {goals_words(goals)}{limits}; front of {len(best_rows(rows, goals))}"
    usual = goals.directions[0] == direction_of(goals.objectives[0])
    return f"{counts(rows)}, {'best ' if usual else ''}{goals_words(goals)} first{limits}"


def print_best(results: Sequence[Result], console: Console, goals: Goals) -> None:
    """Print the best of trials that were read back by each figure, with the parameters that differ between them."""
    print_best_rows(*_rows_of(results, goals), console, goals)


def _rows_of(results: Sequence[Result], goals: Goals) -> tuple[list[TrialRow], list[str]]:
    """Rows, and what tells them apart: swept parameters, else their names."""
    rows, parameters = rows_of_results(results, goals), swept_parameters(results)
    if parameters:
        return rows, parameters
    return [replace(row, point={_NAME: one.name}) for row, one in zip(rows, results, strict=True)], [_NAME]


def counts(rows: Sequence[TrialRow]) -> str:
    """How many trials there are, and how many of them are worth a remark."""
    failures = sum(row.state in ("infeasible", "failed") for row in rows)
    running = sum(row.state == "running" for row in rows)
    pruned = sum(row.state == PRUNED and row.same_as is None for row in rows)
    broken = sum(bool(row.broken) for row in rows)
    again = sum(row.same_as is not None for row in rows)
    notes = [
        "1 trial" if len(rows) == 1 else f"{len(rows):,} trials",
        f"{failures} without a mapping" if failures else "",
        f"{pruned} left out by their bounds" if pruned else "",
        f"{broken} beyond a constraint" if broken else "",
        f"{again} repeat{'s' if again == 1 else ''} a point" if again else "",
        f"{running} running" if running else "",
    ]
    return ", ".join(filter(None, notes))


def best_first(objective: str | Sequence[str], rows: Sequence[TrialRow] = ()) -> str:
    """``best EDP first``; of rows whose cycles are not equally long, in which figure that is."""
    figures = _ranking_figures(objective, ())
    in_time = _ranking_figures(objective, rows)
    words = f"best {', then '.join(one.title for one in in_time)} first"
    return words if in_time == figures else f"{words} (their cycles differ in length)"


def ranking_metrics(objective: str | Sequence[str], rows: Sequence[TrialRow]) -> list[str]:
    """The metrics by which rows are ranked."""
    return [next(iter(one.metric_names)) for one in _ranking_figures(objective, rows)]


def _ranking_figures(objective: str | Sequence[str], rows: Sequence[TrialRow]) -> list[Figure]:
    names = [objective] if isinstance(objective, str) else objective
    return comparable([BY_KEY[CRITERIA[name].figure] for name in names], rows, row_value)


def print_rows(
    rows: Sequence[TrialRow],
    parameters: Sequence[str],
    console: Console,
    *,
    title: str,
    needed: Sequence[str] = (),
    numbered: bool = False,
    bold_first: bool = True,
) -> None:
    """Print rows in their order. Figures that do not fit are left out, the last one first.

    Args:
        rows: at least one.
        parameters: what tells them apart, a column each.
        console: where to print.
        title: above the table.
        needed: metrics that are never left out.
        numbered: whether the trials' numbers are shown.
        bold_first: whether the first row is the best one.
    """
    console.print(title, style="table.title", highlight=False, markup=False, soft_wrap=True)
    remarks = [f"{row.state}: {_first_line(row.reason)}" if not row.ok else row.remark for row in rows]
    styles = ["red" if not row.ok else "dim" if row.broken else "" for row in rows]
    if bold_first and not styles[0]:
        styles[0] = "bold"
    first = [_Column(_NAME, [Text(str(row.number)) for row in rows])] if numbered else []
    figures = _figure_columns(rows, needed)
    columns = _fitting(first, rows, parameters, figures, console)
    room = console.width - _width_of(columns, console) - _COLUMN_GAP
    if room >= min(_LEAST_REMARK_WIDTH, max(map(len, remarks))):
        console.print(_table([*columns, *_remark_column(remarks, folds=True)], styles))
        tell_left_out(console, [one.heading for one in figures if one not in columns])
        return
    # Too narrow for sentences in a column: number them and print them below.
    numbers = {text: f"({i})" for i, text in enumerate(dict.fromkeys(filter(None, remarks)), 1)}
    last = _remark_column([numbers.get(remark, "") for remark in remarks])
    columns = _fitting(first, rows, parameters, [*figures, *last], console)
    console.print(_table(columns, styles))
    tell_left_out(console, [one.heading for one in figures if one not in columns])
    for text, number in numbers.items():
        console.print(f"{number} {escape(text)}", soft_wrap=True)


def print_best_rows(rows: Sequence[TrialRow], parameters: Sequence[str], console: Console, goals: Goals) -> None:
    """Print which row is best by each figure that is an objective or a contest."""
    best = best_by_goals(rows, goals)
    if not best:
        return
    first = [_Column("", [Text(figure.title) for figure in best], "left")]
    figures = _figure_columns([*best.values()], [name for one in best for name in one.metric_names])
    for place, figure in enumerate(best):
        next(one for one in figures if one.heading == figure.heading).cells[place].stylize("bold")
    console.print("best by", style="table.title")
    columns = _fitting(first, [*best.values()], parameters, figures, console)
    console.print(_table(columns, [""] * len(best)))
    tell_left_out(console, [one.heading for one in figures if one not in columns])


def _table(columns: Sequence[_Column], styles: Sequence[str]) -> Table:
    """A column is never narrower than what stands in it, or than its longest word where it folds."""
    table = Table(box=box.SIMPLE_HEAD)
    for one in columns:
        lines = [line for text in one.cells for line in (text.plain.split() if one.folds else [text.plain])]
        width = max(map(len, (*one.heading.splitlines(), *lines)))
        free = one.folds and one.heading == _REMARK
        overflow: Literal["fold", "ellipsis"] = "fold" if one.folds else "ellipsis"
        table.add_column(
            escape(one.heading),
            justify=one.justify,
            no_wrap=not one.folds,
            overflow=overflow,
            min_width=None if free else width,
        )
    for cells, style in zip(zip(*(one.cells for one in columns), strict=True), styles, strict=True):
        table.add_row(*cells, style=style)
    return table


def _remark_column(remarks: Sequence[str], *, folds: bool = False) -> list[_Column]:
    return [_Column(_REMARK, list(map(Text, remarks)), "left", folds=folds)] if any(remarks) else []


def _parameter_columns(rows: Sequence[TrialRow], parameters: Sequence[str], layout: _Layout) -> list[_Column]:
    points = [{name: plain(row.point.get(name, ABSENT)) for name in parameters} for row in rows]
    if layout is not _Layout.JOINED:
        return [_Column(_heading(name, layout), [Text(one[name]) for one in points], "left") for name in parameters]
    joined = [" ".join(f"{name.rpartition('.')[2]}={value}" for name, value in one.items()) for one in points]
    return [_Column("parameters", list(map(Text, joined)), "left", folds=True)]


def _heading(name: str, layout: _Layout) -> str:
    """A key in several lines, cut at its dots, then at underscores, then within long words."""
    heading = name.replace(".", ".\n")
    if layout is _Layout.COLUMNS:
        return heading
    pieces = heading.replace("_", "_\n").splitlines()
    if layout is _Layout.NARROW_HEADINGS:
        pieces = [_in_two(piece) if len(piece) > _LONG_WORD else piece for piece in pieces]
    return "\n".join(pieces)


def _in_two(word: str) -> str:
    return f"{word[: _LONG_WORD - 1]}-\n{word[_LONG_WORD - 1 :]}"


def _figure_columns(rows: Sequence[TrialRow], needed: Sequence[str]) -> list[_Column]:
    """Needed metrics that tables do not have, then the figures of tables that any row has."""
    columns = []
    for name in dict.fromkeys(needed):
        figure = METRICS[name][0] if name in METRICS else None
        if figure is None:
            values = [significant(row.metrics.get(name, nan)) for row in rows]
            columns.append(_Column(_heading(name, _Layout.SHORT_HEADINGS), list(map(Text, values))))
        elif figure not in TABLES:
            columns.append(_figure_column(figure, rows, needed=True))
    wanted = {METRICS[name][0] for name in needed if name in METRICS}
    known = [one for one in TABLES if one in wanted or any(isfinite(row_value(one, row)) for row in rows)]
    return columns + [_figure_column(one, rows, needed=one in wanted) for one in known]


def _figure_column(figure: Figure, rows: Sequence[TrialRow], *, needed: bool) -> _Column:
    return _Column(
        figure.heading,
        [Text(cell(figure, row_value(figure, row))) for row in rows],
        needed=needed,
        weight=figure.weight,
    )


def _fitting(
    first: Sequence[_Column],
    rows: Sequence[TrialRow],
    parameters: Sequence[str],
    figures: Sequence[_Column],
    console: Console,
) -> list[_Column]:
    """The columns in the first layout, with as many figures as there is room for, that fits the terminal."""
    ways = [(_Layout.COLUMNS, figures)]
    # Rather two figures less than a word in two.
    ways += [(_Layout.SHORT_HEADINGS, some) for some in islice(_fewer(figures), 3)]
    ways += [(_Layout.NARROW_HEADINGS, some) for some in _fewer(figures)]
    if len(parameters) > 1:
        ways += [(_Layout.JOINED, some) for some in _fewer(figures)]
    for layout, some in ways:
        columns = [*first, *_parameter_columns(rows, parameters, layout), *some]
        if _width_of(columns, console) <= console.width:
            break
    return columns


def _fewer(columns: Sequence[_Column]) -> Iterator[Sequence[_Column]]:
    """All columns, then without the one of least weight that is not needed, and so on."""
    yield columns
    while droppable := [one for one in columns if not one.needed]:
        least = min(droppable, key=lambda one: one.weight)
        columns = [one for one in columns if one is not least]
        yield columns


def _width_of(columns: Sequence[_Column], console: Console) -> int:
    """Columns of the terminal that a table takes at least when nothing is cut off."""
    boundless = console.options.update(width=10_000)  # within the console's own width everything measures as fitting
    widest = [replace(one, cells=[max(one.cells, key=_width_in(one))]) for one in columns]
    return Measurement.get(console, boundless, _table(widest, [""])).minimum


def _width_in(column: _Column) -> Callable[[Text], int]:
    """What a cell takes at least: where it folds, its longest word."""
    if not column.folds:
        return lambda text: text.cell_len
    return lambda text: max(map(cell_len, text.plain.split()), default=0)


def _first_line(reason: str | None) -> str:
    return (reason or "no reason given").strip().splitlines()[0]


def trial_line(result: Result, label: str) -> str:
    """One line on a finished trial of a sweep: what was swept, and what came out.

    Args:
        result: the trial.
        label: its overrides, e.g. ``arch.rows=16``.
    """
    if not result.ok:
        return f"  {escape(label)}  [red]{result.status}[/]: {escape(_first_line(result.reason))}"
    return (
        f"  {escape(label)}  {significant(result.energy_pj * 1e-6)} uJ, {count(result.cycles)} cycles, "
        f"EDP {significant(result.edp_j_cycles)} J*cycles, {'cached' if result.cached else f'{result.seconds:.2f} s'}"
    )
