"""A nest as loops with digits: which loop is which digit of its dimension's index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from launcher.engines.native.lowering import Nest
from launcher.specification.digits import Digits
from launcher.specification.problem import Problem


@dataclass(frozen=True)
class DigitLoop:
    """One loop of the nest.

    Attributes:
        level: its level, 0 for the innermost.
        dimension: its number.
        digit: its place among the loops over the dimension, 0 for the innermost.
        end: its bound, at least 2.
        spatial: whether it fans out.
    """

    level: int
    dimension: int
    digit: int
    end: int
    spatial: bool


@dataclass(frozen=True)
class DigitNest:
    """All loops of a mapping.

    Attributes:
        loops: innermost first.
        digits: per dimension.
    """

    loops: tuple[DigitLoop, ...]
    digits: tuple[Digits, ...]

    def in_time(self, level: int) -> tuple[DigitLoop, ...]:
        """Temporal loops outside a level (-1: the compute units), innermost first."""
        return tuple(loop for loop in self.loops if loop.level > level and not loop.spatial)

    def fan_outs(self, level: int) -> tuple[DigitLoop, ...]:
        """Fan-outs outside a level, innermost first."""
        return tuple(loop for loop in self.loops if loop.level > level and loop.spatial)


def digit_nest(problem: Problem, nest: Nest) -> DigitNest:
    """The loops of a nest with their digits."""
    loops = tuple(_loops(nest))
    ends = [tuple(loop.end for loop in loops if loop.dimension == number) for number in range(len(problem.dimensions))]
    extents = problem.dimensions.values()
    return DigitNest(loops, tuple(Digits(extent, own) for extent, own in zip(extents, ends, strict=True)))


def _loops(nest: Nest) -> Iterator[DigitLoop]:
    found: dict[int, int] = {}
    for index, level in enumerate(nest.levels):
        for spatial, loops in ((True, level.spatial), (False, level.temporal)):
            for dimension, bound in loops:
                yield DigitLoop(index, dimension, found.get(dimension, 0), bound, spatial)
                found[dimension] = found.get(dimension, 0) + 1
