"""Files of lines to which several processes append, one at a time: a kill at any moment costs at most a last line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from optuna.storages.journal import JournalFileOpenLock

from launcher.disks import full_disk, is_full, system_error
from launcher.errors import LauncherError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_PATIENCE_S = 10.0
_WRITE_OUT_EVERY_S = 1.0


class LockedFile:
    """A file that one process at a time appends to.

    Its last line, when a killed process could not finish it, is removed before anybody writes behind it: what it said
    was not done yet.
    """

    def __init__(self, path: Path, start: bytes) -> None:
        """The file, made when it does not exist.

        Args:
            path: where it is.
            start: how every line begins, so that a stranger's file is told from a torn line, and left alone.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        self.lock = JournalFileOpenLock(str(path)) if fcntl is None else _SystemLock(path, start)
        self._written_out = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Alone with the file, which is mended.

        Raises:
            LauncherError: another program holds the file for longer than ten seconds.
        """
        self.lock.acquire()
        try:
            yield
        finally:
            self.lock.release()

    def append(self, lines: bytes) -> None:
        """Write whole lines at the end; only while the file is held.

        What the system was told survives the death of any process; only a power failure may cost the last second. To
        wait for the disk each time would take longer than the search of a layer.

        Raises:
            LauncherError: it cannot be written; what stands there in part is removed before the next line.
        """
        try:
            with self.path.open("ab") as file:
                file.write(lines)
                file.flush()
                if time.monotonic() - self._written_out > _WRITE_OUT_EVERY_S:
                    os.fsync(file.fileno())
                    self._written_out = time.monotonic()
        except OSError as error:
            raise system_error(error, self.path) from error


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Say in a sentence when the system does not let the file be used.

    Raises:
        LauncherError: it cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise full_disk(path) from error
        raise LauncherError(
            f"the study's journal cannot be used: {error.strerror or error}",
            where=str(path),
            expected="a file that you may read and write",
            hint="sweep.storage=another_file.journal",
        ) from error


def damaged(path: Path, how: str, writer: str, line: int | None = None) -> LauncherError:
    """What to say of a file that is none of ours, or no longer.

    Args:
        path: the file.
        how: what is wrong with it.
        writer: whose file would have been accepted.
        line: where, when a single line is to blame.
    """
    return LauncherError(
        f"the study's journal is damaged: {how}",
        where=f"{path}, line {line}" if line else str(path),
        expected=f"a journal that {writer} wrote",
        hint=f"choose another file with sweep.storage{', or remove that line' if line else ''}; "
        "the file was left as it is",
    )


class _SystemLock(JournalFileOpenLock):
    """An advisory lock on the file itself, which the system releases when its holder dies."""

    def __init__(self, path: Path, start: bytes) -> None:
        super().__init__(str(path))
        self._path = path
        self._start = start
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
                _drop_torn_line(self._path, self._start)
                return True

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def _drop_torn_line(path: Path, start: bytes) -> None:
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
    begin = content.rfind(b"\n") + 1
    torn = content[begin:]
    if torn.startswith(start) or start.startswith(torn):
        os.truncate(path, begin)
