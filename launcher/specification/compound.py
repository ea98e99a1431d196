"""Component classes that are made of others (Accelergy's compound components), as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MUST_SPECIFY = "must_specify"
"""The value of an attribute that every component of a class has to give."""


@dataclass(frozen=True)
class CompoundPart:
    """A part of a compound class.

    Attributes:
        name: without its range.
        component_class: a primitive class, or another compound one.
        count: how many there are: a number, or an expression over the compound's attributes.
        attributes: as written; texts may be expressions over the compound's attributes.
        area_scales, energy_scales: factors (numbers or expressions) on its area, and on the energy of all its actions.
    """

    name: str
    component_class: str
    count: object = 1
    attributes: Mapping[str, object] = field(default_factory=dict)
    area_scales: tuple[object, ...] = ()
    energy_scales: tuple[object, ...] = ()


@dataclass(frozen=True)
class PartAction:
    """What one action of the compound asks of a part.

    Attributes:
        part: whose action.
        action: its name there.
        count: how many of the parts act; None means all of them.
        scales: factors on the energy, numbers or expressions.
    """

    part: str
    action: str
    count: object | None = None
    scales: tuple[object, ...] = ()


@dataclass(frozen=True)
class CompoundAction:
    """An action of a compound class: what its parts do, and the largest value of every argument it may have."""

    steps: tuple[PartAction, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class CompoundClass:
    """A class of components that an input defines.

    Attributes:
        name: what components call it, as ``class`` or ``subclass``.
        attributes: their defaults as written; ``must_specify`` where there is none.
        parts, actions: by name, in the order of the file.
        place: where it stands, for messages.
    """

    name: str
    attributes: Mapping[str, object]
    parts: Mapping[str, CompoundPart]
    actions: Mapping[str, CompoundAction]
    place: str

    @property
    def computes(self) -> bool:
        """Whether it is arithmetic (it has an action of that kind) and not storage."""
        return any(name in self.actions for name in ("compute", "mac", "mac_random", "mult", "mult_random"))
