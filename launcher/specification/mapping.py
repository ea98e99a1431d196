"""A mapping: for each storage level what it keeps, how it tiles, and how it fans out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Loop:
    """One loop of the nest: ``for dimension in [0:bound)``. Loops of bound 1 are left out."""

    dimension: str
    bound: int


@dataclass(frozen=True)
class LevelMapping:
    """What one storage level does.

    The nest, innermost first, is ``spatial_x``, ``spatial_y``, ``temporal`` of level 0, then of level 1, and so on:
    the spatial loops of a level fan out from one of its instances to the instances of the level below.

    Attributes:
        level: the storage level's name.
        keep: data spaces stored here (all others bypass it), in the problem's order.
        spatial_x: loops unrolled along X, innermost first.
        spatial_y: loops unrolled along Y, innermost first.
        temporal: loops run in time, innermost first.
    """

    level: str
    keep: tuple[str, ...]
    spatial_x: tuple[Loop, ...] = ()
    spatial_y: tuple[Loop, ...] = ()
    temporal: tuple[Loop, ...] = ()

    @property
    def spatial(self) -> tuple[Loop, ...]:
        """The whole spatial block, X first, as Timeloop orders it."""
        return self.spatial_x + self.spatial_y

    def factor(self, dimension: str) -> int:
        """The product of all this level's loops over ``dimension``."""
        return prod(loop.bound for loop in self.spatial + self.temporal if loop.dimension == dimension)


@dataclass(frozen=True)
class Mapping:
    """A complete mapping, ``levels`` innermost first, one entry per storage level of the architecture."""

    levels: tuple[LevelMapping, ...]

    def __iter__(self) -> Iterator[LevelMapping]:
        return iter(self.levels)

    def level(self, name: str) -> LevelMapping:
        return next(level for level in self.levels if level.level == name)

    def factor(self, dimension: str) -> int:
        """The product of all loops over ``dimension``; a legal mapping has the problem's extent here."""
        return prod(level.factor(dimension) for level in self.levels)
