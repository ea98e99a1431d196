"""What is known of the least energy and cycles of something, seen from the directions it was asked for.

A direction weighs energy against cycles: ``least(a, b) = min(a * energy + b * cycles)``. Seen as a function of the
direction it is concave, so between two directions it is at least the mixture of what it is there, and a point found for
one of them is a candidate for all. Energy to a power times cycles to a power is quasi-concave: its minimum over all
sums of points lies at a corner of their convex hull, and every corner is the answer for some direction. So an EDP over
many layers is minimised exactly by asking each layer for directions only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

EXACT = 1e-9
"""Relative difference up to which a bound counts as reached."""


@dataclass(frozen=True)
class Direction:
    """Weights of energy (per pJ) and cycles, not both 0."""

    energy: float
    cycles: float

    def value(self, energy_pj: float, cycles: float) -> float:
        return self.energy * energy_pj + self.cycles * cycles

    @property
    def price(self) -> float:
        """The share of cycles in the weights: 0 for energy alone, 1 for cycles alone; orders directions."""
        return self.cycles / (self.energy + self.cycles)


ENERGY, CYCLES = Direction(1.0, 0.0), Direction(0.0, 1.0)


class Point(Protocol):
    """Something with both figures."""

    @property
    def energy_pj(self) -> float: ...

    @property
    def cycles(self) -> int: ...


P = TypeVar("P", bound=Point)


@dataclass
class Supports(Generic[P]):
    """Lower bounds by direction, and points found.

    Attributes:
        bounds: direction -> value that no point is below.
        points: found, each of them possible.
    """

    bounds: dict[Direction, float] = field(default_factory=dict)
    points: list[P] = field(default_factory=list)
    _lower: dict[Direction, float] = field(default_factory=dict, repr=False)

    def learn(self, direction: Direction, bound: float) -> None:
        """No point has a smaller value in this direction."""
        if bound > self.bounds.get(direction, 0.0):
            self._lower.clear()
        self.bounds[direction] = max(bound, self.bounds.get(direction, 0.0))

    def lower(self, direction: Direction) -> float:
        """A value that no point is below in this direction."""
        if direction not in self._lower:
            self._lower[direction] = self._mixture(direction)
        return self._lower[direction]

    def _mixture(self, direction: Direction) -> float:
        """The best that is known of this direction and those on both sides of it."""
        known = {ENERGY: 0.0, CYCLES: 0.0, **self.bounds}
        best = known.get(direction, 0.0)
        before = [one for one in known if one.price < direction.price]
        behind = [one for one in known if one.price > direction.price]
        if before and behind:
            for first in before:
                for second in behind:
                    best = max(best, _mixed(direction, first, second, known[first], known[second]))
        return best

    def best(self, direction: Direction) -> P | None:
        """The best point known in this direction; of equal ones the one with the smaller product."""
        return min(
            self.points,
            key=lambda one: (direction.value(one.energy_pj, one.cycles), one.energy_pj * one.cycles),
            default=None,
        )

    def settled(self, direction: Direction) -> P | None:
        """The best point of all in this direction, if it is known that no other one is better."""
        best = self.best(direction)
        if best is None:
            return None
        reached = direction.value(best.energy_pj, best.cycles) * (1 - EXACT) <= self.lower(direction)
        return best if reached else None


def _mixed(direction: Direction, first: Direction, second: Direction, low: float, high: float) -> float:
    """What bounds in two directions say of one between them."""
    determinant = first.energy * second.cycles - second.energy * first.cycles
    share = (direction.energy * second.cycles - second.energy * direction.cycles) / determinant
    rest = (first.energy * direction.cycles - direction.energy * first.cycles) / determinant
    return max(0.0, share) * low + max(0.0, rest) * high
