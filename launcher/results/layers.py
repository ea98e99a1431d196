"""The layers of a network, one row each."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.plain_text import csv_text
from launcher.results.result import LayerRun, Result


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
    return csv_text([LayerRow.__dataclass_fields__, *(vars(row).values() for row in layer_rows(result))])
