"""Tables of the trials of a sweep: all of them, best first, and the best by each figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import isfinite

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from launcher.figures import CONTESTS, CRITERIA, METRICS, TABLES, Figure
from launcher.reporting.numbers import cell, count, significant
from launcher.results.parameters import ABSENT, plain, swept_parameters
from launcher.results.ranking import best_by_figure, ranked
from launcher.results.result import Result
from launcher.results.trial_rows import TrialRow, rows_of_results, value_of

_COLUMN_GAP = 3
_LEAST_REMARK_WIDTH = 24
_LONG_WORD = 8
_NAME = "trial"


class Layout(Enum):
    """How parameters are laid out: a column each, with shorter and shorter headings, or all of them in one."""

    COLUMNS = "columns"
    SHORT_HEADINGS = "headings cut at underscores"
    NARROW_HEADINGS = "long words in two as well"
    JOINED = "joined"


@dataclass(frozen=True)
class _Column:
    """A figure's column; ``needed`` ones stay however narrow the terminal is."""

    heading: str
    cell: Callable[[TrialRow], str]
    needed: bool


_Make = Callable[[Layout, Sequence[_Column]], Table]


def print_trials(
    results: Sequence[Result], console: Console, objective: str | Sequence[str] = "edp", *, most: int | None = None
) -> None:
    """Print trials that were read back, best first, with the parameters that differ between them.

    Args:
        results: the trials, in any order.
        console: where to print.
        objective: the criterion, or criteria in order, that decides which is best.
        most: how many rows at most; None means all.
    """
    if not results:
        console.print("no trials")
        return
    rows, parameters = _rows_of(results)
    ordered = ranked(rows, objective, value_of)[:most]
    shown = f", {len(ordered):,} shown" if len(ordered) < len(rows) else ""
    wanted = [objective] if isinstance(objective, str) else objective
    print_rows(
        ordered,
        parameters,
        console,
        title=f"{counts(rows)}, {best_first(objective)}{shown}",
        needed=[CRITERIA[name].metric for name in wanted],
    )


def print_best(results: Sequence[Result], console: Console) -> None:
    """Print the best of trials that were read back by each figure, with the parameters that differ between them."""
    print_best_rows(*_rows_of(results), console)


def _rows_of(results: Sequence[Result]) -> tuple[list[TrialRow], list[str]]:
    """Rows, and what tells them apart: swept parameters, else their names."""
    rows, parameters = rows_of_results(results), swept_parameters(results)
    if parameters:
        return rows, parameters
    return [replace(row, point={_NAME: one.name}) for row, one in zip(rows, results, strict=True)], [_NAME]


def counts(rows: Sequence[TrialRow]) -> str:
    """How many trials there are, and how many of them are worth a remark."""
    failures = sum(row.state in ("infeasible", "failed") for row in rows)
    running = sum(row.state == "running" for row in rows)
    broken = sum(bool(row.broken) for row in rows)
    again = sum(row.same_as is not None for row in rows)
    notes = [
        "1 trial" if len(rows) == 1 else f"{len(rows):,} trials",
        f"{failures} without a mapping" if failures else "",
        f"{broken} beyond a constraint" if broken else "",
        f"{again} repeat{'s' if again == 1 else ''} a point" if again else "",
        f"{running} running" if running else "",
    ]
    return ", ".join(filter(None, notes))


def best_first(objective: str | Sequence[str]) -> str:
    """``best EDP first``."""
    criteria = objective if isinstance(objective, str) else ", then ".join(objective)
    return f"best {criteria.replace('edp', 'EDP')} first"


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
    remarks = [_remark(row) for row in rows]
    styles = ["red" if not row.ok else "dim" if row.broken else "" for row in rows]
    if bold_first and not styles[0]:
        styles[0] = "bold"
    labels = [[str(row.number)] for row in rows] if numbered else [[] for _ in rows]

    def make(layout: Layout, columns: Sequence[_Column], beside: Sequence[str] = ()) -> Table:
        table = _Builder(["trial"] if numbered else [], parameters, layout, columns)
        return table.build(rows, labels, styles, beside)

    layout, columns = _fitting(make, _columns(rows, needed), parameters, console)
    room = console.width - _width_of(make(layout, columns), console) - _COLUMN_GAP
    if room >= min(_LEAST_REMARK_WIDTH, max(map(len, remarks))):
        console.print(make(layout, columns, remarks))
        return
    # Too narrow for sentences in a column: number them and print them below.
    numbers = {text: f"({i})" for i, text in enumerate(dict.fromkeys(filter(None, remarks)), 1)}
    beside = [numbers.get(remark, "") for remark in remarks]
    every = _columns(rows, needed)
    layout, columns = _fitting(lambda layout, some: make(layout, some, beside), every, parameters, console)
    console.print(make(layout, columns, beside))
    for text, number in numbers.items():
        console.print(f"{number} {escape(text)}", soft_wrap=True)


def print_best_rows(rows: Sequence[TrialRow], parameters: Sequence[str], console: Console) -> None:
    """Print which row is best by each figure that is a contest."""
    best = best_by_figure(rows, CONTESTS, value_of)
    if not best:
        return
    columns = _columns(list(best.values()), [name for figure in CONTESTS for name in figure.metric_names])

    def make(layout: Layout, shown: Sequence[_Column]) -> Table:
        labels = [[figure.title] for figure in best]
        return _Builder([""], parameters, layout, shown).build(list(best.values()), labels, winners=[*best])

    layout, shown = _fitting(make, columns, parameters, console)
    console.print("best by", style="table.title")
    console.print(make(layout, shown))


