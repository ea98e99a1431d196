"""Whether mapping a few points again gives what the study says of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from launcher.commands.check.study.outcomes import check_outcome
from launcher.commands.check.study.record import Numbers, StudyRecord
from launcher.commands.check.study.trials import StudyTrials
from launcher.errors import LauncherError
from launcher.sweeping.exhaustive.table import STATUSES
from launcher.trial.run import run_trial

_UNMAPPED = ("excluded", "limit", "infeasible", "failed")


def to_be_searched(record: StudyRecord, kept: list[int], most: int, draw: np.random.Generator) -> Numbers:
    """Some points that were excluded or have no mapping, and some that were searched and whose files are gone."""
    unmapped = np.isin(record.points.status, [STATUSES.index(word) for word in _UNMAPPED])
    searched = record.having("searched")
    searched[kept] = False
    chosen: list[int] = []
    for kind in (unmapped, searched):
        numbers = np.flatnonzero(kind)
        chosen += draw.choice(numbers, min(most, len(numbers)), replace=False).tolist()
    return np.array(sorted(chosen), np.int64)


def check_searches(record: StudyRecord, trials: StudyTrials, numbers: Numbers) -> Iterator[str]:
    """Points that are not what the study says."""
    for number in map(int, numbers):
        try:
            result = run_trial(trials.trial(number))
        except LauncherError as error:
            if record.status(number) != "failed":
                yield f"point {number} cannot be mapped: {error.what}"
            continue
        yield from (f"point {number}: {problem}" for problem in check_outcome(record, number, result))
