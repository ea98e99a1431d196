"""Small spaces of hardware, and what trying every point of them gives."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher.config.compose import composition
from launcher.config.composition import Value
from launcher.sweeping.exhaustive.space import FiniteSpace
from launcher.sweeping.exhaustive.work import HardwareStudy

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
