"""The best of a sweep whose trials leave no files of their own: mapped once more, with all their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from launcher.config.sweep_schema import Kept
from launcher.disks import FullDiskError
from launcher.interrupts import stop_asked
from launcher.results.best import best_rows, best_to_worst
from launcher.results.goals import Goals, parse_goals
from launcher.results.parameters import point_name
from launcher.results.result import Result
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.executors import in_turn
from launcher.sweeping.parent import ParentRun
from launcher.sweeping.trials import ComposedTrial, TrialLimits, run_batch

MOST_TRIALS = 100
"""So many of the best, and the whole front, get files."""

_BATCH = 8
_ENERGY_AND_CYCLES = parse_goals(["energy_pj", "cycles"])


def trials_to_keep(rows: Sequence[TrialRow], goals: Goals, keep: Kept) -> list[TrialRow]:
    """The front and the best trial, or the front of several objectives and the best; each point once."""
    own = [row for row in rows if row.same_as is None]
    ordered = [row for row in best_to_worst(own, goals) if row.ok]
    several = len(goals.objectives) > 1
    if keep is Kept.best:
        front = best_rows(own, goals) if several else []
        chosen = {row.number: row for row in [*front, *ordered]}
        return list(chosen.values())[: max(len(front), MOST_TRIALS)]
    front = best_rows(own, goals if several else _ENERGY_AND_CYCLES)
    return list({row.number: row for row in [*ordered[:1], *front]}.values())


def keep_files_of(
    chosen: Sequence[TrialRow],
    names: Sequence[str],
    composed: Callable[[int], ComposedTrial],
    executor: Executor,
    workers: int,
    limits: TrialLimits,
    parent: ParentRun,
) -> Iterator[tuple[int, Path]]:
    """Run trials once more, with all their files, and record them.

    Args:
        chosen: which.
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
        FullDiskError: there is no room for them.
    """
    trials = [composed(row.number) for row in chosen]
    batches = [trials[first : first + _BATCH] for first in range(0, len(trials), _BATCH)]
    told_of = iter(chosen)
    for future in in_turn(executor, workers, run_batch, ((batch, limits) for batch in batches)):
        if stop_asked():
            raise KeyboardInterrupt
        batch = future.result()
        for outcome, place in zip(batch.outcomes, batch.folders, strict=True):
            row = next(told_of)
            if isinstance(outcome, FullDiskError):
                raise outcome
            if isinstance(outcome, Result) and place is not None:
                parent.record(row.number, outcome, place, point_name(row.point, names), again=True)
                yield row.number, place
