"""The main job on the real command line: one trial, a multirun, and what they leave behind."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest
import yaml
from command_line import command_here, launch, launch_here, python

FAST = ["model=bert_base", "layer=KTQ"]


def test_one_trial_leaves_its_files_and_shows_them(tmp_path: Path) -> None:
    outcome = launch(tmp_path, "arch=pim", *FAST, "tracking=none", "hydra.run.dir=out").must_succeed()
    folder = tmp_path / "out"
    result = json.loads((folder / "result.json").read_text())
    for word in ("pim 128x128 KTQ", "proved optimal", "for ", "shared_glb"):
        assert word in outcome.out
    with (folder / "energy.csv").open() as file:
        total = sum(float(row["energy_pj"]) for row in csv.DictReader(file))
    assert total == pytest.approx(result["energy_pj"], rel=1e-9)
    specification = yaml.safe_load((folder / "specification.yaml").read_text())
    assert {"architecture", "problem", "ERT", "ART"} <= specification.keys()
    assert "architecture_constraints" not in specification
    assert "shared_glb" in (folder / "mapping.txt").read_text()
    # The files evaluate to the same figures.
    files = [str(folder / name) for name in ("specification.yaml", "mapping.yaml")]
    command_here(tmp_path, "evaluate", *files, "--json", "again.json").must_succeed()
    again = json.loads((tmp_path / "again.json").read_text())[0]
    assert again["cycles"] == result["cycles"]
    assert again["energy_pj"] == pytest.approx(result["energy_pj"], rel=1e-12)


def test_a_trial_without_tracking_never_imports_mlflow(tmp_path: Path) -> None:
    code = f"""
import sys
sys.argv = ["launch.py", "tracking=none", {FAST[0]!r}, {FAST[1]!r}]
from launcher.app import main
main()
assert "mlflow" not in sys.modules
"""
    python(tmp_path, "-c", code).must_succeed()
    assert not (tmp_path / "mlflow.db").exists()


def test_a_multirun_has_a_parent_and_a_table_best_first(tmp_path: Path) -> None:
    outcome = launch_here(tmp_path, "-m", "arch.rows=8,16,32", "mapper.objective=[edp,cycles]", *FAST).must_succeed()
    (sweep,) = tmp_path.glob("multirun/*/*/sweep.json")
    assert json.loads(sweep.read_text())["swept"] == ["arch.rows"]  # a list is one value
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        names = dict(database.execute("select run_uuid, name from runs"))
        tags = database.execute("select run_uuid, value from tags where key = 'mlflow.parentRunId'").fetchall()
        metrics = database.execute("select run_uuid, value from metrics where key = 'edp_j_cycles'").fetchall()
    children = {run for run, _ in tags}
    parents = {parent for _, parent in tags}
    assert len(children) == 3 and len(parents) == 1
    assert sorted(names[run] for run in children) == ["rows=16", "rows=32", "rows=8"]
    best = min(value for run, value in metrics if run in children)
    assert best == pytest.approx(next(value for run, value in metrics if run in parents))
    first = [line.split()[0] for line in outcome.out.splitlines() if line.strip()]
    assert [word for word in first if word in {"8", "16", "32"}] == ["32", "16", "8"]


def test_a_trial_without_mapping_or_with_a_value_out_of_range_is_a_row_not_the_end(tmp_path: Path) -> None:
    sizes = "arch.accumulator_kib=0.0625,0,256"
    outcome = launch_here(tmp_path, "-m", sizes, *FAST, "tracking=none").must_succeed()
    assert "3 trials, 2 without a mapping" in outcome.out
    assert "Accumulator must hold" in outcome.out
    assert "arch.accumulator_kib=0.0 is out of range" in outcome.out
    assert len(list(tmp_path.glob("multirun/*/*/*/result.json"))) == 3


def test_a_sweep_without_any_mapping_fails(tmp_path: Path) -> None:
    launch_here(tmp_path, "-m", "arch.accumulator_kib=0.0625,0.07", *FAST, "tracking=none").must_explain(
        "none of the 2"
    )


def test_tracking_goes_where_the_key_says_rather_than_the_environment(tmp_path: Path) -> None:
    launch(tmp_path, *FAST, "tracking.uri=sqlite:///two.db", MLFLOW_TRACKING_URI="sqlite:///one.db").must_succeed()
    assert (tmp_path / "two.db").is_file()
    assert not (tmp_path / "one.db").exists() and not (tmp_path / "mlflow.db").exists()


def test_a_sweep_with_a_mistake_starts_nothing(tmp_path: Path) -> None:
    launch_here(tmp_path, "-m", "arch.rows=8,abc", *FAST).must_explain("arch.rows", "abc")
    assert not (tmp_path / "multirun").exists() and not (tmp_path / "mlflow.db").exists()
