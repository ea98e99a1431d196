"""Trials in MLflow."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from launcher.errors import LauncherError
from launcher.reading.sound import read_sound
from launcher.results.files import RESULT_JSON
from launcher.results.finished import FinishedTrial, Origin, SkippedTrial
from launcher.tracking.location import Location, check_usable, locate
from launcher.tracking.mlflow_import import import_mlflow, quiet, without_garbage_collection
from launcher.tracking.records import recorded_goals
from launcher.tracking.tracker import TrackingSettings

_RUN_ID = re.compile(r"[0-9a-f]{6,32}")
_PARENT = "mlflow.parentRunId"
_PAGE = 1000
_DOWNLOADS = 8
_TIMEOUT_S = 5
_SHOWN_NAMES = 500


class Store:
    """An MLflow tracking store, opened for reading."""

    def __init__(self, location: Location) -> None:
        self.location = location
        with self._told():
            check_usable(location, _TIMEOUT_S)
        with without_garbage_collection():
            parts = import_mlflow(_TIMEOUT_S)
            with self._told():
                self._client = parts.client(tracking_uri=location.uri)
                self._experiments = {one.experiment_id: one.name for one in self._client.search_experiments()}

    @classmethod
    def open(cls, uri: str | None, directory: Path) -> Store | None:
        """The store at ``uri``, or the one that a trial started in ``directory`` records in.

        Returns:
            None when that is a database file that does not exist: opening it would create it.

        Raises:
            LauncherError: it does not answer, or was named and does not exist.
        """
        location = locate(TrackingSettings(uri=uri, directory=directory))
        if location.file is not None and not location.file.is_file():
            if uri is None:
                return None
            raise LauncherError(f"there is no tracking database {location.file}", where=f"--tracking-uri {uri}")
        return cls(location)

    def trials_of(self, name: str) -> tuple[list[FinishedTrial], list[SkippedTrial]] | None:
        """The trials of the experiment, run (identifier or its first six digits at least, or name) or study ``name``.

        A sweep's run stands for its trials.

        Returns:
            None when nothing is called so.
        """
        with self._told():
            runs = self._runs_of(name)
            return None if runs is None else self._read(runs)

    def names(self) -> list[str]:
        """What :meth:`trials_of` would find, for a hint: experiments, studies, and names of the latest runs."""
        with self._told():
            runs = self._client.search_runs([*self._experiments], max_results=_SHOWN_NAMES) if self._experiments else []
        studies = [run.data.params["study"] for run in runs if "study" in run.data.params]
        return list(dict.fromkeys([*self._experiments.values(), *studies, *(run.info.run_name for run in runs)]))

    def _runs_of(self, name: str) -> list[Any] | None:
        every = [*self._experiments]
        for identifier, experiment in self._experiments.items():
            if experiment == name:
                return self._search([identifier])
        quoted = _quoted(name)
        queries = [f"params.study = {quoted}", f"attributes.run_name = {quoted}"]
        if _RUN_ID.fullmatch(name):
            queries.insert(0, f"attributes.run_id LIKE '{name}%'")
        for query in queries:
            found = self._search(every, query)
            if found:
                return self._with_children(every, found)
        return None

    def _with_children(self, experiments: Sequence[str], runs: Sequence[Any]) -> list[Any]:
        """Every sweep replaced by its trials."""
        expanded = []
        for run in runs:
            if run.data.tags.get("kind") == "sweep":
                expanded += self._search(experiments, f"tags.`{_PARENT}` = '{run.info.run_id}'")
            else:
                expanded.append(run)
        return expanded

    def _search(self, experiments: Sequence[str], query: str = "") -> list[Any]:
        """All runs that match, the oldest first."""
        runs: list[Any] = []
        token = None
        while experiments:
            page = self._client.search_runs(
                list(experiments), query, max_results=_PAGE, order_by=["attributes.start_time ASC"], page_token=token
            )
            runs += page
            token = page.token
            if not token:
                break
        return runs

    def _read(self, runs: Sequence[Any]) -> tuple[list[FinishedTrial], list[SkippedTrial]]:
        single = [run for run in runs if run.data.tags.get("kind") != "sweep"]
        trials: list[FinishedTrial] = []
        skipped: list[SkippedTrial] = []
        with (
            tempfile.TemporaryDirectory(prefix="timeloop-launcher-") as scratch,
            ThreadPoolExecutor(_DOWNLOADS) as pool,
        ):
            folders = pool.map(lambda run: self._folder(run, Path(scratch)), single)
            sweeps = self._sweeps(single)
            for run, (folder, is_here) in zip(single, folders, strict=True):
                origin = replace(self._origin(run, sweeps), folder=folder if is_here else None)
                if run.info.status == "RUNNING":
                    skipped.append(SkippedTrial(origin.place, "it is still running, or it was killed"))
                elif folder is None:
                    skipped.append(SkippedTrial(origin.place, f"its files are gone: {run.info.artifact_uri}"))
                else:
                    try:
                        trials.append(FinishedTrial(read_sound(folder), origin))
                    except LauncherError as error:
                        skipped.append(SkippedTrial(origin.place, error.what))
        return trials, skipped

    def _folder(self, run: Any, scratch: Path) -> tuple[Path | None, bool]:
        """Where the run's ``result.json`` lies, and whether that is its own place; downloaded where it is elsewhere."""
        parts = urlsplit(run.info.artifact_uri)
        if parts.scheme in ("", "file"):
            folder = Path(unquote(parts.path))
            return (folder, True) if (folder / RESULT_JSON).is_file() else (None, False)
        target = scratch / run.info.run_id
        target.mkdir()
        try:
            self._client.download_artifacts(run.info.run_id, RESULT_JSON, str(target))
        except Exception:  # MLflow's stores raise whatever their transport raises; the caller says what is missing
            return None, False
        return target, False

    def _sweeps(self, runs: Sequence[Any]) -> dict[str, Any]:
        """The runs of the sweeps that these runs belong to, by identifier."""
        parents = {run.data.tags[_PARENT] for run in runs if _PARENT in run.data.tags}
        return {parent: self._client.get_run(parent) for parent in parents}

    def _origin(self, run: Any, sweeps: dict[str, Any]) -> Origin:
        tags = run.data.tags
        parent = tags.get(_PARENT)
        sweep = sweeps[parent].data if parent else None
        dirty = tags.get("git.dirty")
        return Origin(
            run_id=str(run.info.run_id),
            experiment=self._experiments.get(run.info.experiment_id),
            study=(sweep.params.get("study") or None) if sweep else None,
            sweep=parent,
            started=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
            commit=tags.get("mlflow.source.git.commit"),
            modified=None if dirty is None else dirty == "true",
            user=tags.get("mlflow.user") or None,
            goals=recorded_goals(sweep.tags) if sweep else None,
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with quiet():
                yield
        except LauncherError:
            raise
        except Exception as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            raise LauncherError(
                f"MLflow could not be read: {first}",
                where=self.location.printable_uri,
                hint="check the address, or name the output folders instead",
            ) from error


def _quoted(text: str) -> str:
    """A string of MLflow's query language; a quotation mark of one kind may stand within the other."""
    return f'"{text}"' if "'" in text else f"'{text}'"
