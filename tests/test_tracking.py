"""Runs as MLflow has them, read back with MLflow's own client."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_results import failed_result, ok_result, sweep

from launcher.errors import ConfigurationError, LauncherError
from launcher.reporting.artifacts import write_artifacts
from launcher.results.files import ARTIFACT_NAMES
from launcher.results.goals import grid_goals
from launcher.results.result import Result
from launcher.results.trial_rows import rows_of_results
from launcher.sweeping.parent import outcome
from launcher.tracking import Tracker, TrackingSettings, make_tracker
from launcher.tracking.location import locate
from launcher.tracking.provenance import config_hash
from launcher.tracking.records import as_parameters

HERE = Path(__file__).parent
ENDED = 1_700_000_000


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which trials are launched; its database is made once."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def tracker(project: Path) -> Tracker:
    return make_tracker(TrackingSettings(experiment="tests", directory=project))


@pytest.fixture(scope="module")
def client(tracker: Tracker, project: Path) -> Any:
    tracker.prepare()
    return open_client(project)


def open_client(folder: Path) -> Any:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - it takes a second

    return MlflowClient(f"sqlite:///{folder}/mlflow.db")


def written(result: Result, folder: Path) -> Path:
    write_artifacts(result, folder)
    return folder


def python(code: str, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, str(HERE), *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def run(client: Any, tracker: Tracker, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = written(ok_result(), tmp_path_factory.mktemp("trial"))
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text("- tracking.uri=postgresql\\://me\\:secret@host\\:1/x\n")
    (folder / "notes of the user.md").write_text("mine\n")
    os.utime(folder / "result.json", (ENDED, ENDED))  # by another process, which was killed then
    reference = tracker.record(ok_result(), folder)
    assert reference is not None
    return client.get_run(reference.run_id)


class TestOneRun:
    def test_is_finished_and_named_after_the_result(self, run: Any) -> None:
        assert run.info.run_name == "gemmini 16x16 KTQ"
        assert run.info.status == "FINISHED"
        assert (run.info.start_time, run.info.end_time) == (ENDED * 1000 - 1250, ENDED * 1000)

    def test_has_the_parameters_one_filters_by(self, run: Any) -> None:
        parameters = run.data.params
        assert parameters["arch.rows"] == "16"
        assert parameters["model"] == "bert_large"
        assert parameters["layer"] == "KTQ"
        assert parameters["engine"] == "native 0.1.0"
        assert parameters["estimator"] == "tables 0.1.0"
        assert parameters["objective"] == "edp"

    def test_has_the_figures(self, run: Any) -> None:
        result = ok_result()
        metrics = run.data.metrics
        assert metrics["energy_pj"] == result.energy_pj
        assert metrics["energy_uj"] == pytest.approx(2195.486713890, abs=1e-6)
        assert metrics["cycles"] == 4210692
        assert metrics["edp_j_cycles"] == result.edp_j_cycles
        assert metrics["utilization"] == result.utilization
        assert metrics["area_mm2"] == pytest.approx(1.467168)
        assert metrics["energy_per_mac_pj"] == pytest.approx(result.energy_pj / 2**30)
        assert metrics["search_seconds"] == 0.127

    def test_has_the_share_of_each_level(self, run: Any) -> None:
        shares = {name: value for name, value in run.data.metrics.items() if name.startswith("energy_share.")}
        assert set(shares) == {f"energy_share.{n}" for n in ("DRAM", "Scratchpad", "Accumulator", "Registers", "MAC")}
        assert sum(shares.values()) == pytest.approx(1)

    def test_says_who_what_and_how_it_ended(self, run: Any) -> None:
        tags = run.data.tags
        assert tags["mlflow.user"]
        assert tags["status"] == "ok"
        assert tags["optimality"] == "proved"
        assert tags["engine"] == "native 0.1.0"
        assert tags["config_hash"] == config_hash(ok_result().parameters)
        assert tags["flags"] == "DRAM: interpolated"
        assert "for D in [0:256)" in tags["mlflow.note.content"]

    def test_keeps_the_files_of_the_trial_and_no_others(self, run: Any, client: Any, tmp_path: Path) -> None:
        names = {file.path for file in client.list_artifacts(run.info.run_id)}
        assert names == {*ARTIFACT_NAMES, "hydra"}
        copy = client.download_artifacts(run.info.run_id, "result.json", str(tmp_path))
        assert json.loads(Path(copy).read_text())["cycles"] == 4210692

    def test_keeps_no_password(self, run: Any, client: Any, tmp_path: Path) -> None:
        copy = client.download_artifacts(run.info.run_id, "hydra/overrides.yaml", str(tmp_path))
        assert Path(copy).read_text() == "- tracking.uri=postgresql\\://me\\:***@host\\:1/x\n"

    def test_artifacts_stand_beside_the_database(self, run: Any, project: Path) -> None:
        assert run.info.artifact_uri.startswith((project / "mlartifacts").as_uri())


def test_a_trial_without_a_mapping_is_a_failed_run_that_says_why(client: Any, tracker: Tracker, tmp_path: Path) -> None:
    reference = tracker.record(failed_result(), written(failed_result(), tmp_path))
    assert reference is not None
    run = client.get_run(reference.run_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["status"] == "infeasible"
    assert "not divisible by 48" in run.data.tags["reason"]
    assert run.data.params["arch.rows"] == "48"
    assert "energy_pj" not in run.data.metrics


def test_a_run_is_recorded_as_a_whole_or_not_at_all(
    client: Any, tracker: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(ok_result(), tmp_path)
    (experiment,) = client.search_experiments(filter_string="name = 'tests'")

    def runs() -> set[str]:
        return {run.info.run_id for run in client.search_runs([experiment.experiment_id])}

    before = runs()
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(LauncherError, match="the disk is full"):
            tracker.record(ok_result(), folder)
    assert runs() == before
    reference = tracker.record(ok_result(), folder)
    assert reference is not None
    assert runs() == before | {reference.run_id}
    assert client.get_run(reference.run_id).data.metrics["energy_pj"] == ok_result().energy_pj


def test_more_parameters_than_mlflow_takes_at_once(client: Any, tracker: Tracker, tmp_path: Path) -> None:
    many = {f"arch.p{i}": i for i in range(250)} | {"arch.odd (name)": "x" * 7000}
    result = replace(ok_result(), parameters=many)
    reference = tracker.record(result, tmp_path)
    assert reference is not None
    recorded = client.get_run(reference.run_id).data.params
    assert recorded["arch.p249"] == "249"
    assert len(recorded["arch.odd _name_"]) == 6000


@pytest.fixture(scope="module")
def runs(client: Any, tracker: Tracker, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[Any]]:
    parent = tracker.start_sweep("sweep arch.rows", {"layer": "KTQ", "overrides": "arch.rows=8,48,16"})
    for result in sweep():
        tracker.record(result, written(result, tmp_path_factory.mktemp("trial")), parent)
    figures, tags = outcome(rows_of_results(sweep()), grid_goals(["edp"], []))
    tracker.close_sweep(parent, figures, tags, tmp_path_factory.mktemp("sweep"))
    run = client.get_run(parent)
    children = client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'", order_by=["start_time"]
    )
    return run, list(children)


class TestSweep:
    def test_trials_hang_under_one_run(self, runs: tuple[Any, list[Any]]) -> None:
        assert {child.data.params["arch.rows"] for child in runs[1]} == {"8", "16", "48"}

    def test_the_best_trial_stands_on_the_parent(self, runs: tuple[Any, list[Any]]) -> None:
        parent = runs[0]
        assert parent.info.status == "FINISHED"
        assert parent.data.metrics["cycles"] == 4210692
        assert parent.data.tags["best.arch.rows"] == "16"
        assert parent.data.params["overrides"] == "arch.rows=8,48,16"
        assert parent.data.tags["best.trial"] == "2"
        note = parent.data.tags["mlflow.note.content"]
        assert "with arch.rows=16" in note.splitlines()[0] and "4,210,692" in note

    def test_trials_are_counted_by_status(self, runs: tuple[Any, list[Any]]) -> None:
        metrics = runs[0].data.metrics
        counted = {name: metrics[f"trials{name}"] for name in ("", "_ok", "_infeasible", "_failed")}
        assert counted == {"": 3, "_ok": 2, "_infeasible": 1, "_failed": 0}

    def test_one_without_any_mapping_failed(self, client: Any, tracker: Tracker, tmp_path: Path) -> None:
        parent = tracker.start_sweep("sweep", {})
        tracker.close_sweep(parent, *outcome(rows_of_results([failed_result()]), grid_goals(["edp"], [])), tmp_path)
        assert client.get_run(parent).info.status == "FAILED"

    def test_one_that_was_stopped_is_killed(self, client: Any, tracker: Tracker, tmp_path: Path) -> None:
        parent = tracker.start_sweep("sweep", {})
        tracker.close_sweep(parent, {}, {"status": "interrupted"}, tmp_path, interrupted=True)
        run = client.get_run(parent)
        assert run.info.status == "KILLED"
        assert run.data.tags["status"] == "interrupted"


RECORD = """
import logging, sys
sys.path.insert(0, sys.argv[1])
logging.basicConfig(level=logging.INFO)  # as Hydra does
from pathlib import Path
from sample_results import ok_result
from launcher.tracking import TrackingSettings, make_tracker
tracker = make_tracker(TrackingSettings(experiment="together"))
tracker.warm_up()
tracker.prepare()
for _ in range(5):
    tracker.record(ok_result(), Path(sys.argv[2]))
