"""Where trials are recorded."""

from launcher.tracking.factory import make_tracker, tracker_of
from launcher.tracking.tracker import RunReference, Tracker, TrackingSettings

__all__ = ["RunReference", "Tracker", "TrackingSettings", "make_tracker", "tracker_of"]
