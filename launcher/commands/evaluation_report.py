"""Evaluations of given mappings, as tables in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launcher.commands.energies import assumed_to_json
from launcher.figures import BY_KEY, EVALUATED, Figure
from launcher.reporting.numbers import cell, count
from launcher.results.evaluation import Evaluation, LevelStats
from launcher.specification.energy import AssumedEnergy
from launcher.summing import sum_in_order
from launcher.timeloop_files.stats import Comparison

_SHOWN_DIFFERENCES = 10
_ENERGY = BY_KEY["energy_pj"]
_LEAST_SHOWN = 1.0
_OF_COUNTS = ("cycles", "utilization")


@dataclass(frozen=True)
class Evaluated:
    """One mapping's evaluation.

    Attributes:
        evaluation: the figures.
        comparison: how they compare with the report of its run, if there is one.
        assumed: components whose energies nobody gave.
        notes: remarks on what was read.
    """

    evaluation: Evaluation
    comparison: Comparison | None = None
    assumed: tuple[AssumedEnergy, ...] = ()
    notes: tuple[str, ...] = ()


def to_json(evaluated: Evaluated, *, counts: bool = False, dense: bool = False) -> dict[str, Any]:
    """Plain values. Figures of an illegal mapping are null, and ``reason`` says what makes it illegal.

    ``counts`` leaves out whatever depends on energies; ``dense`` says that the input was read so.
    """
    evaluation = evaluated.evaluation
    shown = _shown_figures(counts=counts)
    if not evaluation.legal:
        figures = dict.fromkeys(figure.key for figure in shown)
        return {"legal": False, "reason": evaluation.reason, **figures, "levels": []}
    result: dict[str, Any] = {
        "legal": True,
        **{figure.key: figure.exact(evaluation) for figure in shown},
        "computes": evaluation.computes,
    }
    if not counts:
        result |= {
            "compute_energy_pj": evaluation.compute_energy_pj,
            "network_energy_pj": dict(evaluation.network_energy_pj),
        }
    result["levels"] = [_level_to_json(level, counts=counts) for level in evaluation.levels]
    if evaluated.assumed and not counts:
        result["assumed_energies"] = assumed_to_json(evaluated.assumed)
    if dense:
        result["dense_part_only"] = True
    comparison = evaluated.comparison
    if comparison is not None:
        result["report"] = {
            "file": str(comparison.report),
            "compared": comparison.compared,
            "agrees": comparison.agrees,
            "timeloop_before_2025": comparison.older is not None,
            "older_rules": comparison.older,
            "differences": [str(difference) for difference in comparison.differences],
        }
    return result


def _shown_figures(*, counts: bool) -> tuple[Figure, ...]:
    return tuple(figure for figure in EVALUATED if not counts or figure.key in _OF_COUNTS)


def _level_to_json(level: LevelStats, *, counts: bool) -> dict[str, Any]:
    per_instance = ("tile_words", "reads", "fills", "updates", "utilized_instances")
    names = (*per_instance, "total_reads", "total_fills", "total_updates")
    return {
        "level": level.level,
        "instances": int(level.instances),
        **({} if counts else {"energy_pj": level.energy_pj, "leakage_pj": level.leakage_pj}),
        "cycles": level.cycles,
        "data_spaces": {
            space: {name: getattr(stats, name) for name in names} for space, stats in level.data_spaces.items()
        },
    }


def print_evaluations(
    name: str, evaluated: Sequence[Evaluated], console: Console, *, verbose: bool, counts: bool = False
) -> None:
    """One row per mapping; what makes a mapping illegal, differences and per-level tables follow below.

    ``counts`` shows the accesses of every level, and no energies.
    """
    shown = [_energy_of(evaluated) if figure.key == _ENERGY.key else figure for figure in _shown_figures(counts=counts)]
    console.print(name, style="bold", markup=False, highlight=False, soft_wrap=True)
    table = Table()
    for heading in ("mapping", *(_heading(figure) for figure in shown)):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, one in enumerate(evaluated, start=1):
        table.add_row(str(number), *_figures(one.evaluation, shown))
    console.print(table)
    for number, one in enumerate(evaluated, start=1):
        if not one.evaluation.legal:
            console.print(f"mapping {number} is illegal: {one.evaluation.reason}", markup=False, soft_wrap=True)
        elif counts:
            console.print(_accesses(number, one.evaluation))
        elif verbose:
            console.print(_levels(number, one.evaluation, _energy_of(evaluated)))
        if one.comparison is not None:
            _print_comparison(one.comparison, console)


def _heading(figure: Figure) -> str:
    return escape(f"{figure.title} [{figure.unit}]") if figure.unit else figure.title


def _energy_of(evaluated: Sequence[Evaluated]) -> Figure:
    """The energy in the unit of all tables: that of other commands, or pJ where it would be a small fraction."""
    largest = max((one.evaluation.energy_pj for one in evaluated), default=0.0)
    return _ENERGY if largest * _ENERGY.factor >= _LEAST_SHOWN else replace(_ENERGY, unit="pJ", factor=1.0)


def _figures(evaluation: Evaluation, shown: Sequence[Figure]) -> tuple[str, ...]:
    if not evaluation.legal:
        return ("illegal", *[""] * (len(shown) - 1))
    return tuple(cell(figure, figure.of(evaluation), 6) for figure in shown)


def _accesses(number: int, evaluation: Evaluation) -> Table:
    """Words that every level reads and writes: per instance, and all instances together."""
    table = Table(title=f"mapping {number}: words per instance, and of all instances", title_justify="left")
    table.add_column("level", no_wrap=True)
    table.add_column("data space", no_wrap=True)
    for heading in ("instances", "reads", "fills", "updates", "all reads", "all fills", "all updates"):
        table.add_column(heading, justify="right", no_wrap=True)
    for level in reversed(evaluation.levels):
        for name, stats in level.data_spaces.items():
            if stats.tile_words:
                own = (stats.reads, stats.fills, stats.updates)
                total = (stats.total_reads, stats.total_fills, stats.total_updates)
                table.add_row(level.level, name, f"{stats.utilized_instances:g}", *map(count, own), *map(count, total))
    table.add_row("compute", "", "", *[""] * 3, f"{evaluation.computes:,} operations", "", "")
    return table


def _levels(number: int, evaluation: Evaluation, energy: Figure) -> Table:
    table = Table(title=f"mapping {number}, per instance (energy: all instances)", title_justify="left")
    table.add_column("level", no_wrap=True)
    table.add_column("data space", no_wrap=True)
    for heading in ("instances", "tile \\[words]", "reads", "fills", "updates", _heading(energy), "cycles"):
        table.add_column(heading, justify="right", no_wrap=True)
    for level in reversed(evaluation.levels):
        kept = {name: stats for name, stats in level.data_spaces.items() if stats.tile_words}
        limit = f" ({level.limited_by})" if level.limited_by else ""
        table.add_row(
            level.level, "", "", "", "", "", "", cell(energy, level.energy_pj, 6), count(level.cycles) + limit
        )
        for name, stats in kept.items():
            words = (stats.tile_words, stats.reads, stats.fills, stats.updates)
            paid = cell(energy, sum_in_order(stats.energy_pj.values()), 6)
            table.add_row("", name, f"{stats.utilized_instances:g}", *(count(word) for word in words), paid, "")
    for name, energy_pj in evaluation.network_energy_pj.items():
        table.add_row(name, *[""] * 6, cell(energy, energy_pj, 6), "")
    table.add_row("compute", *[""] * 6, cell(energy, evaluation.compute_energy_pj, 6), "")
    return table


def _print_comparison(comparison: Comparison, console: Console) -> None:
    total = len(comparison.differences)
    if comparison.older is not None:
        text = (
            f"agrees with {comparison.report}, which an older Timeloop printed: all {comparison.compared} figures, by "
            f"its rules {comparison.older}. Today {total} of these figures differ:"
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
