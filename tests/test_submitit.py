"""Trials that submitit runs as jobs of their own, as on a cluster."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from command_line import Outcome, launch

COMMON = ["-m", "hydra/launcher=submitit_local", "arch.cols=8,16", "layer=KTQ", "model=bert_base", "tracking=none"]
FOLDER = ["hydra.sweep.dir=out", "sweep.prune=false", "sweep.pictures=false"]


def sweep(folder: Path, sweeper: str, *arguments: str) -> Outcome:
    return launch(folder, *COMMON, *FOLDER, f"hydra/sweeper={sweeper}", *arguments)


@pytest.mark.parametrize("sweeper", ["grid", "optuna", "exhaustive"])
def test_every_trial_of_a_sweep_comes_back(tmp_path: Path, sweeper: str) -> None:
    sweep(tmp_path, sweeper, "sweep.n_trials=2").must_succeed()
    with (tmp_path / "out" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["arch.cols"] for row in rows) == ["16", "8"]
    assert {row["state"] for row in rows} == {"ok"}


def test_a_job_that_fails_says_why_in_a_line(tmp_path: Path) -> None:
    told = sweep(tmp_path, "grid", "hydra/job_logging=default", "hydra.job_logging.handlers.console.class=no.Such")
    assert "cols=8  failed: ValueError: Unable to configure handler 'console'" in told.out
    assert "with trace" not in told.out + told.err
