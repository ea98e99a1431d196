"""Where trials are recorded."""

from launcher.tracking.base import NullTracker, RunReference, Tracker, TrackingSettings
from launcher.tracking.factory import make_tracker

__all__ = ["NullTracker", "RunReference", "Tracker", "TrackingSettings", "make_tracker"]
