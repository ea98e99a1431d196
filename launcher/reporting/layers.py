"""The layers of a network, one row each."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from launcher.reporting.numbers import count, percent, significant
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
    return [_fusion_line(pair) for pair in result.fusions]


def _fusion_line(pair: FusedPair) -> str:
    names = f"{pair.matmul}+{pair.norm}"
    if pair.level is None:
        return f"{names}: not fused{_impossible(pair)}"
    energy = pair.energy_pj / pair.unfused_energy_pj - 1 if pair.unfused_energy_pj else 0.0
    cycles = pair.cycles / pair.unfused_cycles - 1 if pair.unfused_cycles else 0.0
    return (
        f"{names}: fused at {pair.level}: energy {significant(pair.unfused_energy_pj * 1e-6)} -> "
        f"{significant(pair.energy_pj * 1e-6)} uJ ({energy:+.1%}), cycles {count(pair.unfused_cycles)} -> "
        f"{count(pair.cycles)} ({cycles:+.1%})"
    )


def _impossible(pair: FusedPair) -> str:
    """Where fusing is impossible; the reason when it is a single level (result.json has them all)."""
    if len(pair.refused) > 1:
        return f"; impossible at {', '.join(pair.refused)}"
    return "".join(f"; {reason}" for reason in pair.refused.values())
