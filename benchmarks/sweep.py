"""What sweeps cost, and how good their samplers are on a space that is known.

    python benchmarks/sweep.py [--only cost,growth,grid,parallel,resume,quality] [--seeds 10]

cost       200 trials of gemmini KTQ in one process: seconds, and the sweep's own cost per trial beyond the trials' own
           time, without and with MLflow
growth     2,000 different points in one process: time from one trial's start to the next one's, early, midway and late
grid       the same as cost for a grid of 200 points
parallel   sweeps of a layer whose search takes a second, and of one whose search takes some milliseconds, with one and
           with two joblib workers: trials per second
resume     seconds until a study of 2,000 trials goes on
quality    a grid of 5 x 5 x 4 gemmini sizes, tried whole; then, for each seed, how close 40 trials of TPE come to the
           best EDP, and which share of the true front's hypervolume 60 trials of NSGA-II cover

Everything runs the real command line; results are not taken from the cache, except for quality, whose grid fills it.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna

ROOT = Path(__file__).resolve().parent.parent
LAYER = ["model=bert_base", "layer=KTQ"]
WIDE = ["arch.rows=range(4,129,4)", "arch.cols=range(4,129,4)", "arch.scratchpad_kib=choice(64,128,256,512)"]
LONG = ["arch=eyeriss", "model=resnet18", "layer=resnet18_4_3x3", "mapper=energy"]
LONG += ["arch.rows=range(6,25,2)", "arch.cols=range(6,25,2)", "arch.glb_kib=choice(64,128,256)"]
KNOWN = [
    "arch.rows=choice(8,12,16,24,32)",
    "arch.cols=choice(8,12,16,24,32)",
    "arch.scratchpad_kib=choice(16,64,256,1024)",
]


def sweep(folder: Path, *arguments: str, points: str = "optuna") -> float:
    """Seconds of one sweep in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        str(ROOT / "launch.py"),
        "-m",
        f"hydra/sweeper={points}",
        "sweep.pictures=false",
        "sweep.prune=false",
        *arguments,
    ]
    environment = {**os.environ, "LAUNCHER_CACHE_DIR": str(folder.parent / "cache")}
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def rows(folder: Path) -> list[dict[str, str]]:
    """The latest table of all trials in ``folder``."""
    latest = max(folder.glob("multirun/*/*/trials.csv"), key=lambda file: file.stat().st_mtime)
    with latest.open() as file:
        return list(csv.DictReader(file))


def cost(scratch: Path) -> None:
    settings = [*LAYER, *WIDE, "sweep.sampler=random", "cache=false"]
    for tracking in ("none", "mlflow"):
        common = [*settings, f"tracking={tracking}"]
        few = sweep(scratch / f"few_{tracking}", *common, "sweep.n_trials=1")
        many = sweep(scratch / f"many_{tracking}", *common, "sweep.n_trials=200")
        ran = [row for row in rows(scratch / f"many_{tracking}") if not row["same_as"]]
        engine = sum(float(row["trial_seconds"]) for row in ran)
        own = (many - few - engine) / (len(ran) - 1)
        print(
            f"cost, tracking={tracking}: 200 trials {many:.1f} s; {engine / len(ran) * 1e3:.0f} ms of a trial are its"
        )
        print(f"    own, {own * 1e3:.0f} ms the sweep's; a sweep of one trial takes {few:.1f} s")


def growth(scratch: Path) -> None:
    folder = scratch / "growth"
    settings = [*LAYER, *WIDE, "sweep.sampler=random", "sweep.keep=front", "cache=false", "tracking=none"]
    sweep(folder, *settings, "sweep.n_trials=2000")
    started = [one.datetime_start for one in _study(folder).get_trials(deepcopy=False)]
    for first, last in ((1, 200), (900, 1100), (1800, 2000)):
        span = started[last - 1] - started[first - 1]
        print(f"growth: trials {first:,} to {last:,}: {span.total_seconds() / (last - first) * 1e3:.1f} ms a trial")


def grid(scratch: Path) -> None:
    for tracking in ("none", "mlflow"):
        common = [*LAYER, "cache=false", f"tracking={tracking}"]
        few = sweep(scratch / f"two_{tracking}", *common, "arch.rows=8,16", points="grid")
        folder = scratch / f"grid_{tracking}"
        many = sweep(folder, *common, "arch.rows=range(4,84,4)", "arch.cols=range(4,44,4)", points="grid")
        engine = sum(float(row["trial_seconds"]) for row in rows(folder))
        own = (many - few - engine) / 198
        print(f"grid, tracking={tracking}: 200 trials {many:.1f} s, two {few:.1f} s; {own * 1e3:.0f} ms of a trial are")
        print("    the sweep's")