"""


def test_several_processes_record_at_once_and_none_of_them_chatters(client: Any, project: Path, tmp_path: Path) -> None:
    folder = written(ok_result(), tmp_path / "trial")
    # The last one meets a database that does not exist yet.
    workers = [python(RECORD, where, folder) for where in (project, project, tmp_path)]
    assert [worker.communicate() for worker in workers] == [("", "")] * 3
    assert [worker.returncode for worker in workers] == [0] * 3
    runs = client.search_runs([client.get_experiment_by_name("together").experiment_id])
    assert len(runs) == 10
    assert all(run.info.status == "FINISHED" for run in runs)


class TestNothingRecorded:
    def test_does_not_import_mlflow(self, tmp_path: Path) -> None:
        code = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from sample_results import ok_result
from launcher.tracking import TrackingSettings, make_tracker
tracker = make_tracker(TrackingSettings(kind="none"))
tracker.warm_up()
tracker.prepare()
parent = tracker.start_sweep("sweep", {})
assert tracker.record(ok_result(), Path("."), parent) is None
assert tracker.close_sweep(parent, {}, {}, Path(".")) is None
make_tracker(TrackingSettings())
print("mlflow" in sys.modules)
"""
        output, errors = python(code, tmp_path).communicate()
        assert (output.strip(), errors) == ("False", "")
        assert list(tmp_path.iterdir()) == []

    def test_is_a_choice(self) -> None:
        assert type(make_tracker(TrackingSettings(kind="none"))) is Tracker


