"""All trade-offs between energy and cycles of one trial."""

from __future__ import annotations

import csv
import io

from rich.table import Table

from launcher.figures import FRONT
from launcher.reporting.numbers import cell
from launcher.results.result import Result


def front_table(result: Result) -> Table:
    """One row per trade-off, in order of increasing energy; the one with the least EDP is marked."""
    table = Table(title=f"front of energy and cycles, {len(result.front)} mappings", title_justify="left")
    for heading in (*(figure.title_with_unit for figure in FRONT), ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for point in result.front_results:
        cells = [cell(figure, figure.of(point)) for figure in FRONT]
        table.add_row(*cells, "least EDP" if point.mapping == result.mapping else "")
    return table


def front_csv(result: Result) -> str:
    """The front's figures as CSV; the mappings are in result.json, in the same order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(figure.key for figure in FRONT)
    for point in result.front_results:
        writer.writerow(repr(figure.exact(point)) for figure in FRONT)
    return text.getvalue()
