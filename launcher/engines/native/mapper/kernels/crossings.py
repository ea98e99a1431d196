"""Compiled: words that cross a boundary between two levels, and what they cost.

Formulas: Timeloop's dense model. A boundary's traffic is the size of the inner level's tile times the number of times
that the loops around it bring in a new one; see ``docs/mapper.md``.
"""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper
from launcher.engines.native.formulas import block_count, elide_first_touch
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.search_tables import Costs, Tiles, Walks

elided, counted = helper(elide_first_touch), helper(block_count)


@helper
def rounds_left(tiles: Tiles, d: int, t: int) -> int:
    """Iterations left for the loops over dimension d outside tile t: the bound of the loop that takes all of them."""
    i = tiles.digit[t, d]
    return int(tiles.loops[d, i, tiles.counts[d, i] - 1, at.BOUND])


@helper
def rank_width(tiles: Tiles, costs: Costs, p: int, r: int, t: int, row: int) -> float:
    """Width along one rank of tile t of a level (``row`` is the level's number plus one)."""
    width = 1
    for d in range(tiles.size.shape[0]):
        if costs.coefficient[p, r, d]:
            reach = costs.extent[row, d] * tiles.size[d, tiles.digit[t, d]] - 1
            width += costs.coefficient[p, r, d] * reach
    return float(width)


@helper
def tile_words(tiles: Tiles, costs: Costs, p: int, t: int, row: int) -> float:
    """Words of tile t at a level (``row`` is the level's number plus one)."""
    words = 1.0
    if costs.nature[p] & at.BOXES:
        for r in range(costs.coefficient.shape[1]):
            words *= rank_width(tiles, costs, p, r, t, row)
        return float(words)
    for d in range(tiles.size.shape[0]):
        if costs.motion[p, d] != at.STILL:
            words *= costs.extent[row, d] * tiles.size[d, tiles.digit[t, d]]
    return float(words)


@helper
def crossing_words(walks: Walks, tiles: Tiles, costs: Costs, b: int, t: int) -> float:
    """Words per instance of a boundary's inner level when every step of the loops outside tile t brings a new tile."""
    p, row = walks.boundaries[b, at.SPACE], walks.boundaries[b, at.INNER] + 1
    boxes = costs.nature[p] & at.BOXES
    words = costs.pair[row, p, at.PART]
    if boxes:
        words = tile_words(tiles, costs, p, t, row) * costs.pair[row, p, at.FETCHES]
    for d in range(tiles.size.shape[0]):
        if boxes or costs.motion[p, d] == at.STILL:
            words *= rounds_left(tiles, d, t)
    if row == 0:
        # Words that a compute unit goes on needing can come from a neighbour that was given them the step before.
        words += (costs.iterations - words) * costs.pair[0, p, at.THINNED]
    elif walks.boundaries[b, at.FORGETS]:
        # The same between instances of a level that keeps nothing from one step to the next.
        sure = 0.0 if boxes else costs.pair[row, p, at.PART]
        words = sure + (words - sure) * costs.pair[row + 1, p, at.THINNED]
    return float(words)


@helper
def slides(walks: Walks, costs: Costs, b: int, d: int) -> bool:
    """Whether a loop over d moves the tile of a boundary's data space such that old and new tile can overlap."""
    p = walks.boundaries[b, at.SPACE]
    return bool(costs.nature[p] & at.BOXES and costs.motion[p, d] != at.OWN_RANK)


@helper
def sliding_words(walks: Walks, tiles: Tiles, costs: Costs, b: int, t: int, loop: tuple[int, int, int, int]) -> float:
    """A lower bound of the words per instance when the first loop that moves tile t slides it.

    ``loop`` is its level, dimension, bound, and the tile that it ends with. Along it only the first tile is fetched
    whole, then what was not covered before. Each time a loop further out goes on, the tile jumps back and is fetched
    whole again; only loops along the same rank can make it go on smoothly instead (after a loop of bound 2), or stay
    where it is.
    """
    p, row = walks.boundaries[b, at.SPACE], walks.boundaries[b, at.INNER] + 1
    level, d, f, end = loop
    words = tile_words(tiles, costs, p, t, row)
    r = costs.motion[p, d]
    if r == at.TANGLED:
        return float(words * costs.pair[row, p, at.FETCHES])
    width = rank_width(tiles, costs, p, r, t, row)
    move = costs.coefficient[p, r, d] * costs.extent[level + 1, d] * tiles.size[d, tiles.digit[t, d]]
    partial = words / width * min(float(move), width)
    rounds, along = 1.0, 1.0
    for e in range(tiles.size.shape[0]):
        left = rounds_left(tiles, e, end)
        rounds *= left
        if costs.coefficient[p, r, e]:
            along *= left
    smooth = words
    if _may_meet(tiles, costs, p, t, level, d):
        smooth = _smoothest(tiles, costs, p, t, loop, int(move), partial, words)
    elif f == 2 and rounds_left(tiles, d, end) > 1:
        smooth = partial
    turned = rounds / along * words
    least = float(costs.pair[row + 1, p, at.THINNED])
    if least < 1.0:
        # Neighbours pass on what they fetched the step before: whole tiles after whole ones, parts after parts.
        going_on, turning = _relayed(tiles, costs, p, row, t, d, int(move))
        if partial < words:
            turning = 1.0
            smooth *= going_on if smooth < words else 1.0
        partial *= going_on
        if turning < 1.0:
            apart = _turns_apart(tiles, costs, p, row, r, end)
            turned = words * (apart + (rounds / along - apart) * turning)
            smooth *= turning
    words = rounds * (f - 1) * partial + turned + (rounds - rounds / along) * smooth
    if least < 1.0:
        words = np.floor(words)  # an instance counts the whole words that it is sent on average
    return float(words * costs.pair[row, p, at.FETCHES])


