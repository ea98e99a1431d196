"""Sweeps, with Optuna and over grids, on the real command line."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
from command_line import ROOT, Outcome, launch_here
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from launcher.errors import LauncherError
from launcher.sweeping.processes import Process, _born
from launcher.tracking.mlflow_tracker import MlflowTracker

LAYER = ["model=bert_base", "layer=KTQ", "sweep.pictures=false"]
FAST = ["hydra/sweeper=optuna", "sweep.prune=false", *LAYER]
SPACE = ["arch.rows=choice(8,16,32)", "arch.cols=choice(8,16,32)"]


def sweep(folder: Path, *arguments: str) -> Outcome:
    return launch_here(folder, "-m", *FAST, *arguments)


def grid(folder: Path, *arguments: str) -> Outcome:
    return launch_here(folder, "-m", *LAYER, *arguments)


def trials(folder: Path) -> list[FrozenTrial]:
    """Of the only study in ``folder``."""
    (file,) = folder.glob("studies/*.journal")
    storage = JournalStorage(JournalFileBackend(str(file)))
    return optuna.load_study(study_name=None, storage=storage).get_trials()


def table(folder: Path) -> list[dict[str, str]]:
    """The latest table of all trials."""
    latest = max(folder.glob("multirun/*/*/trials.csv"), key=lambda file: file.stat().st_mtime)
    with latest.open() as file:
        return list(csv.DictReader(file))


def test_a_sweep_leaves_a_study_a_table_and_pictures_and_goes_on(tmp_path: Path) -> None:
    goals = ["sweep.objectives=[energy_pj,cycles]", 'sweep.constraints=["area_mm2 <= 1.5"]', "sweep.seed=3"]
    first = sweep(tmp_path, *SPACE, *goals, "sweep.n_trials=4").must_succeed()
    assert "front of" in first.out
    more = ["sweep.n_trials=8", "sweep.enqueue=[{arch.rows:32,arch.cols:8}]", "sweep.pictures=true"]
    sweep(tmp_path, *SPACE, *goals, *more).must_succeed()
    found = trials(tmp_path)
    assert {"arch.rows": 32, "arch.cols": 8} in [trial.params for trial in found]
    points = {tuple(sorted(trial.params.items())) for trial in found}
    assert len(list(tmp_path.glob("multirun/*/*/*/result.json"))) == len(points) == 8
    rows = table(tmp_path)
    assert [int(row["trial"]) for row in rows] == list(range(len(found)))
    assert all((float(row["area_mm2"]) > 1.5) == bool(row["broken_constraints"]) for row in rows)
    folder = max(tmp_path.glob("multirun/*/*"))
    for name in ("pareto_front.png", "parallel_coordinates.cycles.png", "front.svg", "report.html"):
        assert 1000 < (folder / name).stat().st_size < 500_000
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        children = database.execute("select run_uuid, value from tags where key = 'mlflow.parentRunId'").fetchall()
        parents = database.execute("select run_uuid from tags where key = 'kind' and value = 'sweep'").fetchall()
        metrics = dict(database.execute("select key, value from latest_metrics where run_uuid = ?", parents[0]))
        tags = dict(database.execute("select key, value from tags where run_uuid = ?", parents[0]))
    assert len(parents) == 1 and {parent for _, parent in children} == set(parents[0])
    assert len(children) == len(points)
    assert metrics["trials"] == metrics["trials_ok"] == len(found) == 8 + metrics["trials_reused"]
    assert {"best.arch.rows", "best.arch.cols", "best.trial"} <= tags.keys()
    assert list(tmp_path.glob("mlartifacts/**/trials.csv")) and list(tmp_path.glob("mlartifacts/**/pareto_front.png"))


def test_the_grid_is_tried_once_whole_and_ends(tmp_path: Path) -> None:
    for sampler in ("grid", "bruteforce"):
        folder = tmp_path / sampler
        folder.mkdir()
        outcome = sweep(folder, *SPACE, f"sweep.sampler={sampler}", "tracking=none").must_succeed()
        assert "9 trials" in outcome.out and "every one of the 9 points was tried" in outcome.out
        points = Counter(tuple(sorted(trial.params.items())) for trial in trials(folder))
        assert len(points) == 9 and set(points.values()) == {1}


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_study_of_a_small_space_tries_every_point_says_so_and_ends(tmp_path: Path, sampler: str) -> None:
    space = ["arch.rows=choice(4,8,12,16)", "arch.cols=range(4,33,4)", f"sweep.sampler={sampler}", "tracking=none"]
    some = sweep(tmp_path, *space, "sweep.n_trials=30").must_succeed()
    assert "was tried" not in some.out and len(own_points(tmp_path)) == 30
    told = sweep(tmp_path, *space, "sweep.n_trials=100").must_succeed()
    assert "every one of the 32 points was tried" in told.out
    tried = own_points(tmp_path)
    assert len(tried) == len(set(tried)) == 32


def own_points(folder: Path) -> list[tuple[str, str]]:
    """Of the trials that do not repeat another one's."""
    return [(row["arch.rows"], row["arch.cols"]) for row in table(folder) if not row["same_as"]]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_study_has_as_many_different_points_as_it_was_asked_for(tmp_path: Path, sampler: str) -> None:
    space = ["arch.rows=range(8,65,8)", "arch.cols=range(8,65,8)", f"sweep.sampler={sampler}", "tracking=none"]
    told = sweep(tmp_path, *space, "sweep.n_trials=45", "sweep.seed=2").must_succeed()
    points = own_points(tmp_path)
    assert len(points) == len(set(points)) == 45 and "was tried" not in told.out
    assert not any(row["same_as"] for row in table(tmp_path))


