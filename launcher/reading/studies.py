"""Trials of an Optuna study that is kept in a journal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from launcher.errors import LauncherError
from launcher.plain_text import error_line
from launcher.reading.folders import read_trial
from launcher.results.finished import FinishedTrial, SkippedTrial

_FOLDER = "studies"
SUFFIX = ".journal"

RESULT = "result"
"""The attribute of a study's trial that holds what came out of it."""


def journal_of(name: str, directory: Path) -> Path | None:
    """The journal of the study called ``name`` below ``directory``, or the file of that name; None without one."""
    for path in (directory / name, directory / _FOLDER / f"{name}{SUFFIX}"):
        if path.suffix == SUFFIX and path.is_file():
            return path
    return None


def study_names(directory: Path) -> list[str]:
    """The studies that have a journal below ``directory``."""
    return sorted(path.stem for path in (directory / _FOLDER).glob(f"*{SUFFIX}"))


def trials_of_journal(journal: Path) -> tuple[list[FinishedTrial], list[SkippedTrial]]:
    """The trials of all studies in a journal; one that repeats another's point is that other one.

    Raises:
        LauncherError: the journal cannot be read.
    """
    import optuna  # noqa: PLC0415 - takes half a second, and only studies need it
    from optuna.storages import JournalStorage  # noqa: PLC0415
    from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trials: list[FinishedTrial] = []
    skipped: list[SkippedTrial] = []
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        studies = storage.get_all_studies()
        found = [(one.study_name, trial) for one in studies for trial in storage.get_all_trials(one._study_id)]
    except OSError as error:
        raise LauncherError(f"the study's journal cannot be read: {error}", where=str(journal)) from error
    except Exception as error:  # whatever damage leads Optuna to
        raise LauncherError(f"the study's journal is damaged: {error_line(error)}", where=str(journal)) from error
    for name, trial in found:
        record = trial.user_attrs.get(RESULT)
        place = f"trial {trial.number} of {name}"
        if record is None:
            skipped.append(SkippedTrial(place, "it has no result yet: it is still running, or it was stopped"))
        elif not isinstance(record, dict) or not isinstance(record.get("folder"), str):
            skipped.append(SkippedTrial(place, "what the journal says of it is damaged"))
        elif record.get("same_as") is None:
            try:
                one = read_trial(Path(record["folder"]))
                trials.append(replace(one, origin=replace(one.origin, study=name)))
            except LauncherError as error:
                skipped.append(SkippedTrial(place, f"{error.what} ({record['folder']})"))
    return trials, skipped
