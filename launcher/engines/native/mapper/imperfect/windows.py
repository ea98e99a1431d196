"""Compiled: words of data spaces whose tiles are windows that can overlap, as ``native.imperfect`` counts them.

The dimensions that move windows have perfect factors. So a window's part is counted as for perfect factors, step by
step of the loops in time, and the other dimensions multiply it by how many different digits they show then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, procedure
from launcher.engines.native.mapper.imperfect.counting import different
from launcher.engines.native.mapper.imperfect.exact import FILLS, READS, count_space, figures_of, start_counts
from launcher.engines.native.mapper.imperfect.tables import PER_WORD, Fans, Work


@helper
def reach_of(work: Work, fans: Fans, ends: AnyArray, level: int, d: int) -> int:
    """How far the loops up to a level reach in a dimension, clipped; -1: no loop."""
    reach = 1
    for m in range(level + 1):
        reach *= fans.ends[m, d] * ends[m, d]
    return int(min(reach, work.extents[d]))


@procedure
def window_widths(work: Work, fans: Fans, p: int, ends: AnyArray, level: int, widths: AnyArray) -> float:
    """Fill in the widths of a level's tile along all ranks; returns the words of its window (other ranks left out)."""
    words = 1.0
    for r in range(len(widths)):
        width, moves = 1, False
        for d in range(len(work.extents)):
            if work.coefficient[p, r, d]:
                width += work.coefficient[p, r, d] * (reach_of(work, fans, ends, level, d) - 1)
                moves = moves or work.windowed[p, d]
        widths[r] = width
        if moves:
            words *= width
    return words


@procedure
def group_count(work: Work, fans: Fans, p: int, ends: AnyArray, level: int) -> int:
    """Groups of children of a level that need different windows."""
    count = 1
    for r in range(work.coefficient.shape[1]):
        places, dimensions, span = 1, 0, 1
        for d in range(len(work.extents)):
            if work.coefficient[p, r, d] and work.windowed[p, d] and fans.ends[level, d] > 1:
                places *= fans.ends[level, d]
                dimensions += 1
                stride = work.coefficient[p, r, d] * reach_of(work, fans, ends, level - 1, d)
                span += stride * (fans.ends[level, d] - 1)
        if dimensions > 1 and work.multicast[level, p]:
            places = _sums(work, fans, p, ends, level, r, span)
        count *= places
    return count


@procedure
def _sums(work: Work, fans: Fans, p: int, ends: AnyArray, level: int, r: int, span: int) -> int:
    """Different places along one rank that sums of several dimensions' steps reach."""
    found = np.zeros(span, np.bool_)
    found[0] = True
    for d in range(len(work.extents)):
        if work.coefficient[p, r, d] and fans.ends[level, d] > 1:
            stride = work.coefficient[p, r, d] * reach_of(work, fans, ends, level - 1, d)
            last = found.copy()
            for i in range(1, fans.ends[level, d]):
                for k in range(span - i * stride):
                    if last[k]:
                        found[k + i * stride] = True
    return int(found.sum())


@helper
def _others(
    work: Work, fans: Fans, p: int, inner: int, outer: int, busiest: bool, level: int, place: int, advancing: int,
    tile: AnyArray, ends: AnyArray, places: AnyArray,
) -> float:  # fmt: skip
    """What the dimensions without windows contribute at the moment when a loop advances.

    ``level`` and ``place``: of the loop; ``advancing``: its dimension, or -1 for the very first tile.
    """
    words = 1.0
    last = len(ends) - 1
    one, nowhere = np.int64(1), np.int64(-1)
    within = outer if busiest else last
    for d in range(len(work.extents)):
        if work.windowed[p, d]:
            continue
        own = work.relevant[p, d]
        kept = inner if own else nowhere
        inside = nowhere if own else outer
        before = place if advancing < 0 else place - 1
        count = different(
            work.extents[d], one, tile[d], d, last, fans.ends, ends, places, level, before, inside, within,
            work.apart[p], outer if own else inner, kept,
        )  # fmt: skip
        if d == advancing:
            count -= different(
                work.extents[d], one, tile[d], d, last, fans.ends, ends, places, level, place, inside, within,
                work.apart[p], outer if own else inner, kept,
            )  # fmt: skip
        words *= count
    return words


