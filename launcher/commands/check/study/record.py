"""What a study left, read anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from launcher.figures import BY_KEY, CRITERIA, METRICS
from launcher.results.goals import Constraint
from launcher.sweeping.exhaustive.certificate import Certificate, read_certificate
from launcher.sweeping.exhaustive.study_file import StudyFile, read_study
from launcher.sweeping.exhaustive.table import POINTS_PARQUET, STATUSES, PointTable, read_points

SLACK = 1e-9
"""Relative difference of bounds and figures that are the same: they are sums in different orders."""

AREAS = BY_KEY["area_um2"].metric_names
"""Figures that need no search, each with the factor from um^2."""

EXACT = frozenset({*AREAS, "cycles"})
"""Metrics that have no such difference."""

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StudyRecord:
    """A study's files, those of its points' folders left out."""

    folder: Path
    study: StudyFile
    certificate: Certificate
    points: PointTable

    def having(self, status: str) -> Mask:
        """(points,) whether a point has this status."""
        return np.asarray(self.points.status == STATUSES.index(status))

    def status(self, number: int) -> str:
        """Of one point."""
        return STATUSES[self.points.status[number]]

    @cached_property
    def signs(self) -> Floats:
        """(objectives,) from figures to losses."""
        return np.array([1.0 if way == "minimize" else -1.0 for way in self.certificate.goals.directions])

    @cached_property
    def losses(self) -> Floats:
        """(points, objectives) what the figures are worth, all to be minimised; NaN where unknown."""
        unknown = np.full(self.points.size, np.nan)
        columns = [self.points.figures.get(name, unknown) for name in self.certificate.goals.objectives]
        return np.asarray(np.column_stack(columns) * self.signs)

    @cached_property
    def good(self) -> Mask:
        """(points,) which were searched, have all figures, and keep all limits."""
        good = self.having("searched") & np.isfinite(self.losses).all(axis=1)
        for limit in self.certificate.goals.constraints:
            good &= self.keeps(limit)
        return np.asarray(good)

    def keeps(self, limit: Constraint) -> Mask:
        """(points,) which have a figure that keeps a limit; not those whose figure is unknown."""
        compare = {"<=": np.less_equal, "<": np.less, ">=": np.greater_equal, ">": np.greater}[limit.sign]
        unknown = np.full(self.points.size, np.nan)
        return np.asarray(compare(self.points.figures.get(limit.metric, unknown), limit.bound))

    @cached_property
    def front(self) -> Floats:
        """(n, objectives) the losses that no good point beats, each once."""
        return front_losses(self.losses[self.good])

    def beaten(self, losses: Floats) -> Mask:
        """(rows,) whether some design of the front is better than anything with these lower bounds."""
        slack = np.where([name in EXACT for name in self.certificate.goals.objectives], 0.0, SLACK)
        least = losses - np.where(np.isfinite(losses), np.abs(losses), 0.0) * slack
        found = np.zeros(len(least), np.bool_)
        for one in self.front:
            found |= (one <= least).all(axis=1) & (one < least).any(axis=1)
        return found


def read_record(folder: Path, config_dir: Path | None = None) -> StudyRecord:
    """The files of a study; ``config_dir`` has groups of the user's own, where it has such.

    Raises:
        LauncherError: one is missing or damaged.
    """
    study = read_study(folder, config_dir)
    return StudyRecord(folder, study, read_certificate(folder), read_points(folder / POINTS_PARQUET))


def front_losses(losses: Floats) -> Floats:
    """(n, objectives) rows that no other beats, each once, in order."""
    front: list[Floats] = []
    for row in np.unique(losses, axis=0):  # in this order no later row beats an earlier one
        if not any((one <= row).all() for one in front):
            front.append(row)
    return np.array(front).reshape(len(front), losses.shape[1])


def derived_figures(record: StudyRecord) -> list[tuple[str, Floats]]:
    """Figures that follow from energy and cycles, by name; what they must be."""
    figures = record.points.figures
    if not {"energy_pj", "cycles"} <= figures.keys():
        return []
    energy, cycles = figures["energy_pj"], figures["cycles"]
    return [
        (one.metric, (energy if one.energy else 1.0) * cycles**one.cycles * one.scale * METRICS[one.metric][1])
        for one in CRITERIA.values()
        if one.metric in figures and (one.energy and one.cycles)
    ]


def told(numbers: Sequence[int] | Numbers, most: int = 3) -> str:
    """``point 4``, or ``points 4, 5, 6 and 1,234 more``."""
    shown = ", ".join(f"{int(number):,}" for number in numbers[:most])
    more = f" and {len(numbers) - most:,} more" if len(numbers) > most else ""
    return f"point{'s' if len(numbers) > 1 else ''} {shown}{more}"
