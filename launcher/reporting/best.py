"""Which trial is best by each metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from launcher.reporting.trial_columns import Layout, figures, fitting, parameter_cells, trials_table
from launcher.reporting.trials import ranked, swept_parameters, varying_parameters
from launcher.result import Result

_METRICS = ("energy", "cycles", "utilization", "edp")
_TITLES = {"energy": "energy", "cycles": "cycles", "utilization": "utilization", "edp": "EDP"}
_COLUMNS = {"energy": 0, "cycles": 1, "edp": 2, "utilization": 3}


def best_by_metric(results: Sequence[Result]) -> dict[str, Result]:
    """Of each metric, the trial that is best in it, among those with a mapping that keep all constraints.

    Ties go to the trial that is better in EDP, then energy, then cycles.
    """
    good = [result for result in results if result.ok and not result.broken]
    if not good:
        return {}
    best = {metric: ranked(good, metric)[0] for metric in _METRICS if metric != "utilization"}
    best["utilization"] = max(ranked(good), key=lambda result: result.utilization)
    return {metric: best[metric] for metric in _METRICS}


def compares_hardware(results: Sequence[Result]) -> bool:
    """Whether the trials run the same work on different hardware, so that their figures can be compared."""
    return len(results) > 2 and all(
        name in ("arch", "configuration") or name.startswith("arch.") for name in varying_parameters(results)
    )


def print_best(results: Sequence[Result], console: Console) -> None:
    """Print the best trial by each metric, with the parameters that differ between the trials."""
    best = best_by_metric(results)
    if not best:
        return
    parameters = swept_parameters(results)
    layout = fitting(lambda layout: _table(best, parameters, layout), parameters, console)
    console.print(_table(best, parameters, layout))


def _table(best: Mapping[str, Result], parameters: Sequence[str], layout: Layout) -> Table:
    joined = layout is Layout.JOINED
    table = trials_table("best by", parameters, layout, None if joined else "")
    for metric, result in best.items():
        title, cells, numbers = _TITLES[metric], parameter_cells(result, parameters, layout), figures(result)
        numbers[_COLUMNS[metric]] = f"[bold]{numbers[_COLUMNS[metric]]}[/]"
        table.add_row(*([f"[bold]{title}[/]: {cells[0]}"] if joined else [title, *cells]), *numbers)
    return table
