"""A journal file for a study: survives a kill at any moment, and says in a sentence when it cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from launcher.errors import LauncherError
from launcher.sweeping.locked_files import LockedFile, damaged, usable

_START = b'{"op_code":'
"""How every record begins."""


def open_journal(path: Path) -> JournalStorage:
    """The storage in ``path``, which is created when it does not exist.

    A last line that a killed process could not finish is removed, now and before each later line: what it said was
    not done yet.

    Raises:
        LauncherError: another program holds the file for longer than ten seconds, it cannot be read or written, or it
            is damaged.
    """
    with usable(path):
        file = LockedFile(path, _START)
        with file.held():
            _check(path)
        try:
            return JournalStorage(_Backend(file))
        except (OSError, LauncherError):
            raise
        except Exception as error:  # whole records that make no sense together lead Optuna to anything
            raise _damaged(path, f"{type(error).__name__} {error}".strip()) from error


class _Backend(JournalFileBackend):
    """Optuna's, which waits for the disk after each of a trial's seven records."""

    def __init__(self, file: LockedFile) -> None:
        super().__init__(str(file.path), file.lock)
        self._file = file

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self._file.held():
            self._file.append(text.encode())


def _check(path: Path) -> None:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or "op_code" not in record:
            raise _damaged(path, f"line {number} is no record", line=number)


def _damaged(path: Path, how: str, line: int | None = None) -> LauncherError:
    return damaged(path, how, "Optuna", line)