@helper
def _window_rounds(
    work: Work, p: int, ends: AnyArray, places: AnyArray, level: int, place: int, advancing: int
) -> float:
    """Steps of the loops in time that move the window, from a loop outwards, when that loop advances."""
    rounds = 1.0
    for d in range(len(work.extents)):
        if not work.windowed[p, d]:
            continue
        for m in range(level, len(ends)):
            if m > level or places[m, d] >= place:
                here = m == level and places[m, d] == place and d == advancing
                rounds *= ends[m, d] - (1 if here else 0)
    return rounds


@procedure
def window_words(
    work: Work, fans: Fans, p: int, inner: int, outer: int, busiest: bool, tile: AnyArray, ends: AnyArray,
    places: AnyArray, widths: AnyArray, stride: AnyArray, back: AnyArray, direction: AnyArray,
) -> float:  # fmt: skip
    """Words that leave level ``outer`` (its busiest instance, or all) for the tiles of level ``inner``.

    ``widths``, ``stride``, ``back``, ``direction``: (ranks,) room to work in.
    """
    levels = len(ends)
    whole = window_widths(work, fans, p, ends, inner, widths)
    times = 1.0
    for m in range(inner + 1, outer + 1):
        times *= group_count(work, fans, p, ends, m)
    for d in range(len(work.extents)):
        if work.windowed[p, d] and not busiest:
            times *= fans.outside[outer + 1, d]
    keeps = inner >= 0 and work.reuse[inner + 1, p]
    if not (keeps and work.slides[p]):
        return float(times * whole * _whole_tiles(work, fans, p, inner, outer, busiest, keeps, tile, ends, places))
    total = whole * _others(work, fans, p, inner, outer, busiest, levels, np.int64(0), np.int64(-1), tile, ends, places)
    moving = False
    for r in range(len(widths)):
        back[r] = 0
    for level in range(inner + 1, levels):
        place = np.int64(-1)
        while True:
            d, place = _next_loop(ends, places, level, place)
            if d < 0:
                break
            reach = fans.ends[level, d] * reach_of(work, fans, ends, level - 1, d)
            fetched = _fetched(work, p, d, reach, whole, moving, widths, stride, back, direction)
            for r in range(len(widths)):
                moving = moving or stride[r] > 0
            if fetched > 0:
                rounds = _window_rounds(work, p, ends, places, level, place, d)
                others = _others(work, fans, p, inner, outer, busiest, level, place, d, tile, ends, places)
                total += fetched * rounds * others
    return float(times * total)


@helper
def _next_loop(ends: AnyArray, places: AnyArray, level: int, place: int) -> tuple[Any, Any]:
    """Dimension and place of a level's next loop in time; -1 when there is none."""
    found, at = np.int64(-1), np.int64(1 << 30)
    for d in range(ends.shape[1]):
        if ends[level, d] > 1 and place < places[level, d] < at:
            found, at = np.int64(d), places[level, d]
    return found, at


@procedure
def _whole_tiles(
    work: Work, fans: Fans, p: int, inner: int, outer: int, busiest: bool, keeps: bool, tile: AnyArray, ends: AnyArray,
    places: AnyArray,
) -> float:  # fmt: skip
    """How often whole tiles are needed: in every step where nothing is kept, else whenever the tile moves."""
    levels = len(ends)
    level, place = np.int64(inner + 1), np.int64(-1)
    if keeps:
        level, place = np.int64(levels), np.int64(0)
        for m in range(inner + 1, levels):
            for d in range(len(work.extents)):
                if level == levels and ends[m, d] > 1 and work.relevant[p, d]:
                    level, place = np.int64(m), np.int64(1 << 30)
            if level < levels:
                for d in range(len(work.extents)):
                    if ends[m, d] > 1 and work.relevant[p, d]:
                        place = min(place, places[m, d])
                break
    words = _window_rounds(work, p, ends, places, level, place, np.int64(-1))
    one, nowhere, start = np.int64(1), np.int64(-1), np.int64(0)
    within = outer if busiest else levels - 1
    for d in range(len(work.extents)):
        if work.windowed[p, d]:
            continue
        if work.relevant[p, d]:
            words *= different(
                work.extents[d], one, tile[d], d, levels - 1, fans.ends, ends, places, nowhere, start, nowhere, within,
                work.apart[p], outer, nowhere,
            )  # fmt: skip
        else:
            words *= different(
                work.extents[d], one, tile[d], d, levels - 1, fans.ends, ends, places, level, place - 1, outer, within,
                work.apart[p], inner, nowhere,
            )  # fmt: skip
    return float(words)


