"""Where the energy goes, as stacked bars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from launcher.reporting.diagrams.bars import DrawnBar, bars_svg
from launcher.reporting.diagrams.palette import component_classes, data_space_slots
from launcher.reporting.numbers import energy, percent
from launcher.results.energy_table import EnergyRow, compute_name, energy_by_component_pj, energy_rows
from launcher.results.layers import layer_name
from launcher.results.result import Result
from launcher.summing import sum_in_order

_VALUE_WIDTH = 118.0
_LONGEST_LABEL = 170.0


@dataclass(frozen=True)
class BarPiece:
    """A piece of a bar: whose energy it is (``Weights``, ``leakage``, a level), its colour's class, and how much."""

    name: str
    css_class: str
    energy_pj: float


@dataclass(frozen=True)
class Bar:
    """A storage level, network or compute units, or a layer of a network; ``parts`` sum to its energy.

    ``css_class`` is the colour of what it stands for; a layer has none.
    """

    label: str
    parts: tuple[BarPiece, ...]
    css_class: str = ""

    @property
    def energy_pj(self) -> float:
        return sum_in_order(part.energy_pj for part in self.parts)


def energy_bars(result: Result) -> tuple[Bar, ...]:
    """What :func:`energy_svg` draws.

    Of a layer: a bar per level, network and compute units, outermost first, in parts by data space. Of a network: a
    bar per layer, all its runs together, in parts by level.
    """
    if result.layers:
        return tuple(_layer_bar(run.result, layer_name(run), run.runs, _levels(result)) for run in result.layers)
    rows = energy_rows(result)
    components = dict.fromkeys(row.component for row in rows)
    slots = data_space_slots(data_spaces(result))
    styles = component_styles(result)
    return tuple(
        Bar(name, _parts((row for row in rows if row.component == name), slots), styles.get(name, "do"))
        for name in components
    )


def energy_svg(result: Result, *, standalone: bool = False) -> str:
    """Energy by level and data space (of a network: by layer and level) as stacked bars; empty without a mapping."""
    bars = energy_bars(result)
    total = sum_in_order(bar.energy_pj for bar in bars)
    if not total:
        return ""
    largest = max(bar.energy_pj for bar in bars)
    shown = {part.name: part.css_class for bar in bars for part in bar.parts if part.energy_pj}
    order = [*data_spaces(result), *shown]
    return bars_svg(
        f"energy of {result.name}: {energy(total)}",
        [_drawn(bar, total, largest) for bar in bars],
        labels=(0.0, _LONGEST_LABEL),
        values=_VALUE_WIDTH,
        legend=dict(sorted(shown.items(), key=lambda entry: order.index(entry[0]))),
        standalone=standalone,
    )


def _drawn(bar: Bar, total: float, largest: float) -> DrawnBar:
    pieces = tuple(
        (
            part.css_class,
            part.energy_pj,
            f"{bar.label}, {part.name}: {energy(part.energy_pj)} ({percent(part.energy_pj / total)})",
        )
        for part in bar.parts
    )
    return DrawnBar(bar.label, bar.css_class, pieces, energy(bar.energy_pj, like=largest), bar.energy_pj / total)


def _parts(rows: Iterable[EnergyRow], slots: dict[str, int]) -> tuple[BarPiece, ...]:
    """The rows of one component, added up by data space; what belongs to none comes last, by its action."""
    energies: dict[tuple[str, str], float] = {}
    for row in rows:
        whose = (row.data_space, f"d{slots[row.data_space]}") if row.data_space else _UNATTRIBUTED[row.action]
        energies[whose] = energies.get(whose, 0.0) + row.energy_pj
    ordered = sorted(energies, key=lambda whose: not whose[1].startswith("d") or whose[1] == "do")
    return tuple(BarPiece(name, css_class, energies[name, css_class]) for name, css_class in ordered)


_UNATTRIBUTED = {
    "leak": ("leakage", "do"),
    "transfer": ("networks", "ln"),
    "compute": ("arithmetic", "lc"),
    "other": ("other", "do"),
}


def _layer_bar(result: Result, label: str, runs: int, levels: list[str]) -> Bar:
    compute = compute_name(result)
    networks = result.evaluation.network_energy_pj if result.evaluation else {}
    styles = component_classes(levels, networks, compute)
    parts = tuple(
        BarPiece("compute" if name == compute else name, styles.get(name, "do"), value * runs)
        for name, value in energy_by_component_pj(result).items()
    )
    return Bar(label, parts)


def _levels(result: Result) -> list[str]:
    """Names of all levels of a network's layers, outermost first."""
    evaluations = [run.result.evaluation for run in result.layers if run.result.evaluation]
    return list(dict.fromkeys(level.level for one in evaluations for level in reversed(one.levels)))


def component_styles(result: Result) -> dict[str, str]:
    """CSS class of every level, network and of the compute units of a layer."""
    evaluation = result.evaluation
    if evaluation is None:
        return {}
    levels = [level.level for level in reversed(evaluation.levels) if not level.level.startswith("inter_")]
    return component_classes(levels, evaluation.network_energy_pj, compute_name(result))


def data_spaces(result: Result) -> list[str]:
    """Names of a layer's data spaces, in the problem's order."""
    if result.specification:
        return list(result.specification.problem.data_space_names)
    evaluation = result.evaluation
    return list(
        dict.fromkeys(name for level in (evaluation.levels if evaluation else ()) for name in level.data_spaces)
    )
