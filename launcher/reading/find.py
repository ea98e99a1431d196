"""From names on a command line to trials."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from launcher.errors import LauncherError
from launcher.reading.folders import folder_ending_in, newest, read_trial, trials_below
from launcher.reading.runs import Store
from launcher.reading.studies import journal_of, study_names, trials_of_journal
from launcher.results.files import RESULT_JSON
from launcher.results.finished import FinishedTrial, SkippedTrial, Trials
from launcher.tracking.mlflow_import import without_garbage_collection

_IDENTIFIER = "[0-9a-f]{6,32}"
_Found = tuple[list[FinishedTrial], list[SkippedTrial]]
_ACCEPTED = (
    "an output folder, a study, an MLflow experiment, or an MLflow run (its name, or the start of its identifier)"
)


def load_trials(names: Sequence[str] = (), *, tracking_uri: str | None = None, directory: Path | None = None) -> Trials:
    """The trials that ``names`` stand for.

    A name is, in this order: a folder (of a trial, of a multirun, or any that holds such folders), the end of the
    path of one that ``launch.py`` made, as reports show it, a ``result.json``,
    an MLflow experiment, an MLflow run's identifier (its first six digits are enough), a study, an MLflow run's name,
    or a study's journal. A sweep's run stands for its trials. A trial that several names stand for is there once.

    Args:
        names: none means the newest run or sweep in ``directory``.
        tracking_uri: of the MLflow store; None means ``MLFLOW_TRACKING_URI``, and without it ``mlflow.db`` in
            ``directory``. It is opened only when a name is neither a folder nor a file.
        directory: what relative paths refer to; None means the current one.

    Returns:
        The trials, possibly none: then ``skipped`` says why, or the sweep had none yet.

    Raises:
        LauncherError: a name stands for nothing; a single trial that was named has no result or a damaged one; the
            store cannot be used.
    """
    with without_garbage_collection():  # thousands of results fill the heap with objects that stay
        return _load(names, _Finder(tracking_uri, directory or Path.cwd()))


def _load(names: Sequence[str], finder: _Finder) -> Trials:
    names = _as_called(names) or [newest_name(finder.directory)]
    trials: dict[str, FinishedTrial] = {}
    skipped: dict[str, SkippedTrial] = {}
    for name in names:
        found, left_out = finder.find(name)
        for trial in found:
            trials.setdefault(trial.origin.run_id or str(trial.origin.folder), trial)
        for one in left_out:
            skipped.setdefault(one.place, one)
    return Trials(tuple(names), tuple(trials.values()), tuple(skipped.values()))


def _as_called(names: Sequence[str]) -> list[str]:
    """Reports call a recorded run ``run 4f166b9c``, which is two words to a shell; the identifier alone is its name."""
    spaced = [re.sub(rf"^run ({_IDENTIFIER})$", r"\1", name) for name in names]
    following = zip_longest(spaced, spaced[1:], fillvalue="")
    return [name for name, after in following if not (name == "run" and re.fullmatch(_IDENTIFIER, after))]


def newest_name(directory: Path) -> str:
    """The newest run or sweep that was started in ``directory``, as one would type it.

    Raises:
        LauncherError: there is none.
    """
    folder = newest(directory)
    if folder is None:
        raise LauncherError(
            "there is no run in this folder",
            where=str(directory),
            expected="outputs/<day>/<time> or multirun/<day>/<time>, which launch.py makes",
            hint=f"name what to read: {_ACCEPTED}",
        )
    return str(folder.relative_to(directory))


class _Finder:
    """Looks names up; opens the tracking store once, when a name asks for it."""

    def __init__(self, tracking_uri: str | None, directory: Path) -> None:
        self._uri = tracking_uri
        self.directory = directory
        self._opened: tuple[Store | None] | None = None

    def find(self, name: str) -> _Found:
        path = self.directory / Path(name).expanduser()
        if path.is_dir():
            return self._folder(path)
        if (ending := folder_ending_in(name, self.directory)) is not None:
            return self._folder(ending)
        if path.is_file() and path.name == RESULT_JSON:
            return [read_trial(path.parent)], []
        journal = journal_of(name, self.directory)
        if journal is not None and path == journal:
            return trials_of_journal(journal)
        store = self._store()
        found = store.trials_of(name) if store else None
        if found is None and journal is not None:
            return trials_of_journal(journal)
        if found is None:
            raise self._unknown(name, path)
        return found

    def _folder(self, path: Path) -> _Found:
        found, skipped = trials_below(path)
        if not found and len(skipped) == 1 and skipped[0].place == str(path):
            read_trial(path)  # a single trial that was named: say what is wrong with it
        if not found and not skipped:
            raise LauncherError(
                "the folder holds no trials", where=str(path), expected=f"folders with {RESULT_JSON} at any depth"
            )
        return found, skipped

    def _store(self) -> Store | None:
        if self._opened is None:
            self._opened = (Store.open(self._uri, self.directory),)
        return self._opened[0]

    def _unknown(self, name: str, path: Path) -> LauncherError:
        if path.is_file():
            return LauncherError(f"{name} is not a file with trials", expected=f"{RESULT_JSON}, or {_ACCEPTED}")
        store = self._store()
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        folders = [str(Path(name).with_name(entry)) for entry in beside if not entry.startswith(".")]
        known = [*study_names(self.directory), *(store.names() if store else []), *folders]
        close = difflib.get_close_matches(name, dict.fromkeys(known), 3, cutoff=0.6)
        looked = store.location.printable_uri if store else f"no tracking database in {self.directory}"
        return LauncherError(
            f"nothing is called {name!r}",
            where=f"{self.directory}; {looked}",
            expected=_ACCEPTED,
            hint=f"did you mean {' or '.join(close)}?" if close else "--tracking-uri, when the run is elsewhere",
        )
