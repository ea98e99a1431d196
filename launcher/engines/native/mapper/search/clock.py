"""Time limits and progress reports."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import perf_counter

from launcher.engines.interface import OnProgress, Progress

QUIET_S = 1.0
"""A search that is done sooner reports nothing."""

EVERY_S = 0.25
"""Time between two reports."""


class Clock:
    """Tells when to stop and reports progress on the way.

    Attributes:
        slice_nodes: nodes that a worker may visit between two looks at the clock.
    """

    slice_nodes = 200_000

    def __init__(self, timeout_s: float | None, on_progress: OnProgress | None) -> None:
        self.started = perf_counter()
        self._deadline = inf if timeout_s is None else self.started + timeout_s
        self._on_progress = on_progress
        self._next = self.started + QUIET_S

    @property
    def seconds(self) -> float:
        return perf_counter() - self.started

    @property
    def limited(self) -> bool:
        """Whether there is a time limit."""
        return self._deadline < inf

    @property
    def expired(self) -> bool:
        return perf_counter() >= self._deadline

    def expire(self) -> None:
        """Time is up now: somebody asked to stop."""
        self._deadline = -inf

    def quiet(self) -> Clock:
        """A clock with the same limit that reports nothing, for a search that is part of another one."""
        clock = Clock(None, None)
        clock._deadline = self._deadline
        return clock

    def tick(self, incumbent: float, lower_bound: Callable[[], float]) -> None:
        """Report when it is time to: objective value so far (infinity for none), and a bound, asked for only then."""
        now = perf_counter()
        if self._on_progress is None or now < self._next:
            return
        self._next = now + EVERY_S
        self._on_progress(Progress(incumbent if incumbent < inf else None, lower_bound(), now - self.started))


class EffortLimit(Clock):
    """Time is up after so much work, whatever it takes: a search that it ends has the same bound on every machine."""

    slice_nodes = 10_000

    def __init__(self, looks: int, timeout_s: float | None = None) -> None:
        """``looks``: how often the search looks at the clock, after each candidate and each slice of its nodes."""
        super().__init__(timeout_s, None)
        self._left = looks

    def tick(self, incumbent: float, lower_bound: Callable[[], float]) -> None:
        self._left -= 1
        if self._left <= 0:
            self.expire()