def test_what_failed_is_not_run_again_and_again(tmp_path: Path) -> None:
    space = ["arch.rows=choice(0,8,-1)", "arch.cols=choice(8,16)", "tracking=none", "sweep.max_failures=0.8"]
    told = sweep(tmp_path, *space, "sweep.n_trials=50").must_succeed()
    assert "every one of the 6 points was tried" in told.out
    assert Counter(row["state"] for row in table(tmp_path) if not row["same_as"]) == {"ok": 2, "failed": 4}


def test_failures_are_trials_with_reasons_and_the_sweep_goes_on(tmp_path: Path) -> None:
    space = ["arch.accumulator_kib=choice(0.0625,256)", "arch.rows=choice(0,16)"]
    outcome = sweep(tmp_path, *space, "sweep.sampler=grid").must_succeed()
    assert "out of range" in outcome.out
    states = Counter(row["state"] for row in table(tmp_path))
    assert states == {"ok": 1, "infeasible": 1, "failed": 2}
    assert all(row["reason"] for row in table(tmp_path) if row["state"] != "ok")
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        runs = database.execute("select status from runs join tags using (run_uuid) where key = 'reason'").fetchall()
    assert runs == [("FAILED",)] * 3


def test_a_sweep_of_failures_says_why_and_fails(tmp_path: Path) -> None:
    space = "arch.accumulator_kib=choice(0.0625,0.07,0.08)"
    sweep(tmp_path, space, "tracking=none", "sweep.sampler=grid").must_explain("none of the 3", "Accumulator")
    allowed = ["sweep.max_failures=0.5", "sweep.restart=true"]
    sweep(tmp_path, space, "tracking=none", "sweep.sampler=grid", *allowed).must_explain("2 trials failed")


def test_a_sweep_keeps_the_files_that_it_is_asked_to_keep(tmp_path: Path) -> None:
    space = ["arch.rows=4,8,16,24", "arch.cols=4,8,16"]
    for keep in ("front", "best"):
        folder = tmp_path / keep
        folder.mkdir()
        told = grid(folder, *space, f"sweep.keep={keep}").must_succeed()
        rows = table(folder)
        assert len(rows) == 12 and all(float(row["edp_j_cycles"]) for row in rows) and "12 trials" in told.out
        figures = {int(row["trial"]): (float(row["energy_pj"]), float(row["cycles"])) for row in rows}
        front = {
            number
            for number, (energy, cycles) in figures.items()
            if not any(e <= energy and c <= cycles and (e, c) != (energy, cycles) for e, c in figures.values())
        }
        kept = {int(file.parent.name) for file in folder.glob("multirun/*/*/*/result.json")}
        assert kept == (front if keep == "front" else set(figures)), keep
        assert {int(row["trial"]) for row in rows if row["folder"]} == kept
        with sqlite3.connect(folder / "mlflow.db") as database:
            (children,) = database.execute("select count(*) from tags where key = 'mlflow.parentRunId'").fetchone()
        assert children == len(kept)
    jobs = [*space[:1], "sweep.keep=best", "hydra.job.chdir=true"]
    grid(tmp_path, *jobs).must_explain("sweep.keep=best", "hydra.job")


