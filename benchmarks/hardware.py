"""How fast a space of hardware is settled, and what a point costs without Hydra.

    python benchmarks/hardware.py [--only layer,block,million,run,sampled] [--workers 2]

layer     115,200 gemmini designs, BERT base KQV, best EDP
block     the same for a block of BERT base (softmax and layernorm included), under a limit of 4 mm2
million   1,036,800 gemmini designs, BERT base KQV, best EDP; peak memory and size of the table of points as well
run       ``launcher.run`` in a loop with changing values, gemmini KTQ, nothing from the cache: ms a call
sampled   200 random points of the first space: figures of the search's own workers against single runs, to the last bit

Everything but ``run`` and ``sampled`` runs the real command line, with ``hydra/launcher=joblib``, without pictures and
MLflow, and says how many points were settled and searched a second.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import launcher

ROOT = Path(__file__).resolve().parent.parent
SPACE = [
    "arch.rows=8,16,32,64",
    "arch.cols=8,16,32,64",
    "arch.dataflow=ws,os",
    "arch.scratchpad_kib=64,128,256,512,1024",
    "arch.scratchpad_bandwidth=16,32,64",
    "arch.accumulator_kib=32,64,128,256",
    "arch.accumulator_bandwidth=2,4,8",
    "arch.dram_bandwidth=4,8,16,32",
]
LANES = "arch.norm_lanes=1,4,16,32,64"
MILLION = [*SPACE, "arch.scratchpad_banks=1,2,4,8,16", "arch.technology_nm=22,32,45", "arch.accumulator_banks=1,2,4"]


def settle(folder: Path, workers: int, *arguments: str) -> None:
    """Run one search, and print what it says of itself."""
    command = [sys.executable, str(ROOT / "launch.py"), "-m", "hydra/sweeper=exhaustive", "model=bert_base"]
    command += ["tracking=none", "sweep.pictures=false", "hydra.sweep.dir=out", *arguments]
    command += ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={workers}"] if workers > 1 else []
    folder.mkdir()
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    (points,) = re.findall(r"^points +(.*)$", done.stdout, re.MULTILINE)
    (best,) = re.findall(r"^best +(.*)$", done.stdout, re.MULTILINE)
    total, searched = _count(r"([\d,]+) points\n", done.stdout), _count(r"points +([\d,]+) searched", done.stdout)
    print(f"    {points}\n    {best}")
    print(f"    {seconds:.1f} s with the start: {total / seconds:,.0f} points/s settled, {searched} searched")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = (folder / "out" / "points.parquet").stat().st_size / 1e6
    print(f"    largest process so far {memory:,.0f} MB; points.parquet {size:.1f} MB")


def _count(pattern: str, text: str) -> int:
    return int(re.findall(pattern, text)[0].replace(",", ""))


def run_in_a_loop(calls: int = 200) -> None:
    draw = random.Random(1)

    def once() -> None:
        values = [f"arch.rows={draw.choice((8, 16, 32))}", f"arch.scratchpad_kib={draw.randint(64, 1024)}"]
        launcher.run(["model=bert_base", "layer=KTQ", "cache=false", "verify=false", *values])

    for _ in range(5):
        once()
    started = time.perf_counter()
    for _ in range(calls):
        once()
    print(f"run: {(time.perf_counter() - started) / calls * 1e3:.1f} ms a call, {calls} calls")


def compare_samples(count: int = 200) -> None:
    import pickle  # noqa: PLC0415

    from launcher.config.compose import composition  # noqa: PLC0415
    from launcher.sweeping.exhaustive.space import FiniteSpace  # noqa: PLC0415
    from launcher.sweeping.exhaustive.work import HardwareStudy, search  # noqa: PLC0415

    values = {key: text.split(",") for key, _, text in (one.partition("=") for one in SPACE)}
    typed = {key: [int(one) if one.isdecimal() else one for one in own] for key, own in values.items()}
    space = FiniteSpace(typed)
    overrides = ["model=bert_base", "layer=KQV", "tracking=none"]
    study = pickle.dumps(HardwareStudy(space, {(): composition(overrides)}))
    numbers = random.Random(7).sample(range(space.size), count)
    equal = 0
    for outcome in search(study, numbers, ("energy_pj", "cycles", "area_mm2")):
        point = [f"{key}={value}" for key, value in space.point(outcome.number).items()]
        alone = launcher.run([*overrides, "cache=false", "verify=false", *point])
        own = {"energy_pj": alone.energy_pj, "cycles": alone.cycles, "area_mm2": alone.area_um2 * 1e-6}
        equal += outcome.figures == own
    print(f"sampled: {equal} of {count} random points equal to single runs to the last bit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="layer,block,million,run,sampled")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    searches = {
        "layer": [*SPACE, LANES, "layer=KQV"],
        "block": [*SPACE, LANES, "layer=all", "model.blocks=1", "constraints.area_mm2=4"],
        "million": [*MILLION, "layer=KQV"],
    }
    with tempfile.TemporaryDirectory() as scratch:
        for name, overrides in searches.items():
            if name in wanted:
                print(f"{name}:", flush=True)
                settle(Path(scratch) / name, arguments.workers, *overrides)
    if "run" in wanted:
        run_in_a_loop()
    if "sampled" in wanted:
        compare_samples()


if __name__ == "__main__":
    main()
