"""What an estimator is, and what it says about one component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from launcher.specification.architecture import Component
from launcher.specification.energy import ActionEnergy


@dataclass(frozen=True)
class ComponentEstimate:
    """Figures of one instance of a component.

    Attributes:
        actions: action name -> its energies, one per set of arguments. One energy without arguments holds for
            every multicast factor.
        area_um2: area of one instance.
        notes: short remarks on figures that are not a table's own, e.g. which were interpolated. Empty: exact.
    """

    actions: Mapping[str, tuple[ActionEnergy, ...]]
    area_um2: float
    notes: tuple[str, ...] = ()


class Estimator(Protocol):
    """Something that puts energy and area on components."""

    @property
    def name(self) -> str:
        """What a configuration calls it, e.g. ``tables``."""

    @property
    def version(self) -> str:
        """Version of its figures and rules."""

    def __call__(self, component: Component) -> ComponentEstimate:
        """Estimate one component.

        Args:
            component: attributes of the architecture (``technology``, ``global_cycle_seconds``) included.

        Raises:
            EstimationError: there is no figure for it; says what would be accepted.
        """


def flat_actions(**energies_pj: float) -> dict[str, tuple[ActionEnergy, ...]]:
    """Actions that need no arguments."""
    return {action: (ActionEnergy(energy),) for action, energy in energies_pj.items()}


def storage_actions(read_pj: float, write_pj: float, leak_pj: float) -> dict[str, tuple[ActionEnergy, ...]]:
    """The actions of a storage level; an update is a write. ``leak_pj`` is per cycle and instance."""
    return flat_actions(read=read_pj, write=write_pj, update=write_pj, leak=leak_pj)
