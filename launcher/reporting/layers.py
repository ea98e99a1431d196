"""The layers of a network, one row each."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from launcher.reporting.numbers import count, percent, significant
from launcher.result import FusedPair, LayerRun, Result


@dataclass(frozen=True)
class LayerRow:
    """Figures of a layer; energy, cycles and EDP of all its runs together, the rest does not depend on the runs."""

    layer: str
    runs: int
    energy_uj: float
    cycles: float
    edp_j_cycles: float
    utilization: float
    optimality: str


def layer_name(run: LayerRun) -> str:
    """The layer's own name, e.g. ``KTQ``."""
    return str(run.result.parameters.get("layer", run.result.name))


def layer_runs(result: Result) -> tuple[LayerRun, ...]:
    """The layers of a network; a single layer as its own only one."""
    return result.layers or (LayerRun(result, 1),)


def layer_rows(result: Result) -> tuple[LayerRow, ...]:
    """A row per layer of a network, in the order in which they run; empty for a single layer."""
    return tuple(_row(run) for run in result.layers)


def _row(run: LayerRun) -> LayerRow:
    one = run.result
    energy_pj, cycles = one.energy_pj * run.runs, one.cycles * run.runs
    status = one.optimality.status if one.optimality else one.status
    return LayerRow(
        layer_name(run), run.runs, energy_pj * 1e-6, cycles, energy_pj * 1e-12 * cycles, one.utilization, status
    )


def layers_csv(result: Result) -> str:
    """:func:`layer_rows` as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(LayerRow.__dataclass_fields__)
    for row in layer_rows(result):
        writer.writerow(vars(row).values())
    return text.getvalue()


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
