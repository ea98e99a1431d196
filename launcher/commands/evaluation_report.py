"""Evaluations of given mappings, as tables in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from launcher.figures import EVALUATED
from launcher.reporting.numbers import cell, count, significant
from launcher.results.evaluation import Evaluation, LevelStats
from launcher.timeloop_files.stats import Comparison

_SHOWN_DIFFERENCES = 10


@dataclass(frozen=True)
class Evaluated:
    """One mapping's evaluation, and how it compares with the report of its run, if there is one."""

    evaluation: Evaluation
    comparison: Comparison | None = None


def to_json(evaluated: Evaluated) -> dict[str, Any]:
    """Plain values. Figures of an illegal mapping are null, and ``reason`` says what makes it illegal."""
    evaluation = evaluated.evaluation
    if not evaluation.legal:
        figures = dict.fromkeys(figure.key for figure in EVALUATED)
        return {"legal": False, "reason": evaluation.reason, **figures, "levels": []}
    result: dict[str, Any] = {
        "legal": True,
        **{figure.key: figure.exact(evaluation) for figure in EVALUATED},
        "computes": evaluation.computes,
        "compute_energy_pj": evaluation.compute_energy_pj,
        "network_energy_pj": dict(evaluation.network_energy_pj),
        "levels": [_level_to_json(level) for level in evaluation.levels],
    }
    comparison = evaluated.comparison
    if comparison is not None:
        result["report"] = {
            "file": str(comparison.report),
            "compared": comparison.compared,
            "agrees": comparison.agrees,
            "timeloop_before_2025": comparison.before_2025,
            "differences": [str(difference) for difference in comparison.differences],
        }
    return result


def _level_to_json(level: LevelStats) -> dict[str, Any]:
    per_instance = ("tile_words", "reads", "fills", "updates", "utilized_instances")
    names = (*per_instance, "total_reads", "total_fills", "total_updates")
    return {
        "level": level.level,
        "instances": int(level.instances),
        "energy_pj": level.energy_pj,
        "leakage_pj": level.leakage_pj,
        "cycles": level.cycles,
        "data_spaces": {
            space: {name: getattr(stats, name) for name in names} for space, stats in level.data_spaces.items()
        },
    }


def print_evaluations(name: str, evaluated: Sequence[Evaluated], console: Console, *, verbose: bool) -> None:
    """One row per mapping; what makes a mapping illegal, differences and per-level tables follow below."""
    console.print(name, style="bold", markup=False, highlight=False, soft_wrap=True)
    table = Table()
    for heading in ("mapping", *(figure.title_with_unit for figure in EVALUATED)):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, one in enumerate(evaluated, start=1):
        table.add_row(str(number), *_figures(one.evaluation))
    console.print(table)
    for number, one in enumerate(evaluated, start=1):
        if not one.evaluation.legal:
            console.print(f"mapping {number} is illegal: {one.evaluation.reason}", markup=False, soft_wrap=True)
        elif verbose:
            console.print(_levels(number, one.evaluation))
        if one.comparison is not None:
            _print_comparison(one.comparison, console)


def _figures(evaluation: Evaluation) -> tuple[str, ...]:
    if not evaluation.legal:
        return ("illegal", *[""] * (len(EVALUATED) - 1))
    return tuple(cell(figure, figure.of(evaluation), 6) for figure in EVALUATED)


def _levels(number: int, evaluation: Evaluation) -> Table:
    table = Table(title=f"mapping {number}, per instance (energy: all instances)", title_justify="left")
    table.add_column("level", no_wrap=True)
    table.add_column("data space", no_wrap=True)
    for heading in ("instances", "tile [words]", "reads", "fills", "updates", "energy [pJ]", "cycles"):
        table.add_column(heading, justify="right", no_wrap=True)
    for level in reversed(evaluation.levels):
        kept = {name: stats for name, stats in level.data_spaces.items() if stats.tile_words}
        limit = f" ({level.limited_by})" if level.limited_by else ""
        table.add_row(level.level, "", "", "", "", "", "", significant(level.energy_pj, 6), count(level.cycles) + limit)
        for name, stats in kept.items():
            words = (stats.tile_words, stats.reads, stats.fills, stats.updates)
            energy = significant(sum(stats.energy_pj.values()), 6)
            table.add_row("", name, f"{stats.utilized_instances:g}", *(count(word) for word in words), energy, "")
    for name, energy_pj in evaluation.network_energy_pj.items():
        table.add_row(name, *[""] * 6, significant(energy_pj, 6), "")
    table.add_row("compute", *[""] * 6, significant(evaluation.compute_energy_pj, 6), "")
    return table


def _print_comparison(comparison: Comparison, console: Console) -> None:
    total = len(comparison.differences)
    if comparison.before_2025:
        text = (
            f"agrees with {comparison.report}, which a Timeloop before January 2025 printed: all {comparison.compared} "
            "figures, by that version's rule for windows that slide after a pause. Since then the rule, and with it "
            f"{total} of these figures, differ:"
        )
    elif comparison.agrees:
        text = f"agrees with {comparison.report}: all {comparison.compared} figures that it prints"
    else:
        text = f"DISAGREES with {comparison.report} in {total} of {comparison.compared} figures:"
    console.print(text, markup=False, soft_wrap=True)
    for difference in comparison.differences[:_SHOWN_DIFFERENCES]:
        console.print(f"  {difference}", markup=False, soft_wrap=True)
    if total > _SHOWN_DIFFERENCES:
        console.print(f"  ... and {total - _SHOWN_DIFFERENCES} more (--json has them all)", markup=False)
