"""Mappings of a batch, level by level: tiles, instances, legality. Arrays run over mappings last.

Whole numbers are kept in double precision: they are exact up to 2^53, and the processor multiplies them faster.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.batch.specification_tables import Tables, TensorTable

NO_PLACE = 127
"""Place of a loop that is not there, behind all others."""


@dataclass(frozen=True)
class Nests:
    """M mappings on L levels (innermost first) over the D dimensions of extent above 1, with P data spaces.

    Attributes:
        spatial: (L, D, M) fan-out along each dimension.
        temporal: (L, D, M) bounds of the temporal loops.
        places: (L, D, M) place of each temporal loop in its block, innermost 0; NO_PLACE when its bound is 1.
        keep: (L, P, M).
        spatial_extents, extents: (L, D, M) tile of each level without and with its temporal loops.
        fanout: (L, M) children of one instance.
        used_x, used_y: (L + 1, M) instances in use, row 0 for the compute units.
        repeats: (L + 1, M) temporal iterations of a level and all outside it.
    """

    spatial: AnyArray
    temporal: AnyArray
    places: AnyArray
    keep: AnyArray
    spatial_extents: AnyArray
    extents: AnyArray
    fanout: AnyArray
    used_x: AnyArray
    used_y: AnyArray
    repeats: AnyArray

    def __getitem__(self, which: AnyArray) -> Nests:
        """Some of the mappings."""
        return Nests(**{field.name: getattr(self, field.name)[..., which] for field in fields(self)})

    @property
    def instances(self) -> AnyArray:
        """(L + 1, M) instances in use, row 0 for the compute units."""
        return np.asarray(self.used_x * self.used_y)


def lower_batch(tables: Tables, factors: AnyArray, orders: AnyArray, keep: AnyArray) -> tuple[Nests, AnyArray]:
    """The mappings, and (M,) which of them are perfect: factors multiply to the extents, orders are permutations.

    Args:
        tables: the specification.
        factors, orders: (M, L, 3, all dimensions).
        keep: (M, L, P).
    """
    moving = list(tables.moving)
    bounds = _last(factors[:, :, :, moving]).astype(np.float64)
    temporal = np.ascontiguousarray(bounds[:, 2])
    spatial = bounds[:, 0] * bounds[:, 1]
    extents = spatial * temporal
    for level in range(1, len(extents)):
        extents[level] *= extents[level - 1]
    whole = np.array([tables.extents[d] for d in moving], dtype=np.float64)  # empty for a single operation
    perfect = np.asarray(extents[-1] == whole[:, np.newaxis]).all(axis=0)
    # The bounds of all dimensions of extent 1 must be 1: their sum is what the sum of all others leaves.
    rest = factors.sum(axis=(1, 2, 3)) - bounds.sum(axis=(0, 1, 2))
    perfect &= rest == factors[0, :, :, 0].size * (factors.shape[3] - len(moving))
    perfect &= bool((factors > 0).all()) or (factors > 0).all(axis=(1, 2, 3))
    places, found = _places(orders[:, :, 2], moving)
    perfect &= found
    spatial_extents = spatial.copy()
    spatial_extents[1:] *= extents[:-1]
    fan_x, fan_y = bounds[:, 0].prod(axis=1), bounds[:, 1].prod(axis=1)
    nests = Nests(
        spatial=spatial,
        temporal=temporal,
        places=np.where(temporal > 1, places, np.int8(NO_PLACE)),
        keep=_last(keep),
        spatial_extents=spatial_extents,
        extents=extents,
        fanout=fan_x * fan_y,
        used_x=_from_outside(fan_x),
        used_y=_from_outside(fan_y),
        repeats=_from_outside(temporal.prod(axis=1)),
    )
    return nests, perfect


def _places(orders: AnyArray, moving: list[int]) -> tuple[AnyArray, AnyArray]:
    """(L, D, M) place of each dimension in (M, L, all dimensions) orders, and (M,) whether each is there once."""
    by_place = _last(orders).astype(np.int8)
    levels, all_places, count = by_place.shape
    places = np.zeros((levels, len(moving), count), dtype=np.int8)
    times = np.zeros_like(places)
    for place in range(all_places):
        for number, dimension in enumerate(moving):
            here = by_place[:, place] == dimension
            places[:, number] += here * np.int8(place)
            times[:, number] += here
    return places, np.asarray((times == 1).all(axis=(0, 1)))


def words_of(tensor: TensorTable, extents: AnyArray) -> AnyArray:
    """(M,) words in the bounding box of tiles whose extents are (D, M)."""
    size = np.ones(extents.shape[1])
    for rank in tensor.ranks:
        width: AnyArray | float = 1.0 - sum(coefficient for _, coefficient in rank)
        for dimension, coefficient in rank:
            width = width + (extents[dimension] if coefficient == 1 else coefficient * extents[dimension])
        size = size * width
    return size


def legality(tables: Tables, nests: Nests, tiles: list[list[AnyArray]]) -> AnyArray:
    """(M,) whether the hardware can hold and spread each mapping.

    Args:
        tables: the specification.
        nests: the mappings.
        tiles: per data space and level, words of the tile.
    """
    legal: AnyArray = np.asarray(nests.keep.any(axis=0).all(axis=0))
    for index, level in enumerate(tables.levels):
        if level.capacity is not None:
            parts = zip(tiles, level.weights, nests.keep[index], strict=True)
            needed = sum(words[index] * weight * keep for words, weight, keep in parts)
            legal = legal & (needed <= level.capacity)
            legal = legal & (needed >= level.least)
        if level.children <= 1:
            legal = legal & (nests.fanout[index] == 1)
    for row, (instances, across, down) in enumerate(tables.meshes):
        x, y = nests.used_x[row], nests.used_y[row]
        legal = legal & (x * y <= instances) & (x <= across) & (y <= down)
    return legal


def partitions(tensor: TensorTable, nests: Nests, tiles: list[AnyArray]) -> list[AnyArray]:
    """Per level, (M,) words of the tensor that one instance is responsible for in total."""
    part = tiles[-1]
    parts = [part]
    for index in range(len(tiles) - 2, -1, -1):
        box = words_of(tensor, nests.spatial_extents[index + 1])
        tile = tiles[index]
        if tensor.divides:
            part = part / (box / tile)
        else:
            # part * tile // box, with a smaller product.
            whole = np.floor(part / box)
            part = whole * tile + np.floor((part - whole * box) * tile / box)
        parts.append(part)
    return parts[::-1]


def _last(array: AnyArray) -> AnyArray:
    """Mappings from the first axis to the last."""
    return np.ascontiguousarray(np.moveaxis(array, 0, -1))


def _from_outside(bounds: AnyArray) -> AnyArray:
    """(L + 1, M) products of the bounds (L, M) of a level and all outside it."""
    products = np.ones((bounds.shape[0] + 1, bounds.shape[1]))
    for level in range(len(bounds) - 1, -1, -1):
        products[level] = products[level + 1] * bounds[level]
    return products
