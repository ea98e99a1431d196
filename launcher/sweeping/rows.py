"""A study's trials as rows: which are best, and what they look like in a table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from launcher.sweeping.goals import Goals
from launcher.sweeping.space import Space, Value
from launcher.sweeping.study import result_of


@dataclass(frozen=True)
class Row:
    """One trial.

    Attributes:
        number: in the study.
        state: ``ok``, ``infeasible`` (no mapping), ``failed``, or ``running`` elsewhere.
        point: swept key -> value.
        metrics: of an ``ok`` trial.
        reason: why it is not ``ok``.
        broken: constraints that it does not keep.
        same_as: the trial whose result it shares, because its point is the same.
        folder: where its files are.
    """

    number: int
    state: str
    point: Mapping[str, Value]
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    broken: tuple[str, ...] = ()
    same_as: int | None = None
    folder: str = ""

    @property
    def ok(self) -> bool:
        return self.state == "ok"

    @property
    def good(self) -> bool:
        """It has a mapping, and keeps all constraints."""
        return self.ok and not self.broken

    @property
    def ranks(self) -> bool:
        """It may be among the best: it is good, and does not repeat another trial's point."""
        return self.good and self.same_as is None


Front = dict[tuple[float, ...], list[Row]]
"""Trials that nothing beats, by their losses."""


def rows_of(trials: Sequence[FrozenTrial], goals: Goals) -> list[Row]:
    """A row for each trial, in the order of their numbers."""
    return [_row(trial, goals) for trial in trials]


def _row(trial: FrozenTrial, goals: Goals) -> Row:
    result: Mapping[str, Any] = result_of(trial) or {}
    finished = trial.state in (TrialState.COMPLETE, TrialState.FAIL)
    metrics = result.get("metrics", {})
    ok = trial.state == TrialState.COMPLETE
    broken = tuple(str(one) for one in goals.constraints if ok and one.violation(metrics) > 0)
    failed = "failed" if result.get("status", "ok") == "ok" else str(result["status"])
    return Row(
        number=trial.number,
        state="ok" if ok else failed if finished else "running",
        point=dict(trial.params),
        metrics=metrics if ok else {},
        reason=str(result.get("reason") or ""),
        broken=broken,
        same_as=result.get("same_as"),
        folder=str(result.get("folder") or ""),
    )


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether ``one`` is nowhere larger than ``other``, and somewhere smaller."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def best_rows(rows: Sequence[Row], goals: Goals) -> list[Row]:
    """The best trials that keep all constraints, each point once.

    With one objective all of them, best first; with several the Pareto front, ordered by the first objective. Of
    hardware that is equally good, which often differs in what a layer does not use, the smallest comes first.
    """
    ranked = [row for row in rows if row.ranks]
    ordered = sorted(ranked, key=lambda row: (goals.losses(row.metrics), row.metrics.get("area_mm2", 0.0), row.number))
    if len(goals.objectives) == 1:
        return ordered
    front: Front = {}
    for row in ordered:
        add_to_front(front, row, goals)
    return [row for equal in front.values() for row in equal]


def add_to_front(front: Front, row: Row, goals: Goals) -> None:
    """Add a trial to a front, unless something there beats it, and take out what it beats."""
    losses = tuple(goals.losses(row.metrics))
    if losses not in front:
        if any(dominates(other, losses) for other in front):
            return
        for beaten in [other for other in front if dominates(losses, other)]:
            del front[beaten]
        front[losses] = []
    front[losses].append(row)


def states(rows: Sequence[Row]) -> dict[str, int]:
    """Number of trials by state."""
    found = Counter(row.state for row in rows)
    return {state: found.get(state, 0) for state in ("ok", "infeasible", "failed", "running")}


def common_reasons(rows: Sequence[Row], most: int = 3) -> str:
    """Why trials failed, the most frequent reasons first."""
    reasons = Counter((row.reason.splitlines() or ["no reason given"])[0] for row in rows if row.state in _FAILED)
    return "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(most))


_FAILED = ("infeasible", "failed")


def trials_csv(rows: Sequence[Row], space: Space) -> str:
    """All trials as CSV, in the order of their numbers."""
    names = [dimension.name for dimension in space.dimensions]
    metrics = list(dict.fromkeys(name for row in rows for name in row.metrics))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("trial", "state", *names, *metrics, "broken_constraints", "reason", "same_as", "folder"))
    for row in rows:
        point = [row.point.get(name, "") for name in names]
        figures = [repr(row.metrics[name]) if name in row.metrics else "" for name in metrics]
        same = "" if row.same_as is None else row.same_as
        writer.writerow((row.number, row.state, *point, *figures, "; ".join(row.broken), row.reason, same, row.folder))
    return text.getvalue()
