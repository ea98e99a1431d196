"""What an exhaustive search says while it runs."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from launcher.reporting.metric_words import metric_text, metric_title
from launcher.reporting.numbers import percent, short_seconds
from launcher.results.goals import Goals

_LINE_EVERY_S = 5.0


class SettlingLine:
    """One line that changes in place in a terminal; elsewhere there is none, unless ``verbose``."""

    def __init__(self, console: Console, goals: Goals, points: int, *, verbose: bool) -> None:
        self._console, self._goals, self._points, self._verbose = console, goals, points, verbose
        self._status = Status("starting", console=console) if console.is_terminal and not console.quiet else None
        self._started = time.monotonic()
        self._shown = 0.0
        self._began: int | None = None

    def __enter__(self) -> SettlingLine:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def say(self, text: str) -> None:
        """Show a line in place of the last one."""
        if self._status:
            self._status.update(escape(text))
        elif self._verbose and time.monotonic() - self._shown >= _LINE_EVERY_S:
            self._shown = time.monotonic()
            self._console.print(escape(text), highlight=False, soft_wrap=True)

    def settled(self, points: int, excluded: int, best: float | None, bound: float, front: int) -> None:
        """Show how far it is.

        Args:
            points: settled so far.
            excluded: of these.
            best: the least loss of the first objective so far.
            bound: no open point has less.
            front: designs on the front so far.
        """
        now = time.monotonic()
        if self._began is None:
            self._began, self._started = points, now
        rate = (points - self._began) / max(now - self._started, 1e-9)
        parts = [f"{points:,} of {self._points:,} points settled", f"{percent(excluded / self._points)} excluded"]
        parts.append(self._best(best, bound, front))
        if rate:
            parts += [f"{rate:,.0f} points/s", f"{short_seconds((self._points - points) / rate)} left"]
        self.say(", ".join(parts))

    def _best(self, best: float | None, bound: float, front: int) -> str:
        if best is None:
            return "nothing good yet"
        if len(self._goals.objectives) > 1:
            return f"front of {front}"
        name = self._goals.objectives[0]
        gap = max(0.0, (best - min(bound, best)) / abs(best)) if best else 0.0
        return f"best {told(name, abs(best))}, at best {told(name, abs(min(bound, best)))} (gap {percent(gap)})"


def told(metric: str, value: float) -> str:
    """A metric's value as people read it."""
    return f"{metric_title(metric)} {metric_text(metric, value)}"