class TestWhere:
    def test_in_the_launch_folder_by_default(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        location = locate(TrackingSettings())
        assert location.uri == f"sqlite:///{tmp_path}/mlflow.db"
        assert location.artifact_root == tmp_path / "mlartifacts"
        assert location.command == "mlflow ui"

    def test_the_environment_is_honoured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:5000/")
        assert locate(TrackingSettings()).uri == "http://host:5000"
        assert locate(TrackingSettings()).artifact_root is None

    def test_what_was_said_wins_over_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:5000/")
        location = locate(TrackingSettings(uri="sqlite:///runs/all.db", directory=tmp_path))
        assert location.uri == f"sqlite:///{tmp_path}/runs/all.db"
        assert f"--backend-store-uri sqlite:///{tmp_path}/runs/all.db" in (location.command or "")

    def test_an_old_file_store_beside_the_database_changes_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mlruns" / "0").mkdir(parents=True)
        (tmp_path / "mlruns" / "0" / "meta.yaml").touch()
        assert "--backend-store-uri" in (locate(TrackingSettings()).command or "")

    def test_a_password_is_not_shown(self) -> None:
        location = locate(TrackingSettings(uri="postgresql+psycopg2://me:secret@db:5432/mlflow"))
        assert location.printable_uri == "postgresql+psycopg2://me:***@db:5432/mlflow"
        assert "secret" not in (location.command or "")

    def test_the_page_of_a_run(self, tmp_path: Path) -> None:
        server = locate(TrackingSettings(uri="http://host:80/mlflow/"))
        assert server.page("1", "abc") == "http://host:80/mlflow/#/experiments/1/runs/abc"
        own = locate(TrackingSettings(directory=tmp_path))
        assert own.page("1", "abc") == "http://127.0.0.1:5000/#/experiments/1/runs/abc"

    @pytest.mark.parametrize(
        "uri", ["./mlruns", "file:///tmp/mlruns", "sqlite://", "sqlite:///", "sqlite:///a%25b.db", "ftp://x"]
    )
    def test_a_store_that_cannot_be_used_is_refused(self, uri: str) -> None:
        with pytest.raises(ConfigurationError, match="cannot record runs in"):
            make_tracker(TrackingSettings(uri=uri))

    def test_an_unknown_kind_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="unknown tracking kind"):
            make_tracker(TrackingSettings(kind="wandb"))  # type: ignore[arg-type]


