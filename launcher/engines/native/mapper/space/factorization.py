"""Perfect factors: tiles are divisors of a dimension's extent, and a loop's bound is the quotient of two of them.

Nothing else knows that. The rest of the mapper asks here which tiles a dimension can have, which loops lead from one to
another, and what a tile leaves for the loops outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from math import isqrt

import numpy as np

from launcher.engines.native.arrays import BoolArray, IntArray


@dataclass(frozen=True)
class Factorization:
    """The tiles of one dimension, and the loops that lead from one to another.

    Attributes:
        sizes: (tiles,) iterations that each tile covers, ascending: from a single one to all.
        counts: (tiles,) how many loops start at each tile.
        loops: (tiles, most loops, 2) per tile these loops by ascending bound: which tile it ends with, and its bound.
            The first one has bound 1 and changes nothing; the last one takes all that is left.
    """

    sizes: IntArray
    counts: IntArray
    loops: IntArray

    @cached_property
    def bounds(self) -> IntArray:
        """(tiles, tiles) bound of the loop from one tile (row) to another (column); 0 where none leads."""
        bounds = np.zeros((len(self.sizes), len(self.sizes)), np.int64)
        for start, count in enumerate(self.counts):
            ends, found = self.loops[start, :count].T
            bounds[start, ends] = found
        return bounds


@cache
def factorization(extent: int) -> Factorization:
    """Tiles and loops of a dimension of which ``extent`` iterations are to be covered."""
    sizes = np.array(loop_bounds(extent), np.int64)
    starts, ends = np.nonzero(leads_on(sizes, sizes[:, None]))
    counts = np.bincount(starts)
    loops = np.zeros((len(sizes), len(sizes), 2), np.int64)
    places = np.arange(len(starts)) - np.repeat(np.cumsum(counts) - counts, counts)
    loops[starts, places] = np.stack((ends, rounds_outside(sizes[ends], sizes[starts])), axis=1)
    return Factorization(sizes, counts, loops)


@cache
def loop_bounds(extent: int) -> tuple[int, ...]:
    """Every bound that a loop over a dimension of this extent can have, ascending."""
    small = [k for k in range(1, isqrt(extent) + 1) if extent % k == 0]
    large = [extent // k for k in reversed(small) if k * k != extent]
    return (*small, *large)


def leads_on(extent: IntArray, tile: IntArray | int) -> BoolArray:
    """Whether loops around a tile can cover all of an extent."""
    return np.asarray(extent % tile == 0)


def rounds_outside(extent: IntArray, tile: IntArray | int) -> IntArray:
    """Iterations of the loops around a tile that cover an extent."""
    return np.asarray(extent // tile)
