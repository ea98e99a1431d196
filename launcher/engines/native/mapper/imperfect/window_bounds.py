"""Compiled: the least words of windows that can overlap, as far as the loops inside tell; as ``kernels.crossings``."""

from __future__ import annotations

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import procedure
from launcher.engines.native.mapper.imperfect.prices import visible_share
from launcher.engines.native.mapper.imperfect.tables import Fans, Work


@procedure
def groups_within(work: Work, fans: Fans, p: int, inner: int, outer: int) -> float:
    """Least groups of children that need different windows, over the fan-outs outside one level up to another."""
    count = 1.0
    for m in range(inner + 1, outer + 1):
        for r in range(work.coefficient.shape[1]):
            sums, product = 1, 1
            for d in range(len(work.extents)):
                if work.coefficient[p, r, d] and work.windowed[p, d]:
                    sums += fans.ends[m, d] - 1
                    product *= fans.ends[m, d]
            count *= sums if work.multicast[m, p] else product
    return count


@procedure
def window_instances(work: Work, fans: Fans, p: int, level: int) -> float:
    """Instances of a level that have different windows, or the same ones again."""
    count = 1.0
    for d in range(len(work.extents)):
        if work.windowed[p, d]:
            count *= fans.outside[level + 1, d]
    return count


@procedure
def served_windows(work: Work, fans: Fans, p: int) -> float:
    """Steps in time that move the windows of a compute unit."""
    count = 1.0
    for d in range(len(work.extents)):
        if work.windowed[p, d]:
            count *= work.extents[d] // fans.outside[0, d]
    return count


@procedure
def window_bound(
    work: Work, fans: Fans, p: int, inner: int, last: int, left: AnyArray, tile: AnyArray, d: int, end: int
) -> float:  # fmt: skip
    """Least words of windows that enter an instance of a level, dimensions without windows left out.

    Args:
        work, fans, p: the data space.
        inner: the level.
        last: the outermost level whose fan-outs are inside.
        left, tile: (D,) what remains of each dimension, and how far the loops reach, before the loop that settles.
        d: its dimension; -1 for none.
        end: its end; 0 when any will do.
    """
    whole, rounds = 1.0, 1.0
    for e in range(len(work.extents)):
        if work.windowed[p, e]:
            rounds *= left[e] // fans.outside[last + 1, e]
    slides, rank, width_along = 0, 0, 1.0
    for r in range(work.coefficient.shape[1]):
        width, moves = 1, False
        for e in range(len(work.extents)):
            if work.coefficient[p, r, e] and work.windowed[p, e]:
                width += work.coefficient[p, r, e] * (tile[e] // visible_share(fans.ends, inner + 1, last, e) - 1)
                moves = True
        if moves:
            whole *= width
            if d >= 0 and work.coefficient[p, r, d] and work.windowed[p, d]:
                slides, rank, width_along = slides + 1, r, float(width)
    if slides == 0 or not work.slides[p]:
        return whole * rounds
    if slides > 1:
        return whole
    partial = whole / width_along * min(float(work.coefficient[p, rank, d] * tile[d]), width_along)
    along = 1.0
    for e in range(len(work.extents)):
        if work.coefficient[p, rank, e] and work.windowed[p, e]:
            along *= left[e] // fans.outside[last + 1, e]
    meets = _may_meet(work, fans, p, rank, last, left, tile, d)
    if end == 0:
        return rounds / along * ((along / 2 * partial if meets else (along - 1) * partial) + whole)
    smooth = 0.0 if meets else (partial if end == 2 else whole)
    outer = along / end
    return rounds / along * (outer * (end - 1) * partial + whole + (outer - 1) * smooth)


@procedure
def _may_meet(
    work: Work, fans: Fans, p: int, r: int, last: int, left: AnyArray, tile: AnyArray, d: int
) -> bool:  # fmt: skip
    """Whether loops further out over other dimensions of the rank may bring a window to where it just was."""
    move, reach, others, others_reach, others_move = 0, 0, 0, 0, 0
    for e in range(len(work.extents)):
        if not (work.coefficient[p, r, e] and work.windowed[p, e]):
            continue
        step = work.coefficient[p, r, e] * tile[e]
        beyond = work.coefficient[p, r, e] * (work.extents[e] - tile[e])
        if e == d:
            move, reach = step, beyond
        elif left[e] // fans.outside[last + 1, e] > 1:
            others += 1
            others_reach += beyond
            others_move = step
    if others == 0 or others_reach < move:
        return False
    return not (others == 1 and others_move > reach + move)
