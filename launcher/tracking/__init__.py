"""Where trials are recorded."""

from launcher.tracking.factory import make_tracker, tracker_of
from launcher.tracking.tracker import NullTracker, RunReference, Tracker, TrackingSettings

__all__ = ["NullTracker", "RunReference", "Tracker", "TrackingSettings", "make_tracker", "tracker_of"]
