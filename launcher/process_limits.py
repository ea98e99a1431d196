"""Limits on a trial: its time, its share of the machine, and the life of the sweep that it belongs to."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
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

    late = LauncherError(f"took longer than {key}={seconds:g}")

    def ring(number: int, frame: FrameType | None) -> None:
        raise late

    before = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    # Python drops an exception that a signal raises inside a destructor or a callback from compiled code.
    if time.monotonic() - started > seconds:
        raise late


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


_LOOK_EVERY_S = 1.0


@cache
def end_with_sweep() -> None:
    """In a worker process: end when the sweep's process is gone, which, when killed, cannot say good-bye.

    joblib's workers would wait for their next trial, some of them for ever. Elsewhere this does nothing.
    """
    if multiprocessing.parent_process() is None:
        return
    sweep = os.getppid()

    def watch() -> None:
        while os.getppid() == sweep:
            time.sleep(_LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-sweep", daemon=True).start()


@cache
def spare_libraries() -> None:
    """Keep the garbage collector from what is loaded by now, some hundred thousand objects that stay.

    Looking through them again and again takes a tenth of a small trial's time.
    """
    gc.collect()
    gc.freeze()
