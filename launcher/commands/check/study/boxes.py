"""Whether what was not searched is excluded by its box, and the best is the best of what was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from launcher.commands.check.study.record import AREAS, EXACT, SLACK, Floats, Mask, StudyRecord, told
from launcher.results.goals import Constraint
from launcher.sweeping.exhaustive.findings import BOUND, NO_MAPPING_REASON


def check_best(record: StudyRecord) -> Iterator[str]:
    """The best that the certificate names, against the table."""
    best = record.certificate.best
    if len({one.point for one in best}) < len(best):
        yield "the certificate names one of the best points twice"
    for one in best:
        if not 0 <= one.point < record.points.size:
            yield f"the certificate names point {one.point} as one of the best, and there is no such point"
        elif not record.good[one.point]:
            yield f"point {one.point} is said to be one of the best, and was not searched or breaks a limit"
        elif tuple(record.losses[one.point]) != one.losses:
            yield f"point {one.point} does not have the figures that the certificate says"
    named = {one.losses for one in best}
    found = {tuple(map(float, losses)) for losses in record.front}
    for losses in found - named:
        yield f"{_whose(record, losses)} is among the best, and the certificate does not name it"
    for losses in named - found:
        yield f"{_whose(record, losses)} is named among the best, and another is better"


def check_boxes(record: StudyRecord) -> Iterator[str]:
    """Boxes that exclude nothing, that nobody is in, or whose members say otherwise."""
    points, boxes = record.points, record.certificate.boxes
    absent = points.box >= len(boxes)
    if absent.any():
        yield f"{told(np.flatnonzero(absent))}: the certificate has no such box"
        return
    counts = np.bincount(points.box[points.box >= 0], minlength=len(boxes))
    for number, box in enumerate(boxes):
        if not 1 <= box.designs <= counts[number]:
            yield f"box {number} is said to hold {box.designs:,} designs, and {counts[number]:,} points are in it"
    losses = np.array([one.losses for one in boxes]).reshape(len(boxes), len(record.signs))
    yield from _check_bounds(record, losses)
    yield from _check_excluding(record, losses)
    yield from _check_limits(record)
    yield from _check_infeasible(record)


def _check_bounds(record: StudyRecord, losses: Floats) -> Iterator[str]:
    """Every point has its box's bounds, and no search found less than them."""
    points = record.points
    own = np.vstack([losses, np.full(len(record.signs), np.nan)])[points.box] * record.signs
    searched = record.having("searched")
    for place, (name, bounds) in enumerate(points.bounds.items()):
        differs = ~((bounds == own[:, place]) | (np.isnan(bounds) & np.isnan(own[:, place])))
        if differs.any():
            yield f"{told(np.flatnonzero(differs))}: the bound of {name} is not that of the box"
        slack = 0.0 if name in EXACT else SLACK
        least = own[:, place] * record.signs[place]
        better = searched & (record.losses[:, place] < least - slack * np.abs(least))
        if better.any():
            yield f"{told(np.flatnonzero(better))}: {name} is better than the bound of its box"


def _check_excluding(record: StudyRecord, losses: Floats) -> Iterator[str]:
    boxes, members = record.certificate.boxes, record.having("excluded")
    reason = np.array([one.reason == BOUND for one in boxes] + [False])
    unbounded = members & ~reason[record.points.box]
    if unbounded.any():
        yield f"{told(np.flatnonzero(unbounded))}: excluded by a bound, and in no box that has one"
    beaten = record.beaten(losses)
    for number, box in enumerate(boxes):
        if box.reason == BOUND and not beaten[number]:
            yield f"box {number}: its bound excludes nothing, since nothing that was found is better"


def _check_limits(record: StudyRecord) -> Iterator[str]:
    """Limits that the question does not have, or that are kept."""
    limits = {str(one): one for one in record.certificate.goals.constraints}
    names = [one.reason for one in record.certificate.boxes]
    for number, name in enumerate(names):
        if name not in limits and name not in (BOUND, NO_MAPPING_REASON):
            yield f"box {number} is excluded by {name}, and that is no limit of the study"
    reasons = np.array([*record.points.reasons, ""])[record.points.reason]
    left = record.having("limit")
    for name, limit in limits.items():
        inside = np.array([own == name for own in names] + [False])[record.points.box]
        members = inside & left & (reasons == f"breaks {name}")
        left &= ~members
        yield from _check_limit(record, limit, members, inside & record.having("searched"))
    if left.any():
        yield f"{told(np.flatnonzero(left))}: excluded by a limit, and in no box of that limit"


def _check_limit(record: StudyRecord, limit: Constraint, members: Mask, searched: Mask) -> Iterator[str]:
    known = limit.metric in AREAS
    kept = record.keeps(limit) & (searched | members if known else searched)
    if kept.any():
        yield f"{told(np.flatnonzero(kept))}: said to break {limit}, and keeping it"


def _check_infeasible(record: StudyRecord) -> Iterator[str]:
    boxes = np.array([one.reason == NO_MAPPING_REASON for one in record.certificate.boxes] + [False])
    mapped = boxes[record.points.box] & ~record.having("infeasible")
    if mapped.any():
        yield f"{told(np.flatnonzero(mapped))}: in a box without mappings, and not said to have none"


def _whose(record: StudyRecord, losses: tuple[float, ...]) -> str:
    figures = zip(record.certificate.goals.objectives, np.array(losses) * record.signs, strict=True)
    return ", ".join(f"{name} {value:.6g}" for name, value in figures)
