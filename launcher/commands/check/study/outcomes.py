"""Whether a point's best mapping, evaluated or searched again, is what the table says of the point."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

import numpy as np

from launcher.commands.check.study.record import SLACK, StudyRecord
from launcher.results.metrics import recorded_metrics
from launcher.results.result import Result


def check_outcome(record: StudyRecord, number: int, result: Result) -> Iterator[str]:
    """What is wrong with the table's word on a point whose best mapping is known."""
    status = record.status(number)
    if status in ("searched", "infeasible"):
        yield from _check_figures(record, number, result)
    elif status == "failed":
        yield "nothing is known of it, and it can be mapped"
    elif status != "open" and result.ok:  # without a mapping it is no better than anything
        yield from _check_excluded(record, number, status, recorded_metrics(result))


def _check_excluded(record: StudyRecord, number: int, status: str, metrics: dict[str, float]) -> Iterator[str]:
    goals = record.certificate.goals
    missing = goals.missing(metrics)
    if missing is not None:
        yield f"{missing} is not known"
        return
    if status == "limit":
        if not goals.broken(metrics):
            yield "excluded by a limit, and breaks none"
        return
    losses = np.array(goals.losses(metrics))
    bounds = np.array([float(values[number]) for values in record.points.bounds.values()]) * record.signs
    for name, loss, bound in zip(goals.objectives, losses, bounds, strict=True):
        if loss < bound - abs(bound) * SLACK:
            yield f"{name} is {metrics[name]:.9g}, better than its bound {abs(bound):.9g}"
    if not goals.broken(metrics) and not record.beaten(losses[None])[0]:
        yield "excluded by a bound, and nothing that was found is better"


def _check_figures(record: StudyRecord, number: int, result: Result) -> Iterator[str]:
    """Figures and status of a point, against the table, to the last bit."""
    status = record.status(number)
    if result.ok != (status == "searched"):
        yield f"it is {result.status}, and {status} in points.parquet"
        return
    now = recorded_metrics(result) if result.ok else {}
    for name, values in record.points.figures.items():
        said = float(values[number])
        if result.ok and not (isnan(said) and name not in now) and said != now.get(name):
            yield f"{name} is {now.get(name, float('nan')):.10g}, not {said:.10g} as in points.parquet"
