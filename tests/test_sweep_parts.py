"""What a sweep is made of: spaces, goals, samplers, journals, the composition of trials."""

from __future__ import annotations

import fcntl
import io
import pickle
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from rich.console import Console

from launcher.config.limits import Limits
from launcher.config.schema import register
from launcher.config.sweep_schema import SAMPLERS
from launcher.errors import ConfigurationError, LauncherError
from launcher.paths import data_folder
from launcher.process_limits import at_most
from launcher.results.best import best_rows
from launcher.results.goals import parse_goals
from launcher.results.result import Result
from launcher.results.trial_rows import TrialRow
from launcher.sweeping import journal, locked_files
from launcher.sweeping.composition import SweepLoader
from launcher.sweeping.followed import FollowedTrials
from launcher.sweeping.identity import what_changed
from launcher.sweeping.jobs import Job, Jobs
from launcher.sweeping.points.grid import grid_points
from launcher.sweeping.points.interface import Key, key_of
from launcher.sweeping.points.space import parse_space
from launcher.sweeping.progress import ProgressLine, print_table
from launcher.sweeping.rows import trials_csv
from launcher.sweeping.samplers import EXHAUSTIVE, make_sampler
from launcher.sweeping.storages import open_storage
from launcher.sweeping.study import SharedStudy
from launcher.sweeping.trials import BatchOutcome
from launcher.trial.run import failed

DISTRIBUTIONS = {
    "choice(8,16,32)": CategoricalDistribution((8, 16, 32)),
    "8,16": CategoricalDistribution((8, 16)),
    "choice(ws,os)": CategoricalDistribution(("ws", "os")),
    "range(8,33,8)": IntDistribution(8, 32, step=8),
    "range(1,4)": IntDistribution(1, 3),
    "range(0,1,0.25)": FloatDistribution(0.0, 0.75, step=0.25),
    "interval(1,10)": FloatDistribution(1.0, 10.0),
    "int(interval(1,10))": IntDistribution(1, 10),
    "tag(log,int(interval(1,1024)))": IntDistribution(1, 1024, log=True),
    "tag(log,interval(0.5,8))": FloatDistribution(0.5, 8.0, log=True),
}


@pytest.mark.parametrize("written", DISTRIBUTIONS)
def test_hydras_syntax_becomes_a_distribution(written: str) -> None:
    space = parse_space({}, [f"arch.rows={written}", "layer=KTQ"])
    assert space.dimensions[0].distribution == DISTRIBUTIONS[written]
    assert space.fixed == ("layer=KTQ",)


@pytest.mark.parametrize("written", DISTRIBUTIONS)
def test_every_point_can_be_written_as_overrides_again(written: str) -> None:
    space = parse_space({}, [f"arch.rows={written}"])
    values = space.dimensions[0].values
    for value in values if values is not None else [space.first()["arch.rows"]]:
        override = OverridesParser.create().parse_override(space.written({"arch.rows": value})[-1])
        assert override.value() == value
        assert space.dimensions[0].holds(value)


def test_what_a_sampler_draws_from_steps_is_one_of_the_values() -> None:
    space = parse_space({}, ["a.b=range(0,1,0.1)", "a.c=range(0.3,7,0.7)"])
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    drawn = [space.choose(study.ask()) for _ in range(200)]
    for dimension in space.dimensions:
        assert {point[dimension.name] for point in drawn} == set(dimension.values or [])


@pytest.mark.parametrize("seed", range(3))
def test_a_point_that_is_not_taken_is_found_as_long_as_there_is_one(seed: int) -> None:
    draw = random.Random(seed)
    space = parse_space({}, ["a.b=choice(x,y,z)", "a.c=range(1,200)", "a.d=choice(true,1.5)"])
    taken: set[Key] = set()
    while (point := space.other_than(taken, draw)) is not None:
        assert key_of(point) not in taken
        assert space.check_point(point, "here") == point
        taken.add(key_of(point))
    assert len(taken) == space.size == 3 * 199 * 2


@pytest.mark.parametrize(
    "written",
    [
        "interval(9,3)",
        "int(interval(9,3))",
        "range(9,3)",
        "range(1,9,0)",
        "tag(log,interval(0,3))",
        "tag(log,range(2,9,2))",
    ],
)
def test_a_space_that_makes_no_sense_is_refused_with_its_key(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"arch\.rows"):
        parse_space({}, [f"arch.rows={written}"])


