"""Two sweeps at a time that share one study in PostgreSQL and one MLflow server."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from command_line import ROOT
from ledger_cases import IDENTITY, check_that_processes_share_all_points, outcome

from launcher.errors import LauncherError
from launcher.sweeping.exhaustive.ledger import forget, open_ledger
from launcher.sweeping.storages import close_storage, open_storage

FAST = [
    "hydra/sweeper=optuna",
    "sweep.prune=false",
    "model=bert_base",
    "layer=KTQ",
    "cache=false",
    "sweep.pictures=false",
]


def _program(name: str) -> str | None:
    """Debian keeps PostgreSQL's programs out of the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else shutil.which(name)


_MISSING = [name for name in ("initdb", "pg_ctl") if _program(name) is None]
_MISSING += [] if importlib.util.find_spec("psycopg") else ["psycopg"]

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root; its own user then owns the folder."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "postgres", "postgres")
    for parent in folder.parents:
        if parent.owner() == "root" and parent != Path("/") and parent != Path("/tmp"):  # noqa: S108
            parent.chmod(parent.stat().st_mode | 0o011)
    return {"user": "postgres", "group": "postgres", "cwd": folder}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    """``host:port/name`` of a PostgreSQL that runs for one test."""
    folder = tmp_path / "postgresql"
    folder.mkdir()
    port, extra = _free_port(), _unprivileged(folder)
    initdb, control = _program("initdb"), _program("pg_ctl")
    data = str(folder / "data")
    subprocess.run([initdb, "-D", data, "-U", "sweep", "-A", "trust"], check=True, capture_output=True, **extra)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    start = [control, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start"]
    subprocess.run(start, check=True, capture_output=True, **extra)
    try:
        import psycopg  # noqa: PLC0415

        with psycopg.connect(f"postgresql://sweep@127.0.0.1:{port}/postgres", autocommit=True) as connection:
            connection.execute("create database tracking")
            connection.execute("create database studies")
        yield f"sweep@127.0.0.1:{port}"
    finally:
        subprocess.run([control, "-D", data, "-m", "immediate", "stop"], check=False, capture_output=True, **extra)


@pytest.fixture
def server(tmp_path: Path, database: str) -> Iterator[str]:
    """An MLflow server on that database."""
    port = _free_port()
    store = f"postgresql+psycopg://{database}/tracking"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--workers", "1"]
    command += ["--artifacts-destination", str(tmp_path / "artifacts"), "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "server.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        _await(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2)  # noqa: S310
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise AssertionError("the MLflow server did not start")


def test_processes_share_a_ledger(database: str) -> None:
    where = f"postgresql+psycopg://{database}/studies"
    check_that_processes_share_all_points(where, str(ROOT / "tests"), 300)
    with open_ledger(where, "other", IDENTITY) as other, open_ledger(where, "mine", IDENTITY) as mine:
        assert other.news() == [] and other.note_once("run", "a") == "a" and mine.noted("run") is None
        other.settle([outcome(7)])
        forget(where, "mine")
        with pytest.raises(LauncherError, match="forgot"):
            mine.claim([1])
        assert other.news() == [outcome(7)]


def test_two_sweeps_share_a_study_and_a_tracking_server(tmp_path: Path, database: str, server: str) -> None:
    storage = f"postgresql+psycopg://{database}/studies"
    space = ["arch.rows=range(4,65,4)", "arch.cols=range(4,65,4)", "sweep.n_trials=16"]
    arguments = [*FAST, *space, f"sweep.storage={storage}", f"tracking.uri={server}"]
    running = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        command = [sys.executable, str(ROOT / "launch.py"), "-m", *arguments]
        running.append(
            subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
    said = [process.communicate(timeout=200)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    opened = open_storage(storage)
    found = optuna.load_study(study_name=None, storage=opened).get_trials()
    close_storage(opened)
    assert all(trial.state.is_finished() for trial in found)
    assert 16 <= len({tuple(sorted(trial.params.items())) for trial in found}) <= 17
    by_folder = [
        {file.parent.name for file in tmp_path.glob(f"{one}/multirun/*/*/*/result.json")} for one in ("one", "two")
    ]
    assert all(by_folder) and not by_folder[0] & by_folder[1]
    import psycopg  # noqa: PLC0415

    with psycopg.connect(f"postgresql://{database}/tracking") as connection:
        rows = connection.execute("select value from tags where key = 'sweep.trial'").fetchall()
        parents = connection.execute(
            "select count(*) from tags join runs using (run_uuid) "
            "where key = 'kind' and value = 'sweep' and lifecycle_stage = 'active'"
        ).fetchone()
    assert Counter(value for (value,) in rows) == dict.fromkeys(by_folder[0] | by_folder[1], 1)
    assert parents == (1,)
