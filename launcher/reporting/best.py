"""Which trial is best by each metric."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launcher.reporting.numbers import count, percent, significant
from launcher.reporting.trials import plain, ranked, swept_parameters, varying_parameters
from launcher.result import Result

_METRICS = ("energy", "cycles", "utilization", "edp")
_TITLES = {"energy": "energy", "cycles": "cycles", "utilization": "utilization", "edp": "EDP"}


def best_by_metric(results: Sequence[Result]) -> dict[str, Result]:
    """Of each metric, the trial that is best in it, among those with a mapping that keep all constraints.

    Ties go to the trial that is better in EDP, then energy, then cycles.
    """
    good = [result for result in results if result.ok and not result.broken]
    if not good:
        return {}
    best = {metric: ranked(good, metric)[0] for metric in _METRICS if metric != "utilization"}
    best["utilization"] = max(reversed(ranked(good)), key=lambda result: result.utilization)
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
    table = Table(title="best by", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for heading in parameters:
        table.add_column(escape(heading.replace(".", ".\n")), no_wrap=True)
    for heading in ("energy\nuJ", "cycles", "EDP\nJ*cycles", "utili-\nzation", "area\nmm2"):
        table.add_column(heading, justify="right", no_wrap=True)
    columns = {"energy": 0, "cycles": 1, "edp": 2, "utilization": 3}
    for metric, result in best.items():
        figures = [
            significant(result.energy_pj * 1e-6),
            count(result.cycles),
            significant(result.edp_j_cycles),
            percent(result.utilization),
            significant(result.area_um2 * 1e-6),
        ]
        figures[columns[metric]] = f"[bold]{figures[columns[metric]]}[/]"
        table.add_row(_TITLES[metric], *(escape(plain(result.parameters.get(name))) for name in parameters), *figures)
    console.print(table)
