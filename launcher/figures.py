"""Every figure of a result and every criterion of a search, each in one place.

A record added to :data:`FIGURES` appears in the terminal, in tables, CSV and JSON, in MLflow, reports and notebooks, in
limits (``constraints``) and among the objectives of sweeps. A record added to :data:`CRITERIA` is an objective of the
mapper and of everything that ranks results. Nothing is imported here: results themselves are ranked and written by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import isfinite, nan
from typing import Literal

Kind = Literal["count", "figure", "share"]


class Shown(IntEnum):
    """Where people meet a figure: only in records, in the details of a single trial as well, or also in tables."""

    RECORDS = 0
    DETAILS = 1
    TABLES = 2


@dataclass(frozen=True)
class Figure:
    """One figure of a result.

    Attributes:
        key: the attribute of a result that holds it, and its name in JSON and CSV, with
            the unit of the exact value.
        title: what people call it.
        kind: ``count`` (a whole number), ``figure`` (so many significant digits) or ``share`` (0 to 1, as per cent).
        unit: in which people read it.
        factor: from the exact value to that unit.
        better: which way is better.
        shown: where people meet it.
        of_mapping: whether two mappings on the same hardware can differ in it.
        of_evaluation: whether the engine's evaluation of a mapping holds it, under the same name.
        metrics: its names in MLflow, limits and objectives, each with the factor from the exact value; None means
            the key alone.
        contest: whether the best trial by it is told.
        narrow: the title in two lines, for headings.
        in_time: key of the same figure in seconds; rankings use it where cycles are not equally long.
        weight: of a table's columns that do not fit, the one with the least goes first.
    """

    key: str
    title: str
    kind: Kind = "figure"
    unit: str = ""
    factor: float = 1.0
    better: Literal["less", "more"] = "less"
    shown: Shown = Shown.TABLES
    of_mapping: bool = True
    of_evaluation: bool = True
    metrics: Mapping[str, float] | None = field(default=None, hash=False)
    contest: bool = False
    narrow: str = ""
    in_time: str = ""
    weight: int = 0

    def of(self, result: object) -> float:
        """The exact value; NaN when there is none."""
        value = getattr(result, self.key)
        return nan if value is None else float(value)

    def exact(self, result: object) -> float | int | None:
        """The value as JSON has it: None when there is none."""
        value: float | int | None = getattr(result, self.key)
        return value if value is not None and isfinite(value) else None

    def in_metrics(self, metrics: Mapping[str, float]) -> float:
        """The exact value among metrics; NaN when it is not there."""
        name, factor = next(iter(self.metric_names.items()))
        return metrics.get(name, nan) / factor

    @property
    def metric_names(self) -> Mapping[str, float]:
        """Its metrics, each with the factor from the exact value; the last is in the unit that people read."""
        return self.metrics or {self.key: 1.0}

    @property
    def heading(self) -> str:
        """Title and unit below each other."""
        return self.narrow or (f"{self.title}\n{self.unit}" if self.unit else self.title)

    @property
    def title_with_unit(self) -> str:
        return f"{self.title} {self.unit}".rstrip()


FIGURES = (
    Figure(
        "energy_pj",
        "energy",
        unit="uJ",
        factor=1e-6,
        metrics={"energy_pj": 1.0, "energy_uj": 1e-6},
        contest=True,
        weight=9,
    ),
    Figure("cycles", "cycles", "count", contest=True, in_time="latency_s", weight=8),
    Figure("edp_j_cycles", "EDP", unit="J*cycles", contest=True, in_time="edp_j_s", weight=7),
    Figure("edp_j_s", "energy x time", unit="J*s", of_evaluation=False, narrow="energy\nx time\nJ*s", weight=2),
    Figure("utilization", "utilization", "share", better="more", contest=True, narrow="utili-\nzation", weight=6),
    Figure("energy_per_mac_pj", "energy per MAC", unit="pJ", shown=Shown.DETAILS),
    Figure("area_um2", "area", unit="mm2", factor=1e-6, of_mapping=False, metrics={"area_mm2": 1e-6}, weight=5),
    Figure("latency_s", "latency", unit="ms", factor=1e3, of_evaluation=False, weight=4),
    Figure("power_w", "power", unit="W", of_evaluation=False, weight=3),
    Figure(
        "throughput_ops_s",
        "throughput",
        unit="TOPS",
        factor=1e-12,
        better="more",
        of_evaluation=False,
        metrics={"throughput_tops": 1e-12},
        weight=1,
    ),
    Figure(
        "efficiency_ops_j",
        "efficiency",
        unit="TOPS/W",
        factor=1e-12,
        better="more",
        of_evaluation=False,
        metrics={"efficiency_tops_w": 1e-12},
    ),
    Figure("ed2p_j_cycles2", "ED2P", unit="J*cycles^2", shown=Shown.RECORDS, in_time="ed2p_j_s2"),
    Figure("ed2p_j_s2", "energy x time^2", unit="J*s^2", shown=Shown.RECORDS),
    Figure("seconds", "trial", unit="s", shown=Shown.RECORDS, metrics={"trial_seconds": 1.0}),
    Figure("search_seconds", "search", unit="s", shown=Shown.RECORDS),
    Figure("gap", "gap", "share", shown=Shown.RECORDS),
)
"""In the order in which they are shown."""

BY_KEY = {one.key: one for one in FIGURES}

DETAILS = tuple(one for one in FIGURES if one.shown >= Shown.DETAILS)
"""The figures that describe what a trial found."""

TABLES = tuple(one for one in FIGURES if one.shown >= Shown.TABLES)
"""The columns of tables of trials."""

FRONT = tuple(one for one in TABLES if one.of_mapping)
"""The columns of tables of one trial's mappings."""