def test_points_that_cannot_be_the_best_are_counted_and_not_each_told(tmp_path: Path) -> None:
    space = ["arch.rows=choice(2,4,64)", "arch.cols=choice(2,4,64)", "sweep.prune=true", "sweep.sampler=random"]
    space += ["sweep.enqueue=[{arch.rows:64,arch.cols:64}]"]
    told = sweep(tmp_path, *space, "tracking=none", "sweep.n_trials=9").must_succeed()
    states = Counter(row["state"] for row in table(tmp_path) if not row["same_as"])
    assert states == {"ok": 1, "pruned": 8} and f"{states['pruned']} left out by their bounds" in told.out
    assert "bound" not in told.out.partition("trials,")[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may come in a collector's callback
def test_a_trial_that_takes_too_long_fails(tmp_path: Path) -> None:
    limit = ["sweep.trial_timeout_s=0.001", "sweep.n_trials=2", "cache=false", "tracking=none"]
    sweep(tmp_path, *SPACE, *limit).must_explain("took longer than sweep.trial_timeout_s=0.001")


def test_a_changed_space_or_goal_is_refused_with_the_difference(tmp_path: Path) -> None:
    here = ["sweep.storage=mine.journal", "sweep.n_trials=1", "tracking=none"]
    sweep(tmp_path, *SPACE, *here).must_succeed()
    other = ["arch.rows=choice(8,64)", "arch.cols=choice(8,16,32)"]
    sweep(tmp_path, *other, *here).must_explain("space.arch.rows: choice(8,16,32) -> choice(8,64)", "restart")
    changed = sweep(tmp_path, *SPACE, "sweep.objectives=[cycles]", *here)
    changed.must_explain("minimize edp_j_cycles -> minimize cycles")
    sweep(tmp_path, *other, *here, "sweep.restart=true").must_succeed()
    assert [row["arch.rows"] in ("8", "64") for row in table(tmp_path)] == [True]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*SPACE, "sweep.objectives=[energi_pj]"], ["energi_pj", "did you mean energy_pj?"]),
        ([*SPACE, 'sweep.constraints=["aria_mm2 <= 4"]'], ["aria_mm2"]),
        (["arch.rows=int(interval(16,8))"], ["arch.rows", "16 down to 8"]),
        ([*SPACE, "sweep.storage=sqlite:////nowhere/x.db"], ["sqlite:////nowhere/x.db"]),
        ([*SPACE, "sweep.sampler=tpa"], ["tpa", "bruteforce"]),
        (["arch.rwos=choice(8,16)"], ["did you mean arch.rows?"]),
        ([*SPACE, "sweep.enqueue=[{arch.rows:7}]"], ["arch.rows=7"]),
        ([*SPACE, "sweep.enqueue=[7]"], ["7 is no point", "sweep.enqueue", "arch.rows: 8"]),
        ([*SPACE, "sweep.parallel=2"], ["sweep.parallel=2", "joblib"]),
        ([*SPACE, "hydra/launcher=joblib", "hydra.launcher.n_jobs=0"], ["n_jobs=0", "one per core"]),
        ([*SPACE, "hydra/launcher=joblib", "hydra.launcher.batch_size=few"], ["batch_size", "few"]),
        (["arch.rows=16"], ["nothing is swept"]),
    ],
)
def test_mistakes_are_told_before_anything_happens(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    sweep(tmp_path, *arguments, "tracking=none").must_explain(*words)
    assert not list(tmp_path.iterdir())


class Sweeping:
    """A sweep in a process group of its own, to be killed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        command = [sys.executable, str(ROOT / "launch.py"), "-m", *LAYER, *arguments]
        self._folder = folder
        with (folder / "out.txt").open("a") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
            )

    def killed_after(self, seconds: float, *, of_trials: bool = False) -> bool:
        """Whether it had to be killed; it may have ended by itself.

        Args:
            seconds: how long it may run.
            of_trials: they begin when it has started a trial.
        """
        before = self._started_trials()
        while of_trials and self.process.poll() is None and self._started_trials() == before:
            time.sleep(0.02)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return True
        return False

    def _started_trials(self) -> int:
        return len(list(self._folder.glob("multirun/*/*/*/.hydra")))

    def await_results(self, number: int = 1) -> None:
        deadline = time.monotonic() + 100
        while len(list(self._folder.glob("multirun/*/*/*/result.json"))) < number:
            assert time.monotonic() < deadline and self.process.poll() is None, (self._folder / "out.txt").read_text()
            time.sleep(0.05)

    def workers(self) -> list[int]:
        """Processes that it started to run trials."""
        found = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 2) for line in found.splitlines()[1:]]
        return [int(pid) for pid, parent, what in lines if int(parent) == self.process.pid and "LokyProcess" in what]


@pytest.mark.parametrize("points", ["grid", "optuna"])
@pytest.mark.parametrize("launcher", ["joblib"])
def test_a_sweep_that_is_killed_again_and_again_loses_nothing_and_repeats_nothing(
    tmp_path: Path, launcher: str, points: str
) -> None:
    moments = random.Random(f"{launcher} {points} {os.environ.get('SWEEP_KILL_SEED', '1')}")
    parallel = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"] if launcher == "joblib" else []
    rows, cols = (6, 4) if parallel else (4, 3)  # workers get several at once when many are left
    total = rows * cols
    if points == "grid":
        space = [f"arch.rows=range(4,{4 * rows + 1},4)", f"arch.cols=range(4,{4 * cols + 1},4)", "cache=false"]
    else:
        space = ["arch.rows=range(4,65,4)", "arch.cols=range(4,65,4)", f"sweep.n_trials={total}", "cache=false"]
        space += ["sweep.prune=false"]
    command = [f"hydra/sweeper={points}", *space, *parallel]
    kills, most = 0, 3 if launcher == "basic" else 2
    Sweeping(tmp_path, *command).killed_after(moments.uniform(0.5, 3))
    places = [[], ["hydra.sweep.dir=same/place/here"], ["hydra.sweep.dir=same/place/here"], []]
    while (last := Sweeping(tmp_path, *command, *places[kills])).killed_after(
        moments.uniform(0, 1) if kills < most else 240, of_trials=kills < most
    ):
        kills += 1
    said = (tmp_path / "out.txt").read_text()
    assert last.process.returncode == 0, said
    found = trials(tmp_path)
    assert all(trial.state.is_finished() for trial in found), said
    results = Counter(file.parent.name for file in tmp_path.glob("*/*/*/*/result.json"))
    own = [trial for trial in found if "same_as" not in trial.user_attrs["result"]]
    assert results == {str(trial.number): 1 for trial in own}
    latest = max(tmp_path.glob("*/*/*/trials.csv"), key=lambda file: file.stat().st_mtime)
    with latest.open() as file:
        tried = [(row["arch.rows"], row["arch.cols"]) for row in csv.DictReader(file) if not row["same_as"]]
    assert len(set(tried)) == len(tried) == len(own) == total
    assert recorded(tmp_path) == (["FINISHED"], sorted((str(trial.number), "FINISHED") for trial in own))


def recorded(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Status of the sweeps' runs in MLflow, and number and status of their trials'."""
    with sqlite3.connect(folder / "mlflow.db") as database:
        live = "runs.lifecycle_stage = 'active'"
        query = "select value, status from tags join runs using (run_uuid) where key = "
        children = database.execute(f"{query} 'sweep.trial' and {live}").fetchall()
        parents = database.execute(f"{query} 'kind' and value = 'sweep' and {live}").fetchall()
    return [status for _, status in parents], sorted(children)


SIZES = ["arch.rows=8,16", "arch.cols=8,16,32"]


def test_a_grid_that_is_stopped_goes_on_elsewhere_and_one_that_has_ended_starts_anew(tmp_path: Path) -> None:
    stopped = Sweeping(tmp_path, *SIZES, "cache=false", "hydra.sweep.dir=one")
    while not (tmp_path / "one" / "1" / "result.json").is_file():
        assert stopped.process.poll() is None, (tmp_path / "out.txt").read_text()
        time.sleep(0.01)
    os.killpg(stopped.process.pid, signal.SIGKILL)
    stopped.process.wait()
    kept = {file.parent.name for file in tmp_path.glob("one/*/result.json")}
    more = grid(tmp_path, *SIZES, "cache=false", "hydra.sweep.dir=two").must_succeed()
    assert "trials so far" in more.out and "6 trials, best EDP first" in more.out
    assert {file.parent.name for file in tmp_path.glob("two/*/result.json")} == {*map(str, range(6))} - kept
    assert recorded(tmp_path) == (["FINISHED"], [(str(number), "FINISHED") for number in range(6)])
    anew = grid(tmp_path, *SIZES, "cache=false", "hydra.sweep.dir=three").must_succeed()
    assert "so far" not in anew.out and len(list(tmp_path.glob("three/*/result.json"))) == 6
    assert recorded(tmp_path)[0] == ["FINISHED"] * 2
    assert len(trials(tmp_path)) == 6


def test_another_grid_is_another_sweep(tmp_path: Path) -> None:
    late = [*SIZES, "tracking=none", "sweep.timeout_s=0.001"]
    told = grid(tmp_path, *late)
    assert re.search("kept      [0-5] of 6 trials; the same command goes on from there", told.out)
    grid(tmp_path, "arch.rows=8,16", "arch.cols=32,16,8", "tracking=none").must_succeed()  # the same in another order
    grid(tmp_path, *SIZES, "arch.scratchpad_kib=64", "tracking=none").must_succeed()
    assert len(list(tmp_path.glob("studies/grid-*.journal"))) == 3
    given = [*late, "sweep.study=mine"]
    grid(tmp_path, *given)
    grid(tmp_path, "arch.rows=8,64", *given[1:]).must_explain("arch.rows: 8,16 -> 8,64", "sweep.restart=true")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may come in a collector's callback
def test_a_grid_has_limits_of_time_and_failures_and_reuses_points(tmp_path: Path) -> None:
    none = "tracking=none"
    slow = grid(tmp_path, *SIZES, none, "sweep.trial_timeout_s=0.001", "cache=false")
    slow.must_explain("took longer than sweep.trial_timeout_s=0.001")
    tight = ["arch.accumulator_kib=0.0625,0.07,0.08,256", none]
    grid(tmp_path, *tight, "sweep.max_failures=0.3").must_explain(
        "2 trials failed, more than sweep.max_failures=0.3 of 4"
    )
    more = grid(tmp_path, *tight, "sweep.max_failures=0.9").must_succeed()
    assert "4 trials, 3 without a mapping" in more.out
    same = grid(tmp_path, "arch.rows=8,16,8", none).must_succeed()
    assert "3 trials, 1 repeats a point" in same.out
    rows = table(tmp_path)
    assert [row["same_as"] for row in rows] == ["", "", "0"] and rows[0]["cycles"] == rows[2]["cycles"]


def test_a_trial_too_many_is_dropped(tmp_path: Path) -> None:
    """Two processes may ask at the same moment, and one of them may be killed before it can take its trial back."""
    grid(tmp_path, *SIZES, "tracking=none", "sweep.timeout_s=0.001")
    (file,) = tmp_path.glob("studies/*.journal")
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(file))))
    while study.ask().number < 6:
        pass
    said = grid(tmp_path, *SIZES, "tracking=none").must_succeed()
    assert "6 trials, best EDP first" in said.out
    assert [trial.state.name for trial in trials(tmp_path)] == [*["COMPLETE"] * 6, "PRUNED"]


