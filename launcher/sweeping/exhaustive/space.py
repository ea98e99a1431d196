"""The points of a finite space of hardware: choices of groups, and values of keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from launcher.sweeping.exhaustive.numbering import point_at, size_of, strides_of
from launcher.sweeping.points.interface import Point, Value

Choices = tuple[tuple[str, Value], ...]
"""What a point chooses of the swept groups, e.g. (("arch", "gemmini"),)."""


@dataclass(frozen=True)
class FiniteSpace:
    """All combinations of the values of some keys.

    Attributes:
        values: key -> its values, in the order in which they were given.
    """

    values: Mapping[str, Sequence[Value]]

    @property
    def size(self) -> int:
        return size_of(self.values)

    @property
    def strides(self) -> dict[str, int]:
        """How far apart two points are that differ in one key's next value."""
        return strides_of(self.values)

    def point(self, number: int) -> Point:
        """The values of one point."""
        return point_at(self.values, number)

    def split(self, number: int) -> tuple[Choices, dict[str, Value]]:
        """A point's choices of groups, and its values of keys."""
        point = self.point(number)
        groups = tuple((key, value) for key, value in point.items() if "." not in key)
        return groups, {key: value for key, value in point.items() if "." in key}

    def choices(self) -> Iterator[tuple[Choices, int]]:
        """All choices of groups, each with the first point that makes it."""
        groups = {key: values for key, values in self.values.items() if "." not in key}
        for places in product(*(range(len(values)) for values in groups.values())):
            chosen = dict(zip(groups, places, strict=True))
            first = sum(place * self.strides[key] for key, place in chosen.items())
            yield tuple((key, groups[key][place]) for key, place in chosen.items()), first
