"""Traffic, reads, fills and updates of one tensor for all mappings of a batch. Arrays run over mappings last."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from launcher.engines.native.accesses import ROUNDING
from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.batch.nest_arrays import NO_PLACE, Nests, partitions
from launcher.engines.native.batch.scratch import MOST_GROUPS, make_scratch
from launcher.engines.native.batch.sliding import sliding_traffic
from launcher.engines.native.batch.specification_tables import TensorTable
from launcher.engines.native.formulas import elide_first_touch, round_half_away


@dataclass
class BatchTraffic:
    """What crosses the boundary below one instance of a level: G kinds of multicast groups, ascending.

    Attributes:
        destinations: (G, M) children that share a word.
        words: (G, M) words read for them.
        links: (M,) words on links.
    """

    destinations: AnyArray
    words: AnyArray
    links: AnyArray | float = 0.0

    def total(self) -> AnyArray:
        return np.asarray(self.words.sum(axis=0))

    def delivered(self) -> AnyArray:
        return np.asarray((self.words * self.destinations).sum(axis=0))

    def repeat(self, times: int) -> None:
        """The same words cross so many times."""
        if times > 1:
            self.words = self.words * times
            self.links = self.links * times


@dataclass(frozen=True)
class Accesses:
    """One tensor at one level, per instance: (M,) arrays.

    Attributes:
        reads, fills, updates: words.
        traffic: what crosses the network below.
        leaves_gaps: (M,) whether fewer words are updated than there are, at which the model stops.
    """

    reads: AnyArray
    fills: AnyArray
    updates: AnyArray | float
    traffic: BatchTraffic
    leaves_gaps: AnyArray | bool = False


@dataclass
class _Level:
    """One tensor at one level before reads, fills and updates are told apart; see ``LevelAccesses``."""

    tile: AnyArray
    part: AnyArray
    content: AnyArray
    share: AnyArray | float
    traffic: BatchTraffic
    peers: AnyArray | float = 0.0

    def clear(self, where: AnyArray) -> None:
        stays = ~where
        self.tile = self.tile * stays
        self.part = self.part * stays
        self.content = self.content * stays
        self.share = self.share * stays


def _plain(tensor: TensorTable, nests: Nests, tiles: list[AnyArray]) -> list[BatchTraffic]:
    """Per level, traffic of a tensor whose tiles never overlap; level 0 serves every iteration anew."""
    traffic = []
    changes = np.ones(nests.fanout.shape[1])
    for index in range(len(tiles) - 1, -1, -1):
        if index:
            changes = _changes(tensor, nests, index, changes)
            delta = tiles[index - 1] * changes
        else:
            delta = nests.repeats[0]
        groups = _prod_of(nests.spatial[index], tensor.own)
        destinations = nests.fanout[index] / groups
        if not tensor.rules[index].multicast:
            groups, destinations = nests.fanout[index], np.ones_like(groups)
        traffic.append(BatchTraffic(destinations[None], (delta * groups)[None]))
    return traffic[::-1]


def traffic_of(
    tensor: TensorTable, nests: Nests, tiles: list[AnyArray], factors: AnyArray, orders: AnyArray
) -> list[BatchTraffic]:
    """Traffic of one tensor below every level, as if every level kept it; ``factors`` and ``orders`` as given."""
    walked = [
        index
        for index, rules in enumerate(tensor.rules)
        if tensor.sliding or (not rules.temporal_reuse and (index > 0 or nests.fanout[0].max() > 1))
    ]
    traffic = [] if tensor.sliding else _plain(tensor, nests, tiles)
    if walked:
        general = _walked(tensor, nests, factors, orders, walked)
        traffic = [general.get(index) or traffic[index] for index in range(len(tiles))]
    for crossing, times in zip(traffic, tensor.fetches, strict=True):
        crossing.repeat(times)
    return traffic


def _walked(
    tensor: TensorTable, nests: Nests, factors: AnyArray, orders: AnyArray, levels: list[int]
) -> dict[int, BatchTraffic]:
    """Traffic below some levels by the general rule: sliding windows, links, no reuse over time."""
    shape = (len(factors), len(tensor.rules))
    groups = np.zeros((*shape, MOST_GROUPS, 2), dtype=np.int64)
    words = np.zeros((*shape, MOST_GROUPS))
    links = np.zeros(shape)
    scratch = make_scratch(
        len(tensor.rules), factors.shape[3], len(tensor.coefficients), int(nests.fanout[levels].max())
    )
    sliding_traffic(
        np.ascontiguousarray(factors, dtype=np.int64),
        np.ascontiguousarray(orders, dtype=np.int64),
        tensor.coefficients,
        np.array([(r.temporal_reuse, r.multicast, r.links, r.columns) for r in tensor.rules], dtype=np.int64),
        np.array(levels, dtype=np.int64),
        groups,
        words,
        links,
        scratch,
    )
    traffic = {}
    for index in levels:
        used = max(1, int((groups[:, index, :, 1] > 0).sum(axis=1).max()))
        traffic[index] = BatchTraffic(
            np.ascontiguousarray(groups[:, index, :used, 0].T),
            np.ascontiguousarray(words[:, index, :used].T),
            links[:, index],
        )
    return traffic


def _prod_of(bounds: AnyArray, dimensions: tuple[int, ...]) -> AnyArray:
    """Product of some rows of (D, M)."""
    return prod((bounds[d] for d in dimensions), start=np.ones(bounds.shape[1]))


def _changes(tensor: TensorTable, nests: Nests, index: int, outside: AnyArray) -> AnyArray:
    """How often the tile changes in the loops of a level and all outside, given how often it does outside only.

    Loops that do not move the tile are free up to the first one that does.
    """
    places, bounds = nests.places[index], nests.temporal[index]
    first = np.full(places.shape[1], NO_PLACE, dtype=places.dtype)
    for dimension in tensor.own:
        first = np.minimum(first, places[dimension])
    block = _prod_of(bounds, tensor.own)
    for dimension in tensor.foreign:
        block = block * np.where(places[dimension] > first, bounds[dimension], 1.0)
    return np.where(first < NO_PLACE, block * nests.repeats[index + 1], outside)


def batch_accesses(
    tensor: TensorTable, nests: Nests, number: int, tiles: list[AnyArray], traffic: list[BatchTraffic]
) -> list[Accesses]:
    """Accesses of one tensor, the problem's ``number``-th, at all levels."""
    keep = nests.keep[:, number]
    parts = [words * tensor.firsts for words in partitions(tensor, nests, tiles)]
    levels = []
    for index, (tile, part) in enumerate(zip(tiles, parts, strict=True)):
        share: AnyArray | float = 0.0
        if index + 1 < len(tiles):
            parent = traffic[index + 1]
            share = (parent.words * parent.destinations / nests.fanout[index + 1]).sum(axis=0)
        levels.append(_Level(tile, part, traffic[index].total(), share, traffic[index]))
    _mask_inner(tensor, nests, keep, levels)
    _mask_outer(tensor, keep, levels)
    for index in range(1, len(levels)):
        levels[index - 1].peers = levels[index].traffic.links / nests.instances[index]
    return _split(tensor, levels)