@helper
def _turns_apart(tiles: Tiles, costs: Costs, p: int, row: int, r: int, end: int) -> float:
    """The least number of turns, the first tile included, after which no neighbour has the tile.

    That is so when a loop has moved the tile along a rank of its own, farther than the fan-out reaches, or at all along
    a rank that the fan-out does not know. Where loops over two dimensions may cancel out along such a rank, the
    innermost of all these loops is sure not to, which is at least half of what all of them do.
    """
    apart, several = 1.0, False
    for e in range(tiles.size.shape[0]):
        left, q = rounds_left(tiles, e, end), costs.motion[p, e]
        if left == 1 or q == at.STILL or costs.coefficient[p, r, e]:
            continue
        fans = False
        if q != at.OWN_RANK:
            for other in range(tiles.size.shape[0]):
                if costs.motion[p, other] == at.TANGLED:
                    fans = True
                elif q >= 0 and costs.coefficient[p, q, other]:
                    fans = fans or costs.extent[row + 1, other] > costs.extent[row, other]
                    several = several or (other != e and rounds_left(tiles, other, end) > 1)
        if not fans:
            apart *= left
    return max(1.0, apart / 2 if several else apart)


@helper
def _smoothest(
    tiles: Tiles, costs: Costs, p: int, t: int, loop: tuple[int, int, int, int], move: int, partial: float, words: float
) -> float:  # fmt: skip
    """The least that a loop further out along the same rank fetches when it goes on, of a tile that slides.

    That is nothing where its stride makes up for the loops inside, what the sliding loop fetches where it goes one
    step further than they do, and else a whole tile. Strides are multiples of those that the loops around the tile have
    at least, so their common divisor divides the step, or twice the step.
    """
    level, d, f, end = loop
    r = costs.motion[p, d]
    common = np.int64(0)
    for e in range(tiles.size.shape[0]):
        stride = np.int64(0)
        if e == d:
            stride = np.int64(move * f if rounds_left(tiles, e, end) > 1 else 0)
        elif costs.coefficient[p, r, e] and rounds_left(tiles, e, t) > 1:
            stride = costs.coefficient[p, r, e] * costs.extent[level + 1, e] * tiles.size[e, tiles.digit[t, e]]
        while stride:
            common, stride = stride, common % stride
    if common and move % common == 0:
        return 0.0
    return partial if common and 2 * move % common == 0 else words


@helper
def _may_meet(tiles: Tiles, costs: Costs, p: int, t: int, level: int, d: int) -> bool:
    """Whether loops further out over another dimension of the same rank may bring a sliding tile to where it just was.

    Loops over d move the tile in steps of at least ``move``, together by at most ``reach``; likewise for the others.
    Only when steps of one can add up to steps of the other does the tile meet itself.
    """
    r = costs.motion[p, d]
    last = costs.extent.shape[0] - 1
    move, reach, others_reach, others, others_move = 0, 0, 0, 0, 0
    for e in range(tiles.size.shape[0]):
        if costs.coefficient[p, r, e]:
            inside = costs.extent[level + 1, e] * tiles.size[e, tiles.digit[t, e]]
            total = costs.extent[last, e] * tiles.dimensions[at.EXTENT, e]
            if e == d:
                move = costs.coefficient[p, r, e] * inside
                reach = costs.coefficient[p, r, e] * (total - inside)
            elif rounds_left(tiles, e, t) > 1:
                others += 1
                others_reach += costs.coefficient[p, r, e] * (total - inside)
                others_move = costs.coefficient[p, r, e] * inside
    if others == 0 or others_reach < move:
        return False
    return not (others == 1 and others_move > reach + move)


