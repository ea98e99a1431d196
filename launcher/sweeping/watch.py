"""A line on a running grid, whose trials may run in other processes: what lies in its folder is counted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from launcher.figures import BY_KEY, CRITERIA
from launcher.reporting.numbers import short_seconds, with_unit
from launcher.results.files import RESULT_JSON

_EVERY_S = 0.5


class FolderWatch:
    """Trials done, failures, the best so far and the time left, in a line that goes away; nothing off a terminal.

    Args:
        console: where it is shown.
        folder: of the sweep; every trial has a folder of its own in it.
        total: how many trials there will be.
        objective: what decides which is best.
    """

    def __init__(self, console: Console, folder: Path, total: int, objective: Sequence[str]) -> None:
        self._folder, self._total = folder, total
        self._figure = BY_KEY[CRITERIA[objective[0]].figure]
        self._status = Status("starting", console=console) if console.is_terminal and not console.quiet else None
        self._thread = threading.Thread(target=self._watch, name="grid-progress", daemon=True)
        self._over = threading.Event()
        self._started = time.monotonic()
        self._seen: set[str] = set()
        self._failed = 0
        self._best = inf

    def __enter__(self) -> FolderWatch:
        if self._status:
            self._status.start()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._over.set()
            self._thread.join()
            self._status.stop()

    def text(self) -> str:
        """The line, after a look at the folder."""
        for file in self._folder.glob(f"*/{RESULT_JSON}"):
            if file.parent.name not in self._seen:
                self._seen.add(file.parent.name)
                self._count(file)
        done = len(self._seen)
        best = f"best {self._figure.title} {with_unit(self._figure, self._best)}"
        parts = [f"{done}/{self._total} trials", f"{self._failed} failed", best if self._best < inf else "none yet"]
        if done:
            left = (time.monotonic() - self._started) / done * (self._total - done)
            parts.append(f"{short_seconds(left)} left")
        return ", ".join(parts)

    def _count(self, file: Path) -> None:
        try:
            result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if result.get("status") != "ok":
            self._failed += 1
            return
        self._best = min(self._best, float(result[self._figure.key]))

    def _watch(self) -> None:
        assert self._status is not None
        while not self._over.wait(_EVERY_S):
            self._status.update(escape(self.text()))
