"""Keep-or-bypass choices that the constraints leave open."""

from __future__ import annotations

from itertools import product

from launcher.engines.native.mapper.automaton import Keep
from launcher.engines.native.mapper.mapspace import Mapspace

Pattern = tuple[bool, ...]
"""Per level, whether one data space is kept there."""


def patterns(space: Mapspace, p: int) -> list[Pattern]:
    """Every way in which the constraints let data space p be kept, at least once, in a fixed order: keeping first."""
    options = [(True, False) if level.keep[p] is None else (bool(level.keep[p]),) for level in space.levels]
    return [pattern for pattern in product(*options) if any(pattern)]


def keep_of(chosen: tuple[Pattern, ...]) -> Keep:
    """A choice for every data space, seen level by level."""
    return tuple(zip(*chosen, strict=True))
