"""From the technologies of a table to any other one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

LEAKAGE_BELOW_TABLE = 0.79


@dataclass(frozen=True)
class Share:
    """How much the figures at one technology of the table count."""

    technology_nm: float
    energy: float
    leakage: float
    area: float


@dataclass(frozen=True)
class TechnologyPlan:
    """Figures at a technology as a weighted sum over technologies of the table; ``note`` is empty when exact."""

    shares: tuple[Share, ...]
    note: str = ""


def plan_technology(technology_nm: float, available_nm: Sequence[float]) -> TechnologyPlan:
    """Scale or interpolate to a technology.

    Between two technologies of the table: linear in nm. Below the smallest one, by r = technology / smallest:
    energies x sqrt(r), leakage x 0.79 sqrt(r), area x r. Above the largest one: everything x r^2. These are the
    rules that go with the CACTI figures.

    Args:
        technology_nm: what is asked for.
        available_nm: the table's technologies, at least one, in any order.
    """
    known = sorted(available_nm)
    if technology_nm in known:
        return TechnologyPlan((Share(technology_nm, 1.0, 1.0, 1.0),))
    if technology_nm < known[0]:
        ratio = technology_nm / known[0]
        share = Share(known[0], sqrt(ratio), LEAKAGE_BELOW_TABLE * sqrt(ratio), ratio)
        return TechnologyPlan((share,), f"scaled from {known[0]:g} to {technology_nm:g} nm")
    if technology_nm > known[-1]:
        square = (technology_nm / known[-1]) ** 2
        share = Share(known[-1], square, square, square)
        return TechnologyPlan((share,), f"scaled from {known[-1]:g} to {technology_nm:g} nm")
    low, high = next((a, b) for a, b in pairwise(known) if a < technology_nm < b)
    weight = (technology_nm - low) / (high - low)
    shares = (Share(low, 1 - weight, 1 - weight, 1 - weight), Share(high, weight, weight, weight))
    return TechnologyPlan(shares, f"interpolated linearly between {low:g} and {high:g} nm")
