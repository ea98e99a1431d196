"""How far a running search is, from what it says so far."""

from __future__ import annotations

import re
from pathlib import Path

from launcher.engines.interface import OnProgress, Progress
from launcher.engines.timeloop.process import LOG, STDERR, STDOUT
from launcher.figures import CRITERIA

_FOUND = re.compile(rb"^\[ *\d+\] Utilization = .*\| pJ/Compute = *([0-9.eE+-]+) .*\| Cycles = (\d+)", re.MULTILINE)
_EVERY_S = 0.25


class Follower:
    """Reads a run's logs as they grow, and reports the best mapping so far.

    Args:
        folder: of the run.
        computes: of the problem: the log gives energy per compute, to three decimals.
        criterion: what is minimised first.
        on_progress: who wants to know.
        quiet: report no figures, because the terminal shows the program's own screen.
    """

    def __init__(
        self, folder: Path, computes: int, criterion: str, on_progress: OnProgress | None, *, quiet: bool = False
    ) -> None:
        self.improvements = 0
        # The front end sends everything to the standard output; the status screen leaves the log to a file.
        self._read = {folder / name: 0 for name in (STDERR, STDOUT, LOG)}
        self._computes, self._criterion = computes, criterion
        self._on_progress, self._quiet = on_progress, quiet
        self._best: float | None = None
        self._told = 0.0

    def __call__(self, seconds: float) -> None:
        """Read what is new, and report it a few times a second."""
        if seconds - self._told < _EVERY_S:
            return
        self._told = seconds
        self.read()
        if self._on_progress is not None:
            self._on_progress(Progress(None, None, 0.0) if self._quiet else Progress(self._best, None, seconds))

    def read(self) -> None:
        """Take in what the run has said since the last time."""
        for file, position in self._read.items():
            try:
                with file.open("rb") as log:
                    log.seek(position)
                    new = log.read()
            except FileNotFoundError:
                continue
            whole = new[: new.rfind(b"\n") + 1]
            self._read[file] = position + len(whole)
            for energy, cycles in _FOUND.findall(whole):
                self._take(float(energy) * self._computes, int(cycles))

    def _take(self, energy_pj: float, cycles: int) -> None:
        self.improvements += 1
        value = CRITERIA[self._criterion].value(energy_pj, float(cycles))
        self._best = value if self._best is None else min(self._best, value)
