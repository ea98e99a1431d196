"""Three spaces of some 10,000 designs each, settled by ``hydra/sweeper=exhaustive`` and by mapping every design.

``python tests/enumerated_spaces.py FOLDER [--only gemmini,eyeriss,pim] [--processes 2]`` maps every design once, which
takes minutes, asks three questions about each space, and compares winners, fronts, figures, statuses and bounds. The
first difference ends it with an AssertionError.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from exhaustive_cases import METRICS, asked, check_against_every_point, study_of
from joblib import Parallel, delayed

from launcher.config.composition import Value
from launcher.results.goals import parse_goals
from launcher.sweeping.exhaustive.work import PointOutcome, search

ROOT = Path(__file__).resolve().parent.parent
BATCH = 120

SPACES: dict[str, dict[str, tuple[Value, ...]]] = {
    "gemmini": {  # 10,800
        "arch.rows": (8, 16, 24, 32, 64),
        "arch.cols": (8, 16, 32),
        "arch.dataflow": ("ws", "os"),
        "arch.scratchpad_kib": (16, 64, 256, 1024),
        "arch.scratchpad_bandwidth": (4, 16, 32),
        "arch.accumulator_kib": (0.5, 8, 32, 128, 256),
        "arch.accumulator_bandwidth": (2, 8),
        "arch.technology_nm": (22, 32, 45),
    },
    "eyeriss": {  # 10,368
        "arch.rows": (6, 8, 12),
        "arch.cols": (8, 14, 16, 32),
        "arch.glb_kib": (8, 32, 64, 128, 256, 512),
        "arch.glb_bandwidth": (2, 8, None),
        "arch.dram_bandwidth": (1, 2, 8, None),
        "arch.weights_spad_kib": (0.09375, 0.375),
        "arch.psum_spad_kib": (0.015625, 0.03125),
        "arch.technology_nm": (22, 32, 45),
    },
    "pim": {  # 8,640
        "arch.dataflow": ("ws", "is"),
        "arch.rows": (64, 96, 128, 256),
        "arch.cols": (64, 128, 256),
        "arch.adc_bits": (6, 8),
        "arch.glb_kib": (16, 64, 256),
        "arch.glb_bandwidth": (2, 4, 16, 64),
        "arch.dram_bandwidth": (2, 4, 16),
        "arch.cell_bits": (1, 2, 4, 8, 16),
    },
}
QUESTIONS: dict[str, tuple[list[str], list[str]]] = {
    "edp": (["edp_j_cycles"], []),
    "front": (["energy_pj", "area_mm2"], []),
    "limits": (["latency_s", "energy_pj"], ["area_mm2 <= 2", "utilization >= 0.2"]),
}


def map_all(values: Mapping[str, tuple[Value, ...]], overrides: list[str], processes: int) -> list[PointOutcome]:
    """What each design is, mapped by itself."""
    study = study_of(values, *overrides)
    packed = pickle.dumps(study)
    batches = [range(first, min(first + BATCH, study.space.size)) for first in range(0, study.space.size, BATCH)]
    found = Parallel(processes)(delayed(search)(packed, batch, METRICS) for batch in batches)
    return [outcome for batch in found for outcome in batch]


def settle(folder: Path, overrides: list[str], question: str, asked_values: list[str]) -> str:
    """Let the command line settle the space; its sentence on the points."""
    objectives, limits = QUESTIONS[question]
    goals = [f"sweep.objectives=[{','.join(objectives)}]"]
    goals += [f"sweep.constraints=[{','.join(map(json.dumps, limits))}]"] if limits else []
    command = [sys.executable, str(ROOT / "launch.py"), "-m", "hydra/sweeper=exhaustive", "model=bert_base", *overrides]
    command += ["tracking=none", "sweep.pictures=false", f"hydra.sweep.dir={question}", *goals, *asked_values]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return next(line for line in done.stdout.splitlines() if line.startswith("points"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default=",".join(SPACES))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        values, overrides = SPACES[name], [f"arch={name}", "layer=KTQ"]
        started = time.perf_counter()
        truth = map_all(values, overrides, arguments.processes)
        counts = ", ".join(f"{number:,} {status}" for status, number in Counter(one.status for one in truth).items())
        print(f"{name}: {len(truth):,} designs mapped in {time.perf_counter() - started:.0f} s: {counts}", flush=True)
        folder = arguments.folder / name
        folder.mkdir(parents=True)
        for question, (objectives, limits) in QUESTIONS.items():
            told = settle(folder, overrides, question, asked(values))
            check_against_every_point(folder / question, parse_goals(objectives, None, limits), truth)
            print(f"    {question}: the same, {told}", flush=True)


if __name__ == "__main__":
    main()