def test_the_command_line_wins_over_the_presets_space() -> None:
    space = parse_space({"arch.rows": "choice(8,16)", "arch.cols": "choice(8,16)"}, ["arch.rows=32"])
    assert [one.name for one in space.dimensions] == ["arch.cols"]
    assert space.fixed == ("arch.rows=32",)


def test_a_list_is_one_value_and_not_a_sweep() -> None:
    given = ["arch.rows=8,16", "mapper.objective=[cycles,energy]", "+configuration='a,b'", "layer=choice(KQV,KTQ)"]
    overrides = OverridesParser.create().parse_overrides([*given, "sweep.n_trials=3", "hydra.sweep.dir=here"])
    grid = grid_points(OmegaConf.create({"configs": None, "mixup": False}), overrides, lambda arch: OmegaConf.create())
    assert grid.names == ["arch.rows", "layer"] and grid.total == 4
    assert grid.trials[1][:2] == ["arch.rows=8", "mapper.objective=[cycles,energy]"]


def test_objectives_have_directions_and_constraints_have_violations() -> None:
    goals = parse_goals(["energy_pj", "utilization"], None, ["area_mm2 <= 4", "utilization > 0.5"])
    assert goals.directions == ("minimize", "maximize")
    assert goals.losses({"energy_pj": 2.0, "utilization": 0.75}) == [2.0, -0.75]
    metrics = {"area_mm2": 5.0, "utilization": 0.5}
    assert [one.violation(metrics) > 0 for one in goals.constraints] == [True, True]
    metrics = {"area_mm2": 4.0, "utilization": 0.51}
    assert [one.violation(metrics) > 0 for one in goals.constraints] == [False, False]


@pytest.mark.parametrize("bound", [4.0, 0.5000001, 1e-9, 123456.7, 1.0 / 3.0, 2.5e17])
def test_limits_are_written_so_that_they_are_read_back_exactly(bound: float) -> None:
    (limit,) = parse_goals(["cycles"], None, [f"area_mm2 <= {bound!r}"]).constraints
    assert limit.bound == bound
    assert parse_goals(["cycles"], None, [str(limit)]).constraints == (limit,)
    assert parse_goals(["cycles"], None, Limits(area_mm2=bound).texts).constraints == (limit,)


@pytest.mark.parametrize(
    ("objectives", "directions", "constraints", "word"),
    [
        (["speed"], None, [], "speed"),
        (["edp", "edp_j_cycles"], None, [], "twice"),
        ([], None, [], "empty"),
        (["cycles", "cycles"], None, [], "twice"),
        (["cycles"], ["down"], [], "directions"),
        (["cycles"], ["minimize", "minimize"], [], "directions"),
        (["cycles"], None, ["area <= 4"], "area"),
        (["cycles"], None, ["area_mm2 <= four"], "no constraint"),
        (["cycles"], None, ["__import__('os').getcwd() <= 4"], "no metric"),
        (["cycles"], None, ["area_mm2 <= 1e999"], "no constraint"),
    ],
)
def test_goals_that_make_no_sense_are_refused(
    objectives: list[str], directions: list[str] | None, constraints: list[str], word: str
) -> None:
    with pytest.raises(ConfigurationError, match=word):
        parse_goals(objectives, directions, constraints)


def test_samplers_say_what_they_cannot_do() -> None:
    choices, interval = parse_space({}, ["a.b=choice(1,2)"]), parse_space({}, ["a.b=interval(1,2)"])
    one, two = parse_goals(["cycles"]), parse_goals(["cycles", "energy_pj"])
    for name in SAMPLERS:
        if name != "cmaes":
            make_sampler(name, choices, two, seed=1, finished=0, parallel=True)
    make_sampler("cmaes", interval, one, seed=1, finished=0, parallel=False)
    for name, space, goals in (("grid", interval, one), ("cmaes", choices, one), ("cmaes", interval, two)):
        with pytest.raises(ConfigurationError, match=f"sampler={name}"):
            make_sampler(name, space, goals, seed=1, finished=0, parallel=False)


