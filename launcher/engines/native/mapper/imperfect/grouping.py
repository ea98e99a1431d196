"""Compiled: groups of neighbouring nodes, few enough for a table, and how loops and fan-outs connect them."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, kernel, procedure
from launcher.engines.native.mapper.imperfect.tables import Fans, Groups, Nodes, Work

_COARSENING = 0.8
"""How much smaller the longest side of a table that is too large becomes at a time."""

_RATIO = 1.02
"""Least factor between neighbouring groups, where there are fewer groups than nodes; grows by itself."""


@kernel
def room_of(work: Work, fans: Fans) -> AnyArray:
    """(L, D) the largest tile of one dimension that a level can hold, when the others span no more than fan-outs."""
    levels, dimensions = fans.ends.shape
    spaces = len(work.boxes)
    room = np.empty((levels, dimensions), np.int64)
    least, units = np.ones(dimensions), np.empty(spaces)
    for level in range(levels):
        total = 0.0
        for d in range(dimensions):
            room[level, d] = work.extents[d]
            least[d] = min(least[d] * fans.ends[level, d], work.extents[d])
        for p in range(spaces):
            units[p] = 0.0
            if work.keep[level, p]:
                units[p] = work.weight[level, p]
                for d in range(dimensions):
                    if work.relevant[p, d] and not work.boxes[p]:
                        units[p] *= least[d]
            total += units[p]
        if work.capacity[level] == np.inf:
            continue
        for d in range(dimensions):
            own = 0.0
            for p in range(spaces):
                if work.relevant[p, d] and not work.boxes[p]:
                    own += units[p]
            if own > 0:
                most = (work.capacity[level] - (total - own)) / own * least[d]
                room[level, d] = int(min(room[level, d], max(np.floor(most * (1 + 1e-12)), 0.0)))
    return room


@helper
def _choose_sizes(counts: AnyArray, most: float, sizes: AnyArray) -> bool:
    """How many groups each dimension gets, so that a table has ``most`` entries at most; whether each node gets one."""
    finest, entries = True, 1.0
    for d in range(len(counts)):
        sizes[d] = max(1, counts[d])
        entries *= sizes[d]
    while entries > most:
        finest = False
        longest, entries = 0, 1.0
        for d in range(len(sizes)):
            if sizes[d] > sizes[longest]:
                longest = d
        sizes[longest] = max(1, int(sizes[longest] * _COARSENING))
        for d in range(len(sizes)):
            entries *= sizes[d]
    return finest


@procedure
def _split(values: AnyArray, n: int, most: int, logarithms: AnyArray, group: AnyArray) -> int:
    """Number at most so many groups of neighbours, whose ends are about the same factor apart everywhere."""
    if n <= most:
        for i in range(n):
            group[i] = i
        return int(n)
    for i in range(n):
        logarithms[i] = np.log(values[i])
    ratio = _RATIO
    while True:
        step, g = np.log(ratio), 0
        group[0] = 0
        before = np.floor(logarithms[0] / step)
        for i in range(1, n):
            own = np.floor(logarithms[i] / step)
            if own > before:
                g += 1
                before = own
            group[i] = g
        if g < most:
            return int(g + 1)
        ratio *= _RATIO


@helper
def _steps(extent: int, rounds: int, tile: int, inside: int, fans: int) -> int:
    """Different steps in time of a dimension whose fan-outs, so many of them, take this tile in each of the rounds."""
    rest = max(extent - (rounds - 1) * tile * inside * fans, 1)
    return int((rounds - 1) * tile + min(tile, -(-rest // inside)))


@helper
def _delay(extent: int, left: int, inside: int, fans: int, last: int) -> float:
    """Of a node, how many times the least steps there are at least, as a logarithm.

    What remains of a dimension leaves room for tiles of several sizes. The steps that a tile takes are the least of a
    sum that grows with it and one that grows and then shrinks: least at one end.
    """
    least = -((extent // -left) // inside)
    most = max(least, ((extent - 1) // max(left - 1, 1) if left > 1 else extent) // inside)
    rounds = -(-left // fans)
    steps = min(_steps(extent, rounds, least, inside, fans), _steps(extent, rounds, most, inside, fans))
    fewest = -(-extent // last)
    return float(np.log(max(steps, fewest) / fewest))


@procedure
def _describe(work: Work, nodes: Nodes, groups: Groups, level: int, d: int) -> None:
    """Fill in what remains in groups, and their tiles."""
    reach, extent = nodes.reach[level, d], work.extents[d]
    for i in range(nodes.counts[level, d] - 1, -1, -1):
        groups.least[level, d, groups.group[level, d, i]] = nodes.value[level, d, i]
    for i in range(nodes.counts[level, d]):
        covered = -(-extent // nodes.value[level, d, i])
        groups.tile[level, d, groups.group[level, d, i]] = max(covered, min(reach, extent))


@procedure
def _slow_down(work: Work, nodes: Nodes, groups: Groups, level: int, d: int) -> None:
    """Fill in the delays of groups; 0 where it is too early to tell."""
    inside, beyond, last = nodes.reach[level, d], nodes.reach[nodes.following[level], d], nodes.reach[-1, d]
    if beyond == inside or beyond < last:
        return
    for g in range(groups.counts[level, d]):
        groups.delay[level, d, g] = np.inf
    for i in range(nodes.counts[level, d]):
        g = groups.group[level, d, i]
        slow = _delay(work.extents[d], nodes.value[level, d, i], inside, beyond // inside, last)
        groups.delay[level, d, g] = min(groups.delay[level, d, g], slow)


@procedure
def _connect(nodes: Nodes, groups: Groups, level: int, d: int, met: AnyArray) -> None:
    """Fill in where the loops of a level's groups lead, and its fan-outs; ``met``: room for a mark per group."""
    into, count, found, i = nodes.following[level], groups.counts[level, d], 0, 0
    for g in range(count):
        groups.first[level, d, g] = found
        for k in range(count):
            met[k] = False
        while i < nodes.counts[level, d] and groups.group[level, d, i] == g:
            for c in range(nodes.first[level, d, i], nodes.first[level, d, i + 1]):
                met[groups.group[level, d, nodes.to[level, d, c]]] = True
            if nodes.cross[level, d, i] >= 0:
                reached = groups.group[into, d, nodes.cross[level, d, i]]
                low = groups.low[level, d, g]
                groups.low[level, d, g] = reached if low < 0 else min(low, reached)
                groups.high[level, d, g] = max(groups.high[level, d, g], reached)
            i += 1
        for k in range(count):
            if met[k]:
                groups.to[level, d, found] = k
                found += 1
    groups.first[level, d, count] = found


