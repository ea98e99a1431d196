"""Compiled: what can remain of one dimension at each level, and how loops and fan-outs lead from one to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, kernel, procedure
from launcher.engines.native.mapper.imperfect.tables import LEAST, MOST


class DimensionNodes(NamedTuple):
    """The nodes of one dimension; as in ``Nodes`` without the axis of dimensions."""

    value: AnyArray
    counts: AnyArray
    first: AnyArray
    to: AnyArray
    cross: AnyArray
    reach: AnyArray


@helper
def remains(left: int, end: int) -> int:
    """What a loop of this end leaves of what remains."""
    return int(-(-left // end))


@helper
def largest_end(left: int, after: int) -> int:
    """The largest end that leaves ``after`` of what remains."""
    return int(left if after == 1 else (left - 1) // (after - 1))


@helper
def through_fans(fans: AnyArray, first: int, last: int, left: int, perfect: bool) -> int:
    """What the fan-outs of some levels leave; 0 where one is larger than what remains (perfect: does not divide it)."""
    for m in range(first, last + 1):
        if fans[m] > left or (perfect and left % fans[m]):
            return 0
        left = remains(left, fans[m])
    return int(left)


@helper
def _next_end(left: int, end: int, divides: bool) -> int:
    """The least end above this one that leaves something else, or divides; beyond ``left`` when there is none."""
    if not divides:
        following: int = largest_end(left, remains(left, end)) + 1
        return following
    end += 1
    while end <= left and left % end:
        end += 1
    return end


@helper
def _mark_loops(left: int, least: int, most: int, divides: bool, found: AnyArray) -> None:
    """Mark what loops of an allowed end leave."""
    end = max(least, 1)
    if divides and left % end:
        end = _next_end(left, end, divides)
    while end <= min(most, left):
        found[remains(left, end)] = True
        end = _next_end(left, end, divides)


@helper
def _leads_to(left: int, least: int, most: int, divides: bool, found: AnyArray) -> bool:
    """Whether a loop of an allowed end leads to one of the marked values."""
    end = max(least, 1)
    if divides and left % end:
        end = _next_end(left, end, divides)
    while end <= min(most, left):
        if found[remains(left, end)]:
            return True
        end = _next_end(left, end, divides)
    return False


@helper
def _least_steps(extent: int, left: int, inside: int, outside: int) -> int:
    """Least different steps in time of a dimension of which ``left`` remains, by the fan-outs inside and outside.

    All rounds but the last have a whole tile.
    """
    return int((remains(left, outside) - 1) * remains(remains(extent, left), inside) + 1)


@helper
def _keep_quick(
    extent: int, fans: AnyArray, level: int, room: int, most_steps: float, found: AnyArray
) -> None:  # fmt: skip
    """Unmark what has too large a tile or takes too many steps."""
    inside, outside = 1, 1
    for m in range(len(fans)):
        if m <= level:
            inside *= fans[m]
        else:
            outside *= fans[m]
    for left in range(1, extent + 1):
        if found[left] and (remains(extent, left) > room or _least_steps(extent, left, inside, outside) > most_steps):
            found[left] = False


@procedure
def _mark_nodes(
    extent: int, fans: AnyArray, bounds: AnyArray, divides: bool, perfect: bool, following: AnyArray, start: int,
    room: AnyArray, most_steps: float, enters: AnyArray, leaves: AnyArray,
) -> None:  # fmt: skip
    """Mark what can remain of a dimension where a level begins, and where it ends, on a way through the whole nest.

    Args:
        extent: of the dimension.
        fans: (L,) ends of the fan-outs.
        bounds: (2, L) least and most end of a temporal loop.
        divides, perfect: whether ends of temporal loops, and of fan-outs, must divide what remains.
        following: (L,) the level that follows each one that matters; L is the end.
        start: the first level that matters.
        room: (L,) the largest tile that a level can have in this dimension.
        most_steps: different steps in time that it may take.
        enters, leaves: (L + 1, extent + 1) filled in; False to begin with.
    """
    levels = len(fans)
    enters[start, through_fans(fans, 0, min(start, levels - 1), extent, perfect)] = True
    enters[start, 0] = False
    level = start
    while level < levels:
        to = following[level]
        for left in range(1, extent + 1):
            if enters[level, left]:
                _mark_loops(left, bounds[LEAST, level], bounds[MOST, level], divides, leaves[level])
        _keep_quick(extent, fans, level, room[level], most_steps, leaves[level])
        for left in range(1, extent + 1):
            if leaves[level, left]:
                enters[to, through_fans(fans, level + 1, min(to, levels - 1), left, perfect)] = True
        enters[to, 0] = False
        level = to
    for left in range(2, extent + 1):
        enters[levels, left] = False
    for k in range(levels):
        level = levels - 1 - k
        if level < start or following[level] < 0:
            continue
        to = following[level]
        for left in range(1, extent + 1):
            if leaves[level, left]:
                leaves[level, left] = enters[to, through_fans(fans, level + 1, min(to, levels - 1), left, perfect)]
        for left in range(1, extent + 1):
            if enters[level, left]:
                enters[level, left] = _leads_to(
                    left, bounds[LEAST, level], bounds[MOST, level], divides, leaves[level]
                )  # fmt: skip


@procedure
def _link_nodes(
    fans: AnyArray, bounds: AnyArray, divides: bool, perfect: bool, following: AnyArray, start: int, leaves: AnyArray,
    value: AnyArray, count: AnyArray, first: AnyArray, to: AnyArray, cross: AnyArray,
) -> int:  # fmt: skip
    """Loops of an end above 1, and fan-outs, between nodes; returns the most loops that any level has.

    Args:
        fans, bounds, divides, perfect, following, start: as above.
        leaves: (L + 1, extent + 1) as above.
        value: (L + 1, F) nodes of each level, ascending; ``count`` (L + 1,) of them.
        first, to, cross: filled in as in ``Nodes``; ``to`` only as far as it has room.
    """
    levels = len(fans)
    place = np.full((2, leaves.shape[1]), -1, np.int64)  # of the nodes of two levels; -1 for all else
    most = 0
    for level in range(start, levels):
        if following[level] < 0:
            continue
        into = following[level]
        for i in range(count[level]):
            place[0, value[level, i]] = i
        for i in range(count[into]):
            place[1, value[into, i]] = i
        n = 0
        for i in range(count[level]):
            left = value[level, i]
            first[level, i] = n
            end = max(bounds[LEAST, level], 2)
            if divides and left % end:
                end = _next_end(left, end, divides)
            while end <= min(bounds[MOST, level], left):
                after = remains(left, end)
                if leaves[level, after] and place[0, after] >= 0:
                    if n < to.shape[1]:
                        to[level, n] = place[0, after]
                    n += 1
                end = _next_end(left, end, divides)
            after = through_fans(fans, level + 1, min(into, levels - 1), left, perfect)
            cross[level, i] = place[1, after] if leaves[level, left] and after else -1
        first[level, count[level]] = n
        most = max(most, n)
        for i in range(count[level]):
            place[0, value[level, i]] = -1
        for i in range(count[into]):
            place[1, value[into, i]] = -1
    return most


@kernel
def list_nodes(
    extent: int, fans: AnyArray, bounds: AnyArray, divides: bool, perfect: bool, following: AnyArray, start: int,
    room: AnyArray, most_steps: float,
) -> DimensionNodes:  # fmt: skip
    """The nodes of one dimension; the arguments are those of ``_mark_nodes``."""
    levels = len(fans)
    enters, leaves = np.zeros((levels + 1, extent + 1), np.bool_), np.zeros((levels + 1, extent + 1), np.bool_)
    _mark_nodes(extent, fans, bounds, divides, perfect, following, start, room, most_steps, enters, leaves)
    count, reach = np.zeros(levels + 1, np.int64), np.ones(levels + 1, np.int64)
    for level in range(levels + 1):
        reach[level] = fans[: level + 1].prod()
        for left in range(1, extent + 1):
            count[level] += enters[level, left] or leaves[level, left]
    value = np.zeros((levels + 1, max(1, count.max())), np.int64)
    for level in range(levels + 1):
        n = 0
        for left in range(1, extent + 1):
            if enters[level, left] or leaves[level, left]:
                value[level, n] = left
                n += 1
    first = np.zeros((levels, value.shape[1] + 1), np.int64)
    cross = np.full((levels, value.shape[1]), -1, np.int64)
    to = np.zeros((levels, 0), np.int64)
    most = _link_nodes(fans, bounds, divides, perfect, following, start, leaves, value, count, first, to, cross)
    to = np.zeros((levels, most), np.int64)
    _link_nodes(fans, bounds, divides, perfect, following, start, leaves, value, count, first, to, cross)
    return DimensionNodes(value, count, first, to, cross, reach)