def test_no_sampler_draws_a_point_of_a_finite_space_twice() -> None:
    space = parse_space({}, ["a.b=choice(x,y,z)", "a.c=range(1,5)", "a.d=range(0,1,0.5)"])
    goals = parse_goals(["cycles"])
    for name in set(SAMPLERS) - set(EXHAUSTIVE):
        study = optuna.create_study(sampler=make_sampler(name, space, goals, seed=3, finished=0, parallel=True))
        study.enqueue_trial({"a.b": "y", "a.c": 2, "a.d": 0.5})
        drawn = []
        for number in range(space.size or 0):
            trial = study.ask()
            drawn.append(key_of(space.choose(trial)))
            if number % 3:  # the others are under way
                study.tell(trial, float(number % 5))
        assert len(set(drawn)) == space.size == 24, name
        assert drawn[0] == key_of({"a.b": "y", "a.c": 2, "a.d": 0.5})


def test_best_rows_are_those_that_nothing_beats_and_that_keep_all_limits() -> None:
    goals = parse_goals(["energy_pj", "cycles"], None, ["area_mm2 <= 4"])
    figures = [(1.0, 9.0), (2.0, 5.0), (3.0, 6.0), (4.0, 1.0)]
    rows = [
        TrialRow(n, "ok", {"a": n}, {"energy_pj": energy, "cycles": cycles, "area_mm2": 1.0})
        for n, (energy, cycles) in enumerate(figures)
    ]
    rows += [TrialRow(4, "ok", {"a": 4}, {"energy_pj": 0.0, "cycles": 0.0}, broken=("area_mm2 <= 4",))]
    rows += [TrialRow(5, "infeasible", {"a": 5}, reason="no mapping")]
    assert [row.number for row in best_rows(rows, goals)] == [0, 1, 3]
    lines = trials_csv(rows, ["a"]).splitlines()
    assert len(lines) == 7 and "no mapping" in lines[-1]


def test_the_smallest_of_equally_good_hardware_comes_first() -> None:
    areas = [3.0, 1.0, 2.0]
    rows = [TrialRow(n, "ok", {"a": n}, {"energy_pj": 5.0, "area_mm2": area}) for n, area in enumerate(areas)]
    assert [row.number for row in best_rows(rows, parse_goals(["energy_pj"], None, []))] == [1, 2, 0]


def test_a_table_of_four_long_parameters_fits_into_eighty_columns() -> None:
    goals = parse_goals(["energy_pj", "cycles"], None, ["area_mm2 <= 4"])
    names = ("arch.rows", "arch.cols", "arch.scratchpad_kib", "arch.accumulator_kib")
    metrics = {"energy_pj": 3.93e9, "cycles": 14745712.0, "area_mm2": 2.2345, "utilization": 0.5}
    text = io.StringIO()
    rows = [TrialRow(40, "ok", dict.fromkeys(names, 1024), metrics)]
    print_table(rows, names, goals, Console(file=text, width=80, no_color=True))
    (row,) = [line for line in text.getvalue().splitlines() if line.strip().startswith("40 ")]
    assert row.split() == ["40", "1024", "1024", "1024", "1024", "3,930", "14,745,712", "2.235"]
    heading = "".join(text.getvalue().splitlines()[1:6])
    assert all(piece in heading for piece in ("rows", "scratch-", "pad_", "accumul-", "kib", "area"))


def test_the_line_counts_the_front_that_the_table_shows() -> None:
    goals = parse_goals(["energy_pj", "cycles"], None, [])
    figures = [(3.0, 3.0), (1.0, 2.0), (2.0, 1.0), (1.0, 2.0), (4.0, 4.0)]  # a larger array may change nothing
    rows = [
        TrialRow(number, "ok", {"arch.rows": 8 * 2**number}, {"energy_pj": energy, "cycles": cycles})
        for number, (energy, cycles) in enumerate(figures)
    ]
    rows.append(replace(rows[1], number=5, same_as=1))
    text = io.StringIO()
    console = Console(file=text, width=100, no_color=True)
    line = ProgressLine(console, goals, 8)
    for row in rows:
        line.add(row)
    assert "5/8 trials, 0 failed, front of 3" in line.text(1.0)
    print_table(rows, ["arch.rows"], goals, console)
    assert "6 trials, 1 repeats a point, by energy and cycles; front of 3" in text.getvalue()


def test_differences_name_what_changed() -> None:
    before = {"space": {"arch.rows": "choice(8,16)"}, "goals": "minimize cycles"}
    now = {"space": {"arch.rows": "choice(8,32)"}, "goals": "minimize cycles"}
    assert what_changed(before, now) == ["space.arch.rows: choice(8,16) -> choice(8,32)"]


