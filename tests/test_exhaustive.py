"""``hydra/sweeper=exhaustive``: every point settled, as trying each would, whatever is asked for and whoever dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from command_line import ROOT, command_here, launch_here
from exhaustive_cases import EYERISS, GEMMINI, PIM, asked, check_against_every_point, every_point, study_of

from launcher import run
from launcher.results.files import read_result
from launcher.results.goals import parse_goals
from launcher.sweeping.exhaustive import run as exhaustive_run
from launcher.sweeping.exhaustive import search as exhaustive_search
from launcher.sweeping.exhaustive.numbering import point_at
from launcher.sweeping.exhaustive.table import read_points

COMMON = ["-m", "hydra/sweeper=exhaustive", "tracking=none", "model=bert_base", "hydra.sweep.dir=out"]
CASES: dict[str, tuple[Any, list[str], list[str], list[str]]] = {
    "edp": (GEMMINI, ["layer=KTQ"], ["edp_j_cycles"], []),
    "two objectives and a limit": (EYERISS, ["arch=eyeriss", "layer=KTQ"], ["energy_pj", "cycles"], ["area_mm2 <= 3"]),
    "pim, another figure": (PIM, ["arch=pim", "layer=KTQ"], ["latency_s", "area_mm2"], []),
    "the mapper is after something else": (GEMMINI, ["layer=KTQ", "mapper=energy"], ["edp_j_cycles"], []),
    "a network": (
        {**GEMMINI, "arch.dataflow": ("ws",), "arch.technology_nm": (32,)},
        ["layer=[KTQ,softmax]", "model.blocks=1"],
        ["edp_j_cycles"],
        ["utilization >= 0.001"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_best_is_what_trying_every_point_gives(tmp_path: Path, case: str) -> None:
    values, overrides, objectives, limits = CASES[case]
    written = ",".join(f'"{limit}"' for limit in limits)
    goals = [f"sweep.objectives=[{','.join(objectives)}]", f"sweep.constraints=[{written}]", "sweep.pictures=false"]
    done = launch_here(tmp_path, *COMMON, *overrides, *goals, *asked(values)).must_succeed()
    assert "no other point of the space is better" in done.out
    study = study_of(values, *overrides)
    points = check_against_every_point(tmp_path / "out", parse_goals(objectives, None, limits), every_point(study))
    assert Counter(points.status.tolist())[0] < study.space.size  # bounds exclude some


def test_what_it_leaves_is_what_single_runs_find(tmp_path: Path) -> None:
    values = {"arch.rows": (8, 16), "arch.scratchpad_kib": (64, 256), "arch.norm_lanes": (1, 2)}
    launch_here(tmp_path, *COMMON, "layer=KTQ", *asked(values)).must_succeed()
    points = read_points(tmp_path / "out" / "points.parquet")
    best = json.loads((tmp_path / "out" / "certificate.json").read_text())["best"][0]["point"]
    point = [f"{key}={value}" for key, value in point_at(points.keys, best).items()]
    alone, kept = run(["model=bert_base", "layer=KTQ", *point]), read_result(tmp_path / "out" / str(best))
    assert (alone.energy_pj, alone.cycles, alone.mapping) == (kept.energy_pj, kept.cycles, kept.mapping)
    # Lanes for softmax say nothing of a matmul: such points are the same design, and have the same figures.
    same = points.select(
        where={key: value for key, value in point_at(points.keys, best).items() if key != "arch.norm_lanes"}
    )
    assert len(same) == 2
    assert len({points.figures["edp_j_cycles"][number] for number in same}) == 1
    reach = json.loads((tmp_path / "out" / "reach.json").read_text())
    truth = every_point(study_of(values, "layer=KTQ"))
    for key, own in reach["keys"].items():
        for one in own:
            of_value = [t for n, t in enumerate(truth) if point_at(points.keys, n)[key] == one["value"]]
            least = min(t.figures["edp_j_cycles"] for t in of_value)
            assert one["best"]["figures"]["edp_j_cycles"] == least


def test_layers_that_are_fused_are_only_bounded_by_their_arithmetic(tmp_path: Path) -> None:
    values = {"arch.rows": (8, 32), "arch.scratchpad_kib": (64, 256)}
    overrides = ["layer=[KTQ,softmax]", "model.sequence=64", "model.blocks=1", "fusion=optimal"]
    launch_here(tmp_path, *COMMON, *overrides, *asked(values), "sweep.pictures=false").must_succeed()
    truth = every_point(study_of(values, *overrides))
    check_against_every_point(tmp_path / "out", parse_goals(["edp_j_cycles"]), truth)


MISTAKES = {
    "infinite": (["arch.scratchpad_kib=interval(64,512)"], ["arch.scratchpad_kib", "hydra/sweeper=optuna"]),
    "too large": (
        ["arch.rows=range(1,2001)", "arch.cols=range(1,2001)", "arch.scratchpad_kib=range(1,251)"],
        ["1,000,000,000 points", "GB"],
    ),
    "nothing swept": ([], ["nothing is swept"]),
    "an empty range": (["arch.rows=range(8,8)"], ["empty"]),
    "a workload": (["arch.rows=8,16", "model.sequence=64,128"], ["model.sequence", "no parameter of the hardware"]),
    "an unknown key": (["arch.rows=8,16", "arch.rose=1,2"], ["rose"]),
    "no design": (["arch.scratchpad_kib=0.001,0.002"], ["none of the 2 points"]),
    "no figure of a design": (["arch.rows=8,16", "sweep.objectives=[search_seconds]"], ["search_seconds"]),
    "another engine": (["arch.rows=8,16", "engine=timeloop"], ["engine=native"]),
    "limits that nothing keeps": (["arch.rows=8,16", "constraints.area_mm2=0.001"], ["area_mm2 <= 0.001"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_space_that_makes_no_sense_is_answered_in_words(tmp_path: Path, mistake: str) -> None:
    overrides, words = MISTAKES[mistake]
    launch_here(tmp_path, *COMMON, "layer=KTQ", *overrides).must_explain(*words)


def test_a_second_run_finds_everything_settled(tmp_path: Path) -> None:
    command = [*COMMON, "layer=KTQ", "sweep.pictures=false", *asked({"arch.rows": (8, 16, 32), "arch.cols": (8, 16)})]
    first = launch_here(tmp_path, *command).must_succeed()
    ledger = next((tmp_path / "studies").glob("*.ledger"))
    searches = _searches(ledger)
    again = launch_here(tmp_path, *command).must_succeed()
    assert _searches(ledger) == searches
    assert _answer(again.out) == _answer(first.out)
    launch_here(tmp_path, *command, "sweep.study=mine", "constraints.area_mm2=5").must_succeed()
    launch_here(tmp_path, *command, "sweep.study=mine").must_explain("made for something else", "sweep.restart=true")


def _searches(ledger: Path) -> list[int]:
    """Numbers of points whose outcomes were written, each as often as it was."""
    records = [json.loads(line) for line in ledger.read_text().splitlines()]
    return [row[0] for record in records if record.get("is") == "settled" for row in record["outcomes"]]


def _answer(out: str) -> list[str]:
    return [line for line in out.splitlines() if line.startswith(("best", "proved"))]


SLOW = [*COMMON[:-1], "layer=all", "model.blocks=1", "model.sequence=128", "sweep.pictures=false"]
SLOW += asked({"arch.rows": (8, 16, 32), "arch.cols": (8, 16), "arch.scratchpad_kib": (64, 256, 1024)})


def _start(folder: Path, place: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "launch.py"), *SLOW, f"hydra.sweep.dir={place}"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_search_that_is_killed_again_and_again_loses_nothing_and_searches_nothing_twice(tmp_path: Path) -> None:
    moments = random.Random(5)
    for _ in range(4):
        process = _start(tmp_path, "out")
        time.sleep(moments.uniform(1.0, 6.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = _start(tmp_path, "out")
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert "no other point of the space is better: all 18 points settled" in out
    searched = Counter(_searches(next((tmp_path / "studies").glob("*.ledger"))))
    assert max(searched.values()) == 1
    study = study_of(
        {"arch.rows": (8, 16, 32), "arch.cols": (8, 16), "arch.scratchpad_kib": (64, 256, 1024)},
        *("layer=all", "model.blocks=1", "model.sequence=128"),
    )
    check_against_every_point(tmp_path / "out", parse_goals(["edp_j_cycles"]), every_point(study))


def test_two_processes_share_a_study(tmp_path: Path) -> None:
    processes = [_start(tmp_path, f"out{number}") for number in range(2)]
    outs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outs
    assert _answer(outs[0][0]) == _answer(outs[1][0]) != []
    searched = Counter(_searches(next((tmp_path / "studies").glob("*.ledger"))))
    assert max(searched.values()) == 1
    tables = [read_points(tmp_path / f"out{number}" / "points.parquet") for number in range(2)]
    for one in tables:
        assert not (one.status == 5).any()  # open
    known = [table.figures["edp_j_cycles"] for table in tables]
    both = ~np.isnan(known[0]) & ~np.isnan(known[1])
    assert np.array_equal(known[0][both], known[1][both])


def test_a_time_limit_leaves_the_rest_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [*COMMON, "layer=KTQ", "sweep.pictures=false", *asked(GEMMINI)]
    early = launch_here(tmp_path, *command, "sweep.timeout_s=0.001")
    early.must_explain("sweep.timeout_s=0.001 was over", "described", "sweep.timeout_s=0.01")
    monkeypatch.setattr(exhaustive_run._Search, "_in_time", lambda _: None)
    stopped = launch_here(tmp_path, *command, "sweep.timeout_s=0.001").must_succeed()
    assert "points are open" in stopped.out
    assert "the same command goes on from here" in stopped.out
    certificate = json.loads((tmp_path / "out" / "certificate.json").read_text())
    assert "was stopped" in certificate["claim"]
    assert "no other point" in launch_here(tmp_path, *command).must_succeed().out


def test_searches_that_fail_prove_nothing_and_are_tried_again(tmp_path: Path) -> None:
    command = [*COMMON, "layer=KTQ", "cache=false", *asked({"arch.rows": (8, 16), "arch.cols": (8,)})]
    failed = launch_here(tmp_path, *command, "sweep.trial_timeout_s=0.001")
    failed.must_explain("none of the 2 points has a mapping: took longer than sweep.trial_timeout_s=0.001")
    assert "2 of 2 points are open" in failed.out
    assert "was stopped" in json.loads((tmp_path / "out" / "certificate.json").read_text())["claim"]
    told = command_here(tmp_path, "check", "out")
    assert "2 of 2 points are open" in told.out + told.err
    assert "no other point" in launch_here(tmp_path, *command).must_succeed().out


def test_a_study_by_itself_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slept(seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s although no other process is at work")

    monkeypatch.setattr(exhaustive_search, "time", SimpleNamespace(sleep=slept))
    values = {"arch.rows": (8, 16), "arch.scratchpad_kib": (64, 256)}
    launch_here(tmp_path, *COMMON, "layer=KTQ", *asked(values)).must_succeed()
    assert (tmp_path / "out" / "reach.json").exists()  # which has searches of its own
