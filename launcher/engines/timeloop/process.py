"""One run of a program that may take all night: its logs, its limits, and how it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from launcher.engines.interface import Abandoned
from launcher.engines.timeloop.screen import Screen

STDOUT, STDERR = "stdout.txt", "stderr.txt"
LOG = "timeloop-mapper.log"
"""Where the mapper writes its log while its status screen has the terminal."""

GRACE_S = 30.0
"""How long a program that was asked to stop may take to write what it has."""

_EVERY_S = 0.1

OnTick = Callable[[float], None]
"""Called with the seconds so far; a KeyboardInterrupt that it raises asks the program to stop, and one that is
:class:`~launcher.engines.interface.Abandoned` kills it."""


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        status: exit status, negative for a signal's number; None when it was killed for taking too long.
        stopped: whether it was asked to stop before its own end: ``interrupt`` or ``time limit``.
        seconds: how long it took.
    """

    status: int | None
    stopped: str | None
    seconds: float


@dataclass(frozen=True)
class Limits:
    """Seconds after which a run is asked to stop (``soft``), and killed (``hard``); None means never."""

    soft_s: float | None = None
    hard_s: float | None = None


def run(
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    limits: Limits,
    on_tick: OnTick,
    *,
    kill: Callable[[], None],
    screen: Screen | None = None,
) -> Ended:
    """Run a command in a folder, in a process group of its own, with its output in two files there.

    Whatever happens, nothing of the group is left running.

    Args:
        command: program and arguments; no shell is involved.
        folder: its working directory.
        environment: its environment variables.
        limits: of time. Being asked to stop is one SIGINT: a second one makes Timeloop lose what it has.
        on_tick: called ten times a second.
        kill: ends what outlives the process group.
        screen: shows its standard output while it runs; None keeps it in the file only.

    Raises:
        KeyboardInterrupt: Ctrl-C, where it is not caught, or ``on_tick`` abandoned the run.
        OSError: it cannot be started.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        out = stack.enter_context((folder / STDOUT).open("wb"))
        err = stack.enter_context((folder / STDERR).open("wb"))
        target = stack.enter_context(screen.shown(out)) if screen else out
        process = _start(command, folder, environment, target, err)
        try:
            return _wait(process, started, limits, on_tick)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if process.poll() is None or process.returncode < 0:
                kill()
            process.wait()


def _start(
    command: list[str], folder: Path, environment: Mapping[str, str], out: BinaryIO | int, err: BinaryIO
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - a list, no shell
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
    )


def _wait(process: subprocess.Popen[bytes], started: float, limits: Limits, on_tick: OnTick) -> Ended:
    stopped: str | None = None
    asked_at = 0.0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = process.wait(_EVERY_S)
            return Ended(status, stopped, time.monotonic() - started)
        seconds = time.monotonic() - started
        late = limits.hard_s is not None and seconds > limits.hard_s
        if late or (stopped is not None and seconds - asked_at > GRACE_S):
            return Ended(None, stopped, seconds)
        if stopped is None and limits.soft_s is not None and seconds > limits.soft_s:
            stopped, asked_at = "time limit", seconds
        try:
            on_tick(seconds)
        except Abandoned:
            raise
        except KeyboardInterrupt:
            if stopped is None:
                stopped, asked_at = "interrupt", seconds
        if stopped is not None and asked_at == seconds:
            process.send_signal(signal.SIGINT)