def test_a_journal_loses_a_torn_line_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    storage = journal.open_journal(path)
    number = storage.create_new_study([], "a")
    storage.set_study_user_attr(number, "kept", 1)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 2, "worker')
    again = journal.open_journal(path)
    assert path.read_bytes() == whole
    again.set_study_user_attr(again.get_study_id_from_name("a"), "more", 2)
    third = journal.open_journal(path)
    assert third.get_study_user_attrs(third.get_study_id_from_name("a")) == {"kept": 1, "more": 2}


def test_a_sweep_goes_on_behind_the_torn_line_of_another_one_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    storage = journal.open_journal(path)
    number = storage.create_new_study([], "a")
    with path.open("ab") as killed:
        killed.write(b'{"op_code": 2, "worker')
    storage.set_study_user_attr(number, "kept", 1)
    again = journal.open_journal(path)
    assert again.get_study_user_attrs(number) == {"kept": 1}


@pytest.mark.parametrize(
    ("content", "how"),
    [
        (b'{"op_code":0}\nrubbish\n', "line 2 is no record"),
        (b"somebody's notes, without an end of line", "line 1 is no record"),
        (b"\x00\xff binary", "line 1 is no record"),
        (b'{"a": 1}\n', "line 1 is no record"),
        (b'{"op_code":0}\n', "KeyError"),
        (b'{"op_code":99,"worker_id":"a"}\n', "is damaged"),
    ],
)
def test_a_damaged_journal_is_refused_and_left_alone(tmp_path: Path, content: bytes, how: str) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(content)
    with pytest.raises(LauncherError, match=how):
        journal.open_journal(path)
    assert path.read_bytes() == content


def test_a_locked_journal_is_refused_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked_files, "_PATIENCE_S", 0.1)
    path = tmp_path / "a.journal"
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LauncherError, match="locked"):
            journal.open_journal(path)
    journal.open_journal(path)


ASK = """
import sys, time
import optuna
from launcher.sweeping.storages import open_storage
from launcher.sweeping.study import SharedStudy
study = SharedStudy(optuna.load_study(study_name="mine", storage=open_storage(sys.argv[1])))
study.start()
study.study.ask()  # and nothing else: as if killed before it could say whose the trial is
print("asked", flush=True)
sys.stdin.read()
"""


