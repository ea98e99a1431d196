"""Tiles of one dimension as an axis of a grid, and which loops lead from one to another.

With perfect factors the tiles are all there are. Imperfect ones are known by what remains of the dimension, in groups
of neighbours: each has the smallest tile of its members and leads wherever one of them does. So a way that is not on
the axes does not exist, and one that is may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from launcher.engines.native.arrays import BoolArray, IntArray
from launcher.engines.native.mapper.space.factorization import factorization

MOST_TILES = 40_000
"""Tiles of a grid of imperfect dimensions."""


@dataclass(frozen=True)
class Axis:
    """The tiles of a dimension, from a single iteration to all of them.

    Attributes:
        extent: of the dimension.
        imperfect: whether ends of fan-outs may leave a remainder.
        divides: whether temporal ends must divide what remains.
        most: groups of what remains.
    """

    extent: int
    imperfect: bool = False
    divides: bool = True
    most: int = 1

    @property
    def sizes(self) -> IntArray:
        """Iterations that each tile covers (at least), ascending."""
        if not self.imperfect:
            return factorization(self.extent).sizes
        largest = np.maximum.reduceat(self._remainders, np.searchsorted(self._groups, np.arange(self._groups[-1] + 1)))
        return np.asarray(-(-self.extent // largest))

    def loops(self, least: int, most: int, *, spatial: bool = False) -> BoolArray:
        """Which tile (row) a loop whose end lies within bounds turns into which (column)."""
        return _loops(self, least, most, spatial)

    @cached_property
    def _remainders(self) -> IntArray:
        """What can remain, descending."""
        return np.unique(-(-self.extent // np.arange(1, self.extent + 1)))[::-1]

    @cached_property
    def _groups(self) -> IntArray:
        """The group of each of them, in the order of ``sizes``."""
        count = len(self._remainders)
        return np.asarray(np.arange(count) * min(count, self.most) // count)


@cache
def _loops(axis: Axis, least: int, most: int, spatial: bool) -> BoolArray:
    if not axis.imperfect:
        bounds = factorization(axis.extent).bounds
        return np.asarray((bounds > 0) & (bounds >= least) & (bounds <= most))
    groups, remainders = axis._groups, axis._remainders
    found = np.zeros((groups[-1] + 1, groups[-1] + 1), np.bool_)
    for group, left in zip(groups, remainders, strict=True):
        ends = np.arange(max(least, 1), min(most, int(left)) + 1)
        if axis.divides and not spatial:
            ends = ends[left % ends == 0]
        after = -(-left // ends)
        found[group, groups[np.searchsorted(-remainders, -after)]] = True
    return found
