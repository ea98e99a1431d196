"""Recording in MLflow: one run per trial, written in four calls."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from launcher.disks import full_disk, is_full
from launcher.errors import LauncherError
from launcher.paths import TIMELOOP_FOLDER
from launcher.plain_text import without_passwords
from launcher.results.files import (
    ARTIFACT_NAMES,
    CONFIG_YAML,
    LAYERS_FOLDER,
    MULTIRUN_YAML,
    NETWORK_ARTIFACT_NAMES,
    OVERRIDES_YAML,
    RESULT_JSON,
    SWEEP_JSON,
)
from launcher.results.goals import Goals
from launcher.results.metrics import legal_name, recorded_metrics
from launcher.results.result import Result
from launcher.tracking import records, views
from launcher.tracking.database import make_database
from launcher.tracking.location import Location, check_usable, locate
from launcher.tracking.mlflow_import import MlflowParts, import_mlflow, quiet, without_garbage_collection
from launcher.tracking.tracker import RunReference, Tracker, TrackingSettings
from launcher.tracking.transaction import one_transaction

_KNOWN_FILES = tuple(dict.fromkeys((*ARTIFACT_NAMES, *NETWORK_ARTIFACT_NAMES, CONFIG_YAML, OVERRIDES_YAML)))
_MOST_PARAMETERS_PER_CALL = 100
_EXPERIMENT_TAGS = {
    # So that MLflow's pages open on runs and metrics, not on traces of language models.
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.experiment.primaryMetric.name": "edp_j_cycles",
    "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
}
_STATUSES = {"ok": "FINISHED", "infeasible": "FAILED", "failed": "FAILED"}


@dataclass(frozen=True)
class _Session:
    """An open connection to the store."""

    mlflow: MlflowParts
    client: Any
    experiment_id: str


class MlflowTracker(Tracker):
    """Records trials in an MLflow experiment.

    Nothing of MLflow is imported before :meth:`warm_up`, :meth:`prepare` or the first record. Several processes may
    record into the same store once one of them has called :meth:`prepare`.
    """

    def __init__(self, settings: TrackingSettings) -> None:
        self._settings = settings
        self._location = locate(settings)
        self._directory = (settings.directory or Path.cwd()).absolute()
        self._session: _Session | None = None
        self._lock = threading.Lock()

    @property
    def location(self) -> Location:
        """Where the runs go."""
        return self._location

    def warm_up(self) -> None:
        threading.Thread(target=self._warm_up, name="mlflow-warm-up", daemon=True).start()

    def prepare(self) -> None:
        self._open()

    def start_sweep(
        self,
        name: str,
        parameters: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
        swept: Sequence[str] = (),
        goals: Goals | None = None,
    ) -> str:
        session = self._open()
        with self._told(None):
            every = {**records.sweep_tags(self._directory, goals), **(tags or {})}
            run = session.client.create_run(session.experiment_id, run_name=name, tags=every)
            run_id = str(run.info.run_id)
            _log(session, run_id, records.as_parameters(parameters), {})
            for key, view in views.sweep_view(run_id, name, swept, goals).items():
                session.client.set_experiment_tag(session.experiment_id, key, view)
            return run_id

    def resume_sweep(self, tags: Mapping[str, str]) -> str:
        session = self._open()
        with self._told(None):
            runs = session.client.search_runs([session.experiment_id], _query(tags))
            if not runs:
                return ""
            # Two sweeps that started at the same moment may both have made one: the older stays.
            first, *others = sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))
            for run in others:
                session.client.delete_run(run.info.run_id)
            run_id = str(first.info.run_id)
            session.client.update_run(run_id, status="RUNNING")
            return run_id

    def has_recorded(self, parent: str, tags: Mapping[str, str]) -> bool:
        session = self._open()
        with self._told(None):
            query = _query({"mlflow.parentRunId": parent, **tags})
            runs = session.client.search_runs([session.experiment_id], query)
            for run in runs:
                if run.info.status == "RUNNING":
                    session.client.delete_run(run.info.run_id)
            return any(run.info.status != "RUNNING" for run in runs)

    def recorded(self, parent: str, tag: str) -> set[str]:
        session, found, token = self._open(), set(), None
        query = _query({"mlflow.parentRunId": parent})
        with self._told(None):
            while True:
                runs = session.client.search_runs([session.experiment_id], query, page_token=token)
                found |= {run.data.tags[tag] for run in runs if run.info.status != "RUNNING" and tag in run.data.tags}
                token = runs.token
                if not token:
                    return found

    def record(
        self,
        result: Result,
        folder: Path,
        parent: str | None = None,
        tags: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> RunReference:
        session = self._open(folder)
        with self._told(folder), one_transaction(session.client):
            ended = _ended_ms(folder)
            run = session.client.create_run(
                session.experiment_id,
                start_time=ended - round(result.seconds * 1000),
                tags={**records.tags_of(result, self._directory, parent or None), **(tags or {})},
                run_name=name or result.name,
            )
            run_id = str(run.info.run_id)
            _log(session, run_id, records.parameters_of(result), recorded_metrics(result))
            try:
                _log_files(session, run, folder)
            except BaseException:
                _discard(session, run)
                raise
            session.client.set_terminated(run_id, _STATUSES[result.status], ended)
        return self._reference(session, run_id)

    def close_sweep(
        self,
        parent: str,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        folder: Path,
        *,
        interrupted: bool = False,
    ) -> RunReference:
        session = self._open()
        with self._told(folder):
            figures = {legal_name(name): value for name, value in metrics.items()}
            status = "KILLED" if interrupted else "FINISHED" if tags.get("status") == "ok" else "FAILED"
            try:
                _log(session, parent, {}, figures, {legal_name(name): value for name, value in tags.items()})
                _log_top_files(session, parent, folder)
            finally:  # it has ended, also when its files find no room
                session.client.set_terminated(parent, status)
        return self._reference(session, parent, sweep=True)

    def _warm_up(self) -> None:
        try:
            self._open()
        except LauncherError:
            # Whoever records next meets the same obstacle and reports it.
            return

    def _open(self, folder: Path | None = None) -> _Session:
        with self._lock:
            if self._session is None:
                with without_garbage_collection():
                    self._session = self._connect(folder)
            return self._session

    def _connect(self, folder: Path | None) -> _Session:
        with self._told(folder):
            check_usable(self._location, self._settings.timeout_s)
        # Importing stays outside: MLflow sets up its loggers then, and silence must not hide that from them.
        mlflow = import_mlflow(self._settings.timeout_s)
        with self._told(folder):
            if self._location.file:
                make_database(self._location.file)
            client = mlflow.client(tracking_uri=self._location.uri)
            return _Session(mlflow, client, self._experiment_id(client))

    def _experiment_id(self, client: Any) -> str:
        name = self._settings.experiment
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            try:
                tags = {**_EXPERIMENT_TAGS, **views.experiment_tags()}
                return str(client.create_experiment(name, self._artifact_location(), tags))
            except Exception:
                # Another process may have created it between the two calls.
                experiment = client.get_experiment_by_name(name)
                if experiment is None:
                    raise
        if experiment.lifecycle_stage == "deleted":
            raise LauncherError(
                f"the MLflow experiment {name!r} was deleted",
                where="tracking.experiment",
                hint=f"choose another name, or restore it: mlflow experiments restore -x {experiment.experiment_id}",
            )
        for key, view in views.experiment_tags().items():
            if key not in experiment.tags:  # made by hand, or before there were views
                client.set_experiment_tag(experiment.experiment_id, key, view)
        return str(experiment.experiment_id)

    def _artifact_location(self) -> str | None:
        root = self._location.artifact_root
        return root.as_uri() if root else None

    @contextmanager
    def _told(self, folder: Path | None) -> Iterator[None]:
        """Turn whatever MLflow raises into an error that a user can act on."""
        kept = f"the results are kept in {folder}" if folder else ""
        try:
            with quiet():
                yield
        except LauncherError as error:
            error.hint = "; ".join(filter(None, (error.hint, kept)))
            raise
        except Exception as error:
            if is_full(error):
                raise self._full(error, kept) from error
            raise LauncherError(
                f"MLflow could not record: {_first_sentence(error)}",
                where=self._location.printable_uri,
                hint="; ".join(filter(None, (_advice(error), kept))),
            ) from error

    def _full(self, error: Exception, kept: str) -> LauncherError:
        copied = getattr(error, "filename2", None) or getattr(error, "filename", None)
        database = self._location.file or self._directory
        told = full_disk(Path(str(copied)) if copied and Path(str(copied)).parent != database.parent else database)
        told.what = f"MLflow could not record: {told.what}"
        told.hint = "; ".join(filter(None, (told.hint, kept)))
        return told

    def _reference(self, session: _Session, run_id: str, *, sweep: bool = False) -> RunReference:
        page = self._location.page(session.experiment_id, run_id)
        view = f"{self._location.command}, then {page}" if self._location.command else page
        key = views.ADDRESS + views.sweep_key(run_id)
        trials = f"{self._location.experiment_page(session.experiment_id)}/{key}" if sweep else ""
        return RunReference(run_id, self._settings.experiment, self._location.printable_uri, view, trials)


def _log(
    session: _Session,
    run_id: str,
    parameters: Mapping[str, str],
    metrics: Mapping[str, float],
    tags: Mapping[str, str] | None = None,
) -> None:
    """One call, or a few where there are more parameters than MLflow takes at once."""
    mlflow = session.mlflow
    timestamp = _now_ms()
    metric_list = [mlflow.metric(name, value, timestamp, 0) for name, value in metrics.items()]
    tag_list = [mlflow.tag(name, value) for name, value in (tags or {}).items()]
    parameter_list = [mlflow.param(name, value) for name, value in parameters.items()]
    first = _MOST_PARAMETERS_PER_CALL - len(tag_list)
    session.client.log_batch(run_id, metrics=metric_list, params=parameter_list[:first], tags=tag_list)
    for start in range(first, len(parameter_list), _MOST_PARAMETERS_PER_CALL):
        session.client.log_batch(run_id, params=parameter_list[start : start + _MOST_PARAMETERS_PER_CALL])


def _log_files(session: _Session, run: Any, folder: Path) -> None:
    store = urlparse(str(run.info.artifact_uri))
    if store.scheme in ("", "file"):  # MLflow would copy them to where a copy has to be made anyway
        _copy_known(folder, Path(url2pathname(store.path)))
        return
    with tempfile.TemporaryDirectory(prefix="timeloop-launcher-") as staging:
        _copy_known(folder, Path(staging))
        session.client.log_artifacts(str(run.info.run_id), staging)


def _discard(session: _Session, run: Any) -> None:
    """Leave nothing of a run whose files could not be kept; the one that is made of it next is another one."""
    store = urlparse(str(run.info.artifact_uri))
    if store.scheme in ("", "file"):
        files = Path(url2pathname(store.path))
        shutil.rmtree(files.parent if files.parent.name == run.info.run_id else files, ignore_errors=True)
    with suppress(Exception):
        session.client.delete_run(str(run.info.run_id))


def _copy_known(folder: Path, target: Path) -> None:
    # Only files we know: the folder may be the user's own, with the database and everything else in it.
    target.mkdir(parents=True, exist_ok=True)
    for name in _KNOWN_FILES:
        if (folder / name).is_file():
            copy = target / name.lstrip(".")
            if copy.parent != target:
                copy.parent.mkdir(exist_ok=True)
            _copy(folder / name, copy)
    if (folder / LAYERS_FOLDER).is_dir():
        shutil.copytree(folder / LAYERS_FOLDER, target / LAYERS_FOLDER)
    if (folder / TIMELOOP_FOLDER).is_dir():
        # The XML files are large, and all that was read from them is in result.json.
        without = shutil.ignore_patterns("*.xml", "home")
        shutil.copytree(folder / TIMELOOP_FOLDER, target / TIMELOOP_FOLDER, ignore=without)


def _log_top_files(session: _Session, run_id: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="timeloop-launcher-") as staging:
        for file in folder.iterdir():
            if file.is_file():
                _copy(file, Path(staging, file.name))
        session.client.log_artifacts(run_id, staging)


def _copy(file: Path, target: Path) -> None:
    """What repeats the configuration may hold the password of a database, which is nobody else's business."""
    if file.parent.name == ".hydra" or file.name in (SWEEP_JSON, MULTIRUN_YAML):
        target.write_text(without_passwords(file.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        shutil.copyfile(file, target)


def _query(tags: Mapping[str, str]) -> str:
    return " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())


def _now_ms() -> int:
    return round(time.time() * 1000)


def _ended_ms(folder: Path) -> int:
    """When a trial wrote its result, which another process than this one may have done; now where it wrote none."""
    try:
        return round((folder / RESULT_JSON).stat().st_mtime * 1000)
    except OSError:
        return _now_ms()


def _first_sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].partition(". ")[0][:300]


def _advice(error: Exception) -> str:
    text = str(error)
    if isinstance(error, ModuleNotFoundError):
        return "install the database driver that the URI names"
    if "out-of-date database schema" in text or "Can't locate revision" in text:
        return "copy the database, then run: mlflow db upgrade <the URI above>; or give another tracking.uri"
    if any(words in text for words in ("already exists", "no such column", "duplicate column")):
        return "this is no whole database of MLflow; if it was left half made, move it away"
    if "locked" in text:
        return "another program holds the database: close it and record again"
    return "check tracking.uri and the server's log, or use tracking=none"
