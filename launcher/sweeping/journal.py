"""A journal file for a study: survives a kill at any moment, and says in a sentence when it cannot be used."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, BinaryIO

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from launcher.errors import LauncherError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_PATIENCE_S = 10.0
_WRITE_OUT_EVERY_S = 1.0
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        lock = make_lock(path)
        lock.acquire()
        try:
            _check(path)
        finally:
            lock.release()
        return JournalStorage(_Backend(path, lock))
    except (KeyError, TypeError, ValueError, AssertionError) as error:  # whole records that make no sense together
        raise _damaged(path, f"{type(error).__name__} {error}".strip()) from error
    except OSError as error:
        raise LauncherError(
            f"the study's journal cannot be used: {error.strerror or error}",
            where=str(path),
            expected="a file that you may read and write",
            hint="sweep.storage=another_file.journal",
        ) from error


def make_lock(path: Path) -> JournalFileOpenLock:
    """A lock that the system releases when its holder dies."""
    return JournalFileOpenLock(str(path)) if fcntl is None else _SystemLock(path)


class _Backend(JournalFileBackend):
    """Optuna's, which waits for the disk after each of a trial's seven records, longer than for the search of a layer.

    What the system was told survives the death of any process; only a power failure may cost the last second.
    """

    def __init__(self, path: Path, lock: JournalFileOpenLock) -> None:
        super().__init__(str(path), lock)
        self._path = path
        self._own_lock = lock
        self._written_out = 0.0

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        self._own_lock.acquire()
        try:
            with self._path.open("ab") as file:
                file.write(text.encode())
                file.flush()
                if time.monotonic() - self._written_out > _WRITE_OUT_EVERY_S:
                    os.fsync(file.fileno())
                    self._written_out = time.monotonic()
        finally:
            self._own_lock.release()


class _SystemLock(JournalFileOpenLock):
    """An advisory lock on the journal itself."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path
        self._held: BinaryIO | None = None

    def acquire(self) -> bool:
        """Wait for the lock, and mend what its last holder may have left."""
        file = self._path.open("ab")
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    file.close()
                    raise LauncherError(
                        f"the study's journal is locked by another program for more than {_PATIENCE_S:.0f} s",
                        where=str(self._path),
                        hint="end that program (fuser names it), or choose another file with sweep.storage",
                    ) from error
                time.sleep(0.005)
            else:
                self._held = file
                _drop_torn_line(self._path)
                return True

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def _drop_torn_line(path: Path) -> None:
    """Remove what a killed process could not finish, before anybody writes behind it; strangers' files stay whole."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return
        file.seek(size - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        content = file.read()
    start = content.rfind(b"\n") + 1
    torn = content[start:]
    if torn.startswith(_START) or _START.startswith(torn):
        os.truncate(path, start)


def _check(path: Path) -> None:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or "op_code" not in record:
            raise _damaged(path, f"line {number} is no record", line=number)


def _damaged(path: Path, how: str, line: int | None = None) -> LauncherError:
    return LauncherError(
        f"the study's journal is damaged: {how}",
        where=f"{path}, line {line}" if line else str(path),
        expected="a journal that Optuna wrote",
        hint=f"choose another file with sweep.storage{', or remove that line' if line else ''}; "
        "the file was left as it is",
    )
