"""Nodes and their groups for one spatial assignment, dimension by dimension; equal ones are made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, prod

import numpy as np

from launcher.engines.native.arrays import AnyArray, FloatArray, IntArray
from launcher.engines.native.mapper.imperfect.remains import link_nodes, mark_nodes
from launcher.engines.native.mapper.imperfect.tables import Fans, Groups, Nodes, Work
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.search_tables import Walks

_COARSENING = 0.8
"""How much smaller the longest side of a table that is too large becomes at a time."""


@dataclass(frozen=True)
class DimensionNodes:
    """The nodes of one dimension; as in ``Nodes`` without the axis of dimensions.

    Attributes:
        count: (L + 1,) nodes per level.
        reach: (L + 1,) iterations that the fan-outs up to each level cover.
    """

    extent: int
    value: IntArray
    count: IntArray
    first: IntArray
    to: IntArray
    cross: IntArray
    reach: IntArray


@dataclass(frozen=True)
class DimensionGroups:
    """The groups of one dimension; as in ``Groups`` without the axis of dimensions, and ``group`` as in ``Nodes``."""

    group: IntArray
    count: IntArray
    least: IntArray
    tile: IntArray
    first: IntArray
    to: IntArray
    delay: FloatArray
    low: IntArray
    high: IntArray


@dataclass
class Layouts:
    """What can remain of each dimension, for any spatial assignment."""

    _nodes: dict[tuple[object, ...], DimensionNodes] = field(default_factory=dict)
    _groups: dict[tuple[object, ...], DimensionGroups] = field(default_factory=dict)

    def lay_out(
        self, work: Work, fans: Fans, walks: Walks, most_entries: int, most_steps: float = inf
    ) -> tuple[Nodes, Groups, bool] | None:
        """Nodes and groups of one assignment, and whether each node is a group; None if there is no nest.

        Args:
            work, fans, walks: what is to be mapped.
            most_entries: of a table of any state.
            most_steps: in time, of the whole nest.
        """
        following, start = followers(walks, len(work.capacity))
        room = _room(work, fans)
        least_steps = -(-work.extents // fans.outside[0])
        parts = []
        for d in range(len(work.extents)):
            own_steps = most_steps * least_steps[d] / least_steps.prod(dtype=float)
            nodes = self._of(work, fans, d, following, start, room[:, d], own_steps)
            if not nodes.count[min(start, len(work.capacity))]:
                return None
            parts.append(nodes)
        counts = np.array([part.count for part in parts], np.int64).reshape(len(parts), -1)
        sizes = [_sizes(counts[:, level], most_entries) for level in range(counts.shape[1])]
        grouped = [
            self._grouped(part, tuple(size[d] for size in sizes), following) for d, part in enumerate(parts)
        ]  # fmt: skip
        finest = bool((counts <= np.array([part.count for part in grouped])).all())
        return _nodes(parts, grouped, following, start), _groups(grouped, len(following) + 1), finest

    def _of(
        self, work: Work, fans: Fans, d: int, following: IntArray, start: int, room: IntArray, most_steps: float
    ) -> DimensionNodes:  # fmt: skip
        ends = np.ascontiguousarray(fans.ends[:, d])
        most_steps = np.floor(min(most_steps, float(work.extents[d])) * (1 + 1e-12))
        key = (d, ends.tobytes(), following.tobytes(), start, room.tobytes(), most_steps)
        if key not in self._nodes:
            self._nodes[key] = _dimension(
                int(work.extents[d]), ends, np.ascontiguousarray(work.bounds[:, :, d]), bool(work.divides[d]),
                bool(work.perfect[d]), following, start, room, most_steps,
            )  # fmt: skip
        return self._nodes[key]

    def _grouped(self, nodes: DimensionNodes, sizes: tuple[int, ...], following: IntArray) -> DimensionGroups:
        key = (id(nodes), sizes)  # the nodes are kept
        if key not in self._groups:
            self._groups[key] = _group(nodes, sizes, following)
        return self._groups[key]


def followers(walks: Walks, levels: int) -> tuple[IntArray, int]:
    """(L,) the level that a nest goes on with after each level (-1: it never stops there), and where it begins."""
    following = np.full(levels, -1, np.int64)
    level_of = np.repeat(walks.states[:-1, at.LEVEL], np.diff(walks.states[:, at.FIRST_STEP]))
    leaving = walks.steps[:, at.KIND] == at.NEXT_LEVEL
    following[level_of[leaving]] = walks.states[walks.steps[leaving, at.TARGET], at.LEVEL]
    return following, int(walks.states[-2, at.LEVEL])


def _room(work: Work, fans: Fans) -> IntArray:
    """(L, D) the largest tile of one dimension that a level can hold, when the others span no more than fan-outs."""
    levels, dimensions = fans.ends.shape
    least = np.minimum(np.cumprod(fans.ends, axis=0), work.extents)
    room = np.repeat(work.extents[None, :], levels, axis=0).astype(float)
    words = np.where(work.relevant & ~work.boxes[:, None], least[:, None, :], 1).prod(axis=2, dtype=float)
    for level in np.flatnonzero(np.isfinite(work.capacity)):
        total = (words[level] * work.keep[level]).sum()
        for d in range(dimensions):
            mine = work.keep[level] & work.relevant[:, d] & ~work.boxes
            if mine.any():
                own = words[level][mine].sum()
                most = (work.capacity[level] - (total - own)) / own * least[level, d]
                room[level, d] = min(room[level, d], max(np.floor(most * (1 + 1e-12)), 0))
    return room.astype(np.int64)


def _dimension(
    extent: int, ends: IntArray, bounds: IntArray, divides: bool, perfect: bool, following: IntArray, start: int,
    room: IntArray, most_steps: float,
) -> DimensionNodes:  # fmt: skip
    levels = len(ends)
    enters, leaves = np.zeros((2, levels + 1, extent + 1), np.bool_)
    mark_nodes(
        extent, ends, bounds, divides, perfect, following, start, np.ascontiguousarray(room), most_steps, enters, leaves
    )
    listed = [np.flatnonzero(row) for row in enters | leaves]
    count = np.array([len(values) for values in listed], np.int64)
    value = np.zeros((levels + 1, max(1, int(count.max()))), np.int64)
    for row, values in zip(value, listed, strict=True):
        row[: len(values)] = values
    first, cross = np.zeros((levels, value.shape[1] + 1), np.int64), np.full((levels, value.shape[1]), -1, np.int64)
    to = np.zeros((levels, 0), np.int64)
    most = link_nodes(ends, bounds, divides, perfect, following, start, leaves, value, count, first, to, cross)
    to = np.zeros((levels, most), np.int64)
    link_nodes(ends, bounds, divides, perfect, following, start, leaves, value, count, first, to, cross)
    reach = np.append(np.cumprod(ends), np.prod(ends))
    return DimensionNodes(extent, value, count, first, to, cross, reach)


def _sizes(counts: IntArray, most: int) -> list[int]:
    """How many groups each dimension gets, so that a table has ``most`` entries at most."""
    sizes = [max(1, int(count)) for count in counts]
    while prod(sizes) > most:
        longest = sizes.index(max(sizes))
        sizes[longest] = max(1, int(sizes[longest] * _COARSENING))
    return sizes


def _split(values: IntArray, most: int) -> IntArray:
    """Numbers of at most so many groups of neighbours, whose ends are about the same factor apart everywhere."""
    if len(values) <= most:
        return np.arange(len(values))
    ratio = 1.02
    while True:
        _, group = np.unique(np.floor(np.log(values) / np.log(ratio)), return_inverse=True)
        if group[-1] < most:
            return np.asarray(group, np.int64)
        ratio *= 1.02


def _group(nodes: DimensionNodes, sizes: tuple[int, ...], following: IntArray) -> DimensionGroups:
    levels, width = len(following), max(sizes)
    group = np.zeros_like(nodes.value)
    count = np.ones(levels + 1, np.int64)
    least, tile = np.ones((2, levels + 1, width), np.int64)
    for level in range(levels + 1):
        n = nodes.count[level]
        if n:
            group[level, :n] = _split(nodes.value[level, :n], sizes[level])
            count[level] = group[level, n - 1] + 1
            starts = np.searchsorted(group[level, :n], np.arange(count[level]))
            last = np.append(starts[1:], n) - 1
            least[level, : count[level]] = nodes.value[level, starts]
            covered = -(-nodes.extent // nodes.value[level, last])
            tile[level, : count[level]] = np.maximum(covered, min(nodes.reach[level], nodes.extent))
    first = np.zeros((levels, width + 1), np.int64)
    low, high = np.full((2, levels, width), -1, np.int64)
    delay = np.zeros((levels, width))
    listed = []
    for level in range(levels):
        listed.append(_group_level(nodes, group, following, level, first, low, high))
        slowest = _delays(nodes, following, level)
        delay[level, : count[level]] = np.inf
        np.minimum.at(delay[level], group[level, : len(slowest)], slowest)
    to = np.zeros((levels, max([1, *(len(found) for found in listed)])), np.int64)
    for row, found in zip(to, listed, strict=True):
        row[: len(found)] = found
    return DimensionGroups(group, count, least, tile, first, to, delay, low, high)


def _delays(nodes: DimensionNodes, following: IntArray, level: int) -> FloatArray:
    """Per node of a level, how many times the least steps there are at least; 0 (a logarithm) where it is too early.

    What remains of a dimension leaves room for tiles of several sizes. The steps that a tile takes are the least of a
    sum that grows with it and one that grows and then shrinks: least at one end.
    """
    n, into = int(nodes.count[level]), following[level]
    if into < 0 or nodes.reach[into] == nodes.reach[level] or nodes.reach[into] < nodes.reach[-1]:
        return np.zeros(n)
    left = nodes.value[level, :n]
    inside, fans = nodes.reach[level], nodes.reach[into] // nodes.reach[level]
    least = -((nodes.extent // -left) // inside)
    most = np.maximum(least, np.where(left > 1, (nodes.extent - 1) // np.maximum(left - 1, 1), nodes.extent) // inside)
    rounds = -(-left // fans)
    steps = []
    for tile in (least, most):
        rest = np.maximum(nodes.extent - (rounds - 1) * tile * inside * fans, 1)
        steps.append((rounds - 1) * tile + np.minimum(tile, -(-rest // inside)))
    fewest = -(-nodes.extent // nodes.reach[-1])
    return np.asarray(np.log(np.maximum(np.minimum(*steps), fewest) / fewest))


def _group_level(
    nodes: DimensionNodes, group: IntArray, following: IntArray, level: int, first: IntArray, low: IntArray,
    high: IntArray,
) -> AnyArray:  # fmt: skip
    """Fill in what leads out of a level's groups, and return where its loops lead."""
    n = nodes.count[level]
    if following[level] < 0 or not n:
        return np.zeros(0, np.int64)
    starts = np.repeat(group[level, :n], np.diff(nodes.first[level, : n + 1]))
    ends = group[level, nodes.to[level, : nodes.first[level, n]]]
    pairs = np.unique(starts * nodes.value.shape[1] + ends)
    first[level] = np.searchsorted(pairs, np.arange(first.shape[1]) * nodes.value.shape[1])
    crosses = np.flatnonzero(nodes.cross[level, :n] >= 0)
    targets = group[following[level], nodes.cross[level, crosses]]
    for own in np.unique(group[level, crosses]):
        reached = targets[group[level, crosses] == own]
        low[level, own], high[level, own] = reached.min(), reached.max()
    return np.asarray(pairs % nodes.value.shape[1])


