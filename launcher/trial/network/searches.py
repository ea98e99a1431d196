"""Searches beside each other, with one report on all of them, that Ctrl-C ends in good order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from launcher.config.trial import Trial
from launcher.engines.interface import Abandoned, OnProgress, Progress
from launcher.process_limits import usable_cores
from launcher.results.result import Result
from launcher.specification.specification import Specification
from launcher.trial.steps import map_layer

_EVERY_S = 0.25


def search_all(
    trials: Sequence[Trial],
    specifications: Sequence[Specification],
    on_progress: OnProgress | None = None,
    folder: Path | None = None,
) -> list[Result]:
    """The best mapping of each layer, several searches at a time.

    After a first Ctrl-C (or a KeyboardInterrupt of ``on_progress``) every search that takes longer than a second ends
    with the best mapping it has; after a second one nothing is returned.

    Args:
        trials: of the layers.
        specifications: theirs.
        on_progress: called now and then, in the calling thread.
        folder: takes a folder for each search in which the real Timeloop runs; None keeps nothing of it.
    """
    group = _Group()
    pool = ThreadPoolExecutor(max_workers=usable_cores())
    try:
        names = [str(trial.parameters["layer"]) for trial in trials]
        folders = [None if folder is None else folder / f"{n}-{name}" for n, name in enumerate(names)]
        searches = enumerate(zip(trials, specifications, folders, strict=True))
        futures = [pool.submit(map_layer, one, spec, group.callback(n), its) for n, (one, spec, its) in searches]
        while not group.wait(futures):
            if on_progress is not None and not group.stopping:
                group.tell(on_progress, names)
        return [future.result() for future in futures]
    finally:
        group.abandoned = True  # of consequence only when something was raised
        pool.shutdown(wait=True, cancel_futures=True)


class _Group:
    """What the searches report, and whether they are to stop."""

    def __init__(self) -> None:
        self.stopping = self.abandoned = False
        self._started = time.perf_counter()
        self._running: dict[int, Progress] = {}
        self._finished = self._searches = 0

    def callback(self, number: int) -> OnProgress:
        """For one search, in its own thread."""

        def note(progress: Progress) -> None:
            self._running[number] = progress
            if self.abandoned:
                raise Abandoned
            if self.stopping:
                raise KeyboardInterrupt  # the search keeps what it has

        return note

    def wait(self, futures: Sequence[Future[Result]]) -> bool:
        """Wait a little; whether all are done."""
        try:
            done, left = wait(futures, timeout=_EVERY_S)
        except KeyboardInterrupt:
            self._stop()
            return False
        self._finished, self._searches = len(done), len(futures)
        for number, future in enumerate(futures):
            if future.done():
                self._running.pop(number, None)
        return not left

    def tell(self, on_progress: OnProgress, names: Sequence[str]) -> None:
        """Report the search that has run longest."""
        running = dict(self._running)
        number = max(running, key=lambda n: running[n].seconds, default=None)
        progress = Progress(None, None, 0.0) if number is None else running[number]
        seconds = time.perf_counter() - self._started
        name = "" if number is None else names[number]
        named = replace(progress, seconds=seconds, name=name, finished=self._finished, searches=self._searches)
        try:
            on_progress(named)
        except KeyboardInterrupt:
            self._stop()

    def _stop(self) -> None:
        if self.stopping:
            raise KeyboardInterrupt
        self.stopping = True
