"""A mapping in the model's own terms: dimensions as numbers, loops per level, tile extents, instances in use."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from launcher.errors import SpecificationError
from launcher.specification.mapping import LevelMapping, Loop, Mapping, find_factor_mistake
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

Loops = tuple[tuple[int, int], ...]
"""(dimension index, bound) per loop, innermost first, every bound at least 2."""

Extents = tuple[int, ...]
"""Extent of a tile in each dimension. A tile of imperfect factors ends where the problem does."""


@dataclass(frozen=True)
class Level:
    """One storage level's block of loops.

    Attributes:
        keep: per data space, whether it is stored here.
        spatial_x, spatial_y: fan-out to the level below; X loops are the inner ones.
        temporal: loops run in time, outside the fan-out.
        spatial_extents: tile of one instance of this level without its temporal loops.
        extents: tile of one instance of this level.
        expansion_x, expansion_y: instances of this level in use along X and Y.
    """

    keep: tuple[bool, ...]
    spatial_x: Loops
    spatial_y: Loops
    temporal: Loops
    spatial_extents: Extents
    extents: Extents
    expansion_x: int
    expansion_y: int

    @property
    def spatial(self) -> Loops:
        return self.spatial_x + self.spatial_y

    @property
    def fanout_x(self) -> int:
        return prod(bound for _, bound in self.spatial_x)

    @property
    def fanout_y(self) -> int:
        return prod(bound for _, bound in self.spatial_y)

    @property
    def fanout(self) -> int:
        return self.fanout_x * self.fanout_y

    @property
    def instances(self) -> int:
        return self.expansion_x * self.expansion_y


@dataclass(frozen=True)
class Nest:
    """A whole mapping.

    Attributes:
        levels: innermost first.
        iterations: temporal iterations of every compute unit, i.e. cycles without any stall.
        expansion_x, expansion_y: compute units in use along X and Y.
        is_perfect: whether every tile at a boundary has the same size; otherwise the last ones may be smaller.
    """

    levels: tuple[Level, ...]
    iterations: int
    expansion_x: int
    expansion_y: int
    is_perfect: bool = True

    @property
    def compute_units(self) -> int:
        return self.expansion_x * self.expansion_y


def lower(specification: Specification, mapping: Mapping) -> Nest:
    """Translate a mapping, and check that it is one of this problem on this architecture.

    Raises:
        SpecificationError: levels other than the architecture's, unknown dimensions or data spaces, bounds below 1,
            or factors that do not make up the problem's extents.
    """
    problem = specification.problem
    _check_levels(specification, mapping)
    blocks = [_block(problem, level) for level in mapping.levels]
    _check_extents(problem, mapping)
    sizes = tuple(problem.dimensions.values())
    extents = [1] * len(sizes)
    tiles: list[tuple[Extents, Extents]] = []
    for _, spatial_x, spatial_y, temporal in blocks:
        for dimension, bound in spatial_x + spatial_y:
            extents[dimension] *= bound
        spatial_extents = _clipped(extents, sizes)
        for dimension, bound in temporal:
            extents[dimension] *= bound
        tiles.append((spatial_extents, _clipped(extents, sizes)))
    levels: list[Level] = []
    expansion_x = expansion_y = 1
    for block, tile in zip(reversed(blocks), reversed(tiles), strict=True):
        levels.append(Level(*block, *tile, expansion_x, expansion_y))
        expansion_x *= prod(bound for _, bound in block[1])
        expansion_y *= prod(bound for _, bound in block[2])
    iterations = mapping.iterations(problem)
    return Nest(tuple(reversed(levels)), iterations, expansion_x, expansion_y, mapping.is_perfect)


def _clipped(extents: list[int], sizes: tuple[int, ...]) -> Extents:
    return tuple(min(extent, size) for extent, size in zip(extents, sizes, strict=True))


def _block(problem: Problem, level: LevelMapping) -> tuple[tuple[bool, ...], Loops, Loops, Loops]:
    unknown = [name for name in level.keep if name not in problem.data_space_names]
    if unknown:
        raise SpecificationError(
            f"the mapping keeps an unknown data space {unknown[0]!r} at level {level.level!r}",
            where=f"mapping, level {level.level}, keep",
            expected=f"one of {', '.join(problem.data_space_names)}",
        )
    keep = tuple(name in level.keep for name in problem.data_space_names)
    return (
        keep,
        _loops(problem, level.level, "spatial_x", level.spatial_x),
        _loops(problem, level.level, "spatial_y", level.spatial_y),
        _loops(problem, level.level, "temporal", level.temporal),
    )


def _loops(problem: Problem, level: str, block: str, loops: tuple[Loop, ...]) -> Loops:
    numbers = {name: i for i, name in enumerate(problem.dimensions)}
    for loop in loops:
        if loop.dimension not in numbers:
            raise SpecificationError(
                f"the mapping loops over an unknown dimension {loop.dimension!r} at level {level!r}",
                where=f"mapping, level {level}, {block}",
                expected=f"one of {', '.join(numbers)}",
            )
        if loop.bound < 1:
            raise SpecificationError(
                f"the mapping has a loop with bound {loop.bound} over {loop.dimension!r} at level {level!r}",
                where=f"mapping, level {level}, {block}",
                expected="an integer of at least 1",
            )
    return tuple((numbers[loop.dimension], loop.bound) for loop in loops if loop.bound > 1)


def _check_levels(specification: Specification, mapping: Mapping) -> None:
    expected = [level.name for level in specification.architecture.levels]
    given = [level.level for level in mapping.levels]
    if given == expected:
        return
    unknown = [name for name in given if name not in expected]
    missing = [name for name in expected if name not in given]
    if unknown:
        what = f"the mapping names an unknown level {unknown[0]!r}"
    elif missing:
        what = f"the mapping does not say what level {missing[0]!r} does"
    else:
        what = f"the mapping names its levels out of order or twice: {', '.join(given)}"
    raise SpecificationError(what, where="mapping", expected=f"the levels {', '.join(expected)} (innermost first)")


def _check_extents(problem: Problem, mapping: Mapping) -> None:
    mistake = find_factor_mistake(mapping, problem)
    if mistake is None:
        return
    dimension = mistake.dimension
    factors = {level.level: level.factor(dimension) for level in mapping.levels if level.factor(dimension) > 1}
    listed = ", ".join(f"{name} {value}" for name, value in factors.items()) or "1 at every level"
    raise SpecificationError(mistake.what, where=f"mapping, dimension {dimension}: {listed}", expected=mistake.expected)