@helper
def _relayed(tiles: Tiles, costs: Costs, p: int, row: int, t: int, d: int, move: int) -> tuple[float, float]:
    """The least shares of tiles that no neighbour has, when a loop over d goes on, and when one further out turns.

    Neighbours can only help along a rank in which both the fan-out and loops in time move the tile. The step in time
    must be a distance between two children: a sum of strides of the fan-out, each so many times as it has children
    to either side. Where one dimension of the fan-out moves the tile along the rank, that is so many places on, and as
    many children at the end have nobody there. All steps are multiples of the first one's then.
    """
    r, least = costs.motion[p, d], float(costs.pair[row + 1, p, at.THINNED])
    span, moving, others, elsewhere = 0, 0, False, False
    stride, children, second_stride, second_children = 1, 1, 1, 1
    for e in range(tiles.size.shape[0]):
        if costs.coefficient[p, r, e]:
            own = costs.coefficient[p, r, e] * costs.extent[row, e] * tiles.size[e, tiles.digit[t, e]]
            count = costs.extent[row + 1, e] // costs.extent[row, e]
            span += own * (count - 1)
            others = others or (e != d and rounds_left(tiles, e, t) > 1)
            if count > 1:
                moving += 1
                second_stride, second_children = stride, children
                stride, children = own, count
        elif costs.motion[p, e] != at.STILL and costs.motion[p, e] != at.OWN_RANK:
            elsewhere = elsewhere or costs.extent[row + 1, e] > costs.extent[row, e]
    if span == 0:
        return 1.0, 1.0
    if moving == 1 and least > 0.0 and not elsewhere:
        stepwise = bool(costs.pair[row + 1, p, at.STEPWISE] > 0.0)
        on, turned = _relayed_along_one(stepwise, least, move, stride, children)
        return on, least if others else turned
    reached = moving > 2 and move <= span
    if moving <= 2:
        for k in range(1 - second_children, second_children):
            rest = abs(move - k * second_stride)
            reached = reached or (rest % stride == 0 and rest // stride < children)
    return least if reached else 1.0, least if others or move <= span else 1.0


@helper
def _relayed_along_one(stepwise: bool, least: float, move: int, stride: int, children: int) -> tuple[float, float]:
    """``_relayed`` where one dimension of the fan-out, and one of the loops in time, moves tiles along shared ranks."""
    share = max(least, min(1.0, -(-move // stride) / children))
    on, turned = share, share
    if move % stride or (stepwise and move != stride):
        on = 1.0
    if stepwise and stride % move:
        turned = 1.0
    return on, turned


@helper
def exchanged_words(boundary: AnyArray, pair: AnyArray, words: float) -> tuple[float, float, float]:
    """What ``words`` that enter each instance of a boundary's inner level ask of one instance of each of its sides.

    Returns:
        Words that the outer level's children take from it (and hand back, of a read-write data space), words that it
        reads for them, and words that are filled into the inner level.
    """
    p, inner, outer = boundary[at.SPACE], boundary[at.INNER], boundary[at.OUTER]
    content = words * (pair[outer + 1, p, at.SPREAD] / pair[inner + 1, p, at.SPREAD])
    # Of windows, fewer words than there are sure to be and more untouched ones than there may be leave nothing.
    reads = max(elided(content, pair[outer + 1, p, at.UNTOUCHED]), 0.0)
    return content, reads, max(elided(words, pair[inner + 1, p, at.UNTOUCHED]), 0.0)


@helper
def crossing_energy(boundary: AnyArray, nature: int, level_pj: AnyArray, pair: AnyArray, words: float) -> float:
    """Energy of ``words`` filled into each instance of a boundary's inner level, and of serving them further out."""
    p, inner, outer = boundary[at.SPACE], boundary[at.INNER], boundary[at.OUTER]
    content, reads, fills = exchanged_words(boundary, pair, words)
    prices = level_pj[outer, p]
    rebate = pair[outer + 1, p, at.REBATE_PJ]
    if nature & at.BOXES:
        rebate = min(rebate, content * pair[outer + 1, p, at.NETWORK_PJ])
    energy = content * prices[at.ADDRESS_PJ] - rebate
    if nature & at.READ_WRITE:
        energy += counted(content, prices[at.PARTS], prices[at.BLOCK]) * prices[at.UPDATE_PJ]
    energy += counted(reads, prices[at.PARTS], prices[at.BLOCK]) * prices[at.READ_PJ]
    if inner >= 0:
        prices = level_pj[inner, p]
        blocks = counted(fills, prices[at.PARTS], prices[at.BLOCK])
        energy += blocks * prices[at.FILL_PJ] + fills * prices[at.ADDRESS_PJ]
    for level in range(inner + 1, outer + 1):
        taken = words * (pair[level + 1, p, at.SPREAD] / pair[inner + 1, p, at.SPREAD])
        energy += pair[level + 1, p, at.NETWORK_PJ] * taken
    return float(energy)
