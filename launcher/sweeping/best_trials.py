"""The best of a sweep whose trials leave no files of their own: mapped once more, with all their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from launcher.interrupts import stop_asked
from launcher.results.parameters import point_name
from launcher.results.result import Result
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.executors import in_turn
from launcher.sweeping.goals import Goals
from launcher.sweeping.parent import ParentRun
from launcher.sweeping.rows import best_rows, best_to_worst
from launcher.sweeping.trials import ComposedTrial, TrialLimits, run_batch

MOST_TRIALS = 100
"""So many of the best, and the whole front, get files."""

_BATCH = 8


def keep_best(
    rows: Sequence[TrialRow],
    goals: Goals,
    names: Sequence[str],
    composed: Callable[[int], ComposedTrial],
    executor: Executor,
    workers: int,
    limits: TrialLimits,
    parent: ParentRun,
) -> Iterator[tuple[int, Path]]:
    """Run the front and the best of the others as trials with all their files, and record them.

    Args:
        rows: of all trials.
        goals: what is best.
        names: the swept keys that tell trials apart.
        composed: the trial with a row's number, and its folder.
        executor: runs trials.
        workers: how many at a time.
        limits: what each may take.
        parent: records them.

    Yields:
        The numbers of the trials that have files, and their folders.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    own = [row for row in rows if row.same_as is None]
    front = best_rows(own, goals) if len(goals.objectives) > 1 else []
    ordered = [*front, *(row for row in best_to_worst(own, goals) if row.ok)]
    chosen = list({row.number: row for row in ordered}.values())[: max(len(front), MOST_TRIALS)]
    trials = [composed(row.number) for row in chosen]
    batches = [trials[first : first + _BATCH] for first in range(0, len(trials), _BATCH)]
    told_of = iter(chosen)
    for future in in_turn(executor, workers, run_batch, ((batch, limits) for batch in batches)):
        if stop_asked():
            raise KeyboardInterrupt
        batch = future.result()
        for outcome, place in zip(batch.outcomes, batch.folders, strict=True):
            row = next(told_of)
            if isinstance(outcome, Result) and place is not None:
                parent.record(row.number, outcome, place, point_name(row.point, names), again=True)
                yield row.number, place
