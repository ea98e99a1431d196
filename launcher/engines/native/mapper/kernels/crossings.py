"""Compiled: words that cross a boundary between two levels, and what they cost.

Formulas: Timeloop's dense model. A boundary's traffic is the size of the inner level's tile times the number of times
that the loops around it bring in a new one; see ``docs/mapper.md``.
"""

from __future__ import annotations

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
    rounds = 1.0
    along = 1.0
    for e in range(tiles.size.shape[0]):
        left = rounds_left(tiles, e, end)
        rounds *= left
        if costs.coefficient[p, r, e]:
            along *= left
    smooth = words
    if _may_meet(tiles, costs, p, t, level, d):
        smooth = 0.0
    elif f == 2:
        smooth = partial
    words = rounds * (f - 1) * partial + rounds / along * words + (rounds - rounds / along) * smooth
    return float(words * costs.pair[row, p, at.FETCHES] * _thinning(tiles, costs, p, row, t, d, float(move)))


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
def _thinning(tiles: Tiles, costs: Costs, p: int, row: int, t: int, d: int, move: float) -> float:
    """The least share of a sliding tile's words that must come from the level above rather than from a neighbour.

    Neighbours can only help along a rank in which both the fan-out and loops in time move the tile, and only when one
    step in time is no longer than the fan-out reaches.
    """
    r = costs.motion[p, d]
    least = float(costs.pair[row + 1, p, at.THINNED])
    if least == 1.0:
        return least
    span = 0
    others = False
    for e in range(tiles.size.shape[0]):
        if costs.coefficient[p, r, e]:
            inside = costs.extent[row, e] * tiles.size[e, tiles.digit[t, e]]
            children = costs.extent[row + 1, e] // costs.extent[row, e]
            span += costs.coefficient[p, r, e] * inside * (children - 1)
            others = others or (e != d and rounds_left(tiles, e, t) > 1)
    return least if span > 0 and (others or move <= span) else 1.0


@helper
def exchanged_words(boundary: AnyArray, pair: AnyArray, words: float) -> tuple[float, float, float]:
    """What ``words`` that enter each instance of a boundary's inner level ask of one instance of each of its sides.

    Returns:
        Words that the outer level's children take from it (and hand back, of a read-write data space), words that it
        reads for them, and words that are filled into the inner level.
    """
    p, inner, outer = boundary[at.SPACE], boundary[at.INNER], boundary[at.OUTER]
    content = words * (pair[outer + 1, p, at.SPREAD] / pair[inner + 1, p, at.SPREAD])
    return content, elided(content, pair[outer + 1, p, at.UNTOUCHED]), elided(words, pair[inner + 1, p, at.UNTOUCHED])


@helper
def crossing_energy(boundary: AnyArray, nature: int, level_pj: AnyArray, pair: AnyArray, words: float) -> float:
    """Energy of ``words`` filled into each instance of a boundary's inner level, and of serving them further out."""
    p, inner, outer = boundary[at.SPACE], boundary[at.INNER], boundary[at.OUTER]
    content, reads, fills = exchanged_words(boundary, pair, words)
    prices = level_pj[outer, p]
    energy = content * prices[at.ADDRESS_PJ] - pair[outer + 1, p, at.REBATE_PJ]
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
