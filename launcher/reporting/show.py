"""One finished trial, as python -m launcher show tells it: as a document in exact values, and in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from launcher.figures import FRONT
from launcher.reporting.bars import Bars
from launcher.reporting.diagrams.energy import Bar, component_styles, energy_bars
from launcher.reporting.front import front_table
from launcher.reporting.layers import fusion_lines, layers_table
from launcher.reporting.loop_nest import loop_nest
from launcher.reporting.metric_words import typeset
from launcher.reporting.numbers import count, percent, short_count, significant
from launcher.reporting.origins import origin_facts
from launcher.reporting.question import answer_of, layer_standing, question_of, standing
from launcher.reporting.sheets import FIGURES, Column, ReportDocument, Sheet, figure_column, figures
from launcher.reporting.terminal import (
    component_label,
    figures_table,
    print_effort,
    print_failure,
    print_remarks,
    print_verification,
)
from launcher.results.cycle_limits import cycle_limits, limiting
from launcher.results.energy_table import energy_rows
from launcher.results.finished import Trials
from launcher.results.layers import layer_name, layer_runs
from launcher.results.result import Result

_LAYER = (Column("layer", "layer"), Column("runs", "runs", "count"))
_ENERGY = (
    Column("component", "level"),
    Column("data_space", "data space"),
    Column("action", "action"),
    Column("words", "words", "count"),
    Column("energy_pj", "energy", "figure", "uJ", 1e-6),
    Column("share", "share", "share"),
)
_LIMITS = (
    Column("component", "resource"),
    Column("kind", "kind"),
    Column("cycles", "cycles", "count"),
    Column("words", "words or operations", "count"),
    Column("per_cycle", "per cycle", "figure"),
    Column("limiting", "limits", "flag"),
)
_LAYERS = (
    *_LAYER,
    Column("energy_pj", "energy", "figure", "uJ", 1e-6),
    Column("cycles", "cycles", "count"),
    Column("utilization", "utilization", "share"),
    Column("mapping", "mapping"),
)


def trial_document(trials: Trials) -> ReportDocument:
    """The document on a single trial.

    Args:
        trials: that one trial.
    """
    (result,) = trials.results
    question = question_of([result])
    sheets = [_energy_sheet(result), _figures(result), _limits_sheet(result)]
    if result.layers:
        sheets.append(Sheet("layers", "layers, all their runs together", _LAYERS, tuple(_layers(result))))
    if result.front:
        rows = tuple(tuple(figure.exact(one) for figure in FRONT) for one in result.front_results)
        columns = tuple(map(figure_column, FRONT))
        sheets.append(Sheet("front", "front of energy and cycles", columns, rows))
    mapped = [run for run in layer_runs(result) if run.result.mapping]
    return ReportDocument(
        title=result.name,
        sheets=tuple(sheets),
        facts=(*question.facts, *origin_facts(trials)),
        sentences=(*map(typeset, answer_of([result], question)), *fusion_lines(result)),
        listings=tuple((f"loop nest of {layer_name(run)}", loop_nest(run.result)) for run in mapped),
        notes=(*(f"constraint not kept: {limit}" for limit in result.broken), *_disagreements(result), *result.flags),
        data={"status": result.status, "reason": result.reason},
    )


def _disagreements(result: Result) -> Iterator[str]:
    for run in layer_runs(result):
        checked = run.result.verification
        if checked and checked.explanation is not None:
            yield f"compared with {checked.by} on {run.result.name}: {checked.explanation}"
        elif checked:
            yield from (f"{checked.by} disagrees on {run.result.name}: {one}" for one in checked.differences)


def _energy_sheet(result: Result) -> Sheet:
    total = result.energy_pj
    rows = []
    for run in layer_runs(result):
        of_layer = (layer_name(run), run.runs) if result.layers else ()
        for row in energy_rows(run.result):
            if not (row.words or row.energy_pj):
                continue
            energy = row.energy_pj * run.runs
            words = None if row.words is None else row.words * run.runs
            share = energy / total if total else 0.0
            rows.append((*of_layer, row.component, row.data_space, row.action, words, energy, share))
    columns = (*_LAYER, *_ENERGY) if result.layers else _ENERGY
    return Sheet("energy", "energy by level and data space", columns, tuple(rows))


def _figures(result: Result) -> Sheet:
    columns = (*FIGURES, Column("mapping", "mapping"))
    rows = ((*figures(result), standing(result)),) if result.ok else ()
    return Sheet("figures", "figures", columns, rows)


def _limits_sheet(result: Result) -> Sheet:
    rows = []
    for run in layer_runs(result):
        of_layer = (layer_name(run), run.runs) if result.layers else ()
        for one in cycle_limits(run.result):
            per_cycle = one.per_cycle or None
            words = round(one.words) if per_cycle else None
            rows.append((*of_layer, one.component, one.kind, one.cycles, words, per_cycle, one.limiting))
    columns = (*_LAYER, *_LIMITS) if result.layers else _LIMITS
    return Sheet("cycles_by_resource", "cycles that each resource alone would need, of one run", columns, tuple(rows))


def _layers(result: Result) -> Iterator[tuple[object, ...]]:
    for run in result.layers:
        one = run.result
        energy, cycles = one.energy_pj * run.runs, one.cycles * run.runs
        yield layer_name(run), run.runs, energy, cycles, one.utilization, layer_standing(result, one)


_WIDE, _NARROW = 28, 14
_ROOM = 100
_SEEN = 0.0005  # what is less shows as 0.0 %
_ACTIONS = ("read", "fill", "update")


def print_trial(trials: Trials, console: Console, *, verbose: bool = False) -> None:
    """Print a single trial.

    Args:
        trials: that one trial.
        console: where.
        verbose: also leakage that is next to nothing, what the search did, and a network's loop nests.
    """
    (result,) = trials.results
    question = question_of([result])
    print_facts(question.facts, console)
    if not result.ok:
        print_failure(result, console)
        print_facts(origin_facts(trials), console)
        return
    for sentence in answer_of([result], question):
        console.print(escape(sentence), style="bold", highlight=False)
    console.print(figures_table(result))
    print_verification(result, console)
    if result.front:
        console.print(front_table(result))
    if result.layers:
        _print_network(result, console)
    else:
        console.print(_energy(result, console, verbose=verbose))
        console.print(_cycles(result, console))
        console.print(loop_nest(result).rstrip(), markup=False, highlight=False, soft_wrap=True)
    if verbose:
        for run in result.layers:
            console.print(f"\n{layer_name(run)}\n{loop_nest(run.result).rstrip()}", markup=False, highlight=False)
        print_effort(result, console)
    print_remarks(result, console)
    print_facts(origin_facts(trials), console)


def print_facts(facts: Iterable[tuple[str, str]], console: Console) -> None:
    """Print headings and texts in two columns."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for heading, text in facts:
        table.add_row(escape(heading), escape(text))
    if table.row_count:
        console.print(table)


