"""Finding finished trials by what people call them, and reading them back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import optuna
import pytest
from command_line import command_here
from report_cases import many, write_results
from sample_results import failed_result, ok_result, sweep

from launcher.errors import LauncherError
from launcher.reading import load_trials
from launcher.reporting.artifacts import write_artifacts
from launcher.sweeping.storages import open_storage
from launcher.sweeping.study import SharedStudy
from launcher.tracking import TrackingSettings, make_tracker


@pytest.fixture(autouse=True)
def _no_store_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_a_folder_stands_for_every_trial_below_it(tmp_path: Path) -> None:
    results = [*sweep(), *sweep(), *sweep(), *sweep()]
    for number, result in enumerate(results):
        write_artifacts(result, tmp_path / "multirun" / "2026-01-02" / "03-04-05" / str(number))
    (tmp_path / "multirun/2026-01-02/03-04-05/sweep.json").write_text('{"parent": "", "study": "mine"}')
    whole = load_trials(["multirun"], directory=tmp_path)
    assert list(whole.results) == results  # in the order of their numbers: 2 before 10
    assert {trial.origin.study for trial in whole} == {"mine"}
    folder = tmp_path / "multirun/2026-01-02/03-04-05"
    assert [trial.origin.folder for trial in whole] == [folder / str(n) for n in range(len(results))]
    for name in (
        *("multirun/2026-01-02/03-04-05/2", "multirun/2026-01-02/03-04-05/2/result.json"),
        *("03-04-05/2", "2026-01-02/03-04-05/2"),  # as reports shorten it
    ):
        (one,) = load_trials([name], directory=tmp_path)
        assert one.result == results[2]
        assert one.origin.started is not None
        assert abs((datetime.now(UTC) - one.origin.started).total_seconds()) < 60
    twice = load_trials(["multirun", "multirun/2026-01-02/03-04-05/2"], directory=tmp_path)
    assert len(twice) == len(results)


def test_without_a_name_the_newest_run_is_read(tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match="there is no run in this folder"):
        load_trials(directory=tmp_path)
    write_artifacts(sweep()[0], tmp_path / "outputs/2026-01-02/03-04-05-678")
    write_artifacts(ok_result(), tmp_path / "multirun/2026-01-02/03-04-06-123/0")
    write_artifacts(sweep()[0], tmp_path / "outputs/2026-01-01/23-59-59-999")
    (tmp_path / "outputs/2026-01-03/00-00-00-0/.hydra").mkdir(parents=True)  # of a run that failed, or still runs
    newest = load_trials(directory=tmp_path)
    assert newest.names == ("multirun/2026-01-02/03-04-06-123",)
    assert newest.results == (ok_result(),)


def test_what_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    write_results(tmp_path / "sweep", ok_result(), failed_result(), ok_result(), ok_result())
    (tmp_path / "sweep/2/result.json").write_text('{"format": 1, "name": "ha')
    content = json.loads((tmp_path / "sweep/3/result.json").read_text())
    (tmp_path / "sweep/3/result.json").write_text(json.dumps({**content, "format": 99}))
    (tmp_path / "sweep/4/.hydra").mkdir(parents=True)
    found = load_trials(["sweep"], directory=tmp_path)
    assert found.results == (ok_result(), failed_result())
    reasons = {Path(one.place).name: one.reason for one in found.skipped}
    assert reasons.keys() == {"2", "3", "4"}
    assert "cannot read a result" in reasons["2"]
    assert "unknown format 99" in reasons["3"]
    assert "still running" in reasons["4"]
    for name, message in (("sweep/2", "cannot read a result"), ("sweep/4", "still running, or it was stopped")):
        with pytest.raises(LauncherError, match=message):
            load_trials([name], directory=tmp_path)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(LauncherError, match="holds no trials"):
        load_trials(["nothing"], directory=tmp_path)


def test_a_name_that_stands_for_nothing_gets_a_suggestion(tmp_path: Path) -> None:
    write_results(tmp_path / "first_sweep", ok_result())
    with pytest.raises(LauncherError, match="nothing is called 'first_swep'") as told:
        load_trials(["first_swep"], directory=tmp_path)
    assert "did you mean first_sweep" in str(told.value)
    assert not (tmp_path / "mlflow.db").exists()  # looking must not create a store
    with pytest.raises(LauncherError, match="there is no tracking database"):
        load_trials(["x"], directory=tmp_path, tracking_uri="sqlite:///elsewhere.db")
    command_here(tmp_path, "report", "first_swep").must_explain("did you mean first_sweep")


def test_a_study_stands_for_its_trials_wherever_their_folders_are(tmp_path: Path) -> None:
    write_results(tmp_path / "monday", *sweep()[:2])
    write_results(tmp_path / "tuesday", ok_result())
    (tmp_path / "studies").mkdir()
    study = SharedStudy(
        optuna.create_study(storage=open_storage(str(tmp_path / "studies/mine.journal")), study_name="mine")
    )
    folders = [tmp_path / "monday/0", tmp_path / "monday/1", tmp_path / "tuesday/0", tmp_path / "lost/0"]
    for folder in folders:
        study.keep(
            study.ask(lambda trial: tmp_path / str(trial.number)),
            {"status": "ok", "folder": str(folder), "metrics": {}},
        )
    study.keep(
        study.ask(lambda trial: tmp_path / str(trial.number)),
        {"status": "ok", "folder": str(folders[0]), "metrics": {}, "same_as": 0},
    )
    study.ask(lambda trial: tmp_path / str(trial.number))
    for name in ("mine", "studies/mine.journal"):
        found = load_trials([name], directory=tmp_path)
        assert list(found.results) == [*sweep()[:2], ok_result()]
        assert {trial.origin.study for trial in found} == {"mine"}
        assert [one.place for one in found.skipped] == ["trial 3 of mine", "trial 5 of mine"]
        assert str(folders[3]) in found.skipped[0].reason
    with pytest.raises(LauncherError, match="did you mean mine"):
        load_trials(["mina"], directory=tmp_path)


def test_a_damaged_journal_is_said_to_be_one(tmp_path: Path) -> None:
    write_results(tmp_path / "monday", ok_result())
    file = tmp_path / "mine.journal"
    study = SharedStudy(optuna.create_study(storage=open_storage(str(file)), study_name="mine"))
    for record in ({"status": "ok", "folder": str(tmp_path / "monday/0")}, {"status": "ok", "folder": 5}):
        trial = study.ask(lambda trial: tmp_path / str(trial.number))
        trial.suggest_categorical("arch.rows", [8, 16])
        study.keep(trial, record)
    found = load_trials([str(file)], directory=tmp_path)
    assert list(found.results) == [ok_result()]
    assert [one.reason for one in found.skipped] == ["what the journal says of it is damaged"]
    written = file.read_text()
    for old, new in (
        ('"op_code":4', '"op_code":99'),
        ('"param_value_internal":', f'"param_value_internal":{10**20}'),
        ('"trial_id":0', '"trial":0'),
        ('"study_id"', '"study"'),
    ):
        assert old in written
        file.write_text(written.replace(old, new))
        with pytest.raises(LauncherError, match=r"journal is damaged: \w+Error"):
            load_trials([str(file)], directory=tmp_path)


def test_mlflow_runs_are_found_by_every_name_they_have(tmp_path: Path) -> None:
    tracker = make_tracker(TrackingSettings(experiment="machines", directory=tmp_path))
    tracker.prepare()
    folder = tmp_path / "out"
    single = ok_result()
    write_artifacts(single, folder)
    reference = tracker.record(single, folder)
    assert reference is not None
    parent = tracker.start_sweep("sweep mine", {"study": "it's mine"})
    (tmp_path / "empty").mkdir()
    for result in sweep():
        write_artifacts(result, folder)
        tracker.record(result, folder, parent)
    tracker.close_sweep(parent, {}, {"status": "ok"}, tmp_path / "empty")

    short = reference.run_id[:8]
    for names in ([reference.run_id], [short], [f"run {short}"], ["run", short]):
        (one,) = load_trials(names, directory=tmp_path)
        assert one.result == single
        assert one.origin.run_id == reference.run_id
        assert one.origin.experiment == "machines"
        assert one.origin.place == f"run {reference.run_id[:8]}"
    for name in ("it's mine", "sweep mine", parent):
        found = load_trials([name], directory=tmp_path)
        assert sorted(one.name for one in found.results) == sorted(one.name for one in sweep())
        assert {trial.origin.sweep for trial in found} == {parent}
        assert {trial.origin.study for trial in found} == {"it's mine"}
    everything = load_trials(["machines", reference.run_id], directory=tmp_path)
    assert len(everything) == 1 + len(sweep())
    both = load_trials([single.name], directory=tmp_path)  # a name may stand for several runs
    assert len(both) == 2
    with pytest.raises(LauncherError, match="did you mean machines"):
        load_trials(["machine"], directory=tmp_path)

    origin = both.trials[0].origin
    assert origin.folder is not None
    (origin.folder / "result.json").unlink()
    again = load_trials([single.name], directory=tmp_path)
    assert len(again) == 1
    assert "its files are gone" in again.skipped[0].reason


def test_many_trials_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    results = many(150)
    write_results(tmp_path / "sweep", *results)
    assert load_trials(["sweep"], directory=tmp_path).results == results