@helper
def _fetched(
    work: Work, p: int, d: int, reach: int, whole: float, moving: bool, widths: AnyArray, stride: AnyArray,
    back: AnyArray, direction: AnyArray,
) -> float:  # fmt: skip
    """Words of a window that are new when a loop over d advances, all loops inside it falling back to their start.

    What the tile covered before is kept as long as it goes on moving as the innermost loop that moves it does.
    """
    moves, straight, apart = False, True, False
    common = 1.0
    for r in range(len(widths)):
        stride[r] = work.coefficient[p, r, d] * reach
        if not moving and stride[r]:
            for k in range(len(widths)):
                direction[k] = work.coefficient[p, k, d] * reach
    for r in range(len(widths)):
        move = stride[r] - back[r]
        moves = moves or move != 0
        apart = apart or move >= widths[r]
        straight = straight and move == direction[r]
        common *= (widths[r] - move) / widths[r]
        back[r] += stride[r]
    if not moves:
        return 0.0
    if not straight or apart:
        return float(whole)
    return float(np.round(whole * (1 - common)))


@procedure
def _count_windows(
    work: Work, fans: Fans, p: int, tile: AnyArray, ends: AnyArray, places: AnyArray, total: AnyArray, busy: AnyArray
) -> float:
    """As ``_count_space``, for a data space whose tiles are windows; it is only read."""
    ranks = work.coefficient.shape[1]
    widths, stride = np.zeros(ranks, np.int64), np.zeros(ranks, np.int64)
    back, direction = np.zeros(ranks, np.int64), np.zeros(ranks, np.int64)
    inner: Any = np.int64(-1)
    network_pj = 0.0
    for outer in range(len(ends)):
        if not work.keep[outer, p]:
            continue
        for kind in range(2):
            level, counts = (outer, READS) if kind == 0 else (inner, FILLS)
            if level < 0:
                continue
            total[counts, level, p] = window_words(
                work, fans, p, inner, level, level < 0, tile, ends, places, widths, stride, back, direction
            )  # fmt: skip
            busy[counts, level, p] = window_words(
                work, fans, p, inner, level, level >= 0, tile, ends, places, widths, stride, back, direction
            )  # fmt: skip
        for m in range(inner + 1, outer + 1):
            if fans.network[m, p, PER_WORD] > 0:
                network_pj += fans.network[m, p, PER_WORD] * window_words(
                    work, fans, p, inner, m, m < 0, tile, ends, places, widths, stride, back, direction
                )  # fmt: skip
        inner = np.int64(outer)
    return network_pj


@procedure
def figures_with_windows(
    work: Work, fans: Fans, ends: AnyArray, places: AnyArray, tile: AnyArray, total: AnyArray, busy: AnyArray
) -> tuple[float, float]:
    """As ``exact.exact_figures``, for any data spaces."""
    start_counts(total, busy)
    network_pj = 0.0
    for p in range(len(work.read_write)):
        if work.boxes[p]:
            network_pj += _count_windows(work, fans, p, tile, ends, places, total, busy)
        else:
            network_pj += count_space(work, fans, p, tile, ends, places, total, busy)
    found: tuple[float, float] = figures_of(work, fans, network_pj, ends, places, tile, total, busy)
    return found
