"""What a sweep shows: a line while it runs, a table at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from launcher.figures import METRICS
from launcher.reporting.numbers import significant, with_unit
from launcher.reporting.origins import grouped
from launcher.reporting.trials import counts, print_best_rows, print_ranked, print_rows
from launcher.results.best import best_rows
from launcher.results.fronts import Front
from launcher.results.goals import Goals
from launcher.results.ranking import compares_hardware
from launcher.results.trial_rows import PRUNED, TrialRow, rows_by_work, work_parameters

_SHOWN = 15
_SHOWN_OF_FRONT = 40
_LINE_EVERY_S = 5.0


def print_table(rows: Sequence[TrialRow], parameters: Sequence[str], goals: Goals, console: Console) -> None:
    """All trials of a grid, the best ones of a study or its front; then the best by each figure.

    Trials of other work, another layer or model, are other tables: their figures do not compare.

    Args:
        rows: at least one.
        parameters: what tells them apart.
        goals: what decides which is best.
        console: where to print.
    """
    if console.quiet:
        return
    works = rows_by_work(rows, parameters)
    if len(works) == 1 or (goals.several and not goals.listed):
        _print_ranked(rows, parameters, goals, console)
    elif len(works) == len(rows):
        title = f"{counts(rows)}, each of other work: not ranked"
        print_rows(rows, parameters, console, title=title, needed=goals.metrics, bold_first=False)
    else:
        names = work_parameters(parameters)
        for work, alike in works.items():
            title = " ".join(f"{name}={value}" for name, value in zip(names, work, strict=True))
            console.print(title, style="bold", highlight=False, markup=False, soft_wrap=True)
            _print_ranked(alike, [name for name in parameters if name not in names], goals, console)
    print_caveats(rows, console)


def _print_ranked(rows: Sequence[TrialRow], parameters: Sequence[str], goals: Goals, console: Console) -> None:
    print_searched(rows, parameters, goals, console)
    if compares_hardware(len(rows), parameters):
        print_best_rows(rows, parameters, console, goals)


def print_caveats(rows: Sequence[TrialRow], console: Console) -> None:
    """What must be known of the rows' figures, and of how many of them each holds."""
    with_figures = [row for row in rows if row.ok]
    for text, number in grouped((row.caveats for row in with_figures), most_alike=1):
        of = f" ({number:,} of {len(with_figures):,} trials)" if number < len(with_figures) else ""
        console.print(f"[yellow]note:[/] {escape(text)}{of}", highlight=False, soft_wrap=True)


def print_searched(rows: Sequence[TrialRow], parameters: Sequence[str], goals: Goals, console: Console) -> None:
    """The first table of :func:`print_table`, without a second one that only makes sense of all points of a space."""
    most = None if goals.listed else _SHOWN_OF_FRONT if goals.several and best_rows(rows, goals) else _SHOWN
    print_ranked(rows, parameters, goals, console, most=most, numbered=not (goals.listed and parameters))


class ProgressLine:
    """One line on a running sweep that changes in place in a terminal.

    Elsewhere there is none, unless ``verbose``: then it comes every 5 s.
    """

    def __init__(self, console: Console, goals: Goals, total: int, *, verbose: bool = False) -> None:
        """``total``: trials of the whole sweep; of a study, those that do not repeat a point."""
        self._verbose = verbose
        self._console = console
        self._goals = goals
        self._total = total
        self._front: Front[TrialRow] = Front()
        self._started = self._shown = time.monotonic()
        self._failed = self._pruned = self._here = self._done = 0
        self._status = Status("starting", console=console) if console.is_terminal and not console.quiet else None

    def __enter__(self) -> ProgressLine:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def earlier(self, rows: Sequence[TrialRow]) -> None:
        """Count the trials of an earlier run."""
        for row in rows:
            if row.state != "running":
                self._count(row)

    def add(self, row: TrialRow, told: str = "") -> None:
        """Count a trial that ended just now, and show the line.

        Args:
            row: the trial.
            told: what is said of it and stays; of a study's trials only failures are.
        """
        self._count(row)
        self._here += 1
        if row.fails and not told:
            reason = (row.reason.splitlines() or [""])[0]
            told = f"  trial {row.number} [red]{row.state}[/]: {escape(reason)}"
        if told:
            self._console.print(told, highlight=False, soft_wrap=True)
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
        parts = [f"{self._done}/{self._total} trials", f"{self._failed} failed"]
        parts += [f"{self._pruned} left out"] if self._pruned else []
        parts.append(self._best())
        return ", ".join((*parts, f"{rate:.2g} trials/s", f"{left:.0f} s left"))

    def _best(self) -> str:
        if self._goals.several:
            return f"front of {len(self._front)}"
        least = self._front.least
        if least is None:
            return "nothing good yet"
        name, best = self._goals.objectives[0], abs(least[0])
        if name not in METRICS:
            return f"best {name} {significant(best)}"
        figure, factor = METRICS[name]
        return f"best {figure.title} {with_unit(figure, best / factor)}"

    def _count(self, row: TrialRow) -> None:
        # A grid's trials are all counted beforehand; of a study's those that repeat a point are of no account.
        self._done += self._goals.listed or row.same_as is None
        self._failed += row.fails
        self._pruned += row.state == PRUNED
        if row.ranks:
            self._front.add(row, self._goals.losses(row.metrics))