def parallel(scratch: Path) -> None:
    for length, layer, first, total in (("long", LONG, 20, 100), ("short", [*LAYER, *WIDE], 10, 410)):
        settings = [*layer, "sweep.sampler=random", "cache=false", "tracking=none"]
        rates, whole = {}, {}
        for workers in (1, 2):
            several = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"] if workers == 2 else []
            few = sweep(scratch / f"few_{length}_{workers}", *settings, *several, f"sweep.n_trials={first}")
            folder = scratch / f"many_{length}_{workers}"
            whole[workers] = many = sweep(folder, *settings, *several, f"sweep.n_trials={total}")
            rates[workers] = (total - first) / (many - few)
            own = [float(row["trial_seconds"]) for row in rows(folder)]
            print(f"parallel, {length} trials, {workers} at a time: {rates[workers]:.3g} trials/s once started;")
            print(f"    {total} take {many:.1f} s, {sum(own) / len(own):.2g} s of a trial are its own")
        print(f"parallel, {length} trials: {rates[2] / rates[1]:.2f} times the throughput of one once started,")
        print(f"    {whole[1] / whole[2]:.2f} times in all")
    print(f"parallel: two processes that only count do {_two_cores():.2f} times the work of one on this machine")


def _two_cores() -> float:
    """What is there to be had: other programs, and cores that are half of one, take their share."""
    with multiprocessing.Pool(2) as pool:
        alone = [pool.apply(_count) for _ in range(2)]
        together = [one.get() for one in [pool.apply_async(_count) for _ in range(2)]]
    return sum(alone) / max(together)


def _count() -> float:
    started = time.perf_counter()
    total = 0
    for number in range(30_000_000):
        total += number
    return time.perf_counter() - started


def resume(scratch: Path) -> None:
    settings = [*LAYER, "arch.rows=range(1,129)", "arch.cols=range(1,129)", "sweep.sampler=random", "tracking=none"]
    folder = scratch / "resume"
    sweep(folder, *settings, "sweep.n_trials=1")
    _fill(folder, 2000)
    alone = sweep(scratch / "fresh", *settings, "sweep.n_trials=1")
    seconds = sweep(folder, *settings, "sweep.n_trials=2001")
    print(f"resume: 2,000 trials and one more take {seconds:.1f} s, one alone {alone:.1f} s")


def _fill(folder: Path, total: int) -> None:
    """Copies of the first trial's result under other points, as a sweep would write them."""
    from launcher.sweeping.study import SharedStudy  # noqa: PLC0415

    study = _study(folder)
    shared = SharedStudy(study)
    result = study.trials[0].user_attrs["result"]
    while len({tuple(one.params.values()) for one in shared.trials}) < total:
        trial = shared.ask(folder)
        trial.suggest_int("arch.rows", 1, 128)
        trial.suggest_int("arch.cols", 1, 128)
        shared.keep(trial, result)
        shared.tell(trial, [result["metrics"]["edp_j_cycles"]], {})


def _study(folder: Path) -> optuna.Study:
    from launcher.sweeping.storages import open_storage  # noqa: PLC0415

    (file,) = folder.glob("studies/*.journal")
    return optuna.load_study(study_name=None, storage=open_storage(str(file)), sampler=optuna.samplers.RandomSampler(1))


def quality(scratch: Path, seeds: int) -> None:
    common = [*LAYER, *KNOWN, "tracking=none"]
    front = "sweep.objectives=[energy_pj,cycles]"
    sweep(scratch / "grid", *common, "sweep.sampler=grid", "sweep.n_trials=100")
    known = rows(scratch / "grid")
    best = min(float(row["edp_j_cycles"]) for row in known)
    truth = _volume(known, known)
    gaps, shares = [], []
    for seed in range(1, seeds + 1):
        folder = scratch / f"tpe_{seed}"
        sweep(folder, *common, "sweep.n_trials=40", f"sweep.seed={seed}")
        gaps.append(min(float(row["edp_j_cycles"]) for row in rows(folder)) / best - 1)
        folder = scratch / f"nsga2_{seed}"
        sweep(folder, *common, front, "sweep.sampler=nsga2", "sweep.n_trials=60", f"sweep.seed={seed}")
        shares.append(_volume(rows(folder), known) / truth)
    print(f"quality: TPE, 40 trials: within 2 % in {sum(gap <= 0.02 for gap in gaps)} of {seeds} seeds;")
    print("    above the best EDP by", json.dumps([round(gap, 4) for gap in gaps]))
    print(f"quality: NSGA-II, 60 trials: 95 % of the hypervolume in {sum(s >= 0.95 for s in shares)} of {seeds} seeds;")
    print("    share", json.dumps([round(share, 4) for share in shares]))


def _volume(found: list[dict[str, str]], known: list[dict[str, str]]) -> float:
    """Hypervolume of energy and cycles below the worst of the known space."""
    worst = [max(float(row[name]) for row in known) for name in ("energy_pj", "cycles")]
    points = sorted({(float(row["energy_pj"]), float(row["cycles"])) for row in found})
    volume, height = 0.0, worst[1]
    for energy, cycles in points:
        if cycles < height:
            volume += (worst[0] - energy) * (height - cycles)
            height = cycles
    return volume


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="cost,growth,grid,parallel,resume,quality")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    chosen = arguments.only.split(",")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        sweep(scratch / "warm", *LAYER, *WIDE, "sweep.n_trials=1", "tracking=none")  # compiles
        for part in (cost, growth, grid, parallel, resume):
            if part.__name__ in chosen:
                part(scratch)
        if "quality" in chosen:
            quality(scratch, arguments.seeds)


if __name__ == "__main__":
    main()
