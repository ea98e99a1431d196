"""The curve of one layer, or of one layer's part in a fused group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from launcher.engines.native.arrays import AnyArray, IntArray
from launcher.engines.native.curve.envelope import lower_envelope
from launcher.engines.native.curve.orders import Order, cost_key, keeps, orders_that_matter
from launcher.engines.native.curve.two_levels import BUFFER, OUTERMOST
from launcher.engines.native.curve.words import crossing_words, tile_words
from launcher.engines.native.formulas import elide_first_touch
from launcher.engines.native.mapper.space.factorization import loop_bounds
from launcher.engines.native.tiles import Tensor, tensors_of
from launcher.results.traffic_curve import LayerTiling
from launcher.specification.constraints import FactorBounds
from launcher.specification.specification import Specification

_AT_ONCE = 1 << 18
"""Tilings that are counted together: a few dozen megabytes."""

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class LayerCurve:
    """Tilings that no other beats in capacity and traffic.

    Attributes:
        dimensions: their names.
        capacities: (P,) words of all tiles together, ascending.
        traffic: (P,) words that cross over all iterations, descending.
        tiles, bounds: (D, P) extents of the tiles, and bounds of the loops outside.
        orders: of these loops, innermost first; one a point.
    """

    dimensions: tuple[str, ...]
    capacities: IntArray
    traffic: IntArray
    tiles: IntArray
    bounds: IntArray
    orders: tuple[Order, ...]

    def tiling(self, layer: str, point: int) -> LayerTiling:
        """A point's tiling, in names."""
        tile = dict(zip(self.dimensions, map(int, self.tiles[:, point]), strict=True))
        order = reversed(self.orders[point])
        loops = ((self.dimensions[one], int(self.bounds[one, point])) for one in order)
        return LayerTiling(layer, tile, tuple(loop for loop in loops if loop[1] > 1))


def layer_curve(specification: Specification, column: str | None = None) -> LayerCurve:
    """The exact curve of a layer on two levels.

    All tilings by divisors are counted, each with the order of loops outside the buffer that is best for it. What the
    constraints of the outermost memory fix holds: factors of loops, and data spaces that bypass it, whose tiles wait in
    the buffer and cost room only. Shared loops around the layer count as ``specification.repeats`` says.

    Args:
        specification: what ``two_levels`` makes, or the part of it that a class of fused mappings leaves open.
        column: a dimension along which the layer needs whole columns. While these do not fit, it must sweep over all
            of a column before it begins anew: loops over what moves no tensor stand outside those over the column.
    """
    counts = _Counts(specification, column)
    found = [counts.best(tiles) for tiles in _tilings(specification)]
    capacities, traffic, tiles, orders = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
    kept = lower_envelope(capacities, traffic)
    extents = np.array(list(specification.problem.dimensions.values()))
    return LayerCurve(
        tuple(specification.problem.dimensions),
        capacities[kept],
        traffic[kept],
        tiles[:, kept],
        extents[:, None] // tiles[:, kept],
        tuple(counts.orders[number] for number in orders[kept]),
    )


def _tilings(specification: Specification) -> Iterator[IntArray]:
    """(D, T) extents of the tile of every tiling that the constraints allow, some at a time."""
    factors = specification.constraints.at(OUTERMOST).temporal.factors
    choices = [
        np.array(
            [one for one in reversed(loop_bounds(extent)) if factors.get(name, FactorBounds()).allows(extent // one)]
        )
        for name, extent in specification.problem.dimensions.items()
    ]
    shape = tuple(map(len, choices))
    for start in range(0, prod(shape), _AT_ONCE):
        numbers = np.arange(start, min(start + _AT_ONCE, prod(shape)))
        places = np.unravel_index(numbers, shape)
        yield np.stack([choice[place] for choice, place in zip(choices, places, strict=True)])


class _Counts:
    """Capacity and least traffic of tilings.

    Attributes:
        orders: those that matter.
    """

    def __init__(self, specification: Specification, column: str | None) -> None:
        problem, repeats = specification.problem, specification.repeats
        self._extents = np.array(list(problem.dimensions.values()))
        self._tensors = tensors_of(problem)
        bypass = specification.constraints.at(OUTERMOST).bypass
        self._moved = [one for one in self._tensors if one.name not in bypass]
        self._fetches = {one.name: repeats.fetched(BUFFER, one.name) for one in self._moved}
        self._firsts = {one.name: repeats.first(one.name) for one in self._moved}
        self._column = None if column is None else list(problem.dimensions).index(column)
        self._sweeps = _sweeps(self._tensors, self._extents)
        self._inside = [] if self._column is None else [(self._column, sweep) for sweep in self._sweeps]
        live = [number for number, extent in enumerate(self._extents) if extent > 1]
        self.orders = orders_that_matter(self._moved, live, self._inside)

    def best(self, tiles: IntArray) -> tuple[AnyArray, AnyArray, IntArray, AnyArray]:
        """Of some tilings (D, T) those that none of them beats: capacity, traffic, tiles, and numbers of orders."""
        bounds = self._extents[:, None] // tiles
        capacity = np.sum([tile_words(tensor, tiles) for tensor in self._tensors], axis=0)
        traffic = np.full(tiles.shape[1], _NEVER)
        orders = np.zeros(tiles.shape[1], dtype=np.int64)
        known: dict[object, AnyArray] = {}
        for number, order in enumerate(self.orders):
            words = np.where(self._sound(tiles, order), self._traffic(tiles, bounds, order, known), _NEVER)
            lower = words < traffic
            traffic, orders = np.where(lower, words, traffic), np.where(lower, number, orders)
        possible = np.flatnonzero(traffic < _NEVER)
        kept = possible[lower_envelope(capacity[possible], traffic[possible])]
        return capacity[kept], traffic[kept], tiles[:, kept], orders[kept]

    def _traffic(self, tiles: IntArray, bounds: IntArray, order: Order, known: dict[object, AnyArray]) -> AnyArray:
        """(T,) words read from and written to the outermost memory with one order."""
        total = np.zeros(tiles.shape[1], dtype=np.int64)
        for tensor in self._moved:
            # Kinds say which orders to look at. What one costs where windows slide, only itself says: loops of bound 1
            # can bring partners together in one order of a kind and not in another.
            key = tensor.name, order if tensor.sliding else cost_key(tensor, order)
            if key not in known:
                known[key] = self._words(tensor, tiles, bounds, order)
            total += known[key]
        return total

    def _words(self, tensor: Tensor, tiles: IntArray, bounds: IntArray, order: Order) -> AnyArray:
        taken = crossing_words(tensor, tiles, bounds, order) * self._fetches[tensor.name]
        if not tensor.read_write:
            return taken
        # Every word that arrives is written, and read back first unless it is there for the first time.
        untouched = tensor.words(tuple(map(int, self._extents))) * self._firsts[tensor.name]
        read: AnyArray = elide_first_touch(taken, np.asarray(untouched))
        return np.asarray(taken + read)

    def _sound(self, tiles: IntArray, order: Order) -> AnyArray | bool:
        """Whether columns are whole, or swept over one sweep at a time."""
        if self._column is None:
            return True
        whole = tiles[self._column] == self._extents[self._column]
        single = (tiles[self._sweeps] == 1).all(axis=0)
        return np.asarray(whole | (single & keeps(order, self._inside)))


def _sweeps(tensors: Sequence[Tensor], extents: IntArray) -> list[int]:
    """Dimensions that move no tensor."""
    return [
        number
        for number, extent in enumerate(extents)
        if extent > 1 and not any(tensor.relevant[number] for tensor in tensors)
    ]
