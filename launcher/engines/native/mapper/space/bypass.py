"""Keep-or-bypass choices that the constraints leave open, and the boundaries that words cross under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from launcher.engines.native.mapper.space.mapspace import SearchSpace

Keep = tuple[tuple[bool, ...], ...]
"""Per level and data space, whether it is kept."""


Pattern = tuple[bool, ...]
"""Per level, whether one data space is kept there."""


@dataclass(frozen=True)
class Boundary:
    """Data space ``space`` is kept at levels ``inner`` (-1: used by compute units) and ``outer``, nowhere between."""

    space: int
    inner: int
    outer: int


def patterns(space: SearchSpace, p: int) -> list[Pattern]:
    """Every way in which the constraints let data space p be kept, at least once, in a fixed order: keeping first."""
    options = [(True, False) if level.keep[p] is None else (bool(level.keep[p]),) for level in space.levels]
    return [pattern for pattern in product(*options) if any(pattern)]


def keep_of(chosen: tuple[Pattern, ...]) -> Keep:
    """A choice for every data space, seen level by level."""
    return tuple(zip(*chosen, strict=True))


def boundaries_of(p: int, pattern: Sequence[bool], *, from_compute: bool) -> list[Boundary]:
    """Boundaries of one data space, from the inside.

    Args:
        p: the data space.
        pattern: whether each level keeps it.
        from_compute: whether the compute units count as a level.
    """
    kept = [index for index, keep in enumerate(pattern) if keep]
    return [Boundary(p, inner, outer) for inner, outer in pairwise([-1, *kept] if from_compute else kept)]
