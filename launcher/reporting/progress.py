"""A line that says how far a search is, for searches that take long enough to wonder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from launcher.engines.interface import OnProgress, Progress
from launcher.figures import BY_KEY, CRITERIA
from launcher.interrupts import stop_asked
from launcher.reporting.numbers import percent, short_seconds, significant

_PATIENCE_S = 1.0
"""A search shorter than this shows nothing."""

_LINE_EVERY_S = 5.0


@contextmanager
def search_progress(
    console: Console, name: str, *, compiles: bool = False, verbose: bool = False
) -> Iterator[OnProgress]:
    """A callback for a search, or for the searches of a network's layers.

    It shows incumbent, bound, gap and time in one line that goes away at the end, and ends the search with what it has
    when Ctrl-C asked for it (:func:`launcher.interrupts.stop_asked`).

    Nothing is shown when the console is not a terminal, unless ``verbose``: then a line comes every 5 s.

    Args:
        console: where to show it.
        name: of the trial.
        compiles: the search has to be compiled first, which is said at once, because it takes a while.
        verbose: also without a terminal.
    """
    if compiles:
        console.print("compiling the search; this takes 10 to 40 s, once", style="dim")
    status = Status(f"{escape(name)}: searching", console=console)
    shown_at: float | None = None

    def show(progress: Progress) -> None:
        nonlocal shown_at
        if stop_asked():
            raise KeyboardInterrupt  # the search keeps what it has
        if progress.seconds < _PATIENCE_S:
            return
        line = f"{escape(name)}: {escape(describe(progress))}"
        if console.is_terminal and not console.quiet:
            if shown_at is None:
                status.start()
            status.update(line)
        elif not verbose or (shown_at is not None and progress.seconds - shown_at < _LINE_EVERY_S):
            return
        else:
            console.print(line, highlight=False, soft_wrap=True)
        shown_at = progress.seconds

    try:
        yield show
    finally:
        status.stop()


def describe(progress: Progress) -> str:
    """One phrase on a running search."""
    parts = [f"{progress.finished} of {progress.searches} searches"] if progress.searches > 1 else []
    if progress.name:
        parts.append(progress.name)
    if progress.incumbent is None:
        parts += ["no mapping yet"] if progress.searches == 1 or progress.name else []
    else:
        criterion = CRITERIA.get(progress.criterion)
        figure = BY_KEY[criterion.figure] if criterion else None
        factor = criterion.scale * figure.factor if criterion and figure else 1.0
        best = significant(progress.incumbent * factor)
        parts.append(f"best {figure.title} {best} {figure.unit}".rstrip() if figure else f"best {best}")
        if progress.lower_bound is not None and progress.incumbent > 0:
            gap = max(0.0, 1 - progress.lower_bound / progress.incumbent)
            parts += [f"bound {significant(progress.lower_bound * factor)}", f"gap {percent(gap)}"]
    return ", ".join([*parts, short_seconds(round(progress.seconds))])
