"""Small spaces of hardware, and what trying every point of them gives."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher.config.compose import composition
from launcher.config.composition import Value
from launcher.results.fronts import dominates
from launcher.results.goals import Goals
from launcher.sweeping.exhaustive.space import FiniteSpace
from launcher.sweeping.exhaustive.table import PointTable, read_points
from launcher.sweeping.exhaustive.work import HardwareStudy, PointOutcome, _Worker

GEMMINI: dict[str, tuple[Value, ...]] = {
    "arch.rows": (8, 16, 32),
    "arch.cols": (8, 16),
    "arch.dataflow": ("ws", "os"),
    "arch.scratchpad_kib": (16, 64, 256),
    "arch.scratchpad_bandwidth": (4, 32),
    "arch.accumulator_kib": (0.5, 32),
    "arch.technology_nm": (32, 45),
}
EYERISS: dict[str, tuple[Value, ...]] = {
    "arch.rows": (8, 12, 14),
    "arch.cols": (8, 16),
    "arch.glb_kib": (16, 64, 256),
    "arch.glb_bandwidth": (4, None),
    "arch.dram_bandwidth": (2, 8),
}
PIM: dict[str, tuple[Value, ...]] = {
    "arch.rows": (64, 128),
    "arch.cols": (64, 256),
    "arch.adc_bits": (6, 8),
    "arch.glb_kib": (16, 256),
    "arch.glb_bandwidth": (4, 16),
    "arch.dram_bandwidth": (4, 16),
}
METRICS = ("edp_j_cycles", "energy_pj", "cycles", "area_mm2", "utilization", "latency_s")
SPACES: dict[str, Mapping[str, Sequence[Value]]] = {"gemmini": GEMMINI, "eyeriss": EYERISS, "pim": PIM}


def study_of(values: Mapping[str, Sequence[Value]], *overrides: str) -> HardwareStudy:
    """A study of these values, and whatever else the command line says."""
    return HardwareStudy(FiniteSpace(values), {(): composition(["tracking=none", "model=bert_base", *overrides])})


def asked(values: Mapping[str, Sequence[Value]]) -> list[str]:
    """The values as a command line gives them."""
    return [f"{key}={','.join('null' if v is None else str(v) for v in own)}" for key, own in values.items()]


def table_of_trials(folder: Path) -> list[dict[str, Any]]:
    """``trials.csv`` of a sweep, figures as numbers."""
    with next(folder.glob("**/trials.csv")).open() as file:
        return list(csv.DictReader(file))


def every_point(study: HardwareStudy, metrics: tuple[str, ...] = METRICS) -> list[PointOutcome]:
    """What each point is, found one by one."""
    worker = _Worker(study)
    return [worker.search(number, metrics) for number in range(study.space.size)]


def losses(goals: Goals, outcome: PointOutcome) -> tuple[float, ...] | None:
    if outcome.status != "searched" or goals.broken(outcome.figures):
        return None
    return tuple(goals.losses(outcome.figures))


def check_against_every_point(folder: Path, goals: Goals, truth: list[PointOutcome]) -> PointTable:
    """The certificate's front is the true one, and whatever is said of a point is so."""
    points = read_points(folder / "points.parquet")
    certificate = json.loads((folder / "certificate.json").read_text())
    known = [losses(goals, one) for one in truth]
    distinct = set(filter(None, known))
    front = {own for own in distinct if not any(dominates(other, own) for other in distinct)}
    assert {tuple(one["losses"]) for one in certificate["best"]} == front
    signs = [1 if way == "minimize" else -1 for way in goals.directions]
    for number, one in enumerate(truth):
        row = points.row(number)
        assert row["status"] != "open"
        if row["status"] == "searched":
            assert {name: row[name] for name in one.figures if name in row} == {
                name: value for name, value in one.figures.items() if name in row
            }
            continue
        if row["status"] in ("infeasible", "failed"):
            assert one.status == row["status"]
            continue
        own = known[number]
        assert own is None or own not in front
        if row["status"] == "limit":
            assert one.status != "searched" or goals.broken(one.figures)
        for name, sign in zip(goals.objectives, signs, strict=True):
            if one.status == "searched" and f"bound.{name}" in row:
                assert sign * float(row[f"bound.{name}"]) <= sign * one.figures[name] * (1 + sign * 1e-9)  # type: ignore[arg-type]
    return points