@helper
def _empty_groups(nodes: Nodes, width: int) -> Groups:
    rows, dimensions, most = nodes.value.shape
    levels = rows - 1
    return Groups(
        np.zeros((rows, dimensions, most), np.int64),
        np.ones((rows, dimensions), np.int64),
        np.ones((rows, dimensions), np.int64),
        np.ones(rows, np.int64),
        np.ones((rows, dimensions, width), np.int64),
        np.ones((rows, dimensions, width), np.int64),
        np.zeros((levels, dimensions, width + 1), np.int64),
        np.zeros((levels, dimensions, min(nodes.to.shape[2], width * width)), np.int64),
        np.zeros((levels, dimensions, width)),
        np.full((levels, dimensions, width), -1, np.int64),
        np.full((levels, dimensions, width), -1, np.int64),
    )


@kernel
def group_nodes(work: Work, nodes: Nodes, most_entries: float) -> tuple[Groups, bool]:
    """Groups with which no table has more than ``most_entries``, and whether each node is a group of its own."""
    rows, dimensions = nodes.counts.shape
    sizes = np.empty((rows, dimensions), np.int64)
    finest = True
    for level in range(rows):
        finest &= _choose_sizes(nodes.counts[level], most_entries, sizes[level])
    groups = _empty_groups(nodes, sizes.max())
    logarithms = np.empty(nodes.value.shape[2])
    for level in range(rows):
        for d in range(dimensions):
            n = nodes.counts[level, d]
            if n:
                groups.counts[level, d] = _split(
                    nodes.value[level, d], n, sizes[level, d], logarithms, groups.group[level, d]
                )  # fmt: skip
                _describe(work, nodes, groups, level, d)
            groups.stride[level, d] = groups.size[level]
            groups.size[level] *= groups.counts[level, d]
    met = np.empty(groups.least.shape[2], np.bool_)
    for level in range(rows - 1):
        if nodes.following[level] >= 0:
            for d in range(dimensions):
                _slow_down(work, nodes, groups, level, d)
                _connect(nodes, groups, level, d, met)
    return groups, finest