def _mask_inner(tensor: TensorTable, nests: Nests, keep: AnyArray, levels: list[_Level]) -> None:
    for index, level in enumerate(levels):
        bypassed = ~keep[index]
        passes = bypassed if tensor.rules[index].coalesced else np.ones_like(bypassed)
        if not passes.any():
            continue
        if index + 1 < len(levels):
            parent = levels[index + 1]
            factor = level.content * nests.fanout[index + 1] / parent.traffic.delivered()
            parent.traffic.words = parent.traffic.words * np.where(passes, factor, 1.0)
            parent.traffic.links = parent.traffic.links * ~passes
            parent.content = parent.traffic.total()
            level.clear(bypassed)
        else:
            level.clear(passes)


def _mask_outer(tensor: TensorTable, keep: AnyArray, levels: list[_Level]) -> None:
    outside = np.ones(keep.shape[1], dtype=np.bool_)
    for index in range(len(levels) - 1, -1, -1):
        level = levels[index]
        holds = keep[index] if tensor.rules[index].coalesced else np.zeros_like(keep[index])
        level.share = level.share * ~outside
        outside = outside & ~holds
        if not outside.any():
            return
        level.clear(outside)
        level.traffic.words = level.traffic.words * ~outside
        level.traffic.links = level.traffic.links * ~outside


def _split(tensor: TensorTable, levels: list[_Level]) -> list[Accesses]:
    accesses = []
    backing = np.ones_like(levels[0].tile, dtype=np.bool_)
    for index in range(len(levels) - 1, -1, -1):
        level = levels[index]
        present = level.tile > 0
        taken: AnyArray | float = level.content + level.peers
        given: AnyArray | float = level.share + level.peers
        if tensor.read_write:
            rules = tensor.rules[index]
            untouched: AnyArray | float = 0.0 if rules.first_update_reads else level.part
            updates = _rounded(level.content) * present
            reads = _rounded(elide_first_touch(taken, untouched))
            fills = _rounded(elide_first_touch(given, np.where(backing, 0.0, untouched)))
            gaps: AnyArray | bool = False
            if not rules.coalesced:
                reads = fills = _rounded(taken)
            elif not tensor.divides:
                gaps = present & (taken < untouched * (1 - ROUNDING))
            accesses.append(Accesses(reads * present, fills * present, updates, level.traffic, gaps))
        else:
            accesses.append(Accesses(_rounded(taken) * present, np.floor(given) * present, 0.0, level.traffic))
        backing = backing & ~present
    return accesses[::-1]


def _rounded(words: AnyArray | float) -> AnyArray:
    return np.asarray(round_half_away(words, np.floor(words)))
