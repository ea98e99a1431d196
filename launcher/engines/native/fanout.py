"""Which children of a fan-out need the same words, and which can get them from a neighbour."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from launcher.engines.native.deltas import Step, Vector
from launcher.engines.native.lowering import Loops
from launcher.engines.native.tiles import Tensor
from launcher.summing import sum_in_order

_Grid = np.ndarray[tuple[int, int], np.dtype[Any]]


@dataclass(frozen=True)
class Delivery:
    """How the children get the words of one step.

    Attributes:
        groups: children that share a word -> how many such groups of children there are.
        hops: children that share a word -> hops to reach them all, on average over such groups; empty unless asked.
        served: children that a neighbour serves; they are in no group.
    """

    groups: dict[int, int]
    hops: dict[int, float] = field(default_factory=dict)
    served: int = 0

    @property
    def accesses(self) -> int:
        """Words read for each word that a child needs."""
        return sum(self.groups.values())


@dataclass(frozen=True)
class Mesh:
    """The physical side of a fan-out.

    Attributes:
        columns, rows: children along X and Y, used or not: they decide who is whose neighbour.
        multicast: False when every child must be served on its own.
        count_hops: whether the hops of each delivery are wanted.
    """

    columns: int
    rows: int
    multicast: bool = True
    count_hops: bool = False


class FanOut:
    """The children of one instance of a level, as one tensor sees them.

    Args:
        tensor: the tensor.
        spatial: the level's spatial loops, X first, innermost first.
        strides: per spatial loop, how far apart the tiles of neighbouring children are.
        array: the physical side.
    """

    def __init__(self, tensor: Tensor, spatial: Loops, strides: list[Vector], array: Mesh) -> None:
        self._tensor = tensor
        self._spatial = spatial
        self._strides = strides
        self._array = array
        self._relays: dict[int, Delivery] = {}

    @property
    def children(self) -> int:
        return prod(bound for _, bound in self._spatial)

    @cached_property
    def delivery(self) -> Delivery:
        """Multicast when no word comes from a neighbour."""
        if self._array.count_hops and self.children > 1:
            return self._delivery_to(self._inside)
        return Delivery(self._groups())

    def _groups(self) -> dict[int, int]:
        """Children that share a word -> number of such groups.

        Loops over a dimension that has a rank of its own always separate children, and loops over a dimension that
        the tensor does not have never do; only sums of several dimensions must be looked at child by child.
        """
        if not self._array.multicast:
            return {1: self.children}
        shared = separate = 1
        sums: list[tuple[int, Vector]] = []
        for (dimension, bound), stride in zip(self._spatial, self._strides, strict=True):
            if not self._tensor.relevant[dimension]:
                shared *= bound
            elif self._tensor.has_own_rank(dimension):
                separate *= bound
            else:
                sums.append((bound, stride))
        if not sums:
            return {shared: separate}
        groups = _group_sizes(self._places(sums))
        return {size * shared: number * separate for size, number in groups.items()}

    def relay(self, step: Step) -> Delivery | None:
        """Delivery in which neighbours help; None when they cannot, or when it does not save any access.

        A neighbour passes on what it fetched the step before, when that is exactly what is needed now: the same part
        of a tile that lies where the tile at hand has moved to.
        """
        if step.move is None or not step.fetched or step.fetched != step.previous or self.children == 1:
            return None
        if any(abs(distance) > span for distance, span in zip(step.move, self._spans, strict=True)):
            return None
        key = self._key(step.move)
        if key not in self._relays:
            served = self._served(key)
            self._relays[key] = self._delivery_to(self._inside & ~served, int(served.sum()))
        relay = self._relays[key]
        return relay if relay.accesses < self.delivery.accesses else None

    def _served(self, key: int) -> _Grid:
        """Children one of whose four neighbours has the tile that lies ``key`` away."""
        tiles, inside = self._tiles, self._inside
        served = np.zeros(tiles.shape, dtype=bool)
        for axis in (0, 1):
            ahead = np.s_[1:, :] if axis == 0 else np.s_[:, 1:]
            behind = np.s_[:-1, :] if axis == 0 else np.s_[:, :-1]
            both = inside[ahead] & inside[behind]
            served[behind] |= both & (tiles[ahead] - tiles[behind] == key)
            served[ahead] |= both & (tiles[behind] - tiles[ahead] == key)
        return served

    def _delivery_to(self, receivers: _Grid, served: int = 0) -> Delivery:
        """Multicast to some of the children."""
        tiles = self._tiles[receivers] if self._array.multicast else np.arange(receivers.sum())
        hops: dict[int, float] = defaultdict(float)
        if self._array.count_hops:
            members: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for tile, place in zip(tiles.tolist(), np.argwhere(receivers).tolist(), strict=True):
                members[tile].append((place[0], place[1]))
            for places in members.values():
                hops[len(places)] += _hops(places, self._array.rows)
        groups = _group_sizes(tiles)
        return Delivery(groups, {size: total / groups[size] for size, total in hops.items()}, served)

    @cached_property
    def _spans(self) -> Vector:
        """How far apart along each rank the tiles of two children can be."""
        spans = [0] * len(self._tensor.ranks)
        for (_, bound), stride in zip(self._spatial, self._strides, strict=True):
            for rank, step in enumerate(stride):
                spans[rank] += step * (bound - 1)
        return tuple(spans)

    def _key(self, vector: Vector) -> int:
        """One number per displacement between children; sums of numbers are numbers of sums (modulo 2^64)."""
        key = 0
        for value, span in zip(vector, self._spans, strict=True):
            key = key * (4 * span + 1) + value
        return (key + 2**63) % 2**64 - 2**63

    def _places(self, loops: list[tuple[int, Vector]]) -> np.ndarray[tuple[int], np.dtype[Any]]:
        """Where the tiles lie that loops of some bounds and strides reach, the first loop fastest."""
        keys = np.zeros(1, dtype=np.int64)
        for bound, stride in loops:
            keys = (np.arange(bound, dtype=np.int64)[:, None] * self._key(stride) + keys[None, :]).ravel()
        return keys

    @cached_property
    def _tiles(self) -> _Grid:
        """Where each child's tile lies, by row and column; the children not in use come last and are 0."""
        keys = self._places([(bound, stride) for (_, bound), stride in zip(self._spatial, self._strides, strict=True)])
        grid = np.zeros(self._array.rows * self._array.columns, dtype=np.int64)
        grid[: len(keys)] = keys
        return grid.reshape(self._array.rows, self._array.columns)

    @cached_property
    def _inside(self) -> _Grid:
        """Which places of the array are in use."""
        rows, columns = self._array.rows, self._array.columns
        return np.arange(rows * columns).reshape(rows, columns) < self.children


def _hops(places: list[tuple[int, int]], rows: int) -> float:
    """Hops to reach all places: along the middle row to the farthest column, from there up and down each column."""
    centre = (rows - 1) / 2
    highest: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for row, column in places:
        highest[column] = min(row, highest.get(column, row))
        lowest[column] = max(row, lowest.get(column, row))
    branches = sum_in_order(
        max(0.0, centre - highest[column]) + max(0.0, lowest[column] - centre) for column in highest
    )
    return max(highest) + branches


def _group_sizes(tiles: np.ndarray[tuple[int], np.dtype[Any]]) -> dict[int, int]:
    """Size of a group of equal tiles -> number of such groups."""
    _, counts = np.unique(tiles, return_counts=True)
    sizes, numbers = np.unique(counts, return_counts=True)
    return dict(zip(sizes.tolist(), numbers.tolist(), strict=True))
