"""Whether what a study wrote beside its table says the same: trials, the reach, the page."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from launcher.commands.check.study.record import StudyRecord
from launcher.errors import LauncherError
from launcher.results.files import STUDY_HTML, TRIALS_CSV
from launcher.sweeping.exhaustive.numbering import point_at, strides_of
from launcher.sweeping.exhaustive.reach import REACH_JSON
from launcher.sweeping.exhaustive.study_page import study_html
from launcher.sweeping.exhaustive.table import STATUSES

_FLEETING = re.compile(r"<footer>[^<]*</footer>|<a href=\"\d+/report\.html\">|</a>")

_STATES = {"ok": "searched", "infeasible": "infeasible", "failed": "open"}
"""State in the list of trials -> status; whose search failed is open."""

Figures = Mapping[str, float]


def check_trials_csv(record: StudyRecord) -> Iterator[str]:
    """Rows that are not those of the designs that were searched."""
    try:
        with (record.folder / TRIALS_CSV).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found = {int(row["trial"]): row for row in rows}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        yield f"{TRIALS_CSV} cannot be read: {type(error).__name__} {error}"
        return
    for number, row in found.items():
        if not 0 <= number < record.points.size or _row_of(record, number, row) != row:
            yield f"{TRIALS_CSV} says something else of point {number} than points.parquet"
    if len(found) < len(rows):
        yield f"{TRIALS_CSV} has a point twice"
    known = {_key(record, number) for number in found if number < record.points.size}
    missing = [
        number for number in np.flatnonzero(record.having("searched")).tolist() if _key(record, number) not in known
    ]
    if missing:
        yield f"{TRIALS_CSV} lacks the design of point {missing[0]}"


def _row_of(record: StudyRecord, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row that a point has; where its files are is not known."""
    point = {key: str(value) for key, value in point_at(record.study.keys, number).items()}
    status = STATUSES[record.points.status[number]]
    figures = _figures(record, number) if status == "searched" else {}
    texts = {name: repr(value) for name, value in figures.items()}
    broken = record.certificate.goals.broken(figures) if status == "searched" else ()
    state = next((state for state, word in _STATES.items() if word == status), status)
    reason = record.points.row(number).get("reason", "")
    own = {**point, **texts, "trial": str(number), "state": state, "reason": reason, "same_as": ""}
    own |= {"broken_constraints": "; ".join(map(str, broken)), "folder": row.get("folder")}
    return {name: own.get(name, "") for name in {**row, **own}}


def _key(record: StudyRecord, number: int) -> tuple[float, ...]:
    """Points that are the same design have the same."""
    return tuple(_figures(record, number).values())


def _figures(record: StudyRecord, number: int) -> dict[str, float]:
    values = {name: float(column[number]) for name, column in record.points.figures.items()}
    return {name: value for name, value in values.items() if not np.isnan(value)}


def check_page(record: StudyRecord) -> Iterator[str]:
    """A page that is not what the other files make it; when it was made, and what it links to, does not matter."""
    file = record.folder / STUDY_HTML
    if not file.is_file():  # it is left where pictures were asked for
        return
    try:
        found, expected = file.read_text(encoding="utf-8"), study_html(record.folder)
        if _FLEETING.sub("", found) != _FLEETING.sub("", expected):
            yield f"{STUDY_HTML} is not what the other files make it, unless another version of the launcher made it"
    except (OSError, UnicodeDecodeError, LauncherError) as error:
        yield f"{STUDY_HTML} cannot be checked: {error}"


def check_reach(record: StudyRecord) -> Iterator[str]:
    """How far each value of each key is said to get, against the points that were searched."""
    file = record.folder / REACH_JSON
    if not file.is_file():  # it is left where one is best, and was asked for
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        yield from (f"{REACH_JSON}: {problem}" for problem in _check_reach(record, found))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"{REACH_JSON} is damaged: {type(error).__name__} {error}"


def _check_reach(record: StudyRecord, found: Mapping[str, Any]) -> Iterator[str]:
    best = min((one.point for one in record.certificate.best), default=None)
    if (found["metric"],) != record.certificate.goals.objectives or found["best_point"] != best:
        yield "it is about another objective or another best point than the certificate"
        return
    keys = {key: [one["value"] for one in values] for key, values in found["keys"].items()}
    if json.dumps(keys) != json.dumps({key: list(values) for key, values in record.study.keys.items()}):
        yield "it has other keys or values than study.json"
        return
    numbers = np.arange(record.points.size)
    for key, values in found["keys"].items():
        places = record.points.places(key, numbers)
        for place, one in enumerate(values):
            title = f"{key}={one['value']}"
            yield from (f"{title}: {what}" for what in _check_best(record, places == place, one["best"]))
            beside = best + (place - places[best]) * strides_of(record.study.keys)[key]
            yield from (f"{title}: {what}" for what in _check_slice(record, int(beside), one["slice"]))


def _check_best(record: StudyRecord, chosen: Any, best: Mapping[str, Any] | None) -> Iterator[str]:
    good = np.flatnonzero(chosen & record.good)
    if best is None:
        if len(good):
            yield f"nothing is said to be good with it, and point {good[0]} is"
        return
    if not len(good):
        yield "something is said to be good with it, and nothing that was searched is"
    elif _outcome(record, int(best["point"])) != _said(best):
        yield f"something else is said of point {best['point']} than in points.parquet"
    elif record.losses[best["point"], 0] != record.losses[good, 0].min():
        yield "another point with it is better"


def _check_slice(record: StudyRecord, beside: int, found: Mapping[str, Any] | None) -> Iterator[str]:
    status, figures = _outcome(record, beside)
    if found is None:
        if status == "searched":
            yield f"nothing is said of point {beside}, and it was searched"
    elif (status, figures) != _said(found):
        yield f"something else is said of point {beside} than in points.parquet"


def _outcome(record: StudyRecord, number: int) -> tuple[str, Figures]:
    if not 0 <= number < record.points.size:
        return "absent", {}
    status = STATUSES[record.points.status[number]]
    return status, _figures(record, number) if status == "searched" else {}


def _said(found: Mapping[str, Any]) -> tuple[str, Figures]:
    return str(found["status"]), dict(found["figures"])