def bar_width(console: Console) -> int:
    """Characters for a bar beside a table's figures."""
    return _WIDE if console.width >= _ROOM else _NARROW


def _energy(result: Result, console: Console, *, verbose: bool) -> Table:
    bars = energy_bars(result)
    width = bar_width(console)
    drawing = Bars(console, max(bar.energy_pj for bar in bars), width)
    words = _words(result)
    table = _table("energy by level and data space; words over all instances", "", console)
    for heading in ("uJ", "share", *(f"{action}s" for action in _ACTIONS)):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=width)
    for bar in bars:
        whole = drawing.bar([(part.energy_pj, part.css_class) for part in bar.parts])
        label = Text(component_label(result, bar.label), style="bold")
        table.add_row(label, *_shares(bar.energy_pj, result), "", "", "", whole)
        for part in bar.parts if len(bar.parts) > 1 else ():
            moved = words.get((bar.label, part.name), {})
            if any(moved.values()) or part.energy_pj > (0 if verbose else _SEEN * result.energy_pj):
                counts = [short_count(moved[action]) if moved.get(action) else "" for action in _ACTIONS]
                piece = drawing.bar([(part.energy_pj, part.css_class)])
                table.add_row(f"  {escape(part.name)}", *_shares(part.energy_pj, result), *counts, piece)
    return table


def _cycles(result: Result, console: Console) -> Table:
    limits = cycle_limits(result)
    width = bar_width(console)
    drawing = Bars(console, max((one.cycles for one in limits), default=0), width)
    styles = component_styles(result)
    table = _table("cycles that each resource alone would need", "", console)
    for heading in ("cycles", "share", "words", "per cycle"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=width)
    for one in limits:
        moved = (short_count(one.words), significant(one.per_cycle, 3)) if one.per_cycle else ("", "")
        bar = drawing.bar([(one.cycles, styles.get(one.component, "do"))])
        bar.append("  limits" if one.limiting else "")
        cells = (escape(one.label), count(one.cycles), percent(one.cycles / result.cycles), *moved, bar)
        table.add_row(*cells, style="bold" if one.limiting else "")
    return table


def _print_network(result: Result, console: Console) -> None:
    console.print(layers_table(result))
    bars = energy_bars(result)
    width = bar_width(console) + _NARROW
    drawing = Bars(console, max((bar.energy_pj for bar in bars), default=0.0), width)
    table = _table("energy by layer and level", "layer", console)
    table.add_column("uJ", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=width)
    table.add_column("limits its cycles", overflow="fold")
    parts = {part.name: part.css_class for bar in bars for part in bar.parts if part.energy_pj}
    numbers = {name: number for number, name in enumerate(parts)}
    for bar, run in zip(bars, result.layers, strict=True):
        limit = limiting(run.result)
        table.add_row(
            escape(bar.label),
            significant(bar.energy_pj * 1e-6),
            drawing.bar(_pieces(bar, list(numbers)), shaded=True),
            escape(limit.label) if limit else "",
        )
    console.print(table)
    keys = [drawing.key(name, css_class, numbers[name]) for name, css_class in parts.items()]
    console.print(Text("   ").join(keys))
    for line in fusion_lines(result):
        console.print(f"fusion: {escape(line)}", highlight=False, soft_wrap=True)


def _pieces(bar: Bar, order: list[str]) -> list[tuple[float, str]]:
    """A layer's parts, one for each name in ``order``, so that every name has the same shade in all bars."""
    found = {part.name: part for part in bar.parts}
    return [(found[name].energy_pj, found[name].css_class) if name in found else (0.0, "do") for name in order]


def _words(result: Result) -> dict[tuple[str, str], dict[str, int]]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in energy_rows(result):
        if row.words is not None and row.data_space:
            found.setdefault((row.component, row.data_space), {})[row.action] = row.words
    return found


def _shares(energy_pj: float, result: Result) -> tuple[str, str]:
    return significant(energy_pj * 1e-6), percent(energy_pj / result.energy_pj if result.energy_pj else 0.0)


def _table(title: str, heading: str, console: Console) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(heading, no_wrap=console.width >= _ROOM, overflow="fold")
    return table
