"""Spatial assignments: how much of each dimension every fan-out unrolls, and along which axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice, permutations
from math import prod

import numpy as np
from numpy.typing import NDArray

from launcher.engines.native.arrays import IntArray
from launcher.engines.native.mapper.space.factorization import leads_on, loop_bounds, rounds_outside
from launcher.engines.native.mapper.space.mapspace import SearchSpace, SpatialBlock

MeshLayout = tuple[tuple[int, ...], tuple[int, ...]]
"""Dimensions along X and along Y, innermost first."""


@dataclass(frozen=True)
class SpatialAssignments:
    """Spatial factors and their lay-out.

    Attributes:
        space: the mapspace.
        factors: (assignments, levels, dimensions).
        choice: (assignments, levels) which of the level's possible layouts is meant.
    """

    space: SearchSpace
    factors: IntArray
    choice: IntArray

    def layout(self, index: int, level: int) -> MeshLayout:
        """How the fan-out of a level lies in the plane."""
        factors = tuple(int(factor) for factor in self.factors[index, level])
        options = layouts(self.space, self.space.levels[level].spatial, factors)
        return next(islice(options, int(self.choice[index, level]), None))


def spatial_assignments(space: SearchSpace, layout_levels: set[int]) -> SpatialAssignments:
    """Every combination of spatial factors that the fan-outs and constraints allow, in a fixed order.

    Args:
        space: the mapspace.
        layout_levels: levels whose possible layouts count as different assignments; elsewhere the first one is taken.
    """
    extents = np.array(space.extents, np.int64)
    shape = (len(space.levels), len(space.dimensions))
    chosen = np.ones((1, *shape), np.int64)
    products = np.ones((1, shape[1]), np.int64)
    most = _largest_spatial_share(space)
    perfect = ~np.array(space.imperfect, np.bool_)
    for index, level in enumerate(space.levels):
        listed = spatial_options(space, level.spatial)
        options = np.array(listed, np.int64).reshape(len(listed), shape[1])
        if index and len(options) == 1 and (options == 1).all():
            continue  # that changes nothing
        fits = np.ones((len(products), len(options)), np.bool_)
        for d, extent in enumerate(extents):
            if perfect[d]:
                grown = products[:, None, d] * options[None, :, d]
                fits &= leads_on(extent, grown) & (grown <= most[d])
            else:  # an imperfect end is at most what remains
                fits &= options[None, :, d] <= -(-extent // products[:, None, d])
        left, right = np.nonzero(fits)
        chosen = chosen[left]
        chosen[:, index, :] = options[right]
        products = products[left] * options[right]
    temporal = np.where(perfect, rounds_outside(extents, products), -(-extents // products))
    chosen = chosen[_temporal_possible(space, temporal) & _parallel_enough(space, chosen)]
    assignments = SpatialAssignments(space, chosen, np.zeros(chosen.shape[:2], np.int64))
    for number in sorted(layout_levels):
        assignments = _with_layouts(assignments, number)
    return assignments


def _with_layouts(assignments: SpatialAssignments, level: int) -> SpatialAssignments:
    space = assignments.space
    counts = [
        sum(1 for _ in layouts(space, space.levels[level].spatial, tuple(int(f) for f in factors)))
        for factors in assignments.factors[:, level]
    ]
    choice = np.repeat(assignments.choice, counts, axis=0)
    choice[:, level] = np.concatenate([np.arange(count) for count in counts] or [np.zeros(0, np.int64)])
    return SpatialAssignments(space, np.repeat(assignments.factors, counts, axis=0), choice)


def _largest_spatial_share(space: SearchSpace) -> IntArray:
    least = [prod(level.temporal[d].least for level in space.levels) for d in range(len(space.dimensions))]
    return np.array([extent // low if low <= extent else 0 for extent, low in zip(space.extents, least, strict=True)])


def _parallel_enough(space: SearchSpace, chosen: IntArray) -> NDArray[np.bool_]:
    """Whether the spatial loops of all levels together fill the share of the fan-outs that they must."""
    architecture = space.specification.architecture
    fan_outs = prod(prod(architecture.fanout(index)) for index in range(len(architecture.levels)))
    filled: NDArray[np.bool_] = (
        chosen.prod(axis=tuple(range(1, chosen.ndim))) >= fan_outs * space.specification.constraints.least_parallelism
    )
    return filled


def _temporal_possible(space: SearchSpace, temporal: IntArray) -> NDArray[np.bool_]:
    """Whether what the fan-outs leave of each dimension can be split over the temporal blocks at all."""
    possible = np.ones(len(temporal), np.bool_)
    for d in range(len(space.dimensions)):
        bounds = [level.temporal[d] for level in space.levels]
        fixed = prod(b.least for b in bounds if b.least == b.most)
        most = 1
        for bound in bounds:
            most = min(most * bound.most, 1 << 60)
        least = prod(b.least for b in bounds)
        column = temporal[:, d]
        possible &= column <= most
        if not space.imperfect[d]:
            possible &= leads_on(column, fixed) & (column >= least)
    return possible


def spatial_options(space: SearchSpace, block: SpatialBlock) -> tuple[tuple[int, ...], ...]:
    """Factors per dimension that one fan-out can take."""
    if block.fanout == 1 and all(bounds.allows(1) for bounds in block.bounds):
        return ((1,) * len(space.dimensions),)
    # Imperfect ones can be very many, and no two mapspaces are alike.
    listed = _options.__wrapped__ if any(space.imperfect) else _options
    return listed(space.dimensions, space.extents, space.imperfect, _all_dimensions(space), block)


@lru_cache(maxsize=2048)
def _options(
    dimensions: tuple[str, ...],
    extents: tuple[int, ...],
    imperfect: tuple[bool, ...],
    all_dimensions: int,
    block: SpatialBlock,
) -> tuple[tuple[int, ...], ...]:
    """The same for many mapspaces, which are alike where parts of a layer differ in what stays on chip."""

    def extend(factors: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        d = len(factors)
        if d == len(dimensions):
            if next(_layouts(dimensions, all_dimensions, block, factors), None) is not None:
                yield factors
            return
        used = prod(factors)
        bounds = range(1, extents[d] + 1) if imperfect[d] else loop_bounds(extents[d])
        for factor in bounds:
            if used * factor > block.fanout:
                break
            if block.bounds[d].allows(factor):
                yield from extend((*factors, factor))

    return tuple(extend(()))


def _all_dimensions(space: SearchSpace) -> int:
    """How many dimensions the problem has, those with an extent of 1 included."""
    return len(space.specification.problem.dimensions)


def layouts(space: SearchSpace, block: SpatialBlock, factors: tuple[int, ...]) -> Iterator[MeshLayout]:
    """The ways to lay spatial factors along X and Y that fit the fan-out and the constraint, as much on X as possible.

    One dimension lies along one axis, as in Timeloop: its spatial block holds one loop per dimension, in the order of
    the permutation, and a split point divides the block into X and Y.
    """
    return _layouts(space.dimensions, _all_dimensions(space), block, factors)


def _layouts(
    names: tuple[str, ...], all_dimensions: int, block: SpatialBlock, factors: tuple[int, ...]
) -> Iterator[MeshLayout]:
    loops = [d for d, factor in enumerate(factors) if factor > 1]
    given = [names.index(name) for name in block.permutation if name in names and factors[names.index(name)] > 1]
    free = [d for d in loops if d not in given]
    for on_x in _x_choices(names, all_dimensions, block, given, free):
        x = prod(factors[d] for d in on_x)
        if x > block.fanout_x or prod(factors) // x > block.fanout_y:
            continue
        before_x, before_y = ([d for d in given if (d in on_x) == along_x] for along_x in (True, False))
        for behind_x in permutations([d for d in free if d in on_x]):
            for behind_y in permutations([d for d in free if d not in on_x]):
                yield (*before_x, *behind_x), (*before_y, *behind_y)


def _x_choices(
    names: tuple[str, ...], all_dimensions: int, block: SpatialBlock, given: list[int], free: list[int]
) -> Iterator[frozenset[int]]:
    if block.split is None:
        for count in range(len(free), 0, -1):
            for extra in combinations(free, count):
                yield frozenset((*given, *extra))
        for count in range(len(given), -1, -1):
            yield frozenset(given[:count])
        return
    if block.split <= len(block.permutation):
        yield frozenset(names.index(n) for n in block.permutation[: block.split] if n in names)
        return
    # Places behind the given permutation are filled by the other dimensions, in any order; those with a factor of 1
    # fill places too.
    places = block.split - len(block.permutation)
    idle = all_dimensions - len(block.permutation) - len(free)
    for count in range(min(len(free), places), max(places - idle, 0) - 1, -1):
        for extra in combinations(free, count):
            yield frozenset((*given, *extra))
    if places > idle + len(free):
        yield frozenset((*given, *free))