def _stacked(parts: Sequence[AnyArray], fill: int = 0) -> AnyArray:
    """Arrays (levels, width) side by side: (levels, D, most width)."""
    width = max([1, *(part.shape[1] for part in parts)])
    array = np.full((parts[0].shape[0], len(parts), width), fill, parts[0].dtype)
    for d, part in enumerate(parts):
        array[:, d, : part.shape[1]] = part
    return array


def _nodes(parts: list[DimensionNodes], grouped: list[DimensionGroups], following: IntArray, start: int) -> Nodes:
    return Nodes(
        value=_stacked([part.value for part in parts]),
        group=_stacked([part.group for part in grouped]),
        first=_stacked([part.first for part in parts]),
        to=_stacked([part.to for part in parts]),
        cross=_stacked([part.cross for part in parts], -1),
        following=following,
        start=start,
    )


def _groups(grouped: list[DimensionGroups], rows: int) -> Groups:
    count = np.array([part.count for part in grouped], np.int64).reshape(len(grouped), rows).T.copy()
    stride = np.ones_like(count)
    stride[:, 1:] = np.cumprod(count, axis=1)[:, :-1]
    return Groups(
        counts=count,
        stride=stride,
        size=count.prod(axis=1),
        least=_stacked([part.least for part in grouped], 1),
        tile=_stacked([part.tile for part in grouped], 1),
        first=_stacked([part.first for part in grouped]),
        to=_stacked([part.to for part in grouped]),
        delay=_stacked([part.delay for part in grouped]),
        low=_stacked([part.low for part in grouped], -1),
        high=_stacked([part.high for part in grouped], -1),
    )
