"""The layers of a network, one row each."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from launcher.reporting.numbers import change, count, percent, significant
from launcher.results.fused import FusedLayers
from launcher.results.fused_savings import alone_cycles, alone_energy_pj, fused_groups
from launcher.results.layers import layer_rows
from launcher.results.result import FusedPair, Result


def layers_table(result: Result) -> Table:
    """:func:`layer_rows` for the terminal."""
    table = Table(title="layers, all their runs together", title_justify="left")
    table.add_column("layer", no_wrap=True)
    for name in ("runs", "energy uJ", "share", "cycles", "share", "utilization"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in layer_rows(result):
        table.add_row(
            escape(row.layer),
            count(row.runs),
            significant(row.energy_uj),
            percent(row.energy_uj * 1e6 / result.energy_pj),
            count(row.cycles),
            percent(row.cycles / result.cycles),
            percent(row.utilization),
        )
    return table


def fusion_lines(result: Result) -> list[str]:
    """What fusing did to each pair of layers that it was tried on."""
    return [*(_fusion_line(pair) for pair in result.fusions), *group_lines(result)]


def group_lines(result: Result) -> list[str]:
    """What fusing did to each group of layers, or that it gains nothing."""
    found = [_group_line(group) for group in fused_groups(result)]
    if found or not any(group.fusible for group in result.groups):
        return found
    proved = result.optimality is not None and result.optimality.status == "proved"
    return ["fusing gains nothing here" + (", proved" if proved else " that was found in time")]


def _group_line(group: FusedLayers) -> str:
    title = "+".join(group.layers)
    if not group.alone:
        return f"{title}: fused"
    energy, cycles = group.energy_pj * group.runs, group.cycles * group.runs
    return f"{title}: fused: {_change(alone_energy_pj(group), energy, alone_cycles(group), cycles)}"


def _fusion_line(pair: FusedPair) -> str:
    names = f"{pair.matmul}+{pair.norm}"
    if pair.level is None:
        return f"{names}: not fused{_impossible(pair)}"
    change = _change(pair.unfused_energy_pj, pair.energy_pj, pair.unfused_cycles, pair.cycles)
    return f"{names}: fused at {pair.level}: {change}"


def _change(energy_before: float, energy: float, cycles_before: int, cycles: int) -> str:
    more_energy = energy / energy_before - 1 if energy_before else 0.0
    more_cycles = cycles / cycles_before - 1 if cycles_before else 0.0
    return (
        f"energy {significant(energy_before * 1e-6)} -> {significant(energy * 1e-6)} uJ ({change(more_energy)}), "
        f"cycles {count(cycles_before)} -> {count(cycles)} ({change(more_cycles)})"
    )


def _impossible(pair: FusedPair) -> str:
    """Where fusing is impossible; the reason when it is a single level (result.json has them all)."""
    if len(pair.refused) > 1:
        return f"; impossible at {', '.join(pair.refused)}"
    return "".join(f"; {reason}" for reason in pair.refused.values())