@pytest.fixture
def deaf_server() -> Iterator[str]:
    """Somebody who takes the call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


class TestUnusable:
    def check(self, uri: str, tmp_path: Path, what: str) -> None:
        folder = written(ok_result(), tmp_path / "trial")
        tracker = make_tracker(TrackingSettings(uri=uri, timeout_s=1, directory=tmp_path))
        started = time.monotonic()
        with pytest.raises(LauncherError, match=what) as caught:
            tracker.record(ok_result(), folder)
        assert time.monotonic() - started < 10
        assert str(folder) in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 10
        assert (folder / "result.json").is_file()

    def test_a_server_that_is_not_there(self, nobody: str, tmp_path: Path) -> None:
        self.check(f"http://{nobody}", tmp_path, "does not answer: .*refused")

    def test_a_server_that_never_answers(self, deaf_server: str, tmp_path: Path) -> None:
        self.check(deaf_server, tmp_path, "does not answer: .*timed out")

    def test_a_database_server_that_is_not_there(self, nobody: str, tmp_path: Path) -> None:
        self.check(f"postgresql://me:secret@{nobody}/mlflow", tmp_path, "database at postgresql://me:\\*\\*\\*@")

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "mlflow.db").write_text("these are my notes, not a database")
        self.check("sqlite:///mlflow.db", tmp_path, "not an sqlite database")
        assert (tmp_path / "mlflow.db").read_text() == "these are my notes, not a database"

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        self.check("sqlite:///file/mlflow.db", tmp_path, "cannot record runs")

    def test_a_failed_warm_up_is_reported_by_whoever_records(self, nobody: str, tmp_path: Path) -> None:
        tracker = make_tracker(TrackingSettings(uri=f"http://{nobody}", timeout_s=1, directory=tmp_path))
        tracker.warm_up()
        with pytest.raises(LauncherError, match="does not answer"):
            tracker.prepare()

    def test_a_deleted_experiment(self, client: Any, project: Path) -> None:
        settings = TrackingSettings(experiment="gone", directory=project)
        make_tracker(settings).prepare()
        client.delete_experiment(client.get_experiment_by_name("gone").experiment_id)
        with pytest.raises(LauncherError, match="was deleted"):
            make_tracker(settings).prepare()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "layer=KTQ tracking.uri=postgresql+psycopg://me:secret@db:5432/x",
            "layer=KTQ tracking.uri=postgresql+psycopg://me:***@db:5432/x",
        ),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
        ("postgresql://me@db:5432/x and a:b@c", "postgresql://me@db:5432/x and a:b@c"),
    ],
)
def test_passwords_of_addresses_are_no_parameters(text: str, shown: str) -> None:
    assert as_parameters({"overrides": text}) == {"overrides": shown}


def test_the_configuration_hash_ignores_how_a_trial_is_recorded() -> None:
    asked = {"arch.rows": 16, "layer": "KTQ"}
    assert config_hash(asked) == config_hash({"layer": "KTQ", "arch.rows": 16, "tracking.uri": "http://host"})
    assert config_hash(asked) != config_hash({**asked, "arch.rows": 32})