def test_a_grid_of_one_point_has_a_table_too(tmp_path: Path) -> None:
    said = grid(tmp_path, "tracking=none", "hydra.sweep.dir=here").must_succeed()
    assert "1 trial, best EDP first" in said.out and "trial  " in said.out
    assert "sweep:" in (tmp_path / "here" / "multirun.yaml").read_text()


def test_two_processes_share_a_grid(tmp_path: Path) -> None:
    many = ["arch.rows=range(4,33,4)", "arch.cols=range(4,33,4)", "cache=false"]
    both = [Sweeping(tmp_path, *many, f"hydra.sweep.dir=place/of/{name}") for name in ("one", "two")]
    assert [one.process.wait(200) for one in both] == [0, 0], (tmp_path / "out.txt").read_text()
    places = [{file.parent.name for file in tmp_path.glob(f"place/of/{name}/*/result.json")} for name in ("one", "two")]
    assert not places[0] & places[1] and places[0] | places[1] == {*map(str, range(64))}
    statuses, children = recorded(tmp_path)
    assert statuses == ["FINISHED"] and Counter(status for _, status in children) == {"FINISHED": 64}


def test_a_trial_that_is_taken_over_is_not_run_when_its_point_was_tried_meanwhile(tmp_path: Path) -> None:
    arguments = [*SPACE, "sweep.sampler=random", "tracking=none"]
    sweep(tmp_path, *arguments, "sweep.n_trials=2").must_succeed()
    (file,) = tmp_path.glob("studies/*.journal")
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(file))))
    study.enqueue_trial(study.trials[1].params)
    left = study.ask()
    for name in study.trials[1].params:
        left.suggest_categorical(name, [8, 16, 32])
    dead = {"host": socket.gethostname(), "pid": 1, "born": "never", "folder": str(tmp_path / "gone" / "2")}
    left.set_user_attr("owner", dead)
    sweep(tmp_path, *arguments, "sweep.n_trials=3").must_succeed()
    assert [row["same_as"] for row in table(tmp_path) if row["trial"] == "2"] == ["1"]


