"""A log of records that several processes append to, in a file; :mod:`database_log` keeps one in a database."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from launcher.errors import LauncherError
from launcher.sweeping.identity import check_same
from launcher.sweeping.locked_files import LockedFile, damaged, usable

Record = dict[str, Any]
"""A fact: under ``is`` what kind of fact."""

KIND = "is"
_HEADER = "ledger"
_START = f'{{"{KIND}":"'.encode()
"""How every line begins."""

_CHUNK = 4 * 2**20
"""Bytes that are read, and held as objects, at once."""


class SharedLog(Protocol):
    """Records in the order in which processes wrote them."""

    def read(self) -> list[Record]:
        """The next records that this object has not given yet, some thousand of them; none when there are no more."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes meanwhile.

        Raises:
            LauncherError: the log does not answer, cannot be used, or was forgotten by another process.
        """

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record, whole or not at all; only while :meth:`alone`."""

    def damaged(self, how: str, later: int) -> LauncherError:
        """What to say of a record that makes no sense; ``later`` ones were read at once with it."""

    def close(self) -> None:
        """Give back what the log holds open."""


class FileLog:
    """A line of JSON for each record; the first says whose log it is."""

    def __init__(self, path: Path, study: str, identity: Mapping[str, Any]) -> None:
        """The log in ``path``, which is made when it does not exist.

        Raises:
            ConfigurationError: it was made for something else.
            LauncherError: it is a file of another kind, damaged, or cannot be read and written.
        """
        self._path = path
        self._held = False
        self._lines = 0
        with usable(path):
            self._file = LockedFile(path, _START)
            with self._file.held():
                if path.stat().st_size == 0:
                    header = {KIND: _HEADER, "study": study, "identity": identity, "made": uuid4().hex}
                    self._file.append(as_line(header))
                self._first = _first_line(path)
        check_same(study, _header(path, self._first, study)["identity"], plain(identity), str(path))
        self._position = len(self._first)
        self._lines = 1

    def read(self) -> list[Record]:
        with usable(self._path):
            if self._held:
                return self._read()
            if self._path.stat().st_size == self._position:
                return []
        with self.alone():
            return self._read()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with usable(self._path), self._file.held():
            if _first_line(self._path) != self._first:
                raise forgotten(str(self._path))
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def append(self, record: Mapping[str, Any]) -> None:
        self._file.append(as_line(record))

    def damaged(self, how: str, later: int = 0) -> LauncherError:
        return _damaged(self._path, how, self._lines - later)

    def close(self) -> None:
        """Nothing is open between two calls."""

    def _read(self) -> list[Record]:
        with self._path.open("rb") as file:
            file.seek(self._position)
            text = file.read(_CHUNK) + file.readline()
        *lines, torn = text.split(b"\n")
        self._position += len(text) - len(torn)
        return [self._record(line) for line in lines]

    def _record(self, line: bytes) -> Record:
        self._lines += 1
        record = _parsed(line)
        if record is None:
            raise self.damaged(f"line {self._lines} is no record")
        return record


def forget_file(path: Path, study: str) -> None:
    """Empty the log of this study, if it exists.

    Raises:
        LauncherError: it is a file of another kind or of another study, which stays as it is.
    """
    with usable(path):
        if not path.exists():
            return
        file = LockedFile(path, _START)
        with file.held():
            if path.stat().st_size:
                _header(path, _first_line(path), study)
                os.truncate(path, 0)


def as_line(record: Mapping[str, Any]) -> bytes:
    """A record as it is written; floats survive to the last bit."""
    return (json.dumps(record, separators=(",", ":")) + "\n").encode()


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """A value as it is read again."""
    read: dict[str, Any] = json.loads(json.dumps(value))
    return read


def forgotten(where: str) -> LauncherError:
    """What to say when somebody began the study anew while this process worked on it."""
    return LauncherError(
        "another process forgot the study while this one worked on it",
        where=where,
        hint="the same command joins the new one",
    )


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline()


def _header(path: Path, line: bytes, study: str) -> Record:
    header = _parsed(line)
    if header is None or header[KIND] != _HEADER:
        raise _damaged(path, "line 1 is no record of such a study", 1)
    if header["study"] != study:
        raise LauncherError(
            f"the file keeps the study {header['study']}, not {study}",
            where=str(path),
            hint=f"sweep.storage=another_file for {study}, or sweep.study={header['study']}",
        )
    return header


def _parsed(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and KIND in record else None


def _damaged(path: Path, how: str, line: int) -> LauncherError:
    return damaged(path, how, "a study with hydra/sweeper=exhaustive", line)