@dataclass(frozen=True)
class _Builder:
    """A table before it has rows.

    Attributes:
        first: headings before the parameters.
        parameters: what tells the rows apart.
        layout: how they are laid out.
        columns: figures.
    """

    first: Sequence[str]
    parameters: Sequence[str]
    layout: Layout
    columns: Sequence[_Column]

    def build(
        self,
        rows: Sequence[TrialRow],
        labels: Sequence[Sequence[str]],
        styles: Sequence[str] = (),
        remarks: Sequence[str] = (),
        winners: Sequence[Figure] = (),
    ) -> Table:
        """The table: ``labels`` stand below the first headings; each row's winning figure is bold."""
        table = Table(box=box.SIMPLE_HEAD)
        for place, heading in enumerate(self.first):
            cells = [label[place] for label in labels]
            _add(table, heading, cells, "right" if heading else "left")
        points = [self._point(row) for row in rows]
        for place, heading in enumerate(self._headings()):
            _add(table, heading, [point[place] for point in points], "left", folds=self.layout is Layout.JOINED)
        for column in self.columns:
            _add(table, column.heading, [column.cell(row) for row in rows], "right")
        if any(remarks):
            table.add_column("remark", overflow="fold")
        for number, row in enumerate(rows):
            figures = [escape(column.cell(row)) for column in self.columns]
            if winners:
                place = [column.heading for column in self.columns].index(winners[number].heading)
                figures[place] = f"[bold]{figures[place]}[/]"
            beside = [escape(remarks[number])] if any(remarks) else []
            style = styles[number] if styles else ""
            table.add_row(*map(escape, (*labels[number], *points[number])), *figures, *beside, style=style)
        return table

    def _headings(self) -> list[str]:
        if self.layout is Layout.JOINED:
            return ["parameters"]
        return [_heading(name, self.layout) for name in self.parameters]

    def _point(self, row: TrialRow) -> list[str]:
        values = {name: plain(row.point.get(name, ABSENT)) for name in self.parameters}
        if self.layout is not Layout.JOINED:
            return list(values.values())
        return [" ".join(f"{name.rpartition('.')[2]}={value}" for name, value in values.items())]


def _add(table: Table, heading: str, cells: Sequence[str], justify: str, *, folds: bool = False) -> None:
    """A column that is never narrower than what stands in it, or than its longest word where it folds."""
    lines = [*heading.splitlines(), *([word for text in cells for word in text.split()] if folds else cells)]
    overflow = "fold" if folds else "ellipsis"
    width = max(map(len, lines), default=0)
    table.add_column(escape(heading), justify=justify, no_wrap=not folds, overflow=overflow, min_width=width)  # type: ignore[arg-type]


def _heading(name: str, layout: Layout) -> str:
    """A key in several lines, cut at its dots, then at underscores, then within long words."""
    heading = name.replace(".", ".\n")
    if layout is Layout.COLUMNS:
        return heading
    pieces = heading.replace("_", "_\n").splitlines()
    if layout is Layout.NARROW_HEADINGS:
        pieces = [_in_two(piece) if len(piece) > _LONG_WORD else piece for piece in pieces]
    return "\n".join(pieces)


def _in_two(word: str) -> str:
    return f"{word[: _LONG_WORD - 1]}-\n{word[_LONG_WORD - 1 :]}"


def _columns(rows: Sequence[TrialRow], needed: Sequence[str]) -> list[_Column]:
    """Needed metrics that tables do not have, then the figures of tables that any row has."""
    wanted = {METRICS[name][0] for name in needed if name in METRICS}
    own = [name for name in dict.fromkeys(needed) if name not in METRICS or METRICS[name][0] not in TABLES]
    columns = [_Column(_metric_heading(name), _metric_cell(name), needed=True) for name in own]
    for figure in TABLES:
        if figure in wanted or any(isfinite(value_of(figure, row)) for row in rows):
            columns.append(_Column(figure.heading, _figure_cell(figure), needed=figure in wanted))
    return columns


def _figure_cell(figure: Figure) -> Callable[[TrialRow], str]:
    return lambda row: cell(figure, value_of(figure, row))


def _metric_heading(name: str) -> str:
    return METRICS[name][0].heading if name in METRICS else _heading(name, Layout.SHORT_HEADINGS)


def _metric_cell(name: str) -> Callable[[TrialRow], str]:
    if name in METRICS:
        return _figure_cell(METRICS[name][0])
    return lambda row: significant(row.metrics[name]) if name in row.metrics else ABSENT


def _fitting(
    make: _Make, columns: Sequence[_Column], parameters: Sequence[str], console: Console
) -> tuple[Layout, Sequence[_Column]]:
    """The first layout, with as many figures as there is room for, with which a table fits the terminal."""
    ways = [(layout, columns) for layout in (Layout.COLUMNS, Layout.SHORT_HEADINGS)]
    ways += [(Layout.NARROW_HEADINGS, some) for some in _fewer(columns)]
    if len(parameters) > 1:
        ways += [(Layout.JOINED, some) for some in _fewer(columns)]
    fits = (way for way in ways if _width_of(make(*way), console) <= console.width)
    return next(fits, ways[-1])


def _fewer(columns: Sequence[_Column]) -> Iterator[Sequence[_Column]]:
    """All columns, then without the last one that is not needed, and so on."""
    yield columns
    while droppable := [one for one in columns if not one.needed]:
        columns = [one for one in columns if one is not droppable[-1]]
        yield columns


def _width_of(table: Table, console: Console) -> int:
    """Columns of the terminal that the table takes at least when nothing is cut off."""
    boundless = console.options.update(width=10_000)  # within the console's own width everything measures as fitting
    return Measurement.get(console, boundless, table).minimum


def _remark(row: TrialRow) -> str:
    if not row.ok:
        return f"{row.state}: {_first_line(row.reason)}"
    return row.remark


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
