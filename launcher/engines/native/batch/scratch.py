"""Arrays that the compiled walk works in, allocated once per batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from launcher.engines.native.arrays import AnyArray

MOST_GROUPS = 32
"""Kinds of multicast groups (destinations, groups) at one boundary; more are left to the plain model."""


class Scratch(NamedTuple):
    """Arrays to work in: K temporal loops at most, D dimensions, R ranks, F children at most.

    Attributes:
        loops: (K, 3) dimension, bound and indices per iteration of each temporal loop, innermost first.
        starts: (L + 1,) first temporal loop of each level.
        extents: (L, D) tile below each level.
        fan: (2 D, 3) as ``loops``, for the spatial loops of the level at hand, X first.
        box: (2, R) widths of the tile; farthest distance between the tiles of two children.
        moves: (K + 1, R) how the advance of each loop moves the tile; the last row is a running sum.
        news: (K,) words that are new when a loop advances.
        tiles: (F,) where each child's tile lies; served: (F,) whether a neighbour serves it.
        slots: (power of 2, 2) hash table: tile, children that have it.
        delivery: (2, G, 2) destinations and groups, in row 0 without and in row 1 with help of neighbours.
        numbers: (2,) how many of them there are.
    """

    loops: AnyArray
    starts: AnyArray
    extents: AnyArray
    fan: AnyArray
    box: AnyArray
    moves: AnyArray
    news: AnyArray
    tiles: AnyArray
    served: AnyArray
    slots: AnyArray
    delivery: AnyArray
    numbers: AnyArray


def make_scratch(levels: int, dimensions: int, ranks: int, children: int) -> Scratch:
    """Allocate scratch arrays; ``children`` is the largest fan-out of any mapping at any level."""
    loops = levels * dimensions
    whole = np.int64
    return Scratch(
        loops=np.zeros((loops, 3), whole),
        starts=np.zeros(levels + 1, whole),
        extents=np.ones((levels, dimensions), whole),
        fan=np.ones((2 * dimensions, 3), whole),
        box=np.ones((2, ranks), whole),
        moves=np.zeros((loops + 1, ranks), whole),
        news=np.zeros(loops, whole),
        tiles=np.zeros(children, whole),
        served=np.zeros(children, np.bool_),
        slots=np.zeros((1 << (2 * children - 1).bit_length(), 2), whole),
        delivery=np.zeros((2, MOST_GROUPS, 2), whole),
        numbers=np.zeros(2, whole),
    )