def test_a_point_that_another_process_has_under_way_is_not_tried_as_well(tmp_path: Path) -> None:
    arguments = [*SPACE, "sweep.sampler=random", "tracking=none"]
    sweep(tmp_path, *arguments, "sweep.n_trials=2").must_succeed()
    (file,) = tmp_path.glob("studies/*.journal")
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(file))))
    wanted = {"arch.rows": 32, "arch.cols": 32}
    assert wanted not in [trial.params for trial in study.trials]
    study.enqueue_trial(wanted)
    other = study.ask()
    for name in wanted:
        other.suggest_categorical(name, [8, 16, 32])
    living = Process(socket.gethostname(), os.getppid(), _born(os.getppid()))
    other.set_user_attr("owner", {**vars(living), "folder": str(tmp_path / "elsewhere" / "2")})
    study.set_user_attr(living.key, time.time())
    sweep(tmp_path, *arguments, "sweep.n_trials=5", "sweep.enqueue=[{arch.rows:32,arch.cols:32}]").must_succeed()
    states = [(row["state"], row["arch.rows"], row["arch.cols"]) for row in table(tmp_path) if not row["same_as"]]
    assert [state for state, *point in states if point == ["32", "32"]] == ["running"]
    assert len({tuple(point) for _, *point in states}) == len(states) == 5


