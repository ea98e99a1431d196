"""The numbers of a finite space's points: of all combinations in order, the last key's value changing fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from launcher.sweeping.points.interface import Point, Value

Keys = Mapping[str, Sequence[Value]]
"""Swept key -> its values, in order."""


def size_of(keys: Keys) -> int:
    """The number of points."""
    return prod(len(values) for values in keys.values())


def strides_of(keys: Keys) -> dict[str, int]:
    """How far apart in numbers two points are that differ by one place in a key."""
    strides: dict[str, int] = {}
    stride = 1
    for key in reversed(list(keys)):
        strides[key] = stride
        stride *= len(keys[key])
    return strides


def point_at(keys: Keys, number: int) -> Point:
    """The point with this number."""
    strides = strides_of(keys)
    return {key: values[number // strides[key] % len(values)] for key, values in keys.items()}
