"""What a finished trial shows in the terminal."""

from __future__ import annotations

from math import isfinite

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launcher.figures import details_of
from launcher.reporting.front import front_table
from launcher.reporting.fused_groups import print_groups
from launcher.reporting.generation import generation_table
from launcher.reporting.headline import title_of
from launcher.reporting.layers import fusion_lines, layers_table
from launcher.reporting.loop_nest import container_label, loop_nest
from launcher.reporting.numbers import count, percent, short_seconds, significant, with_unit
from launcher.reporting.question import FREEDOM, answer_of, layer_by_layer, question_of
from launcher.results.energy_table import energy_by_component_pj
from launcher.results.evaluation import DataSpaceStats, LevelStats
from launcher.results.layers import is_layer_by_layer, layer_runs
from launcher.results.parameters import ABSENT
from launcher.results.result import Optimality, Result

__all__ = ["describe_mapping", "print_effort", "print_result"]


def print_result(result: Result, console: Console, *, details: bool = True) -> None:
    """Print one trial: the answer, its figures, where the energy goes, and the remarks a reader must see.

    A trial without a mapping prints its status and reason only.

    Args:
        result: the trial.
        console: where.
        details: also accesses, the loop nest, and every remark of the estimator.
    """
    if not result.ok or result.evaluation is None:
        print_failure(result, console)
        return
    for sentence in answer_of([result], question_of([result])):
        console.print(escape(sentence), style="bold", highlight=False)
    console.print(figures_table(result))
    engine = ", ".join(filter(None, (result.engine, result.estimator)))
    console.print(f"engine: {escape(engine)}", highlight=False, soft_wrap=True)
    console.print(f"mapping: {escape(describe_mapping(result))}", highlight=False, soft_wrap=True)
    if roles := result.parameters.get("layer.roles"):
        console.print(f"roles: {escape(str(roles))}", highlight=False, soft_wrap=True)
    print_verification(result, console)
    if result.front:
        console.print(front_table(result))
    if result.generation is not None:
        console.print(generation_table(result.generation, result.cycle_seconds))
    console.print(_energy_by_level(result, traffic=details and not result.layers))
    if result.layers:
        console.print(layers_table(result))
        for line in fusion_lines(result):
            console.print(f"fusion: {escape(line)}", highlight=False, soft_wrap=True)
        if details:
            print_groups(result, console)
    elif details:
        console.print(loop_nest(result).rstrip(), markup=False, highlight=False, soft_wrap=True)
    print_remarks(result, console, every=details)


def print_failure(result: Result, console: Console) -> None:
    """Print why a trial has no mapping."""
    console.print(f"[bold red]{result.status}[/] {escape(result.name)}: {escape(result.reason or 'no reason given')}")
    print_remarks(result, console)


def print_effort(result: Result, console: Console) -> None:
    """Print what the search, or each layer's search, did to find the mapping."""
    for run in layer_runs(result):
        search = run.result.search
        if search is not None:
            counters = ", ".join(
                f"{count(number)} {name.replace('_', ' ')}" for name, number in search.counters.items()
            )
            kept = " (cached)" if run.result.cached else ""
            line = f"search    {run.result.name}{kept}: {short_seconds(search.seconds)}, {counters}"
            console.print(line, highlight=False, soft_wrap=True, markup=False)


def describe_mapping(result: Result) -> str:
    """One phrase on how good the mapping is known to be, e.g. ``proved optimal (edp)``, and among which ones."""
    freedom, optimality = FREEDOM.get(result.factors), result.optimality
    if optimality is None:
        return ABSENT
    objective = f" ({', '.join(optimality.objective)})" if optimality.objective else ""
    told = layer_by_layer(optimality, objective) if is_layer_by_layer(result) else _described(optimality, objective)
    return told + (f"; {freedom}" if freedom else "")


def _described(optimality: Optimality, objective: str) -> str:
    if optimality.status == "proved":
        return f"proved optimal{objective}"
    if optimality.status == "given":
        return "given mapping, evaluated"
    if optimality.status == "heuristic":
        return f"the best of those that were tried{objective}"
    if optimality.gap is None or not isfinite(optimality.gap):
        return f"search stopped early, no bound known{objective}"
    return f"search stopped early: the optimum is at most {percent(optimality.gap)} lower{objective}"


