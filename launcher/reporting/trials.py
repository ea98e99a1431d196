"""One table of all trials of a sweep, best first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launcher.reporting.numbers import count, percent, significant
from launcher.reporting.trial_columns import Layout, figures, fitting, parameter_cells, trials_table, width_of
from launcher.results.parameters import swept_parameters
from launcher.results.ranking import ranked
from launcher.results.result import Result

_COLUMN_GAP = 3
_LEAST_REMARK_WIDTH = 24


def print_trials(
    results: Sequence[Result], console: Console, objective: str | Sequence[str] = "edp", *, most: int | None = None
) -> None:
    """Print all trials of a sweep, best first, with the parameters that differ between them.

    Args:
        results: the trials, in any order.
        console: where to print.
        objective: the criterion, or criteria in order, that decides which is best.
        most: how many rows at most; None means all.
    """
    if not results:
        console.print("no trials")
        return
    ordered = ranked(results, objective)[:most]
    parameters = swept_parameters(results)
    title = _title(results, objective)
    title += f", {len(ordered):,} shown" if len(ordered) < len(results) else ""
    remarks = [_remark(result) for result in ordered]
    layout = fitting(lambda layout: _table(ordered, parameters, title, layout), parameters, console)
    room = console.width - width_of(_table(ordered, parameters, title, layout), console) - _COLUMN_GAP
    if room >= min(_LEAST_REMARK_WIDTH, max(map(len, remarks))):
        console.print(_table(ordered, parameters, title, layout, remarks))
        return
    # Too narrow for sentences in a column: number them and print them below.
    numbers = {text: f"({i})" for i, text in enumerate(dict.fromkeys(filter(None, remarks)), 1)}
    numbered = [numbers.get(remark, "") for remark in remarks]
    layout = fitting(lambda layout: _table(ordered, parameters, title, layout, numbered), parameters, console)
    console.print(_table(ordered, parameters, title, layout, numbered))
    for text, number in numbers.items():
        console.print(f"{number} {escape(text)}", soft_wrap=True)


def _table(
    ordered: Sequence[Result], parameters: Sequence[str], title: str, layout: Layout, remarks: Sequence[str] = ()
) -> Table:
    table = trials_table(title, parameters, layout, None if parameters else "trial")
    if any(remarks):
        table.add_column("remark", overflow="fold")
    for rank, result in enumerate(ordered):
        labels = parameter_cells(result, parameters, layout) if parameters else [escape(result.name)]
        style = "red" if not result.ok else "dim" if result.broken else "bold" if rank == 0 else ""
        table.add_row(*labels, *figures(result), *([escape(remarks[rank])] if any(remarks) else []), style=style)
    return table


def _title(results: Sequence[Result], objective: str | Sequence[str]) -> str:
    criteria = objective if isinstance(objective, str) else ", then ".join(objective)
    failures = sum(not result.ok for result in results)
    without = f", {failures} without a mapping" if failures else ""
    broken = sum(bool(result.broken) for result in results)
    without += f", {broken} beyond a constraint" if broken else ""
    trials = "1 trial" if len(results) == 1 else f"{len(results):,} trials"
    return f"{trials}{without}, best {escape(criteria.replace('edp', 'EDP'))} first"


def _remark(result: Result) -> str:
    if not result.ok:
        first_line = (result.reason or "no reason given").strip().splitlines()[0]
        return f"{result.status}: {first_line}"
    if result.broken:
        return "; ".join(result.broken)
    if result.verification and not result.verification.agrees:
        return f"{result.verification.by} disagrees: {result.verification.differences[0]}"
    optimality = result.optimality
    if optimality and optimality.status == "bounded":
        return f"gap {percent(optimality.gap)}" if optimality.gap is not None else "not proved"
    if optimality and optimality.status == "heuristic":
        return "not proved"
    return ""


def trial_line(result: Result, label: str) -> str:
    """One line on a finished trial of a sweep: what was swept, and what came out.

    Args:
        result: the trial.
        label: its overrides, e.g. ``arch.rows=16``.
    """
    if not result.ok:
        reason = _remark(result).removeprefix(f"{result.status}: ")
        return f"  {escape(label)}  [red]{result.status}[/]: {escape(reason)}"
    return (
        f"  {escape(label)}  {significant(result.energy_pj * 1e-6)} uJ, {count(result.cycles)} cycles, "
        f"EDP {significant(result.edp_j_cycles)} J*cycles, {'cached' if result.cached else f'{result.seconds:.2f} s'}"
    )
