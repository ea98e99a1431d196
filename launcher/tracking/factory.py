"""Choosing a tracker. Nothing here imports MLflow unless it is asked for."""

from __future__ import annotations

from typing import Any

from launcher.errors import ConfigurationError
from launcher.tracking.tracker import Tracker, TrackingSettings


def tracker_of(tracking: Any) -> Tracker:
    """The tracker that ``tracking`` of a composed configuration asks for, typed or not."""
    return make_tracker(TrackingSettings(kind=tracking.kind, experiment=tracking.experiment, uri=tracking.uri))


def make_tracker(settings: TrackingSettings) -> Tracker:
    """The tracker for these settings.

    Raises:
        ConfigurationError: an unknown kind, or a tracking store that MLflow cannot use.
    """
    if settings.kind == "none":
        return Tracker()
    if settings.kind == "mlflow":
        # Imported here so that recording nothing costs nothing.
        from launcher.tracking.mlflow_tracker import MlflowTracker  # noqa: PLC0415

        return MlflowTracker(settings)
    raise ConfigurationError(
        f"unknown tracking kind {settings.kind!r}", where="tracking.kind", expected="mlflow or none"
    )
