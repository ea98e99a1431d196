"""What a component is made of: primitive parts, how often each stands in it, and what its actions do to them.

Every estimator starts from this. ``tables`` adds up the figures that the parts carry; ``accelergy`` writes them down as
a compound component and a table, and ``hwcomponents`` asks its models for each part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from launcher.estimation.base import ComponentEstimate
from launcher.specification.architecture import Component, ComputeLevel, Network
from launcher.specification.energy import ActionEnergy
from launcher.summing import sum_in_order

LEAK = "leak"


@dataclass(frozen=True)
class Part:
    """A primitive part of one instance of a component.

    Attributes:
        name: what it is in the component, e.g. ``address_generators``.
        primitive: its class, by the name that Accelergy's plug-ins give it where they have one.
        attributes: all that decides its figures: whole numbers, and texts such as ``32nm``.
        energy_pj: by the project's tables, per action of one such part; ``leak`` per cycle.
        area_um2: by the project's tables, of one such part.
        uses: action of the component -> actions of this part -> how many of them it takes.
        count: how many there are, for area; less than 1 where instances share one.
        notes: on figures that are not a table's own. Empty: exact.
    """

    name: str
    primitive: str
    attributes: Mapping[str, object]
    energy_pj: Mapping[str, float]
    area_um2: float
    uses: Mapping[str, Mapping[str, float]]
    count: float = 1
    notes: tuple[str, ...] = ()

    def energy_of(self, action: str) -> float:
        """pJ that an action of the component takes in this part."""
        return sum_in_order(times * self.energy_pj[own] for own, times in self.uses.get(action, {}).items())


@dataclass(frozen=True)
class Composition:
    """A component as the sum of its parts; ``actions`` are all that it has, those that cost nothing included."""

    actions: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def estimate(self) -> ComponentEstimate:
        """The sum of the figures that the parts carry."""
        energies = {
            action: sum_in_order((part.energy_of(action) for part in self.parts), 0.0) for action in self.actions
        }
        notes = dict.fromkeys((*(note for part in self.parts for note in part.notes), *self.notes))
        return ComponentEstimate(
            {action: (ActionEnergy(energy),) for action, energy in energies.items()},
            sum_in_order((part.count * part.area_um2 for part in self.parts), 0.0),
            tuple(notes),
        )


STORAGE_ACTIONS = ("read", "write", "update", LEAK)
COMPUTE_ACTIONS = ("compute", LEAK)


def storage_uses(count: float, read: str = "read", write: str = "write") -> dict[str, dict[str, float]]:
    """Each access of the component is one of the part, an update is a write, and all ``count`` parts leak."""
    return {"read": {read: 1}, "write": {write: 1}, "update": {write: 1}, LEAK: {LEAK: count}}


def whole(component: Component, own_class: str) -> Composition:
    """A component of a class that the project does not know: one part without figures, for others to estimate."""
    if isinstance(component, Network):
        actions = component.required_actions or (component.action_name,)
    else:
        standard = COMPUTE_ACTIONS if isinstance(component, ComputeLevel) else STORAGE_ACTIONS
        actions = tuple(dict.fromkeys((*standard, *component.required_actions)))
    attributes = {key: value for key, value in component.attributes.items() if isinstance(value, int | float | str)}
    part = Part("whole", own_class, attributes, {}, 0.0, {action: {action: 1} for action in actions})
    return Composition(actions, (part,))
