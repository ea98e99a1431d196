"""What a sweep is after: objectives with directions, and constraints, on a trial's metrics."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan, nextafter
from typing import Any

from launcher.errors import ConfigurationError
from launcher.figures import CRITERIA, METRICS, metric_in_its_unit, metric_named

_OPEN = ("energy_share.", "layer.")
"""Metrics whose names depend on the architecture or the layers."""

_DIRECTIONS = {"min": "minimize", "minimise": "minimize", "max": "maximize", "maximise": "maximize"}
_DIRECTIONS |= {way: way for way in _DIRECTIONS.values()}

_CONSTRAINT = re.compile(r"\s*(?P<metric>\S.*?)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>[-+.\d][-+.\deE]*)\s*")


@dataclass(frozen=True)
class Constraint:
    """A limit on a metric.

    Attributes:
        metric: its name.
        sign: ``<=``, ``>=``, ``<`` or ``>``.
        bound: the limit.
    """

    metric: str
    sign: str
    bound: float

    def violation(self, metrics: Mapping[str, float]) -> float:
        """How far the limit is missed; 0 or less when it is kept, infinite when nobody knows."""
        if self.metric not in metrics:
            return inf
        excess = metrics[self.metric] - self.bound
        excess = excess if self.sign.startswith("<") else -excess
        strict = len(self.sign) == 1
        return nextafter(0.0, 1.0) if strict and excess == 0 else excess

    def told(self, metrics: Mapping[str, float]) -> str:
        """How the limit is broken: ``area_mm2 is 5.12, wanted <= 4``."""
        value = f"{metrics[self.metric]:.4g}" if self.metric in metrics else "unknown"
        return f"{self.metric} is {value}, wanted {self.sign} {self.bound:g}"

    def __str__(self) -> str:
        return f"{self.metric} {self.sign} {limit_text(self.bound)}"


def limit_text(bound: float) -> str:
    """A limit's number as people write it, and so that it is read back exactly."""
    short = f"{bound:g}"
    return short if float(short) == bound else repr(float(bound))


@dataclass(frozen=True)
class Goals:
    """What a sweep is after.

    Attributes:
        objectives: metrics to optimise.
        directions: ``minimize`` or ``maximize`` for each.
        constraints: limits that a trial must keep to count as good.
        criteria: of a grid without objectives of its own: what its mappings are chosen for, which then also says, in
            this order, which trial is best.
        listed: whether the points are listed beforehand, as a grid's are: each of them counts, and all are shown.
    """

    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    constraints: tuple[Constraint, ...] = ()
    criteria: tuple[str, ...] = ()
    listed: bool = False

    @property
    def several(self) -> bool:
        """Whether there are trade-offs, and a front of them, rather than one best trial."""
        return len(self.objectives) > 1

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that a trial must have."""
        return tuple(dict.fromkeys((*self.objectives, *(one.metric for one in self.constraints))))

    def missing(self, metrics: Mapping[str, float]) -> str | None:
        """The first metric that a trial lacks, or has no finite value of; a grid's may lack those of its limits."""
        names = self.objectives if self.listed else self.metrics
        return next((name for name in names if not isfinite(metrics.get(name, nan))), None)

    def broken(self, metrics: Mapping[str, float]) -> tuple[Constraint, ...]:
        """The limits that these metrics do not keep."""
        return tuple(one for one in self.constraints if one.violation(metrics) > 0)

    def values(self, metrics: Mapping[str, float]) -> list[float]:
        """The objectives' values."""
        return [metrics[name] for name in self.objectives]

    def losses(self, metrics: Mapping[str, float]) -> list[float]:
        """The objectives' values, all to be minimised."""
        pairs = zip(self.values(metrics), self.directions, strict=True)
        return [value if direction == "minimize" else -value for value, direction in pairs]

    @property
    def recorded(self) -> dict[str, Any]:
        """As sweeps write it down for those who read them; :func:`goals_of_record` reads it."""
        return {
            "objectives": dict(zip(self.objectives, self.directions, strict=True)),
            "limits": [str(one) for one in self.constraints],
            "criteria": [*self.criteria],
            "listed": self.listed,
        }

    def __str__(self) -> str:
        goals = (f"{way} {name}" for name, way in zip(self.objectives, self.directions, strict=True))
        limits = f" with {', '.join(map(str, self.constraints))}" if self.constraints else ""
        return ", ".join(goals) + limits


