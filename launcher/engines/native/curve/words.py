"""Words that cross between the outermost memory and the buffer, for many tilings at once: ``reuse`` on arrays."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from launcher.engines.native.arrays import AnyArray, IntArray
from launcher.engines.native.curve.orders import Order, free_of
from launcher.engines.native.tiles import Tensor


def tile_words(tensor: Tensor, tiles: IntArray) -> AnyArray:
    """(T,) words of a tensor's tile.

    Args:
        tensor: the tensor.
        tiles: (D, T) extents of each tiling's tile.
    """
    return np.asarray(_widths(tensor, tiles).prod(axis=0))


def crossing_words(tensor: Tensor, tiles: IntArray, bounds: IntArray, order: Order) -> AnyArray:
    """(T,) words of a tensor that loops outside the buffer bring to it, or take from it.

    Args:
        tensor: the tensor.
        tiles, bounds: (D, T) extents of each tiling's tile, and bounds of the loops outside.
        order: of these loops, innermost first.
    """
    if tensor.sliding:
        return _sliding_words(tensor, tiles, bounds, order)
    outside = order[len(free_of(tensor, order)) :]
    return np.asarray(tile_words(tensor, tiles) * bounds[list(outside)].prod(axis=0))


def _sliding_words(tensor: Tensor, tiles: IntArray, bounds: IntArray, order: Order) -> AnyArray:
    """The walk of ``deltas.steps`` for all tilings: what a step fetches depends on the loop that it advances."""
    widths, coefficients = _widths(tensor, tiles), _coefficients(tensor, len(tiles))
    whole = widths.prod(axis=0)
    total, outside = whole.copy(), bounds[list(order)].prod(axis=0)
    inner, direction = np.zeros_like(widths), np.zeros_like(widths)
    started = np.zeros(tiles.shape[1], dtype=bool)
    for dimension in order:
        bound = bounds[dimension]
        stride = coefficients[:, dimension, None] * tiles[dimension] * (bound > 1)
        move = stride - inner
        direction = np.where(started, direction, move)
        started = started | move.any(axis=0)
        covered = np.maximum(widths - move, 0).prod(axis=0)
        fetched = np.where((move == direction).all(axis=0), whole - covered, whole)
        outside = outside // bound
        total += (bound - 1) * outside * np.where(move.any(axis=0), fetched, 0)
        inner = inner + stride
    return np.asarray(total)


def _widths(tensor: Tensor, tiles: IntArray) -> IntArray:
    """(R, T) sizes of a tile along each rank, as ``Tensor.widths`` has them."""
    return np.asarray(1 + _coefficients(tensor, len(tiles)) @ (tiles - 1))


@lru_cache(maxsize=1024)
def _coefficients(tensor: Tensor, dimensions: int) -> IntArray:
    """(R, D) how far one step of each dimension moves the tile along each rank."""
    columns = [tensor.displacement(dimension, 1) for dimension in range(dimensions)]
    return np.array(columns, dtype=np.int64).reshape(dimensions, len(tensor.ranks)).T
