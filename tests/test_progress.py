"""What a command says while it runs, how much of it, and what Ctrl-C leaves."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from command_line import ROOT, command_here, launch_here
from rich.console import Console
from terminal import Terminal

from launcher.engines.interface import Progress
from launcher.reporting.progress import describe, search_progress
from launcher.verbosity import without_options

SLOW = ("arch=eyeriss", "layer=vgg16_3_2", "mapper=energy", "tracking=none")
"""A search that takes several seconds, and has a mapping long before its end."""


def test_a_search_is_described_with_units() -> None:
    assert describe(Progress(None, None, 3.2)) == "no mapping yet, 3 s"
    running = Progress(4.355e15, 4.3e15, 12.0, "edp")
    assert describe(running) == "best EDP 4,355 J*cycles, bound 4,300, gap 1.3 %, 12 s"
    layer = Progress(2e9, 1.5e9, 5.0, "energy", "FF1", finished=3, searches=8)
    assert describe(layer) == "3 of 8 searches, FF1, best energy 2,000 uJ, bound 1,500, gap 25.0 %, 5 s"
    assert describe(Progress(None, None, 5.0, finished=3, searches=8)) == "3 of 8 searches, 5 s"


@pytest.mark.parametrize(("verbose", "lines"), [(False, 0), (True, 2)])
def test_nothing_is_shown_off_a_terminal_unless_asked_for(verbose: bool, lines: int) -> None:
    text = io.StringIO()
    with search_progress(Console(file=text), "a trial", verbose=verbose) as on_progress:
        for seconds in (0.5, 1.0, 2.0, 6.5):
            on_progress(Progress(10.0, 9.0, seconds, "cycles"))
    assert len(text.getvalue().splitlines()) == lines


def test_options_become_overrides() -> None:
    assert without_options(["-q", "-m", "layer=KQV"]) == ["-m", "verbosity=quiet", "layer=KQV"]
    assert without_options(["layer=KQV", "arch=pim", "-m", "-v"]) == [
        "verbosity=verbose",
        "layer=KQV",
        "arch=pim",
        "-m",
    ]
    assert without_options(["-m", "layer=KQV"]) == ["-m", "layer=KQV"]
    assert without_options(["--quiet"]) == ["verbosity=quiet"]


def test_ctrl_c_once_keeps_the_best_mapping_and_twice_stops(tmp_path: Path) -> None:
    once = Terminal(tmp_path, str(ROOT / "launch.py"), *SLOW, "hydra.run.dir=once")
    twice = Terminal(tmp_path, str(ROOT / "launch.py"), *SLOW, "hydra.run.dir=twice")
    once.wait_for("gap ")
    once.interrupt()
    twice.wait_for("gap ")
    twice.interrupt()
    twice.wait_for("Ctrl-C again stops at once")
    twice.interrupt()
    assert twice.end() == 130
    assert once.end() == 130
    assert "stopping: the best mapping so far is kept" in once.text
    assert "search stopped early: the optimum is at most" in once.text
    result = json.loads((tmp_path / "once" / "result.json").read_text())
    assert result["optimality"]["status"] == "bounded"
    assert 0 < result["optimality"]["gap"] < 1
    assert "Traceback" not in once.text + twice.text


@pytest.mark.parametrize("points", ["grid", "optuna"])
@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_ctrl_c_keeps_a_sweeps_finished_trials(tmp_path: Path, launcher: str, points: str) -> None:
    sweep = Terminal(
        tmp_path, str(ROOT / "launch.py"), "-m", f"hydra/sweeper={points}", "arch.rows=range(1,61)", "layer=KTQ",
        "model=bert_base", "tracking=none", "sweep.n_trials=60", "hydra.sweep.dir=here", f"hydra/launcher={launcher}",
        "sweep.prune=false",  # trials that a bound excludes count as settled, and have no figures
    )  # fmt: skip
    sweep.wait_for(r"\b([2-9]|\d\d)/60 trials")  # a line that changes quickly skips numbers
    sweep.interrupt()
    assert sweep.end() == 130
    assert "stopping: finished trials are kept" in sweep.text
    assert "of 60 trials; the same command goes on from there" in sweep.text
    assert "best EDP" in sweep.text
    finished = [line for line in (tmp_path / "here" / "trials.csv").read_text().splitlines() if ",ok," in line]
    assert 2 <= len(finished) < 60
    assert "Traceback" not in sweep.text


def test_quiet_says_nothing_but_mistakes(tmp_path: Path) -> None:
    grid = ("-m", "arch.accumulator_kib=0.5,256", "layer=KTQ", "model=bert_base", "tracking=none", "hydra.sweep.dir=g")
    quiet = launch_here(tmp_path, "-q", *grid).must_succeed()
    assert quiet.out + quiet.err == ""
    assert (tmp_path / "g" / "1" / "result.json").is_file()
    wrong = command_here(tmp_path, "map", "-q", "nothing.yaml")
    wrong.must_explain("nothing.yaml")
    assert wrong.out == ""
