"""A curve in the terminal: the points that tell most, and what the memories reach."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launcher.reporting.curve.document import curve_document
from launcher.reporting.sheets import Sheet
from launcher.results.traffic_curve import CurveStudy


def print_curve(study: CurveStudy, console: Console, asked_kib: Sequence[float] = (), *, verbose: bool = False) -> None:
    """Print a curve.

    Args:
        study: the curve.
        console: where.
        asked_kib: capacities that were asked for.
        verbose: with the tiles and loops of every point that is shown.
    """
    document = curve_document(study, asked_kib)
    console.print(escape(document.title), style="bold", highlight=False, soft_wrap=True)
    for name, text in document.facts:
        console.print(f"{name}: {escape(text)}", highlight=False, soft_wrap=True)
    for sheet in document.sheets:
        console.print(_table(sheet, hidden=() if verbose else ("shared", "persistent", "tiles", "loops")))
    for sentence in document.sentences:
        console.print(escape(sentence), highlight=False, soft_wrap=True)


def _table(sheet: Sheet, hidden: Sequence[str]) -> Table:
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
