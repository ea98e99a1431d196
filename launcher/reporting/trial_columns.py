"""Columns that tables of trials share: the parameters that differ between the trials, and the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from launcher.figures import TABLES
from launcher.reporting.numbers import cell
from launcher.results.parameters import ABSENT, plain
from launcher.results.result import Result


class Layout(Enum):
    """How parameters are laid out: a column each, a column with a short heading each, or all of them in one."""

    COLUMNS = "columns"
    SHORT_HEADINGS = "short headings"
    JOINED = "joined"


def figures(result: Result) -> list[str]:
    """Cells of the figures' columns."""
    return [cell(figure, figure.of(result)) for figure in TABLES]


def parameter_cells(result: Result, parameters: Sequence[str], layout: Layout) -> list[str]:
    """Cells of the parameters' columns, escaped."""
    values = {name: plain(result.parameters.get(name, ABSENT)) for name in parameters}
    if layout is not Layout.JOINED:
        return [escape(value) for value in values.values()]
    return [escape(" ".join(f"{name.rpartition('.')[2]}={value}" for name, value in values.items()))]


def trials_table(title: str, parameters: Sequence[str], layout: Layout, first: str | None = None) -> Table:
    """A table without rows.

    Args:
        title: above it.
        parameters: what differs between the trials.
        layout: how they are laid out.
        first: heading of a column before all others.
    """
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    if first is not None:
        table.add_column(first, no_wrap=True)
    if layout is Layout.JOINED:
        table.add_column("parameters", overflow="fold")
    else:
        for name in parameters:
            heading = name.replace(".", ".\n")
            table.add_column(
                escape(heading.replace("_", "_\n") if layout is Layout.SHORT_HEADINGS else heading), no_wrap=True
            )
    for figure in TABLES:
        table.add_column(figure.heading, justify="right", no_wrap=True)
    return table


def fitting(make: Callable[[Layout], Table], parameters: Sequence[str], console: Console) -> Layout:
    """The first layout with which a table fits the terminal, else the one that folds."""
    narrowest = Layout.JOINED if len(parameters) > 1 else Layout.COLUMNS
    for layout in (Layout.COLUMNS, Layout.SHORT_HEADINGS):
        if width_of(make(layout), console) <= console.width:
            return layout
    return narrowest


def width_of(table: Table, console: Console) -> int:
    """Columns of the terminal that the table takes when nothing is cut off."""
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum
