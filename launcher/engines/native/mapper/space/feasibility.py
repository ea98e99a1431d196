"""Whether a mapspace holds any mapping at all, and how far it is from that.

Costs and loop orders do not matter here, so spatial and temporal factors are chosen block by block, from the innermost
outwards, on one grid of tile extents: which tiles can a nest have reached when it leaves a level?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf

import numpy as np

from launcher.engines.native.mapper.space.axes import MOST_TILES, Axis
from launcher.engines.native.mapper.space.bypass import Keep
from launcher.engines.native.mapper.space.fan_outs import spatial_options
from launcher.engines.native.mapper.space.mapspace import UNBOUNDED, Bounds, SearchSpace
from launcher.engines.native.tiles import tensors_of
from launcher.specification.specification import Specification
from launcher.specification.tile_room import TileRoom

Grid = np.ndarray
Places = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Capacities:
    """Capacities that a mapspace is tried with: units per level (see ``TileRoom``) that tiles may and must have."""

    capacity: tuple[float, ...]
    least_fill: tuple[float, ...]


def capacities_of(space: SearchSpace) -> Capacities:
    """The architecture's own capacities."""
    rooms = rooms_of(space.specification)
    return Capacities(
        tuple(inf if room.capacity is None else float(room.capacity) for room in rooms),
        tuple(room.least for room in rooms),
    )


def rooms_of(specification: Specification) -> list[TileRoom]:
    """The room for tiles at every level, innermost first."""
    names = specification.problem.data_space_names
    return [level.room(names) for level in specification.architecture.levels]


def leanest_keeps(space: SearchSpace, limits: Capacities) -> list[Keep]:
    """Choices of keep and bypass worth trying: those that need the least capacity, or all if tiles must be large."""
    forced = [[bool(keep) for keep in level.keep] for level in space.levels]
    choices: list[Keep] = [tuple(tuple(row) for row in forced)]
    for p in range(len(space.levels[0].keep)):
        if any(row[p] for row in forced):
            continue
        free = [index for index, level in enumerate(space.levels) if level.keep[p] is None]
        choices = [_with_kept(keep, index, p) for keep in choices for index in free]
    if any(limits.least_fill):
        for index, level in enumerate(space.levels):
            for p, keep in enumerate(level.keep):
                if keep is None:
                    choices += [_with_kept(choice, index, p) for choice in choices if not choice[index][p]]
    return list(dict.fromkeys(choices))


def _with_kept(keep: Keep, level: int, p: int) -> Keep:
    return tuple(
        tuple(kept or (index == level and q == p) for q, kept in enumerate(row)) for index, row in enumerate(keep)
    )


