"""A line that says how far a search is, for searches that take long enough to wonder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from launcher.engines.base import OnProgress, Progress

_PATIENCE_S = 1.0
"""A search shorter than this shows nothing."""


@contextmanager
def search_progress(console: Console, name: str, *, compiles: bool = False) -> Iterator[OnProgress]:
    """A callback for a search; it shows incumbent, bound, gap and time in one line that goes away at the end.

    Nothing of that is shown when the console is not a terminal.

    Args:
        console: where to show it.
        name: of the trial.
        compiles: the search has to be compiled first, which is said at once, because it takes a while.
    """
    if compiles:
        console.print("compiling the search; this takes about 10 s, once", style="dim")
    status = Status(f"{name}: searching", console=console)
    started = False

    def show(progress: Progress) -> None:
        nonlocal started
        if progress.seconds < _PATIENCE_S or not console.is_terminal:
            return
        if not started:
            status.start()
            started = True
        status.update(f"{name}: {describe(progress)}")

    try:
        yield show
    finally:
        if started:
            status.stop()


def describe(progress: Progress) -> str:
    """One phrase on a running search."""
    if progress.incumbent is None:
        return f"no mapping yet, {progress.seconds:.0f} s"
    text = f"best {progress.incumbent:.6g}"
    if progress.lower_bound is not None and progress.incumbent > 0:
        gap = max(0.0, 1 - progress.lower_bound / progress.incumbent)
        text += f", bound {progress.lower_bound:.6g}, gap {gap:.1%}"
    return f"{text}, {progress.seconds:.0f} s"
