"""A study's trials as rows, and what they look like in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, Trial

from launcher.plain_text import csv_text
from launcher.results.goals import Goals
from launcher.results.trial_rows import PRUNED, TrialRow
from launcher.sweeping.points.interface import Points
from launcher.sweeping.study import result_of

_FAILED = ("infeasible", "failed")


def study_rows(trials: Sequence[FrozenTrial], points: Points, goals: Goals) -> list[TrialRow]:
    """A row for each trial, in the order of their numbers."""
    return [trial_row(one, result_of(one) or _nothing(one), points, goals) for one in trials]


def _nothing(trial: FrozenTrial) -> dict[str, str]:
    return {"status": "failed" if trial.state.is_finished() else "running"}


def trial_row(trial: FrozenTrial | Trial, record: Mapping[str, Any], points: Points, goals: Goals) -> TrialRow:
    """The row of a trial with this record."""
    ok = record["status"] == "ok"
    metrics = record["metrics"] if ok else {}
    broken = goals.broken(metrics) if ok else ()
    return TrialRow(
        number=points.number_of(trial),
        state=str(record["status"]),
        point=points.point_of(trial),
        metrics=metrics,
        reason=str(record.get("reason") or ""),
        broken=tuple(map(str, broken)),
        remark="; ".join(one.told(metrics) for one in broken) or str(record.get("remark") or ""),
        same_as=record.get("same_as"),
        folder=str(record.get("folder") or ""),
        caveats=tuple(map(str, record.get("caveats") or ())),
    )


def tried_all(rows: Sequence[TrialRow], points: Points) -> bool:
    """Whether a space of finitely many points has no other points than those of trials that ended."""
    ended = {tuple(sorted(row.point.items())) for row in rows if row.state != "running"}
    return len(ended) == points.size


def states(rows: Sequence[TrialRow]) -> dict[str, int]:
    """Number of trials by state."""
    found = Counter(row.state for row in rows)
    return {state: found.get(state, 0) for state in ("ok", *_FAILED, PRUNED, "running")}


def common_reasons(rows: Sequence[TrialRow], most: int = 3) -> str:
    """Why trials failed, the most frequent reasons first."""
    reasons = Counter((row.reason.splitlines() or ["no reason given"])[0] for row in rows if row.state in _FAILED)
    return "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(most))


def trials_csv(rows: Sequence[TrialRow], names: Sequence[str]) -> str:
    """All trials as CSV, in the order of their numbers; ``names`` are the swept keys."""
    metrics = list(dict.fromkeys(name for row in rows for name in row.metrics))
    table: list[tuple[object, ...]] = [
        ("trial", "state", *names, *metrics, "broken_constraints", "reason", "same_as", "folder")
    ]
    for row in rows:
        point = [row.point.get(name, "") for name in names]
        figures = [repr(row.metrics[name]) if name in row.metrics else "" for name in metrics]
        same = "" if row.same_as is None else row.same_as
        table.append((row.number, row.state, *point, *figures, "; ".join(row.broken), row.reason, same, row.folder))
    return csv_text(table)