class Reach:
    """Tiles that nests can have at each level, for one choice of keep and bypass."""

    def __init__(self, space: SearchSpace, limits: Capacities, keep: Keep) -> None:
        self._space = space
        most = max(2, int(MOST_TILES ** (1 / max(1, sum(space.imperfect)))))
        self._axes = [
            Axis(extent, imperfect, divides, most)
            for extent, imperfect, divides in zip(space.extents, space.imperfect, space.divides, strict=True)
        ]
        self._sizes = [axis.sizes for axis in self._axes]
        self.units = self._kept_units(keep)
        self._fits = [
            (units <= most) & (units >= least)
            for units, most, least in zip(self.units, limits.capacity, limits.least_fill, strict=True)
        ]

    def possible(self) -> bool:
        """Whether any nest gets to the end."""
        if not self._space.extents:
            return all(bool(fits.all()) for fits in self._fits)
        return bool(self.forward()[-1].ravel()[-1])

    def forward(self) -> list[Grid]:
        """Per level, the tiles that a nest can have when it leaves it."""
        shape = tuple(len(sizes) for sizes in self._sizes)
        now = np.zeros(shape, np.bool_)
        now.ravel()[0] = True
        found = []
        for index, level in enumerate(self._space.levels):
            now = self._through_loops(level.temporal, self._through_fan_out(index, now)) & self._fits[index]
            found.append(now)
        return found

    def units_at(self, index: int) -> np.ndarray:
        """Sizes of the tiles that complete nests have at a level, in any order."""
        reached = self.forward()
        complete = np.zeros_like(reached[-1])
        complete.ravel()[-1] = reached[-1].ravel()[-1]
        for outer in range(len(self._space.levels) - 1, index, -1):
            left = self._through_loops(self._space.levels[outer].temporal, complete & self._fits[outer], back=True)
            complete = self._through_fan_out(outer, left, back=True) & reached[outer - 1]
        sizes: np.ndarray = self.units[index][complete]
        return sizes

    def _kept_units(self, keep: Keep) -> list[Grid]:
        problem = self._space.specification.problem
        names = list(problem.dimensions)
        grids = np.meshgrid(*self._sizes, indexing="ij") if self._sizes else []
        extents = [np.ones(grids[0].shape if grids else (), np.int64)] * len(names)
        for name, grid in zip(self._space.dimensions, grids, strict=True):
            extents[names.index(name)] = grid
        sizes = []
        for tensor in tensors_of(problem):
            widths = [1 + sum(c * (extents[d] - 1) for d, c in rank) for rank in tensor.ranks]
            size = np.ones_like(extents[0])
            for width in widths:
                size = size * width
            sizes.append(size)
        zero = np.zeros(extents[0].shape)
        rooms = rooms_of(self._space.specification)
        return [
            zero + sum(size * weight for size, weight, kept in zip(sizes, room.weights, row, strict=True) if kept)
            for room, row in zip(rooms, keep, strict=True)
        ]

    def _through_fan_out(self, index: int, now: Grid, *, back: bool = False) -> Grid:
        """Tiles that the fan-out below a level makes of those in ``now``; ``back``: those that it makes them of."""
        block = self._space.levels[index].spatial
        if block.fanout_x == UNBOUNDED:
            return self._through_loops(block.bounds, now, back=back, spatial=True)
        after = np.zeros_like(now)
        options = spatial_options(self._space, block)
        if any(self._space.imperfect) and options:
            # There can be thousands, and several tiles lead to one: as if each dimension had the array for itself.
            bounds = tuple(Bounds(min(ends), max(ends)) for ends in zip(*options, strict=True))
            return self._through_loops(bounds, now, back=back, spatial=True)
        for inside, outside in self._shifts(options):
            source, target = (outside, inside) if back else (inside, outside)
            after[target] |= now[source]
        return after

    def _through_loops(
        self, bounds: tuple[Bounds, ...], now: Grid, *, back: bool = False, spatial: bool = False
    ) -> Grid:
        """The same for one loop over each dimension."""
        for d, (axis, bound) in enumerate(zip(self._axes, bounds, strict=True)):
            steps = _steps(axis, bound.least, bound.most, spatial)
            now = _moved(now, d, steps.T if back else steps)
        return now

    def _shifts(self, options: Sequence[tuple[int, ...]]) -> Iterator[tuple[Places, Places]]:
        """Per choice of a fan-out's factors, the tiles below it and the tiles that it makes of them."""
        for factors in options:
            pairs = [_shift(axis, factor) for axis, factor in zip(self._axes, factors, strict=True)]
            yield np.ix_(*(source for source, _ in pairs)), np.ix_(*(target for _, target in pairs))


@cache
def _steps(axis: Axis, least: int, most: int, spatial: bool) -> np.ndarray:
    """As ``Axis.loops``, to be multiplied with."""
    return axis.loops(least, most, spatial=spatial).astype(np.float32)


@cache
def _shift(axis: Axis, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Tiles that a fan-out of this factor can be put around, and the tiles that it ends with."""
    starts, ends = np.nonzero(axis.loops(factor, factor, spatial=True))
    return starts, ends


def _moved(now: Grid, d: int, steps: np.ndarray) -> Grid:
    """Tiles that steps along one dimension make of those in ``now``."""
    return np.moveaxis(np.moveaxis(now, d, -1).astype(np.float32) @ steps > 0, -1, d)


def is_possible(space: SearchSpace, limits: Capacities) -> bool:
    """Whether the mapspace holds a mapping under the given capacities."""
    return any(Reach(space, limits, keep).possible() for keep in leanest_keeps(space, limits))
