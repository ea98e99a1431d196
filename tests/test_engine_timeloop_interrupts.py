"""Ctrl-C on the real command line while Timeloop searches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import ROOT
from timeloop_cases import BERT, CUBE, UNTIL_STOPPED, calls, stand_in

IGNORING = "signal.signal(signal.SIGINT, signal.SIG_IGN); said(recordings[0]); time.sleep(50)"
ENDLESS = "mapper.victory_condition=0"
PATIENCE_S = 40


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command line in a process of its own, which is gone afterwards."""
    asked = [*BERT, "engine=timeloop", "engine.frontend=direct", f"engine.bin_dir={folder / 'bin'}", ENDLESS]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "launch.py"), *arguments, *asked],
        cwd=folder,
        env={**os.environ, "COLUMNS": "160"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def has_found(folder: Path) -> Callable[[], bool]:
    return lambda: any("Utilization" in log.read_text() for log in folder.rglob("stderr.txt"))


def assert_ended(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"{pid} still runs")


def test_once_keeps_the_best_mapping_and_ends_in_good_order(tmp_path: Path) -> None:
    stand_in(tmp_path, "interrupted", behaviour=UNTIL_STOPPED)
    with started(tmp_path, *CUBE, "hydra.run.dir=out") as process:
        wait_until(has_found(tmp_path / "out"), process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "stopping: the best mapping so far is kept; Ctrl-C again stops at once" in err
    assert "Traceback" not in err and "the best of those that were tried (edp)" in out
    result = json.loads((tmp_path / "out/result.json").read_text())
    assert result["status"] == "ok" and result["cycles"] == 2052
    assert len(calls(tmp_path)) == 1


def test_before_anything_was_found_nothing_is_claimed(tmp_path: Path) -> None:
    stand_in(tmp_path, "search", behaviour="time.sleep(50)")
    with started(tmp_path, *CUBE, "hydra.run.dir=out") as process:
        wait_until(lambda: bool(calls(tmp_path)), process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err.rstrip().endswith("stopped") and "crashed" not in err and "Traceback" not in err
    assert not (tmp_path / "out/result.json").exists()


@pytest.mark.parametrize("layers", [CUBE, ("arch=gemmini", "layer=[KTQ,VScores]")], ids=["layer", "network"])
def test_twice_stops_at_once(layers: tuple[str, ...], tmp_path: Path) -> None:
    stand_in(tmp_path, "interrupted", behaviour=IGNORING)
    with started(tmp_path, *layers, "hydra.run.dir=out") as process:
        wait_until(has_found(tmp_path / "out"), process)
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert process.poll() is None  # it waits for the search that was asked to stop
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - asked < 15  # and not until the search would have been killed for not stopping
    assert process.returncode == 130 and "Traceback" not in err
    assert not (tmp_path / "out/result.json").exists()
    for call in calls(tmp_path):
        assert_ended(call["pid"])


def test_a_sweep_stops_too(tmp_path: Path) -> None:
    stand_in(tmp_path, "interrupted", behaviour=UNTIL_STOPPED)
    with started(tmp_path, "-m", *CUBE, "mapper.threads=1,2,3", "hydra.sweep.dir=out") as process:
        wait_until(has_found(tmp_path / "out"), process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not (tmp_path / "out/0/result.json").exists()  # a search that was cut short is not what was asked for
    for call in calls(tmp_path):
        assert_ended(call["pid"])
