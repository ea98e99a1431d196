"""Importing MLflow: late, only the parts that are needed, and without its noise."""

from __future__ import annotations

import logging
import os
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

    MLflow reads them from the environment: no telemetry, and a request to a server that does not answer is given up
    after ``timeout_s`` and one repetition instead of minutes. A value that is already set there wins.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(timeout_s))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    return MlflowParts(MlflowClient, Metric, Param, RunTag)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what MLflow and its database layer log out of the terminal: what matters is raised anyway."""
    loggers = [logging.getLogger(name) for name in _NOISY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
