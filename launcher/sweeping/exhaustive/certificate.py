"""``certificate.json``: what an exhaustive search claims, and what that rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from launcher.errors import LauncherError
from launcher.results.files import CERTIFICATE_JSON
from launcher.results.goals import Goals, parse_goals

COMPLETE = "every point of the space was searched, or is excluded by the bound or limit of its box"
STOPPED = "the search was stopped: points whose status is open may be better"
"""The two claims that there are."""


@dataclass(frozen=True)
class ClaimedBest:
    """A design that nothing beats.

    Attributes:
        point: number of the first point that is this design.
        losses: its objectives' values, all to be minimised.
    """

    point: int
    losses: tuple[float, ...]


@dataclass(frozen=True)
class ClaimedBox:
    """Designs that were excluded together.

    Attributes:
        reason: ``bound``, ``no mapping``, or the limit that none of them keeps.
        designs: how many there are; several points may be the same one.
        losses: lower bounds of the objectives' losses; NaN where there is none.
    """

    reason: str
    designs: int
    losses: tuple[float, ...]


@dataclass(frozen=True)
class Certificate:
    """What was claimed.

    Attributes:
        claim: in words.
        identity: what makes outcomes comparable.
        goals: what is best.
        points: of the space.
        points_sha256: digest of the table of all points.
        best: the front.
        boxes: in the order in which the table numbers them.
    """

    claim: str
    identity: Mapping[str, Any]
    goals: Goals
    points: int
    points_sha256: str
    best: tuple[ClaimedBest, ...]
    boxes: tuple[ClaimedBox, ...]


def read_certificate(folder: Path) -> Certificate:
    """The certificate in a study's folder.

    Raises:
        LauncherError: there is none yet, or it is damaged.
    """
    file = folder / CERTIFICATE_JSON
    if not file.is_file():
        raise LauncherError(
            f"the study has no {CERTIFICATE_JSON}",
            where=str(folder),
            expected="the folder of a study that ended, or was stopped with Ctrl-C",
            hint="the study's own command goes on with it",
        )
    try:
        return _certificate(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LauncherError(f"the certificate is damaged: {type(error).__name__} {error}", where=str(file)) from error
    except LauncherError as error:
        raise LauncherError(f"the certificate is damaged: {error.what}", where=str(file)) from error


def _certificate(found: Mapping[str, Any]) -> Certificate:
    objectives = {str(name): str(way) for name, way in found["objectives"].items()}
    limits = [str(one) for one in found["limits"]]
    best = tuple(ClaimedBest(int(one["point"]), tuple(map(float, one["losses"]))) for one in found["best"])
    boxes = tuple(
        ClaimedBox(str(one["reason"]), int(one["designs"]), tuple(map(_loss, one["losses"]))) for one in found["boxes"]
    )
    if {len(losses) for losses in (*(one.losses for one in best), *(one.losses for one in boxes))} - {len(objectives)}:
        raise ValueError("not as many losses as objectives")
    return Certificate(
        claim=str(found["claim"]),
        identity=dict(found["identity"]),
        goals=parse_goals([*objectives], [*objectives.values()], limits),
        points=int(found["points"]),
        points_sha256=str(found["points_sha256"]),
        best=best,
        boxes=boxes,
    )


def _loss(value: float | None) -> float:
    return nan if value is None else float(value)
