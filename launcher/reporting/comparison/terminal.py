"""A comparison in the terminal: figures side by side, and what makes the difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from launcher.paths import shown_path
from launcher.reporting.comparison.changes import Change
from launcher.reporting.comparison.cycles import cycles_between
from launcher.reporting.comparison.document import differing_parameters
from launcher.reporting.comparison.layers import LayerChange, layers_between
from launcher.reporting.comparison.nests import nests_between
from launcher.reporting.comparison.sentences import (
    change_line,
    cycles_line,
    cycles_lines,
    lead,
    ratio,
    rest_line,
    those_that_matter,
)
from launcher.reporting.layers import fusion_lines
from launcher.reporting.numbers import count, significant
from launcher.reporting.sheets import FIGURES, figures
from launcher.results.cycle_limits import limiting
from launcher.results.finished import FinishedTrial, common_goals
from launcher.results.parameters import ABSENT, plain
from launcher.results.result import Result

_MOST_LAYERS = 3
_MOST_PARAMETERS = 12


def print_comparison(trials: Sequence[FinishedTrial], console: Console, *, verbose: bool = False) -> None:
    """Print several trials, each against the first one.

    Args:
        trials: two or more.
        console: where.
        verbose: also small changes, all layers, all resources, and parameters that merely follow others.
    """
    results, goals = [trial.result for trial in trials], common_goals(trials)
    for number, trial in enumerate(trials, 1):
        console.print(
            f"[bold]{number}[/]  {escape(trial.result.name)}  [dim]{escape(_place(trial))}[/]", soft_wrap=True
        )
    console.print(_figures(results, verbose=verbose))
    for number, result in enumerate(results[1:], 2):
        console.print(f"\n{escape(lead(number, results[0], result, goals))}.", style="bold", highlight=False)
        if results[0].ok and result.ok:
            _explain(number, results[0], result, console, verbose=verbose)
    for flag in dict.fromkeys(flag for result in results for flag in result.flags):
        console.print(f"[yellow]note:[/] {escape(flag)}", soft_wrap=True)


def _place(trial: FinishedTrial) -> str:
    """Where it was found; folders as seen from here."""
    folder = trial.origin.folder
    return shown_path(folder) if trial.origin.run_id is None and folder is not None else trial.origin.place


def _figures(results: Sequence[Result], *, verbose: bool) -> Table:
    """Trials as columns: parameters that differ, then figures with their ratios to the first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for number in range(1, len(results) + 1):
        table.add_column(str(number), justify="right")
    names = differing_parameters(results, every=verbose)
    shown = names if verbose else names[:_MOST_PARAMETERS]
    for name in shown:
        table.add_row(escape(name), *(escape(plain(one.parameters.get(name))) for one in results), style="dim")
    if len(shown) < len(names):
        table.add_row(f"and {len(names) - len(shown)} more", *[""] * len(results), style="dim")
    if names:
        table.add_section()
    rows = [figures(one) for one in results]
    for index, column in enumerate(FIGURES):
        cells = []
        for number, row in enumerate(rows):
            value, first = row[index], rows[0][index]
            text = ABSENT if value is None else count(value) if column.kind == "count" else column.shown(value)
            beside = f"  ({ratio(value, first)})" if number and value is not None and first else ""
            cells.append(text + beside)
        unit = f" {column.unit}" if column.unit else ""
        table.add_row(f"{column.heading}{unit}", *cells)
    limits = [limiting(one) for one in results]
    if any(limits):
        table.add_row("limited by", *(escape(one.label) if one else ABSENT for one in limits))
    return table


def _explain(number: int, first: Result, second: Result, console: Console, *, verbose: bool) -> None:
    layers = layers_between(first, second)
    if not (first.layers or second.layers):
        _explain_layer(number, layers[0], first.energy_pj, console, verbose=verbose)
        return
    console.print(_layers(number, layers))
    for label, result in ((1, first), (number, second)):
        for line in fusion_lines(result):
            console.print(f"fusion in {label}: {escape(line)}", highlight=False, soft_wrap=True)
    changed = [one for one in layers if one.changes and abs(one.energy_pj[1] - one.energy_pj[0]) > 0]
    for one in changed if verbose else changed[:_MOST_LAYERS]:
        console.print(f"\n{escape(one.layer)}, all its runs", style="bold", highlight=False)
        _explain_layer(number, one, first.energy_pj, console, verbose=verbose)
    if len(changed) > _MOST_LAYERS and not verbose:
        console.print(f"\n{len(changed) - _MOST_LAYERS} more layers differ: -v explains them", style="dim")


def _explain_layer(number: int, layer: LayerChange, total_pj: float, console: Console, *, verbose: bool) -> None:
    before, after = layer.runs
    if before is None or after is None:
        return
    changes = layer.changes
    shown = changes if verbose else those_that_matter(changes, total_pj) or changes[:1]
    like = max((abs(change.energy_pj) for change in changes), default=0.0)
    for change in shown:
        _print_change(change, like, console)
    rest = rest_line(shown, changes, like)
    if rest:
        console.print(f"{rest} (-v shows them)", style="dim", highlight=False)
    resources = cycles_between(before.result, after.result)
    lines = list(cycles_lines(number, resources))
    if verbose:
        lines += [cycles_line(number, one) for one in resources if not any(one.limiting)]
    if before.result.cycles != after.result.cycles or verbose:
        _print_indented("cycles: ", lines, console)
    nests = nests_between(before.result, after.result)
    if not nests:
        console.print("The loop nests are the same.", highlight=False)
        return
    table = Table(title="what differs in the loop nests", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("level", "", "1", str(number)):
        table.add_column(heading, overflow="fold")
    for one in nests:
        table.add_row(escape(one.level), one.what, escape(one.first), escape(one.second))
    console.print(table)


def _print_change(change: Change, like: float, console: Console) -> None:
    style = "green" if change.energy_pj < 0 else "red" if change.energy_pj > 0 else ""
    line = change_line(change, like)
    energy_text, _, what = line.partition("  ")
    console.print(f"[{style}]{energy_text}[/]  {escape(what)}" if style else escape(line), highlight=False)
    for reason in change.reasons:
        console.print(Padding(escape(reason), (0, 0, 0, 6), expand=False), highlight=False)


def _print_indented(heading: str, lines: Iterable[str], console: Console) -> None:
    for index, line in enumerate(lines):
        console.print(
            Padding(escape(line if index else heading + line), (0, 0, 0, 6 if index else 0), expand=False),
            highlight=False,
        )


def _layers(number: int, layers: Sequence[LayerChange]) -> Table:
    table = Table(title="layers, all their runs together", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer", no_wrap=True)
    for heading in ("runs", "uJ in 1", f"uJ in {number}", "ratio", "cycles in 1", f"cycles in {number}", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in layers:
        runs = [str(run.runs) if run else ABSENT for run in one.runs]
        cells = [runs[0] if runs[0] == runs[1] else f"{runs[0]}, {runs[1]}"]
        cells += [significant(value * 1e-6) for value in one.energy_pj] + [ratio(one.energy_pj[1], one.energy_pj[0])]
        cells += [count(value) for value in one.cycles] + [ratio(one.cycles[1], one.cycles[0])]
        table.add_row(escape(one.layer), *cells)
    return table