def print_verification(result: Result, console: Console) -> None:
    """Who else evaluated the mapping, or each layer's mapping, and what they said."""
    checked = [(run.result.name, run.result.verification) for run in layer_runs(result)]
    agreeing = dict.fromkeys(one.by for _, one in checked if one and one.agrees)
    if agreeing:
        console.print(f"verified by {escape(', '.join(agreeing))}", highlight=False, soft_wrap=True)
    for name, one in checked:
        if one is None:
            continue
        if one.explanation is not None:
            line = f"{escape(one.by)}[/] on {escape(name)}: {escape(one.explanation)}"
            console.print(f"[yellow]compared with {line}", highlight=False, soft_wrap=True)
            continue
        for difference in one.differences:
            console.print(f"[bold red]{escape(one.by)} disagrees[/] on {escape(name)}: {escape(difference)}")


def figures_table(result: Result) -> Table:
    """Figures of a trial, two pairs a row."""
    objective = result.optimality.objective if result.optimality else ()
    cells = [(figure.title, with_unit(figure, figure.of(result))) for figure in details_of(objective)]
    cells.append(("search", _search(result)))
    cells += [("", "")] * (len(cells) % 2)
    rows = [(*left, *right) for left, right in zip(cells[::2], cells[1::2], strict=True)]
    table = Table(title=escape(title_of(result)), title_justify="left", show_header=False)
    for style in ("dim", "bold", "dim", "bold"):
        table.add_column(style=style, no_wrap=style == "dim")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def _search(result: Result) -> str:
    if not result.search:
        return ABSENT
    return short_seconds(result.search.seconds) + (", cached" if result.cached else "")


def _energy_by_level(result: Result, *, traffic: bool) -> Table:
    evaluation = result.evaluation
    levels = {level.level: level for level in evaluation.levels} if evaluation else {}
    slowest = max((level.cycles for level in levels.values()), default=0)
    table = Table(title="energy by level", title_justify="left")
    table.add_column("level")
    table.add_column("uJ", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    if traffic:
        table.add_column("reads / fills / updates, words per instance")
    for name, energy in energy_by_component_pj(result).items():
        share = energy / result.energy_pj if result.energy_pj else 0.0
        moved = [_traffic(levels[name], slowest) if name in levels else ""] if traffic else []
        table.add_row(escape(component_label(result, name)), significant(energy * 1e-6), percent(share), *moved)
    return table


def component_label(result: Result, component: str) -> str:
    """What people call a component: a container's fan-out in brackets."""
    architecture = result.specification.architecture if result.specification else None
    is_container = architecture and any(level.name == component and level.is_dummy for level in architecture.levels)
    return container_label(component) if is_container else component


def _traffic(level: LevelStats, slowest: int) -> str:
    moved = {name: space for name, space in level.data_spaces.items() if _moves(space)}
    lines = [f"{name} {count(s.reads)} / {count(s.fills)} / {count(s.updates)}" for name, s in moved.items()]
    if level.limited_by and level.cycles == slowest:
        lines.append(f"limits the cycles ({level.limited_by} bandwidth)")
    return escape("\n".join(lines))


def _moves(space: DataSpaceStats) -> bool:
    return bool(space.reads or space.fills or space.updates)


def print_remarks(result: Result, console: Console, *, every: bool = True) -> None:
    """Print what a reader must see: limits that are not kept, and remarks on the figures.

    Unless ``every`` one is wanted, those of the estimator are one line.
    """
    for limit in result.broken:
        console.print(f"[bold yellow]constraint not kept:[/] {escape(limit)}", highlight=False, soft_wrap=True)
    estimated = {flag for run in layer_runs(result) for flag in _estimator_flags(run.result)}
    told = [flag for flag in result.flags if every or flag not in estimated]
    if len(left := [flag for flag in result.flags if flag not in told]) > 1:
        names = ", ".join(dict.fromkeys(flag.partition(":")[0] for flag in left))
        told.append(f"energies of {names} are interpolated, scaled or assumed; -v says how")
    else:
        told += left
    for flag in told:
        console.print(f"[yellow]note:[/] {escape(flag)}", soft_wrap=True)


def _estimator_flags(result: Result) -> tuple[str, ...]:
    return result.specification.flags if result.specification else ()