def test_workers_end_with_a_sweep_that_is_killed(tmp_path: Path) -> None:
    space = ["arch.rows=range(4,65,4)", "arch.cols=range(4,65,4)", "cache=false", "tracking=none"]
    running = Sweeping(
        tmp_path,
        "hydra/sweeper=optuna",
        "sweep.prune=false",
        *space,
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
    )
    running.await_results()
    workers = running.workers()
    assert workers
    running.process.kill()
    running.process.wait()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "workers go on without their sweep"
        time.sleep(0.1)


@pytest.mark.parametrize("points", ["grid", "optuna"])
@pytest.mark.parametrize(("total", "before"), [(10, 1), (80, 30)], ids=["one at a time", "several at a time"])
def test_a_killed_worker_costs_no_trial_of_its_neighbours(tmp_path: Path, total: int, before: int, points: str) -> None:
    space = ["hydra/sweeper=optuna", "sweep.prune=false", "arch.rows=range(4,65,2)", "arch.cols=range(4,65,2)"]
    space += ["sweep.sampler=random", f"sweep.n_trials={total}"]
    if points == "grid":
        space = [f"arch.rows=range(4,{4 + 2 * total // 10},2)", "arch.cols=range(4,24,2)"]
    parallel = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    running = Sweeping(tmp_path, *space, *parallel, "cache=false", "tracking=none")
    running.await_results(before)
    workers = running.workers()
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    assert running.process.wait(100) == 0, (tmp_path / "out.txt").read_text()
    found = trials(tmp_path)
    assert {trial.state.name for trial in found} == {"COMPLETE"}
    assert len({tuple(sorted(trial.params.items())) for trial in found} if points == "optuna" else found) == total


