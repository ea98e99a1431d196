"""Importing MLflow: late, only the parts that are needed, and without its noise."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_NOISY = ("mlflow", "alembic", "sqlalchemy", "urllib3")


@dataclass(frozen=True)
class MlflowParts:
    """The classes of MLflow that recording needs."""

    client: Any
    metric: Any
    param: Any
    tag: Any


def import_mlflow(timeout_s: int) -> MlflowParts:
    """Import MLflow's client (about a second) with settings that suit a command line.

    MLflow reads them from the environment: no telemetry, no addresses printed, and a request to a server that falls
    silent is given up after three times ``timeout_s`` (a busy server that answered for its health may need that) and
    one repetition instead of minutes. A value that is already set there wins.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(3 * timeout_s))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    # When the process ends, looking through MLflow's tens of thousands of objects for garbage takes most of a second.
    atexit.register(gc.freeze)
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    return MlflowParts(MlflowClient, Metric, Param, RunTag)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Suspend garbage collection for a short burst of allocations that stay.

    MLflow's import, the making of its database and the reading of many runs fill the heap with objects that live on;
    looking through them again and again for garbage was measured to take a quarter to a half of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Silence:
    """Counts who asked for it, so that threads that overlap leave the loggers as they found them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._levels: dict[str, int] = {}

    def begin(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._levels = {name: logging.getLogger(name).level for name in _NOISY}
            self._depth += 1
            for name in _NOISY:
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def end(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                for name, level in self._levels.items():
                    logging.getLogger(name).setLevel(level)


_silence = _Silence()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what MLflow and its database layer log out of the terminal: what matters is raised anyway."""
    _silence.begin()
    try:
        yield
    finally:
        _silence.end()