def test_a_trial_is_abandoned_when_its_process_is_gone(tmp_path: Path) -> None:
    where = str(tmp_path / "mine.journal")
    study = SharedStudy(optuna.create_study(storage=open_storage(where), study_name="mine"))
    study.start()
    own = study.ask(lambda trial: tmp_path / str(trial.number))
    with subprocess.Popen([sys.executable, "-c", ASK, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"asked\n"
        assert [trial.number for trial in study.trials] == [0, 1]
        assert study.abandoned() == []
        other.kill()
    ((left, folder),) = study.abandoned()
    assert left.number == 1 and folder is None and study.is_abandoned(left)
    study.claim(left, tmp_path / "1")
    assert study.abandoned() == [] and not study.is_abandoned(left)
    assert not study.is_abandoned(own)
    study.stop()


def test_what_finished_is_seen_once_whoever_ran_it(tmp_path: Path) -> None:
    where = str(tmp_path / "shared.journal")
    mine = SharedStudy(optuna.create_study(storage=open_storage(where), study_name="shared"))
    others = SharedStudy(optuna.load_study(storage=open_storage(where), study_name="shared"))
    followed = FollowedTrials(mine.study)
    result = {"status": "ok", "metrics": {}}
    trials = [study.ask(lambda trial: tmp_path / str(trial.number)) for study in (mine, others, mine, others)]
    mine.study.enqueue_trial({"a": 1})
    assert [one.number for one in mine.under_way()] == [0, 1, 2, 3]
    assert [one.number for one in followed.look().open] == [0, 1, 2, 3, 4]
    seen = []
    for study, number in ((others, 3), (mine, 0), (others, 1)):
        study.keep(trials[number], result)
        study.tell(trials[number], [1.0], {})
        look = followed.look()
        seen += [one.number for one in look.ended]
        assert sorted([*seen, *(one.number for one in look.open)]) == [0, 1, 2, 3, 4]
    assert seen == [3, 0, 1] and not followed.look().ended
    mine.drop(trials[2])  # taken back: of no account
    assert mine.under_way() == [] and [one.number for one in mine.finished] == [0, 1, 3]


class _Destroyed:
    def __del__(self) -> None:
        time.sleep(0.2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_time_limit_holds_when_its_exception_is_lost_in_a_destructor() -> None:
    with pytest.raises(LauncherError, match=r"took longer than a_key=0\.05"), at_most(0.05, "a_key"):
        _Destroyed()


def test_trials_are_composed_as_hydra_composes_them_also_in_workers() -> None:
    register()
    plain = ConfigLoaderImpl(create_config_search_path(str(data_folder("conf"))))
    fixed = ["hydra/sweeper=basic", "model=bert_base", "hydra.job.num=0"]
    master = plain.load_configuration("config", fixed, RunMode.MULTIRUN)
    loader = SweepLoader(plain, ["arch.rows", "layer.name", "mapper.objective"])
    workers: list[SweepLoader] = []
    draw = random.Random(3)
    for number in range(24):
        overrides = [
            f"arch={draw.choice(('gemmini', 'pim', 'eyeriss'))}",
            f"layer={draw.choice(('KTQ', 'Out'))}",
            f"arch.rows={draw.randint(1, 64)}",
            f"mapper.objective=[{draw.choice(('edp', 'energy,cycles'))}]",
            *draw.choice(([], ["layer.name=mine"], ["mapper.timeout_s=3"])),
        ]
        expected = plain.load_sweep_config(master, overrides)
        workers.append(pickle.loads(pickle.dumps(loader)))  # noqa: S301 # as joblib hands it over
        for one in (loader, workers[-1]):
            got = one.load_sweep_config(master, overrides)
            assert OmegaConf.to_container(got) == OmegaConf.to_container(expected), (number, overrides)
            assert OmegaConf.get_type(got.arch) is OmegaConf.get_type(expected.arch)
            assert OmegaConf.is_struct(got) == OmegaConf.is_struct(expected)
            got.arch.rows = -1  # what a trial does with its configuration is its own affair
    assert len({id(worker) for worker in workers}) < len(workers), "a worker composes everything anew for each trial"


class TerminatedWorkerError(RuntimeError):
    """As joblib calls it."""


class Running:
    """Runs trials that have results, but for one that kills its worker and another whose result is lost."""

    task_s = 1.0

    def __init__(self, seed: int, deadly: int, lost: int, largest: int) -> None:
        self.most, self.largest = 0, largest
        self._draw = random.Random(seed)
        self._deadly, self._lost = deadly, lost

    def submit(self, jobs: Sequence[Job]) -> Future[BatchOutcome]:
        future: Future[BatchOutcome] = Future()
        threading.Thread(target=self._run, args=(jobs, future)).start()
        return future

    def _run(self, jobs: Sequence[Job], future: Future[BatchOutcome]) -> None:
        try:
            future.set_result(self._outcome(jobs))
        except Exception as error:
            future.set_exception(error)

    def _outcome(self, jobs: Sequence[Job]) -> BatchOutcome:
        numbers = [job.number for job in jobs]
        assert [(f"n={number}",) for number in numbers] == [job.overrides for job in jobs]
        self.most = max(self.most, len(numbers))
        time.sleep(self._draw.uniform(0, 0.004) * len(numbers))
        if self._deadly in numbers:
            raise TerminatedWorkerError
        if self._lost in numbers:
            raise ValueError("cannot be pickled")
        results = [failed(f"trial {number}", {}, LauncherError("none")) for number in numbers]
        return BatchOutcome(results, [job.folder for job in jobs], 0.01 * len(jobs))


@pytest.mark.parametrize("largest", [1, 8])
@pytest.mark.parametrize("seed", range(4))
def test_every_trial_ends_once_and_with_its_own_result_whatever_happens_beside_it(seed: int, largest: int) -> None:
    draw = random.Random(seed)
    numbers = [number for number in range(200) if draw.random() < 0.9]  # the others repeat finished points
    deadly, lost = draw.sample(numbers, 2)
    runner = Running(seed, deadly, lost, largest)
    jobs = Jobs(runner, draw.choice((2, 3)), total=len(numbers))
    left, ended = list(numbers), {}
    while left or jobs.busy:
        while left and jobs.room:
            number = left.pop(0)
            jobs.start(Job(number, (f"n={number}",), Path(str(number))))
        for one in jobs.wait(1.0):
            assert one.number not in ended
            ended[one.number] = one.outcome
    assert sorted(ended) == numbers
    assert (runner.most > 1) == (largest > 1)
    assert isinstance(ended.pop(deadly), TerminatedWorkerError)
    assert isinstance(ended.pop(lost), ValueError)
    assert all(isinstance(one, Result) and one.name == f"trial {number}" for number, one in ended.items())
