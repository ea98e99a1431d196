"""Processes that share a study: who they are, and whether they still live."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ALIVE = "alive:"
"""How the key of every process begins."""

_BEAT_S = 30.0
_SILENCE_S = 4 * _BEAT_S
"""A process that has not been heard of for so long is taken for dead."""


@dataclass(frozen=True)
class Process:
    """Who runs a trial; unique over machines and time."""

    host: str
    pid: int
    born: str

    @classmethod
    def current(cls) -> Process:
        return cls(socket.gethostname(), os.getpid(), _born(os.getpid()))

    @classmethod
    def of(cls, key: str) -> Process:
        """The process with this :attr:`key`."""
        host, pid, born = key.removeprefix(ALIVE).rsplit(":", 2)
        return cls(host, int(pid), born)

    @property
    def key(self) -> str:
        """What it calls itself in the study when it says that it is alive."""
        return f"{ALIVE}{self.host}:{self.pid}:{self.born}"

    @property
    def is_here(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def runs_here(self) -> bool:
        """Whether this process of this machine is still running."""
        born = _born(self.pid)
        return bool(born) and born == self.born

    def lives(self, heard: float) -> bool:
        """Whether it is still running; of another machine's process this is a guess.

        Args:
            heard: when it last said that it is alive, in seconds since 1970; 0 when it never did.
        """
        return self.runs_here if self.is_here else not is_silent(heard)


def _born(pid: int) -> str:
    """When a process started; empty when it does not run, or is dead and nobody has asked how it ended."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self").exists():
            return ""
    else:
        return "" if state in "ZX" else fields[18]
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return ""
    return "running"


def is_silent(since: float) -> bool:
    """Whether a process that was last heard of at this time, in seconds since 1970, is taken for dead."""
    return time.time() - since > _SILENCE_S


class Heartbeat:
    """Says again and again, until it is stopped, that this process is alive."""

    def __init__(self, beat: Callable[[], None]) -> None:
        """``beat`` says so once; it is called in a thread."""
        self._beat = beat
        self._stop = threading.Event()

    def start(self) -> None:
        """Say so now, and from now on."""
        self._beat()
        threading.Thread(target=self._beat_on, name="study-heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Say it no more."""
        self._stop.set()

    def _beat_on(self) -> None:
        while not self._stop.wait(_BEAT_S):
            try:
                self._beat()
            except Exception:
                # Whoever needs the storage next meets the same obstacle and reports it.
                return