def test_workers_compute_what_one_process_computes(tmp_path: Path) -> None:
    figures = []
    space = ["arch.rows=choice(8,32)", "arch.cols=choice(8,16)", "sweep.sampler=grid", "tracking=none"]
    for name, more in (("one", []), ("two", ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"])):
        folder = tmp_path / name
        folder.mkdir()
        launch_here(folder, "-m", *FAST, *space, *more).must_succeed()
        rows = table(folder)
        figures.append(sorted((row["arch.rows"], row["arch.cols"], row["energy_pj"], row["cycles"]) for row in rows))
    assert figures[0] == figures[1] and len(figures[0]) == 4


@pytest.mark.parametrize("more", [[], ["+hydra.job.env_set.X=1"], ["hydra.sweep.subdir=a${hydra.job.num}"]], ids=str)
def test_values_are_set_as_hydra_would_compose_them(tmp_path: Path, more: list[str]) -> None:
    """Trials after the first are not composed from files again; each must equal a run of its own."""
    space = ["arch=choice(gemmini,pim)", "arch.rows=choice(16,32)", *more]
    sweep(tmp_path, *space, "sweep.sampler=grid", "tracking=none").must_succeed()
    for folder in sorted(tmp_path.glob("multirun/*/*/*/result.json")):
        overrides = (folder.parent / ".hydra" / "overrides.yaml").read_text().replace("- ", "").split()
        single = launch_here(tmp_path, *overrides, "tracking=none", "hydra.run.dir=single").must_succeed()
        assert single
        own, alone = (json.loads((one / "result.json").read_text()) for one in (folder.parent, tmp_path / "single"))
        assert {key: own[key] for key in ("parameters", "energy_pj", "cycles")} == {
            key: alone[key] for key in ("parameters", "energy_pj", "cycles")
        }
        composed = [(one / ".hydra" / "config.yaml").read_text() for one in (folder.parent, tmp_path / "single")]
        assert composed[0] == composed[1]


@pytest.mark.parametrize("preset", ["pareto_gemmini", "pareto_pim", "best_edp_eyeriss"])
def test_presets_run(tmp_path: Path, preset: str) -> None:
    launch_here(
        tmp_path, "-m", f"+experiment={preset}", "sweep.n_trials=2", "sweep.pictures=false", "tracking=none"
    ).must_succeed()
    assert [row["state"] for row in table(tmp_path) if not row["same_as"]] == ["ok", "ok"]


def test_every_combination_of_hardware_for_several_layers(tmp_path: Path) -> None:
    layers = ["model=bert_base", "layer=[KTQ,VScores]", "tracking=none", "hydra/launcher=joblib"]
    outcome = launch_here(tmp_path, "-m", "arch.rows=8,16", *layers).must_succeed()
    assert "2 trials" in outcome.out


def test_what_a_server_missed_is_recorded_when_it_answers_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once before the sweep ends, and once not before the same command is given again."""
    record, silent = MlflowTracker.record, 0

    def unsteady(tracker: MlflowTracker, *arguments: object) -> object:
        nonlocal silent
        silent -= 1
        if silent >= 0:
            raise LauncherError("the server does not answer")
        return record(tracker, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(MlflowTracker, "record", unsteady)
    for silences, known in ((1, 3), (4, 0)):
        silent, folder = silences, tmp_path / str(silences)
        folder.mkdir()
        points = ["arch.rows=8,16,32", "hydra.sweep.dir=out"]
        assert "not recorded: the server does not answer" in grid(folder, *points).must_succeed().err
        assert children(folder) == known
    grid(folder, *points).must_succeed()
    assert children(folder) == 3


def children(folder: Path) -> int:
    """Trials that MLflow knows below the folder's only sweep."""
    with sqlite3.connect(folder / "mlflow.db") as database:
        ((number,),) = database.execute("select count(*) from tags where key = 'mlflow.parentRunId'").fetchall()
        return int(number)
