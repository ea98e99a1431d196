"""Trials of a sweep by their figures alone: what tables are made of, and what a sweep remembers of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from launcher.figures import METRICS, Figure, metrics_of
from launcher.results.goals import Goals
from launcher.results.metrics import recorded_metrics
from launcher.results.parameters import ABSENT, plain
from launcher.results.result import Result

_WORK = ("layer", "layers", "model", "count_repeats")
_PARTS_OF_WORK = ("layer.", "model.")

PRUNED = "pruned"
"""State of a trial that was left out: its bound says that it cannot be the best."""


@dataclass(frozen=True)
class TrialRow:
    """One trial.

    Attributes:
        number: in its sweep.
        state: ``ok``, ``infeasible`` (no mapping), ``failed``, ``pruned``, or ``running`` elsewhere.
        point: parameter -> value.
        metrics: of an ``ok`` trial.
        reason: why it is not ``ok``.
        broken: limits that it does not keep.
        remark: what is to be said of a trial that is ``ok``: which limits it breaks, that its mapping is not proved.
        same_as: the trial whose result it shares, because its point is the same.
        folder: where its files are.
        caveats: what must be known of its figures.
    """

    number: int
    state: str
    point: Mapping[str, object]
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    broken: tuple[str, ...] = ()
    remark: str = ""
    same_as: int | None = None
    folder: str = ""
    caveats: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.state == "ok"

    @property
    def fails(self) -> bool:
        """It has no mapping, and is not just another trial that shares this."""
        return self.state in ("infeasible", "failed") and self.same_as is None

    @property
    def good(self) -> bool:
        """It has a mapping, and keeps all limits."""
        return self.ok and not self.broken

    @property
    def ranks(self) -> bool:
        """It may be among the best: it is good, and does not repeat another trial's point."""
        return self.good and self.same_as is None


def rows_by_work(rows: Sequence[TrialRow], parameters: Sequence[str]) -> dict[tuple[str, ...], list[TrialRow]]:
    """Rows that may be ranked against each other, by the values of what is swept of model and layer.

    Args:
        rows: in any order, which is kept.
        parameters: what tells the rows apart.
    """
    names = work_parameters(parameters)
    found: dict[tuple[str, ...], list[TrialRow]] = {}
    for row in rows:
        found.setdefault(tuple(plain(row.point.get(name, ABSENT)) for name in names), []).append(row)
    return found


def work_parameters(parameters: Sequence[str]) -> list[str]:
    """Those that say what is computed, not on what or how."""
    return [name for name in parameters if name in _WORK or name.startswith(_PARTS_OF_WORK)]


def row_value(figure: Figure, row: TrialRow) -> float:
    """A row's exact value of a figure; NaN when there is none."""
    return figure.in_metrics(row.metrics)


def rows_of_results(results: Iterable[Result], goals: Goals | None = None) -> list[TrialRow]:
    """Rows of results that were read back, numbered in their order.

    Args:
        results: in any order.
        goals: what their sweep was after, whose limits they keep or break; None means that each knows its own.
    """
    metrics = metrics_of if goals is None or METRICS.keys() >= {*goals.metrics} else recorded_metrics
    return [_row_of(number, one, metrics(one) if one.ok else {}, goals) for number, one in enumerate(results)]


def _row_of(number: int, result: Result, metrics: Mapping[str, float], goals: Goals | None) -> TrialRow:
    broken = goals.broken(metrics) if goals is not None and result.ok else ()
    return TrialRow(
        number=number,
        state=result.status,
        point=result.parameters,
        metrics=metrics,
        reason=result.reason or "",
        broken=tuple(map(str, broken)) or result.broken,
        remark="; ".join(one.told(metrics) for one in broken) or remark_of(result),
    )


def remark_of(result: Result) -> str:
    """What a table has to say of a result beside its figures; mostly nothing."""
    if not result.ok or result.broken:
        return "; ".join(result.broken)
    if result.verification and result.verification.disputed:
        return f"{result.verification.by} disagrees: {result.verification.differences[0]}"
    optimality = result.optimality
    if optimality is None or optimality.status not in ("bounded", "heuristic"):
        return ""
    gap = optimality.gap if optimality.status == "bounded" else None
    return "not proved" if gap is None else f"gap {100 * gap:.1f} %"
