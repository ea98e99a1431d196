"""What the processes of an exhaustive study share: who works on which points, and what came out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import uuid4

from launcher.errors import LauncherError
from launcher.sweeping.exhaustive.claims import Claims
from launcher.sweeping.exhaustive.database_log import DatabaseLog, forget_rows
from launcher.sweeping.exhaustive.logs import KIND, FileLog, Record, SharedLog, forget_file
from launcher.sweeping.processes import Heartbeat, Process

SUFFIX = ".ledger"
"""Of the files that ledgers are kept in."""

_FOLDER = "folder:"

Settled = Literal["searched", "infeasible", "failed"]
"""A failure settles nothing: it is never written down, so that somebody else tries again."""


@dataclass(frozen=True, slots=True)
class PointOutcome:
    """What came out of a point.

    Attributes:
        number: of the point.
        status: ``searched`` and its best mapping is known, ``infeasible``, or ``failed``.
        figures: the names of figures -> what they are, in the units of :mod:`launcher.figures`.
        reason: why there is no mapping; else empty.
        seconds: how long it took.
    """

    number: int
    status: Settled
    figures: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0


class Ledger:
    """Facts that processes share; to be used in a ``with``, which gives back what was claimed and not settled.

    A process's claims lapse when it dies: at once on this machine, after two minutes of silence on another one. The
    first outcome of a point stands; those that come later are the same, or of no interest.
    """

    def __init__(self, log: SharedLog) -> None:
        self._log = log
        self._me = f"{Process.current().key} {uuid4().hex[:8]}"
        self._claims = Claims(self._me)
        self._unseen: list[PointOutcome] = []
        self._notes: dict[str, Any] = {}
        self._bounds: dict[str, Sequence[float]] = {}
        self._is_current = False
        self._turn = threading.RLock()
        self._heart = Heartbeat(lambda: self._write("beat"))

    def __enter__(self) -> Ledger:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._heart.stop()
        with suppress(LauncherError):  # they lapse with the process, too
            self._write("release")
        self._log.close()

    def claim(self, numbers: Iterable[int], most: int | None = None) -> list[int]:
        """Take points to work on.

        Args:
            numbers: those that are wanted, the dearest first.
            most: how many at most; None is no limit.

        Returns:
            Those that nobody has settled and no living process has claimed. They are this process's now.

        Raises:
            LauncherError: the ledger cannot be used; so do all methods.
        """
        with self._turn:
            if not self._is_current:  # nobody has to wait while all that is old is read
                self._catch_up()
            with self._log.alone():
                self._catch_up()
                taken = self._claims.free(numbers, most)
                if taken:
                    self._append("claim", numbers=taken)
            return taken

    def settle(self, outcomes: Sequence[PointOutcome]) -> None:
        """Write down what came out; all of it in one piece."""
        if outcomes:
            names = list(dict.fromkeys(name for one in outcomes for name in one.figures))
            self._write("settled", names=names, outcomes=[_row(one, names) for one in outcomes])

    def news(self, most: int | None = None) -> list[PointOutcome]:
        """What was settled by anyone, this process included, and that this object has not told yet.

        Args:
            most: how many at most, so that a million need not be held at once; None is no limit.
        """
        with self._turn:
            while (most is None or len(self._unseen) < most) and self._read():
                pass
            told, self._unseen = self._unseen[:most], self._unseen[len(self._unseen[:most]) :]
            return told

    def keep_bounds(self, bounds: Mapping[str, Sequence[float]]) -> None:
        """Write down what was proved of some designs together, by a name that says of which."""
        if bounds:
            self._write("bounds", bounds={name: list(values) for name, values in bounds.items()})

    @property
    def bounds(self) -> Mapping[str, Sequence[float]]:
        """What :meth:`keep_bounds` kept, as far as this object has read."""
        return self._bounds

    def note(self, key: str, value: object) -> None:
        """Keep something, which JSON can write, for all processes; a later note replaces it."""
        self._write("note", key=key, value=value)

    def noted(self, key: str) -> Any:
        """What :meth:`note` kept; None when there is nothing."""
        with self._turn:
            self._catch_up()
            return self._notes.get(key)

    def enter(self, folder: Path) -> list[Path]:
        """Say that this process is about to write into a search's folder.

        Returns:
            Every such folder: where a process that was killed may have left something.
        """
        self.note_once(f"{_FOLDER}{folder}", True)
        with self._turn:
            return [Path(key.removeprefix(_FOLDER)) for key in self._notes if key.startswith(_FOLDER)]

    def note_once(self, key: str, value: object) -> Any:
        """Keep something unless there is something; what is kept, for all processes the same."""
        with self._turn, self._log.alone():
            self._catch_up()
            if key not in self._notes:
                self._append("note", key=key, value=value)
                self._catch_up()
            return self._notes[key]

    def _write(self, kind: str, **content: object) -> None:
        with self._turn, self._log.alone():
            self._append(kind, **content)

    def _append(self, kind: str, **content: object) -> None:
        self._log.append({KIND: kind, "by": self._me, "at": round(time.time(), 1), **content})

    def _catch_up(self) -> None:
        while self._read():
            pass
        self._is_current = True

    def _read(self) -> bool:
        """Take in some records; False when there are no more."""
        records = self._log.read()
        for place, record in enumerate(records, 1):
            try:
                self._take_in(record)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                how = f"{type(error).__name__} {error} in a record"
                raise self._log.damaged(how, len(records) - place) from error
        return bool(records)

    def _take_in(self, record: Record) -> None:
        by = record["by"]
        self._claims.heard(by, float(record["at"]))
        match record[KIND]:
            case "settled":
                names = record["names"]
                self._unseen += [_outcome(row, names) for row in record["outcomes"] if self._claims.settle(row[0])]
            case "claim":
                self._claims.take(by, record["numbers"])
            case "release":
                self._claims.release(by)
            case "note":
                self._notes[record["key"]] = record["value"]
            case "bounds":
                self._bounds |= record["bounds"]
            case "beat":
                pass
            case _:
                raise ValueError("is no kind of record")


def open_ledger(where: str, study: str, identity: Mapping[str, Any]) -> Ledger:
    """The ledger of a study, made when it does not exist.

    Args:
        where: a database's URL, or a file's name; a file keeps one study.
        study: what it is called.
        identity: what makes its outcomes comparable; JSON.

    Raises:
        ConfigurationError: it was made for something else.
        LauncherError: it does not answer, cannot be used, or is something else.
    """
    if "://" in where:
        return Ledger(DatabaseLog(where, study, identity))
    return Ledger(FileLog(Path(where).expanduser(), study, identity))


def forget(where: str, study: str) -> None:
    """Delete a study's ledger, if it exists; processes that work on it are told so.

    Raises:
        LauncherError: it does not answer, cannot be used, or is something else.
    """
    if "://" in where:
        forget_rows(where, study)
    else:
        forget_file(Path(where).expanduser(), study)


def _row(one: PointOutcome, names: Sequence[str]) -> list[object]:
    """Number, status, seconds, figures, and a reason where there is one."""
    row: list[object] = [int(one.number), one.status, one.seconds, [one.figures.get(name) for name in names]]
    return [*row, one.reason] if one.reason else row


def _outcome(row: Sequence[Any], names: Sequence[str]) -> PointOutcome:
    number, status, seconds, values, *reason = row
    if status not in get_args(Settled):
        raise ValueError(f"{status} is no status")
    figures = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    return PointOutcome(number, status, figures, reason[0] if reason else "", seconds)
