"""Every metric of a result: those of its figures, of its levels and of its layers, by the names that MLflow has."""

from __future__ import annotations

import re
from math import isfinite

from launcher.figures import metrics_of
from launcher.results.energy_table import energy_shares
from launcher.results.fused_savings import fused_groups, saved_energy_pj
from launcher.results.layers import layer_rows
from launcher.results.result import Result

_NOT_IN_A_NAME = re.compile(r"[^\w\-./ :]")


def recorded_metrics(result: Result) -> dict[str, float]:
    """The figures of a result, of its levels and of its layers; those that do not exist are left out."""
    more = {f"energy_share.{legal_name(name)}": share for name, share in energy_shares(result).items()}
    for row in layer_rows(result):
        numbers = {name: value for name, value in vars(row).items() if not isinstance(value, str)}
        more |= {f"layer.{legal_name(row.layer)}.{name}": value for name, value in numbers.items()}
    if result.generation is not None:
        found = result.generation.figures(result.cycle_seconds)
        more |= {f"generation.{name}": value for name, value in found.items()}
    if fused_groups(result):
        more["fusion.saved_energy_uj"] = saved_energy_pj(result) * 1e-6
        more["fusion.groups"] = len(fused_groups(result))
    return metrics_of(result) | {name: float(value) for name, value in more.items() if isfinite(value)}


def legal_name(name: str) -> str:
    """``name`` with every character that MLflow refuses replaced by an underscore."""
    return _NOT_IN_A_NAME.sub("_", name)[:250]
