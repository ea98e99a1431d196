"""What an instance of a level is responsible for of a result that is accumulated window by window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from launcher.engines.native.arrays import FloatArray, IntArray
from launcher.engines.native.mapper.costs.machine_constants import Machine


def most_part_words(machine: Machine, p: int, extents: Sequence[int], factors: IntArray) -> FloatArray:
    """(assignments, levels) the most words of a data space without gaps that each instance is responsible for.

    From each level to the one inside it that is the share of a child's tile in the box of the whole fan-out (see
    ``tiles.partition_words``). Windows of neighbours overlap, so this depends on the tile, and is bounded here.
    """
    whole = np.array(extents, np.int64)
    parts = np.empty(factors.shape[:2])
    parts[:, -1] = (1 + machine.coefficient[p] @ (whole - 1)).prod(dtype=float)
    inside = np.cumprod(factors, axis=1)
    around = np.cumprod(factors[:, ::-1], axis=1)[:, ::-1]
    for level in range(factors.shape[1] - 1, 0, -1):
        smallest = inside[:, level - 1]
        largest = np.maximum(whole // around[:, level], smallest)
        share = _largest_share(machine.coefficient[p], smallest, largest, factors[:, level])
        parts[:, level - 1] = parts[:, level] * share
    return parts


def _largest_share(coefficient: IntArray, smallest: IntArray, largest: IntArray, fan_out: IntArray) -> FloatArray:
    """The largest share of a child's tile in the box of a fan-out, for tiles from the smallest to the largest.

    Along a rank it is a quotient of two linear functions of each extent, so one of the outermost tiles has the largest.
    """
    share = np.ones(len(fan_out))
    for strides in coefficient:
        along = np.flatnonzero(strides)
        if not len(along) or (fan_out[:, along] == 1).all():
            continue
        most = np.zeros(len(fan_out))
        for corner in product((smallest, largest), repeat=len(along)):
            tile = np.stack([extent[:, d] for extent, d in zip(corner, along, strict=True)], axis=1)
            own = 1 + ((tile - 1) * strides[along]).sum(axis=1)
            box = 1 + ((tile * fan_out[:, along] - 1) * strides[along]).sum(axis=1)
            most = np.maximum(most, own / box)
        share = share * most
    return share
