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


@dataclass(frozen=True)
class AssumedEnergy:
    """A component, or an action of one, that nobody gave an energy: what was taken in its place.

    Attributes:
        component, component_class: whose; the class with the subclass, where there is one.
        attributes: of the component, as far as an estimator could use them.
        actions: the actions concerned.
        reason: why there is no figure.
        taken: what was taken, e.g. ``0 pJ`` or ``a DRAM of type LPDDR4``.
        unknown: whether the figure is none at all (0), and not a default that one could believe.
    """

    component: str
    component_class: str
    attributes: Mapping[str, object]
    actions: tuple[str, ...]
    reason: str
    taken: str
    unknown: bool

    def __str__(self) -> str:
        shown = ", ".join(f"{key}={value}" for key, value in sorted(self.attributes.items())) or "no attributes"
        kind = "energy unknown" if self.unknown else "energy assumed"
        return (
            f"{kind}: {self.component} (class {self.component_class}; {shown}): {self.reason}; "
            f"taken: {self.taken} for {', '.join(self.actions)}; to give one: --energy {self.component}."
            f"{self.actions[0]}=PJ, an ERT, or a table (--tables FOLDER)"
        )
