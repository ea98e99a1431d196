"""A sheet as a table of the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from launcher.reporting.sheets import Sheet


def sheet_table(sheet: Sheet, hidden: Sequence[str] = ()) -> Table:
    """The columns that people read, without those whose keys are ``hidden``."""
    sheet = sheet.for_people()
    kept = [number for number, column in enumerate(sheet.columns) if column.key not in hidden]
    table = Table(title=sheet.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number in kept:
        column = sheet.columns[number]
        heading = f"{column.heading}\n{column.unit}" if column.unit else column.heading
        table.add_column(heading, justify="left" if column.is_text else "right", no_wrap=not column.is_text)
    for row in sheet.rows:
        table.add_row(*(escape(sheet.columns[number].shown(row[number])) for number in kept))
    return table
