"""What a sweep shows: a line while it runs, a table at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.status import Status
from rich.table import Table

from launcher.figures import METRICS, TABLES
from launcher.reporting.numbers import significant
from launcher.results.parameters import ABSENT
from launcher.sweeping.goals import Goals
from launcher.sweeping.rows import Front, Row, add_to_front, best_rows, states
from launcher.sweeping.space import Space

_UNITS = {name: (one.heading, one.factor / factor) for name, (one, factor) in METRICS.items() if one.shown}
"""Metric -> heading, and factor to its unit."""

_SHOWN = 15
_SHOWN_OF_FRONT = 40
_LONG = 8
_ALWAYS = tuple(next(iter(one.metric_names)) for one in TABLES)
_LINE_EVERY_S = 5.0


def print_table(rows: Sequence[Row], space: Space, goals: Goals, console: Console) -> None:
    """The best trials first, or the front."""
    best = best_rows(rows, goals)
    shown = best[: _SHOWN if len(goals.objectives) == 1 else _SHOWN_OF_FRONT]
    if not shown:
        console.print(_title(rows, best, shown, goals), highlight=False)
        _tell_broken(rows, goals, console)
        return
    metrics = list(dict.fromkeys((*goals.metrics, *_ALWAYS)))
    metrics = [name for name in metrics if any(name in row.metrics for row in shown)]
    table = _table(shown, metrics, space, goals)
    if not _fits(table, console):
        table = _table(shown, metrics, space, goals, narrow=True)
    while not _fits(table, console) and len(metrics) > len(goals.metrics):
        metrics = metrics[:-1]
        table = _table(shown, metrics, space, goals, narrow=True)
    console.print(_title(rows, best, shown, goals), highlight=False)
    console.print(table)


def _fits(table: Table, console: Console) -> bool:
    boundless = console.options.update(width=10_000)  # within the console's own width everything measures as fitting
    return Measurement.get(console, boundless, table).minimum <= console.width


def _table(shown: Sequence[Row], metrics: Sequence[str], space: Space, goals: Goals, *, narrow: bool = False) -> Table:
    names = [dimension.name for dimension in space.dimensions]
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("trial", justify="right", no_wrap=True, min_width=5)
    for name in names:
        heading = _heading(name, narrow=narrow)
        cells = [_short(row.point.get(name)) for row in shown]
        table.add_column(escape(heading), no_wrap=True, min_width=_width(heading, cells))
    for name in metrics:
        heading, _ = _UNITS.get(name, (_heading(name, narrow=narrow), 1.0))
        width = _width(heading, [_figure(row, name) for row in shown])
        table.add_column(escape(heading), justify="right", no_wrap=True, min_width=width)
    for rank, row in enumerate(shown):
        cells = [_short(row.point.get(name)) for name in names] + [_figure(row, name) for name in metrics]
        style = "bold" if rank == 0 and len(goals.objectives) == 1 else ""
        table.add_row(str(row.number), *map(escape, cells), style=style)
    return table


def _heading(name: str, *, narrow: bool) -> str:
    """A key in several lines, cut at its dots and underscores; ``narrow``: its long words in two as well."""
    pieces = name.replace(".", ".\n").replace("_", "_\n").splitlines()
    if narrow:
        pieces = [_in_two(piece) if len(piece) > _LONG else piece for piece in pieces]
    return "\n".join(pieces)


def _in_two(word: str) -> str:
    return f"{word[: _LONG - 1]}-\n{word[_LONG - 1 :]}"


def _figure(row: Row, name: str) -> str:
    _, factor = _UNITS.get(name, ("", 1.0))
    return significant(row.metrics[name] * factor) if name in row.metrics else ABSENT


def _width(heading: str, cells: Sequence[str]) -> int:
    return max(map(len, (*heading.splitlines(), *cells)))


def _tell_broken(rows: Sequence[Row], goals: Goals, console: Console) -> None:
    if any(row.ok for row in rows):
        limits = ", ".join(map(str, goals.constraints))
        console.print(f"[yellow]no trial keeps {escape(limits)}[/]", highlight=False)


def _title(rows: Sequence[Row], best: Sequence[Row], shown: Sequence[Row], goals: Goals) -> str:
    count = states(rows)
    notes = [f"{count[state]} {state}" for state in ("infeasible", "failed", "running") if count[state]]
    broken = sum(bool(row.broken) for row in rows)
    notes += [f"{broken} break{'s' if broken == 1 else ''} a constraint"] if broken else []
    again = sum(row.same_as is not None for row in rows)
    notes += [f"{again} repeat{'s' if again == 1 else ''} a point"] if again else []
    extra = f" ({', '.join(notes)})" if notes else ""
    what = "; best first" if len(goals.objectives) == 1 else f"; front of {len(best)}"
    cut = f", {len(shown)} shown" if len(shown) < len(best) else ""
    trials = "1 trial" if len(rows) == 1 else f"{len(rows)} trials"
    return escape(f"{trials}{extra}: {goals}{what if best else ''}{cut}")


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


class ProgressLine:
    """One line on a running sweep that changes in place in a terminal.

    Elsewhere there is none, unless ``verbose``: then it comes every 5 s.
    """

    def __init__(self, console: Console, goals: Goals, total: int, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._console = console
        self._goals = goals
        self._total = total
        self._front: Front = {}
        self._started = self._shown = time.monotonic()
        self._failed = self._here = self._done = 0
        self._status = Status("starting", console=console) if console.is_terminal and not console.quiet else None

    def __enter__(self) -> ProgressLine:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def earlier(self, rows: Sequence[Row]) -> None:
        """Count the trials of an earlier run."""
        for row in rows:
            if row.state != "running":
                self._count(row)

    def add(self, row: Row) -> None:
        """Count a trial that ended just now, and show the line."""
        self._count(row)
        self._here += 1
        if not row.ok:
            reason = (row.reason.splitlines() or [""])[0]
            self._console.print(
                f"  trial {row.number} [red]{row.state}[/]: {escape(reason)}", highlight=False, soft_wrap=True
            )
        now = time.monotonic()
        if self._status:
            self._status.update(escape(self.text(now)))
        elif self._verbose and now - self._shown >= _LINE_EVERY_S:
            self._shown = now
            self._console.print(escape(self.text(now)), highlight=False, soft_wrap=True)

    def text(self, now: float) -> str:
        """The line."""
        rate = self._here / max(now - self._started, 1e-9)
        left = max(0, self._total - self._done) / rate if rate else 0.0
        parts = [f"{self._done}/{self._total} trials", f"{self._failed} failed", self._best()]
        return ", ".join((*parts, f"{rate:.2g} trials/s", f"{left:.0f} s left"))

    def _best(self) -> str:
        if len(self._goals.objectives) > 1:
            return f"front of {sum(map(len, self._front.values()))}"
        if not self._front:
            return "nothing good yet"
        name, best = self._goals.objectives[0], abs(next(iter(self._front))[0])
        heading, factor = _UNITS.get(name, (name, 1.0))
        what, _, unit = heading.replace("-\n", "").partition("\n")
        return f"best {what} {significant(best * factor)} {unit}".rstrip()

    def _count(self, row: Row) -> None:
        self._done += 1
        self._failed += not row.ok
        if row.ranks:
            add_to_front(self._front, row, self._goals)
