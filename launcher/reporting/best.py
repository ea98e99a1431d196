"""Which trial is best by each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from launcher.figures import CONTESTS, TABLES, Figure
from launcher.reporting.trial_columns import Layout, figures, fitting, parameter_cells, trials_table
from launcher.results.parameters import swept_parameters
from launcher.results.ranking import best_by_figure
from launcher.results.result import Result


def print_best(results: Sequence[Result], console: Console) -> None:
    """Print the best trial by each metric, with the parameters that differ between the trials."""
    best = best_by_figure(results, CONTESTS)
    if not best:
        return
    parameters = swept_parameters(results)
    layout = fitting(lambda layout: _table(best, parameters, layout), parameters, console)
    console.print(_table(best, parameters, layout))


def _table(best: Mapping[Figure, Result], parameters: Sequence[str], layout: Layout) -> Table:
    joined = layout is Layout.JOINED
    table = trials_table("best by", parameters, layout, None if joined else "")
    for figure, result in best.items():
        cells, numbers = parameter_cells(result, parameters, layout), figures(result)
        numbers[TABLES.index(figure)] = f"[bold]{numbers[TABLES.index(figure)]}[/]"
        table.add_row(*([f"[bold]{figure.title}[/]: {cells[0]}"] if joined else [figure.title, *cells]), *numbers)
    return table
