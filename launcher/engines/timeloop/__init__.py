"""The real Timeloop as an engine."""

from __future__ import annotations

from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.engines.timeloop.settings import TimeloopSettings

__all__ = ["TimeloopEngine", "TimeloopSettings"]
