"""Which parameters matter: how good a design can be with each value of a key, and what changing the best one brings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from launcher.engines.native.arrays import BoolArray
from launcher.errors import LauncherError
from launcher.sweeping.exhaustive.designs import DesignTable, digits_of
from launcher.sweeping.exhaustive.findings import Findings
from launcher.sweeping.exhaustive.ledger import PointOutcome
from launcher.sweeping.exhaustive.space import FiniteSpace
from launcher.sweeping.points.interface import Value
from launcher.whole_files import write_text

REACH_JSON = "reach.json"


@dataclass(frozen=True)
class ValueReach:
    """One value of one key.

    Attributes:
        value: it.
        best: the best design with it, exactly; None where there is none.
        slice: the best design of all with this value instead of its own; None where that is no design.
    """

    value: Value
    best: PointOutcome | None
    slice: PointOutcome | None


@dataclass(frozen=True)
class ParameterReach:
    """How far each value can get.

    Attributes:
        metric: the objective.
        point: the best of all.
        keys: key -> its values.
    """

    metric: str
    point: int
    keys: Mapping[str, tuple[ValueReach, ...]] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write ``reach.json``."""
        keys = {key: [_written(one) for one in values] for key, values in self.keys.items()}
        document = {"metric": self.metric, "best_point": self.point, "keys": keys}
        write_text(folder / REACH_JSON, json.dumps(document, indent=1) + "\n")


def read_reach(folder: Path) -> ParameterReach | None:
    """What :meth:`ParameterReach.write` left; None where a search left nothing.

    Raises:
        LauncherError: the file is damaged.
    """
    file = folder / REACH_JSON
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        keys = {str(key): tuple(map(_read, values)) for key, values in found["keys"].items()}
        return ParameterReach(str(found["metric"]), int(found["best_point"]), keys)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LauncherError(f"the file is damaged: {type(error).__name__} {error}", where=str(file)) from error


def reach_of(
    space: FiniteSpace,
    table: DesignTable,
    findings: Findings,
    settle: Callable[[BoolArray, Findings], None],
) -> ParameterReach | None:
    """How far each value of each key can get; None when nothing is good.

    Args:
        space: all points.
        table: their designs.
        findings: of a search that is complete, with one objective; what is searched now is added.
        settle: searches the chosen designs until the best of them is proved, and adds to the findings that it is given.
    """
    if not findings.front:
        return None
    best = min(int(table.number[design]) for _, design in findings.front)
    keys = dict(_keys(space, table, findings, settle, best))
    return ParameterReach(findings.goals.objectives[0], best, keys)


def _keys(
    space: FiniteSpace,
    table: DesignTable,
    findings: Findings,
    settle: Callable[[BoolArray, Findings], None],
    best: int,
) -> Iterator[tuple[str, tuple[ValueReach, ...]]]:
    points = np.flatnonzero(table.design >= 0)
    digits = digits_of(space.values, points)
    own = {key: int(digit[0]) for key, digit in digits_of(space.values, np.array([best])).items()}
    for key, values in space.values.items():
        found = []
        for place, value in enumerate(values):
            chosen = np.zeros(len(table), np.bool_)
            chosen[table.design[points[digits[key] == place]]] = True
            beside = _slice(best + (place - own[key]) * space.strides[key], table, findings, settle)
            found.append(ValueReach(value, _best(_settled(chosen, findings, settle), table), beside))
        yield key, tuple(found)


def _settled(chosen: BoolArray, findings: Findings, settle: Callable[[BoolArray, Findings], None]) -> Findings:
    own = Findings(findings.goals)
    for design, outcome in findings.searched.items():
        if chosen[design]:
            own.add(design, outcome)
    settle(chosen, own)
    findings.searched.update(own.searched)
    return own


def _best(findings: Findings, table: DesignTable) -> PointOutcome | None:
    designs = [design for _, design in findings.front]
    return findings.searched[min(designs, key=lambda one: int(table.number[one]))] if designs else None


def _slice(
    number: int, table: DesignTable, findings: Findings, settle: Callable[[BoolArray, Findings], None]
) -> PointOutcome | None:
    design = int(table.design[number])
    if design < 0:
        return None
    if design not in findings.searched:
        chosen = np.zeros(len(table), np.bool_)
        chosen[design] = True
        own = Findings(findings.goals)
        settle(chosen, own)
        findings.searched.update(own.searched)
    return findings.searched.get(design)


def _read(found: Mapping[str, Any]) -> ValueReach:
    return ValueReach(found["value"], _read_outcome(found["best"]), _read_outcome(found["slice"]))


def _read_outcome(found: Mapping[str, Any] | None) -> PointOutcome | None:
    if found is None:
        return None
    figures = {str(name): float(value) for name, value in found["figures"].items()}
    return PointOutcome(int(found["point"]), found["status"], figures, str(found["reason"]))


def _written(one: ValueReach) -> dict[str, Any]:
    return {"value": one.value, "best": _outcome(one.best), "slice": _outcome(one.slice)}


def _outcome(one: PointOutcome | None) -> dict[str, Any] | None:
    if one is None:
        return None
    figures = {name: value for name, value in one.figures.items() if not isnan(value)}
    return {"point": one.number, "status": one.status, "figures": figures, "reason": one.reason}
