"""All trade-offs between energy and cycles of one trial."""

from __future__ import annotations

import csv
import io

from rich.table import Table

from launcher.reporting.numbers import count, percent, significant
from launcher.result import Result


def front_table(result: Result) -> Table:
    """One row per trade-off, in order of increasing energy; the one with the least EDP is marked."""
    table = Table(title=f"front of energy and cycles, {len(result.front)} mappings", title_justify="left")
    for name in ("energy uJ", "cycles", "EDP J*cycles", "utilization", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for point in result.front:
        one = point.evaluation
        table.add_row(
            significant(one.energy_pj * 1e-6),
            count(one.cycles),
            significant(one.edp_j_cycles),
            percent(one.utilization),
            "least EDP" if point.mapping == result.mapping else "",
        )
    return table


def front_csv(result: Result) -> str:
    """The front's figures as CSV; the mappings are in result.json, in the same order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("energy_pj", "cycles", "edp_j_cycles", "utilization"))
    for point in result.front:
        one = point.evaluation
        writer.writerow((repr(one.energy_pj), one.cycles, repr(one.edp_j_cycles), repr(one.utilization)))
    return text.getvalue()
