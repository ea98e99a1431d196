"""A mapping: for each storage level what it keeps, how it tiles, and how it fans out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from launcher.specification.problem import Problem


@dataclass(frozen=True)
class Loop:
    """One loop of the nest: ``for dimension in [0:bound)``. Loops of bound 1 are left out.

    ``residual`` is the bound in the last iteration of all loops around it over the same dimension, where that is
    smaller (imperfect factorization, which only Timeloop's own engine has); None means ``bound``.
    """

    dimension: str
    bound: int
    residual: int | None = None

    @property
    def is_perfect(self) -> bool:
        return self.residual in (None, self.bound)

    @property
    def range(self) -> str:
        """``0:16``, or ``0:16,4`` when the last iteration has a bound of its own, as Timeloop writes it."""
        return f"0:{self.bound}" if self.is_perfect else f"0:{self.bound},{self.residual}"

    def __str__(self) -> str:
        """A factor as Timeloop reads it: ``D16``, or ``D16,4``."""
        return f"{self.dimension}{self.bound}" if self.is_perfect else f"{self.dimension}{self.bound},{self.residual}"


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

    @property
    def is_perfect(self) -> bool:
        """Whether every factor divides what it is a factor of."""
        return all(loop.is_perfect for level in self.levels for loop in level.spatial + level.temporal)

    def factor(self, dimension: str) -> int:
        """The product of all loops over ``dimension``; a legal perfect mapping has the problem's extent here."""
        return prod(level.factor(dimension) for level in self.levels)

    def tile_extents(self, index: int, problem: Problem) -> dict[str, int]:
        """Extent of every dimension in the tile of one instance of level ``index``.

        Imperfect factors multiply up to more than there is; the tile ends where the problem does.
        """
        inner = self.levels[: index + 1]
        return {
            name: min(extent, prod(one.factor(name) for one in inner)) for name, extent in problem.dimensions.items()
        }

    def extent(self, dimension: str) -> int:
        """How far all loops over ``dimension`` reach; a legal mapping reaches the problem's extent.

        With bounds P and residuals R from the outermost loop inwards, that is
        ``(((R3-1) P2 + R2-1) P1 + R1-1) P0 + R0``.
        """
        last = 0
        for level in reversed(self.levels):
            for loop in reversed(level.spatial + level.temporal):
                if loop.dimension == dimension:
                    last = last * loop.bound + (loop.bound if loop.residual is None else loop.residual) - 1
        return last + 1
