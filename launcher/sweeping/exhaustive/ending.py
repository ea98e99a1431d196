"""What an exhaustive search leaves: the table of all points, the certificate, the designs that were searched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from launcher.engines.native.arrays import IntArray
from launcher.results.files import CERTIFICATE_JSON, STUDY_HTML
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.exhaustive.certificate import COMPLETE, STOPPED
from launcher.sweeping.exhaustive.designs import DesignTable
from launcher.sweeping.exhaustive.findings import BOUND, NO_MAPPING_REASON, Findings
from launcher.sweeping.exhaustive.ledger import PointOutcome
from launcher.sweeping.exhaustive.plan import ExhaustivePlan
from launcher.sweeping.exhaustive.reach import REACH_JSON, ParameterReach
from launcher.sweeping.exhaustive.table import POINTS_PARQUET, STATUSES, PointTable
from launcher.whole_files import write_text

_STATUS = {word: np.uint8(place) for place, word in enumerate(STATUSES)}


@dataclass(frozen=True)
class Ending:
    """A search that ended, or was ended.

    Attributes:
        plan: what was asked.
        table: the designs.
        findings: what was found.
        wanted: metrics of designs that were searched.
        open_designs: designs that are not settled.
        least_open_loss: no open design has less of the first objective's loss; None when none is open.
        reach: how far each value of each key can get, where that was asked for.
    """

    plan: ExhaustivePlan
    table: DesignTable
    findings: Findings
    wanted: Sequence[str]
    open_designs: IntArray
    least_open_loss: float | None
    reach: ParameterReach | None = None

    @property
    def complete(self) -> bool:
        return not len(self.open_designs) and not self.failures

    @property
    def failures(self) -> list[PointOutcome]:
        """Searches that failed, so that their points are still open."""
        return [one for one in self.findings.searched.values() if one.status == "failed"]

    def points(self) -> PointTable:
        """A row for each point; those that are the same design have the same figures."""
        status, figures, bounds, reason, box, reasons = self._of_designs()
        design, failed = self.table.design, self.table.failure >= 0
        names = list(reasons)
        place = np.where(failed, self.table.failure + len(names), np.append(reason, -1)[design]).astype(np.int32)
        return PointTable(
            keys=self.plan.space.values,
            status=np.where(failed, _STATUS["failed"], np.append(status, 0)[design]).astype(np.uint8),
            figures={name: np.append(values, np.nan)[design] for name, values in figures.items()},
            bounds={name: np.append(values, np.nan)[design] for name, values in bounds.items()},
            reasons=[*names, *self.table.reasons],
            reason=place,
            box=np.append(box, -1)[design].astype(np.int32),
        )

    def _of_designs(self) -> tuple[Any, dict[str, Any], dict[str, Any], Any, Any, dict[str, int]]:
        count = len(self.table)
        status = np.full(count, _STATUS["open"])
        figures = {name: np.full(count, np.nan) for name in self.wanted}
        if "area_mm2" in figures:
            figures["area_mm2"] = self.table.area_um2 * 1e-6
        bounds = {name: np.full(count, np.nan) for name in self.plan.goals.objectives}
        reason, box = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
        reasons: dict[str, int] = {}
        for number, one in enumerate(self.findings.excluded):
            status[one.members] = _STATUS[_status_of(one.reason)]
            box[one.members] = number
            if one.reason != BOUND:
                reason[one.members] = reasons.setdefault(_told(one.reason), len(reasons))
            for own, loss, sign in zip(bounds.values(), one.losses, self._signs, strict=True):
                own[one.members] = sign * loss if isfinite(loss) else np.nan
        for design, outcome in self.findings.searched.items():
            status[design] = _STATUS["open" if outcome.status == "failed" else outcome.status]
            for name, value in outcome.figures.items():
                figures[name][design] = value
            if outcome.reason:
                reason[design] = reasons.setdefault(outcome.reason, len(reasons))
        return status, figures, bounds, reason, box, reasons

    @property
    def _signs(self) -> list[float]:
        return [1.0 if way == "minimize" else -1.0 for way in self.plan.goals.directions]

    def rows(self) -> list[TrialRow]:
        """The designs that were searched, in the order of their numbers."""
        return sorted((self._row(outcome.number, outcome) for outcome in self.findings.searched.values()), key=_number)

    def _row(self, number: int, outcome: PointOutcome) -> TrialRow:
        ok = outcome.status == "searched"
        broken = self.plan.goals.broken(outcome.figures) if ok else ()
        return TrialRow(
            number=number,
            state="ok" if ok else outcome.status,
            point=self.plan.space.point(number),
            metrics=dict(outcome.figures),
            reason=outcome.reason,
            broken=tuple(map(str, broken)),
            remark="; ".join(one.told(outcome.figures) for one in broken),
        )

    def counts(self) -> dict[str, int]:
        """Points by status."""
        found = np.bincount(self.points().status, minlength=len(STATUSES))
        return {word: int(found[place]) for place, word in enumerate(STATUSES)}

    def write(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Write ``points.parquet`` and ``certificate.json``."""
        self.points().write(folder / POINTS_PARQUET)
        for name in (REACH_JSON, STUDY_HTML):  # of an earlier search in the same folder
            (folder / name).unlink(missing_ok=True)
        if self.reach is not None:
            self.reach.write(folder)
        digest = hashlib.sha256((folder / POINTS_PARQUET).read_bytes()).hexdigest()
        write_text(folder / CERTIFICATE_JSON, json.dumps(self._certificate(identity, digest), indent=1) + "\n")

    def _certificate(self, identity: Mapping[str, Any], digest: str) -> dict[str, Any]:
        goals, front = self.plan.goals, sorted(self.findings.front)
        return {
            "claim": COMPLETE if self.complete else STOPPED,
            "identity": dict(identity),
            "objectives": dict(zip(goals.objectives, goals.directions, strict=True)),
            "limits": [str(one) for one in goals.constraints],
            "points": self.plan.space.size,
            "points_sha256": digest,
            "best": [{"point": int(self.table.number[design]), "losses": list(losses)} for losses, design in front],
            "boxes": [
                {"reason": one.reason, "designs": len(one.members), "losses": [_finite(loss) for loss in one.losses]}
                for one in self.findings.excluded
            ],
        }


def _number(row: TrialRow) -> int:
    return row.number


def _status_of(reason: str) -> str:
    return {BOUND: "excluded", NO_MAPPING_REASON: "infeasible"}.get(reason, "limit")


def _told(reason: str) -> str:
    if reason == NO_MAPPING_REASON:
        return "no mapping exists even with the most favourable values of its box"
    return f"breaks {reason}"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
