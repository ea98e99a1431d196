"""Limits on a trial: its time, and its share of the machine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from launcher.errors import LauncherError


@contextmanager
def at_most(seconds: float | None, key: str) -> Iterator[None]:
    """Let what happens inside take no longer than ``seconds``; None is no limit.

    Raises:
        LauncherError: it did take longer; ``key`` is where the limit was set.
    """
    if seconds is None:
        yield
        return
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        raise LauncherError(f"{key} needs a launcher that runs trials in a process's main thread, on Linux or macOS")

    def ring(number: int, frame: FrameType | None) -> None:
        raise LauncherError(f"took longer than {key}={seconds:g}")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_shared: list[bool] = []
"""Not empty while trials of other processes run beside this one's."""


def usable_cores() -> int:
    """How many threads a trial may use for searches beside each other."""
    return 1 if _shared else os.cpu_count() or 1


@contextmanager
def sharing(with_others: bool) -> Iterator[None]:
    """What happens inside uses one thread when trials ``with_others`` run at the same time."""
    if with_others:
        _shared.append(True)
    try:
        yield
    finally:
        if with_others:
            _shared.pop()
