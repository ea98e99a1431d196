"""Limits that a designer puts on a trial's figures: ``constraints.area_mm2=5``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import isnan
from typing import ClassVar

from launcher.config.checked import Checked
from launcher.result import Result

AT_LEAST = ("utilization",)
"""Figures of which more is better, so that their limit is a lower one."""


def _limit(most: float = 1e30) -> float | None:
    bound: float | None = field(default=None, metadata={"least": 0, "most": most})
    return bound


@dataclass
class Constraints(Checked):
    """What a trial must keep to count as good: at most this much; of utilization, at least."""

    group: ClassVar[str] = "constraints"

    area_mm2: float | None = _limit()
    energy_pj: float | None = _limit()
    energy_uj: float | None = _limit()
    cycles: float | None = _limit()
    edp_j_cycles: float | None = _limit()
    utilization: float | None = _limit(1)

    @property
    def bounds(self) -> dict[str, float]:
        """The limits that are set, by metric."""
        return {item.name: getattr(self, item.name) for item in fields(self) if getattr(self, item.name) is not None}

    @property
    def texts(self) -> list[str]:
        """The limits as ``sweep.constraints`` has them, e.g. ``area_mm2 <= 5``."""
        return [f"{name} {'>=' if name in AT_LEAST else '<='} {bound:g}" for name, bound in self.bounds.items()]


def broken(result: Result, constraints: Constraints) -> tuple[str, ...]:
    """The limits that a result does not keep, with its figures; one that has no such figure keeps none."""
    if not result.ok:
        return ()
    figures = {
        "area_mm2": result.area_um2 * 1e-6,
        "energy_pj": result.energy_pj,
        "energy_uj": result.energy_pj * 1e-6,
        "cycles": result.cycles,
        "edp_j_cycles": result.edp_j_cycles,
        "utilization": result.utilization,
    }
    told = []
    for name, bound in constraints.bounds.items():
        value = figures[name]
        kept = value >= bound if name in AT_LEAST else value <= bound
        if not kept:
            wanted = f"{'at least' if name in AT_LEAST else 'at most'} {bound:g}"
            told.append(f"{name} is {'unknown' if isnan(value) else format(value, '.4g')}, wanted {wanted}")
    return tuple(told)