def grid_goals(criteria: Sequence[str], constraints: Sequence[str]) -> Goals:
    """What a grid is after: what its mappings are chosen for.

    Raises:
        ConfigurationError: something is no constraint.
    """
    objective = CRITERIA[criteria[0]].metric
    return replace(parse_goals([objective], None, constraints), criteria=tuple(criteria), listed=True)


def goals_of_record(record: object) -> Goals | None:
    """What a sweep wrote down of its goals; None where it wrote nothing of them, or nothing that can be read."""
    if not isinstance(record, Mapping):
        return None
    try:
        objectives = {str(name): str(way) for name, way in record["objectives"].items()}
        found = parse_goals([*objectives], [*objectives.values()], [str(one) for one in record["limits"]])
        criteria = tuple(str(one) for one in record["criteria"])
    except (ConfigurationError, KeyError, TypeError, AttributeError):
        return None
    known = criteria if set(criteria) <= CRITERIA.keys() else ()
    return replace(found, criteria=known, listed=bool(record.get("listed")))


def parse_goals(
    objectives: Sequence[str] | None, directions: Sequence[str] | None = None, constraints: Sequence[str] = ()
) -> Goals:
    """Check and complete what ``conf/sweep`` says; without objectives it is EDP.

    Raises:
        ConfigurationError: an unknown metric or direction, or something that is no constraint.
    """
    objectives = (CRITERIA["edp"].metric,) if objectives is None else objectives
    written, objectives = objectives, [metric_named(name) or name for name in objectives]
    if not objectives or len(set(objectives)) < len(objectives):
        raise ConfigurationError(
            f"sweep.objectives={_listed(written)} {'names one twice' if objectives else 'is empty'}",
            expected="one or several metrics, each once",
            hint=f"'sweep.objectives={_listed(tuple(dict.fromkeys(written)) or ('edp',))}'",
        )
    for name in objectives:
        _check_metric(name, f"sweep.objectives={_listed(written)}")
    directions = directions if directions is None else [_DIRECTIONS.get(one.lower(), one) for one in directions]
    if directions is None:
        directions = [direction_of(name) for name in objectives]
    if len(directions) != len(objectives) or not set(directions) <= {"minimize", "maximize"}:
        raise ConfigurationError(
            f"sweep.directions={_listed(directions)} does not suit sweep.objectives={_listed(written)}",
            expected=f"minimize or maximize, {len(objectives)} of them",
        )
    return Goals(tuple(objectives), tuple(directions), tuple(_constraint(text) for text in constraints))


def direction_of(metric: str) -> str:
    """Which way a metric is better, unless somebody wants it otherwise."""
    return "maximize" if metric in METRICS and METRICS[metric][0].better == "more" else "minimize"


def _constraint(text: str) -> Constraint:
    match = _CONSTRAINT.fullmatch(text)
    try:
        bound = float(match["bound"]) if match else float("nan")
    except ValueError:
        bound = float("nan")
    if match is None or not isfinite(bound):
        raise ConfigurationError(
            f"sweep.constraints: {text!r} is no constraint",
            expected="a metric, one of <= >= < >, and a number",
            hint="'sweep.constraints=[\"area_mm2 <= 4\"]'",
        )
    meant = metric_in_its_unit(match["metric"])
    if meant is not None and meant != match["metric"]:
        raise ConfigurationError(
            f"sweep.constraints: {text!r} does not have a metric's whole name",
            hint=f"did you mean {meant} {match['sign']} {match['bound']}?",
        )
    _check_metric(match["metric"], f"sweep.constraints: {text!r}")
    return Constraint(match["metric"], match["sign"], bound)


def _check_metric(name: str, where: str) -> None:
    if name in METRICS or name.startswith(_OPEN):
        return
    close = difflib.get_close_matches(name.lower(), METRICS, 1, cutoff=0.5)
    raise ConfigurationError(
        f"{name} is no metric of a trial",
        where=where,
        expected=f"one of {', '.join(METRICS)}, energy_share.LEVEL, layer.LAYER.METRIC",
        hint=f"did you mean {close[0]}?" if close else None,
    )


def _listed(names: Sequence[str]) -> str:
    return f"[{','.join(names)}]"
