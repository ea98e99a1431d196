"""A mapping: for each storage level what it keeps, how it tiles, and how it fans out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from launcher.specification.digits import Digits
from launcher.specification.problem import Problem


@dataclass(frozen=True)
class Loop:
    """One loop of the nest: ``for dimension in [0:bound)``. Loops of bound 1 are left out.

    ``residual`` is the bound in the last iteration of all loops around it over the same dimension, where that is
    smaller (an imperfect factor); None means ``bound``. It follows from the bounds (see :func:`with_residuals`).
    """

    dimension: str
    bound: int
    residual: int | None = None

    @property
    def is_perfect(self) -> bool:
        return self.residual in (None, self.bound)

    @property
    def last(self) -> int:
        """The bound in the last iteration of all loops around it over the same dimension."""
        return self.bound if self.residual is None else self.residual

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

    def loops_over(self, dimension: str) -> tuple[tuple[str, Loop], ...]:
        """Level and loop of all loops over ``dimension``, innermost first."""
        return tuple(
            (level.level, loop)
            for level in self.levels
            for loop in level.spatial + level.temporal
            if loop.dimension == dimension
        )

    def digits(self, dimension: str, problem: Problem) -> Digits:
        """The loops over ``dimension``, innermost first, as digits of its index."""
        return Digits(problem.dimensions[dimension], tuple(loop.bound for _, loop in self.loops_over(dimension)))

    def iterations(self, problem: Problem) -> int:
        """Steps in time of the whole nest, i.e. cycles without any stall."""
        if self.is_perfect:
            return prod(loop.bound for level in self.levels for loop in level.temporal)
        return prod(self.digits(name, problem).distinct(self._in_time(name)) for name in problem.dimensions)

    def _in_time(self, dimension: str) -> frozenset[int]:
        """Places of the temporal loops among the loops over ``dimension``."""
        flags: list[bool] = []
        for level in self.levels:
            flags += [False for loop in level.spatial if loop.dimension == dimension]
            flags += [True for loop in level.temporal if loop.dimension == dimension]
        return frozenset(place for place, flag in enumerate(flags) if flag)

    def extent(self, dimension: str) -> int:
        """How far all loops over ``dimension`` reach; a legal mapping reaches the problem's extent.

        With bounds P and residuals R from the outermost loop inwards, that is
        ``(((R3-1) P2 + R2-1) P1 + R1-1) P0 + R0``.
        """
        last = 0
        for _, loop in reversed(self.loops_over(dimension)):
            last = last * loop.bound + loop.last - 1
        return last + 1


@dataclass(frozen=True)
class FactorMistake:
    """What is wrong with the factors of one dimension.

    Attributes:
        what: in a sentence.
        dimension: whose factors they are.
        expected: what would be right.
    """

    what: str
    dimension: str
    expected: str


def with_residuals(mapping: Mapping, problem: Problem) -> Mapping:
    """The mapping with the residuals that follow from its bounds; those that it has are not looked at.

    The residual of a loop is 1 + its digit of the largest index, with the bounds of all loops over the dimension as
    mixed radix. Where it equals the bound, it is None. Factors that do not fit the extent stay as they are;
    :func:`find_factor_mistake` finds them.
    """
    left: dict[str, list[int | None]] = {}
    for name in problem.dimensions:
        digits = mapping.digits(name, problem)
        if all(end >= 1 for end in digits.ends):
            pairs = zip(digits.ends, digits.residuals, strict=True)
            left[name] = [None if residual == end else residual for end, residual in pairs]

    def following(loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
        return tuple(
            replace(loop, residual=left[loop.dimension].pop(0)) if loop.dimension in left else loop for loop in loops
        )

    levels = []
    for level in mapping.levels:
        x, y, temporal = (following(loops) for loops in (level.spatial_x, level.spatial_y, level.temporal))
        levels.append(replace(level, spatial_x=x, spatial_y=y, temporal=temporal))
    return Mapping(tuple(levels))


def find_factor_mistake(mapping: Mapping, problem: Problem, *, may_exceed: bool = False) -> FactorMistake | None:
    """The first dimension whose factors do not make up its extent, or whose residuals do not follow from them.

    All bounds together must reach the extent, and each must be at most what the loops inside leave. With
    ``may_exceed`` a bound may be larger than that, as Timeloop allows it.
    """
    found = (_mistake(mapping, problem, name, may_exceed) for name in problem.dimensions)
    return next((mistake for mistake in found if mistake is not None), None)


def _mistake(mapping: Mapping, problem: Problem, name: str, may_exceed: bool) -> FactorMistake | None:
    digits, loops = mapping.digits(name, problem), mapping.loops_over(name)
    product, extent, left = prod(digits.ends), digits.extent, digits.remainders
    if product == extent and all(loop.is_perfect for _, loop in loops):
        return None
    whole = f"the factors of dimension {name!r} multiply to {product}, but its extent is {extent}"
    if left[-1] > 1:
        return FactorMistake(f"{whole}: {left[-1]} remains", name, f"a product of {extent}, or more with residuals")
    for (level, loop), remains in zip(loops, left, strict=False):
        if loop.bound > remains and not may_exceed:
            what = f"{whole}: only {remains} remains for {name}={loop.bound} at level {level!r}"
            return FactorMistake(what, name, f"a factor of at most {remains} there")
    for (level, loop), residual in zip(loops, digits.residuals, strict=True):
        if loop.last != residual:
            return _wrong_residual(level, loop, residual, extent)
    return None


def _wrong_residual(level: str, loop: Loop, residual: int, extent: int) -> FactorMistake:
    given, right = (
        f"{loop.dimension}={loop.bound}" + ("" if last == loop.bound else f",{last}") for last in (loop.last, residual)
    )
    what = f"the residual of {given} at level {level!r} does not follow from the factors: expected {right}"
    return FactorMistake(what, loop.dimension, f"{right}, or factors whose product is exactly {extent}")
