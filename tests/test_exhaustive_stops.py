"""What Ctrl-C and a failure leave of an exhaustive search, whenever they come: its answer, and a run that has ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import ROOT, launch_here
from mlflow.tracking import MlflowClient
from terminal import Terminal

COMMON = ["-m", "hydra/sweeper=exhaustive", "tracking=mlflow", "hydra.sweep.dir=out"]
SLOW = ["model=bert_base", "layer=all", "model.blocks=1", "model.sequence=128"]
SLOW += ["arch.rows=8,12,16,32", "arch.cols=8,12,16,32"]


def statuses(folder: Path) -> list[str]:
    """Of the runs of searches."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiments = [one.experiment_id for one in client.search_experiments()]
    return [run.info.status for run in client.search_runs(experiments) if run.data.tags.get("kind") == "sweep"]


@pytest.mark.parametrize("moment", ["how far each value", "keeping the files"])
def test_ctrl_c_after_the_proof_still_tells_the_answer(tmp_path: Path, moment: str) -> None:
    search = Terminal(tmp_path, str(ROOT / "launch.py"), *COMMON, *SLOW)
    search.wait_for(moment)
    search.interrupt()
    assert search.end() == 130
    assert "best      point" in search.text
    assert "no other point of the space is better: all 16 points settled" in search.text
    assert "Traceback" not in search.text, search.text[-3000:]
    assert json.loads((tmp_path / "out" / "certificate.json").read_text())["best"]
    assert (tmp_path / "out" / "trials.csv").is_file()
    assert statuses(tmp_path) == ["KILLED"]


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_ctrl_c_before_anything_is_known_ends_the_run(tmp_path: Path, launcher: str) -> None:
    search = Terminal(tmp_path, str(ROOT / "launch.py"), *COMMON, *SLOW, f"hydra/launcher={launcher}")
    search.wait_for("describing")
    search.interrupt()
    assert search.end() == 130
    assert "Traceback" not in search.text, search.text[-3000:]
    assert statuses(tmp_path) == ["KILLED"]


def test_a_search_that_fails_ends_its_run(tmp_path: Path) -> None:
    launch_here(tmp_path, *COMMON, "model=bert_base", "layer=KTQ", "arch.scratchpad_kib=0.001,0.002").must_explain(
        "none of the 2 points"
    )
    assert statuses(tmp_path) == ["FAILED"]
