"""The tracking database of a folder: made once and whole, whoever is killed meanwhile."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy

from launcher.errors import LauncherError
from launcher.tracking import TrackingSettings, make_tracker

PREPARE = """
import os, signal, sys, time
from pathlib import Path
from launcher.tracking import TrackingSettings, make_tracker
from launcher.tracking.mlflow_import import import_mlflow
import_mlflow(5)  # once, for all the processes below

def child(folder):
    pid = os.fork()
    if pid == 0:
        make_tracker(TrackingSettings(directory=folder)).prepare()
        os._exit(0)
    return pid

def status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""

KILLED = """
root = Path(sys.argv[1])
moments = [float(text) for text in sys.argv[2:]]
os.environ["LAUNCHER_CACHE_DIR"] = whole = str(root / "cache")
(root / "whole").mkdir()
started = time.monotonic()
assert status(child(root / "whole")) == 0
seconds = time.monotonic() - started
for n, moment in enumerate(moments):
    os.environ["LAUNCHER_CACHE_DIR"] = str(root / f"cache of {n}")  # it finds no copy, and makes the database
    folder = root / str(n)
    folder.mkdir()
    pid = child(folder)
    time.sleep(moment * seconds)
    os.kill(pid, signal.SIGKILL)
    status(pid)
    os.environ["LAUNCHER_CACHE_DIR"] = whole
    assert status(child(folder)) == 0, f"after a kill at {moment:.3f} of its time"
"""

TOGETHER = """
folder = Path(sys.argv[1])
os.environ["LAUNCHER_CACHE_DIR"] = str(folder / "cache")
assert [status(pid) for pid in [child(folder) for _ in range(4)]] == [0] * 4
"""


def python(code: str, *arguments: object) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    command = [sys.executable, "-c", PREPARE + code, *map(str, arguments)]
    done = subprocess.run(command, env=inherited, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def tables(file: Path) -> set[str]:
    with sqlite3.connect(file) as database:
        return {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}


def test_a_kill_at_any_moment_leaves_no_half_made_database(tmp_path: Path) -> None:
    moments = random.Random(os.environ.get("SWEEP_KILL_SEED", "1"))
    count = 4
    python(KILLED, tmp_path, *(moments.uniform(n, n + 1) / count for n in range(count)))
    made = tables(tmp_path / "whole" / "mlflow.db")
    assert "runs" in made
    for n in range(count):
        assert tables(tmp_path / str(n) / "mlflow.db") == made
        assert [file.name for file in (tmp_path / str(n)).iterdir()] == ["mlflow.db"]
    for kept in tmp_path.glob("cache*/mlflow/empty*"):
        assert tables(kept) == made


def test_processes_that_start_together_make_one(tmp_path: Path) -> None:
    python(TOGETHER, tmp_path)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        names = database.execute("select name from experiments").fetchall()
    assert sorted(names) == [("Default",), ("timeloop-launcher",)]


def test_a_copy_from_the_cache_is_as_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUNCHER_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        make_tracker(TrackingSettings(directory=tmp_path / name)).prepare()
        (kept,) = (tmp_path / "cache" / "mlflow").iterdir()
        assert tables(kept) == tables(tmp_path / name / "mlflow.db")
        with sqlite3.connect(kept) as database:
            assert database.execute("select count(*) from experiments").fetchone() == (0,)


def test_one_that_an_earlier_version_left_half_made_is_refused_with_advice(tmp_path: Path) -> None:
    from mlflow.store.tracking.dbmodels.initial_models import Base  # noqa: PLC0415 - it takes a second

    file = tmp_path / "mlflow.db"
    Base.metadata.create_all(sqlalchemy.create_engine(f"sqlite:///{file}"))
    with sqlite3.connect(file) as database:
        database.execute("create table _alembic_tmp_params (a int)")
    with pytest.raises(LauncherError, match="left half made"):
        make_tracker(TrackingSettings(directory=tmp_path)).prepare()
    assert tables(file) >= {"params", "_alembic_tmp_params"}
