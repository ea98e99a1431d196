"""Which children of a fan-out need the same words, and which can get them from a neighbour."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from math import prod

import numpy as np

from launcher.engines.native.deltas import Slices, Step, Vector
from launcher.engines.native.nest import Loops
from launcher.engines.native.tiles import Tensor

Groups = dict[int, int]
"""Children that share a word -> how many such groups of children there are."""


class FanOut:
    """The children of one instance of a level, as one tensor sees them.

    Args:
        tensor: the tensor.
        spatial: the level's spatial loops, X first, innermost first.
        strides: per spatial loop, how far apart the tiles of neighbouring children are.
        physical: children there are along X and Y, used or not: they decide who is whose neighbour.
        logical: children in use along X and Y.
        multicast: False when every child must be served on its own.
    """

    def __init__(
        self,
        tensor: Tensor,
        spatial: Loops,
        strides: list[Vector],
        physical: tuple[int, int],
        logical: tuple[int, int],
        *,
        multicast: bool = True,
    ) -> None:
        self._tensor = tensor
        self._spatial = spatial
        self._strides = strides
        self._multicast = multicast
        self._rows = max(physical[1], logical[1])
        self._columns = max(physical[0], logical[0])
        self._relays: dict[int, tuple[int, Groups]] = {}

    @property
    def children(self) -> int:
        return prod(bound for _, bound in self._spatial)

    @cached_property
    def groups(self) -> Groups:
        """Multicast groups when no word comes from a neighbour.

        Loops over a dimension that has a rank of its own always separate children, and loops over a dimension that
        the tensor does not have never do; only sums of several dimensions must be looked at child by child.
        """
        if not self._multicast:
            return {1: self.children}
        shared = separate = 1
        offsets: dict[Vector, int] = {(0,) * len(self._tensor.ranks): 1}
        for (dimension, bound), stride in zip(self._spatial, self._strides, strict=True):
            if not self._tensor.relevant[dimension]:
                shared *= bound
            elif self._tensor.has_own_rank(dimension):
                separate *= bound
            else:
                offsets = _spread(offsets, bound, stride)
        groups: Groups = defaultdict(int)
        for count in offsets.values():
            groups[count * shared] += separate
        return dict(sorted(groups.items()))

    def relay(self, step: Step) -> tuple[int, Groups] | None:
        """Children that a neighbour can serve at this step, and the groups that are left without them.

        A neighbour passes on what it fetched the step before, when that is exactly what is needed. None when this
        does not save any access.
        """
        if step.move is None or not step.fetched or not step.previous:
            return None
        shift = _shift(step.previous, step.fetched)
        if shift is None:
            return None
        displacement = tuple(a + b for a, b in zip(shift, step.move, strict=True))
        if any(abs(d) > span for d, span in zip(displacement, self._spans, strict=True)):
            return None
        key = self._key(displacement)
        if key not in self._relays:
            self._relays[key] = self._find_relay(key)
        served, groups = self._relays[key]
        return (served, groups) if sum(groups.values()) < sum(self.groups.values()) else None

    def _find_relay(self, key: int) -> tuple[int, Groups]:
        tiles = self._grid
        served = np.zeros(tiles.shape, dtype=bool)
        inside = self._inside
        for axis in (0, 1):
            first: tuple[slice, ...] = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
            second: tuple[slice, ...] = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
            both = inside[first] & inside[second]
            served[first] |= both & (tiles[second] - tiles[first] == key)
            served[second] |= both & (tiles[first] - tiles[second] == key)
        rest = tiles[inside & ~served]
        if self._multicast:
            _, counts = np.unique(rest, return_counts=True)
        else:
            counts = np.ones(len(rest), dtype=np.int64)
        sizes, numbers = np.unique(counts, return_counts=True)
        groups = dict(zip(sizes.tolist(), numbers.tolist(), strict=True))
        return int(served.sum()), groups

    @cached_property
    def _spans(self) -> Vector:
        """How far apart along each rank the tiles of two children can be."""
        spans = [0] * len(self._tensor.ranks)
        for (_, bound), stride in zip(self._spatial, self._strides, strict=True):
            for rank, step in enumerate(stride):
                spans[rank] += step * (bound - 1)
        return tuple(spans)

    def _key(self, vector: Vector) -> int:
        """One number per displacement between children; sums of numbers are numbers of sums."""
        key = 0
        for value, span in zip(vector, self._spans, strict=True):
            key = key * (4 * span + 1) + value
        return key

    @cached_property
    def _grid(self) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """Where each child's tile lies, by row and column; children in excess of those in use are 0."""
        keys = np.zeros(1, dtype=np.int64)
        for (_, bound), stride in zip(self._spatial, self._strides, strict=True):
            keys = (np.arange(bound, dtype=np.int64)[:, None] * self._key(stride) + keys[None, :]).ravel()
        grid = np.zeros(self._rows * self._columns, dtype=np.int64)
        grid[: len(keys)] = keys
        return grid.reshape(self._rows, self._columns)

    @cached_property
    def _inside(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        index = np.arange(self._rows * self._columns).reshape(self._rows, self._columns)
        return index < self.children


def _spread(offsets: dict[Vector, int], bound: int, stride: Vector) -> dict[Vector, int]:
    spread: dict[Vector, int] = defaultdict(int)
    for offset, count in offsets.items():
        for index in range(bound):
            spread[tuple(o + index * s for o, s in zip(offset, stride, strict=True))] += count
    return spread


def _shift(previous: Slices, fetched: Slices) -> Vector | None:
    """How far ``previous`` lies behind ``fetched`` when both have the same shape, else None."""
    shift = tuple(new[0] - old[0] for new, old in zip(fetched[0], previous[0], strict=True))
    moved = {tuple((low + s, high + s) for (low, high), s in zip(box, shift, strict=True)) for box in previous}
    return shift if moved == set(fetched) else None