EVALUATED = tuple(one for one in FRONT if one.of_evaluation)
"""Those of them that a bare evaluation has, which knows no cycle time."""

CONTESTS = tuple(one for one in FIGURES if one.contest)
"""The figures by each of which the best trial is told."""

METRICS = {name: (one, factor) for one in FIGURES for name, factor in one.metric_names.items()}
"""Name in MLflow, limits and objectives -> figure, and factor from its exact value."""


def metrics_of(result: object) -> dict[str, float]:
    """The metrics of a result; those that do not exist (no mapping, no area) are left out."""
    values = {name: figure.of(result) * factor for name, (figure, factor) in METRICS.items()}
    return {name: value for name, value in values.items() if isfinite(value)}


@dataclass(frozen=True)
class Criterion:
    """What a mapping can be best in: energy and cycles, each to a power, multiplied.

    Attributes:
        name: in ``mapper.objective``.
        title: what people call it.
        figure: key of the figure that holds it.
        energy: the power of the energy, 0 or 1.
        cycles: the power of the cycles.
    """

    name: str
    title: str
    figure: str
    energy: int
    cycles: int

    def of(self, result: object) -> float:
        """Its value in the unit of the figure; NaN when there is no mapping."""
        return BY_KEY[self.figure].of(result)

    @property
    def metric(self) -> str:
        """Its name in MLflow, limits and objectives."""
        return next(iter(BY_KEY[self.figure].metric_names))

    def value(self, energy_pj: float, cycles: float) -> float:
        """Its value from energy and cycles, in the search's unit (EDP in pJ x cycles)."""
        value = energy_pj if self.energy else 1.0
        for _ in range(self.cycles):
            value = value * cycles
        return value

    @property
    def scale(self) -> float:
        """From the search's unit to that of the figure, which has joules where energies are multiplied."""
        return 1e-12 if self.energy and self.cycles else 1.0


CRITERIA = {
    one.name: one
    for one in (
        Criterion("edp", "EDP", "edp_j_cycles", energy=1, cycles=1),
        Criterion("energy", "energy", "energy_pj", energy=1, cycles=0),
        Criterion("cycles", "cycles", "cycles", energy=0, cycles=1),
        Criterion("ed2p", "ED2P", "ed2p_j_cycles2", energy=1, cycles=2),
    )
}

TIE_BREAKS = ("edp", "energy", "cycles")
"""Ties of the wanted criteria are broken by these, in this order."""


def details_of(objective: Sequence[str]) -> tuple[Figure, ...]:
    """The figures that describe a trial whose mapping was chosen for ``objective``: those of its criteria as well."""
    wanted = [BY_KEY[CRITERIA[name].figure] for name in objective if name in CRITERIA]
    return tuple(dict.fromkeys((*DETAILS, *wanted)))


def in_order(objective: str | Sequence[str]) -> Iterator[Criterion]:
    """The wanted criteria, then those that break their ties.

    Raises:
        ValueError: there is no such criterion.
    """
    wanted = [objective] if isinstance(objective, str) else list(objective)
    for name in dict.fromkeys((*wanted, *TIE_BREAKS)):
        if name not in CRITERIA:
            raise ValueError(f"unknown objective {name!r}: expected one of {', '.join(CRITERIA)}")
        yield CRITERIA[name]


def criterion_named(text: object) -> str | None:
    """The criterion that a person means by ``EDP`` or ``energy_pj``; None when it is none."""
    name = str(text).strip().lower()
    metric, _ = METRICS.get(name, (None, 1.0))
    return next((one.name for one in CRITERIA.values() if name == one.name or BY_KEY[one.figure] is metric), None)


def metric_named(text: str) -> str | None:
    """The metric that a person means by ``energy``, ``EDP`` or ``area``; None when it is none.

    Of a figure with several metrics it is the exact one, as for the mapper's criterion of that name.
    """
    name = "_".join(text.strip().lower().split())
    if name in METRICS:
        return name
    if name in CRITERIA:
        return CRITERIA[name].metric
    titles = {"_".join(one.title.lower().split()): one for one in FIGURES if one.shown}
    return next(iter(titles[name].metric_names)) if name in titles else None


def metric_in_its_unit(text: str) -> str | None:
    """The metric of a limit that a person means by ``area``, in the unit that people read; None when it is none."""
    metric = metric_named(text)
    if metric is None or metric == text:
        return metric
    return metric if metric == text.lower() else list(METRICS[metric][0].metric_names)[-1]
