"""The layers of a network, one row each."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.figures import CRITERIA
from launcher.plain_text import csv_text
from launcher.results.result import LayerRun, Result

NORM_OPERATION = "norm_operation"
"""The shape of softmax and layer normalisation, which run on an engine of their own beside the array."""

BESIDE_THE_ARRAY = (NORM_OPERATION, "elementwise")
"""Shapes that run on that engine."""


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


def is_layer_by_layer(result: Result) -> bool:
    """Whether what is known of the optimum holds for every layer, but not for the network that they make.

    Of energy and of cycles the least sums consist of the least ones. Products of the sums, such as EDP, do not: where
    they were minimised themselves, there is a bound of them.
    """
    optimality = result.optimality
    if optimality is None or optimality.lower_bound is not None or len(result.layers) < 2:
        return False
    criteria = [CRITERIA.get(name) for name in optimality.objective]
    return any(one is None or (one.energy and one.cycles) for one in criteria[:1])


def optimality_word(result: Result) -> str | None:
    """The status of a result's optimality, for tables and tags; of layers alone it says so: ``layers proved``."""
    if result.optimality is None:
        return None
    return f"{'layers ' if is_layer_by_layer(result) else ''}{result.optimality.status}"


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
