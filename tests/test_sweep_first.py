"""A grid that begins with a later trial than its first one."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import optuna
import pytest
from command_line import Outcome, launch_here
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

GRID = ("arch.rows=4,8,16", "arch.cols=8,16")


def grid(folder: Path, *arguments: str) -> Outcome:
    common = ("model=bert_base", "layer=KTQ", "model.sequence=64", "sweep.pictures=false", "hydra.sweep.dir=out")
    return launch_here(folder, "-m", *common, *arguments)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def figures(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    names = ("trial", "arch.rows", "arch.cols", "energy_pj", "cycles", "same_as")
    return [tuple(row[name] for name in names) for row in rows]


def test_later_trials_are_those_of_the_whole_grid_with_their_numbers(tmp_path: Path) -> None:
    for name, more in (("whole", []), ("rest", ["sweep.first=4"])):
        (tmp_path / name).mkdir()
        grid(tmp_path / name, *GRID, "tracking=none", *more).must_succeed()
    whole, rest = table(tmp_path / "whole"), table(tmp_path / "rest")
    assert figures(rest) == figures(whole)[4:]
    assert sorted(one.name for one in (tmp_path / "rest" / "out").iterdir() if one.is_dir()) == ["4", "5"]
    assert [Path(row["folder"]).name for row in rest] == ["4", "5"]


def test_its_runs_have_those_numbers_too_and_a_repeated_point_says_whose_it_is(tmp_path: Path) -> None:
    grid(tmp_path, "arch.rows=4,8,16,8", "sweep.first=1", "tracking.uri=sqlite:///runs.db").must_succeed()
    assert [(row["trial"], row["same_as"]) for row in table(tmp_path)] == [("1", ""), ("2", ""), ("3", "1")]
    with sqlite3.connect(tmp_path / "runs.db") as runs:
        assert sorted(runs.execute("select value from tags where key = 'sweep.trial'")) == [("1",), ("2",)]


def test_configurations_of_a_file_are_counted_from_zero(tmp_path: Path) -> None:
    (tmp_path / "three.json").write_text(json.dumps({name: {"rows": 2**n} for n, name in enumerate("abc", 2)}))
    given = ("configs=three.json", "tracking=none")
    said = grid(tmp_path, *given, "sweep.first=2").must_succeed()
    assert "1 trial" in said.out
    assert [(row["trial"], row["configuration"]) for row in table(tmp_path)] == [("2", "c")]
    grid(tmp_path, *given, "sweep.first=3").must_explain("sweep.first=3", "0 to 2")


def test_a_grid_that_began_later_is_a_sweep_of_its_own_and_goes_on(tmp_path: Path) -> None:
    late = [*GRID, "tracking=none", "sweep.first=3"]
    grid(tmp_path, *late, "sweep.timeout_s=0.001")
    (file,) = tmp_path.glob("studies/*.journal")
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(file))))
    begun = len(study.get_trials())
    assert begun < 3
    grid(tmp_path, *late).must_succeed()
    assert [row["trial"] for row in table(tmp_path)] == ["3", "4", "5"]
    grid(tmp_path, "arch.rows=8,16", "arch.cols=16", "tracking=none", "sweep.first=1").must_succeed()
    grid(tmp_path, "arch.rows=16", "arch.cols=16", "tracking=none").must_succeed()
    assert len(list(tmp_path.glob("studies/*.journal"))) == 3


def test_hydras_own_jobs_have_those_numbers(tmp_path: Path) -> None:
    own = "hydra.sweep.subdir=job-${hydra:job.num}"
    grid(tmp_path, *GRID, "tracking=none", "sweep.first=5", own).must_succeed()
    assert [one.name for one in (tmp_path / "out").iterdir() if one.is_dir()] == ["job-5"]
    assert [Path(row["folder"]).name for row in table(tmp_path)] == ["job-5"]


@pytest.mark.parametrize("sweeper", ["optuna", "exhaustive"])
def test_what_is_no_grid_has_no_first_trial(sweeper: str, tmp_path: Path) -> None:
    told = grid(tmp_path, *GRID, "tracking=none", "sweep.first=2", f"hydra/sweeper={sweeper}")
    told.must_explain("sweep.first=2", "grid", "leave sweep.first out")


@pytest.mark.parametrize("first", ["-1", "two", "6"])
def test_a_number_that_is_none_of_the_grids_is_refused(first: str, tmp_path: Path) -> None:
    grid(tmp_path, *GRID, "tracking=none", f"sweep.first={first}").must_explain("sweep.first", first)
