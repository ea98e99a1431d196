"""Energy and area reference tables (Timeloop's ERT and ART)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ActionEnergy:
    """Energy of one action in pJ, under the given arguments (empty for most actions)."""

    energy_pj: float
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class EnergyTable:
    """The ERT: component name -> action name -> its energies, one per set of arguments."""

    components: Mapping[str, Mapping[str, tuple[ActionEnergy, ...]]]


@dataclass(frozen=True)
class AreaTable:
    """The ART: component name -> area of ONE instance in um^2."""

    components: Mapping[str, float]
