"""Compiled: the tables of one spatial assignment, and the best completion of every state."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, kernel
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.crossings import (
    crossing_energy,
    crossing_words,
    slides,
    sliding_words,
    tile_words,
)
from launcher.engines.native.mapper.kernels.openings import common_tiles, fill_open, loop_range
from launcher.engines.native.mapper.kernels.search_tables import Costs, Tiles, Walks


@helper
def _fill_tiles(tiles: Tiles, costs: Costs, weight: AnyArray, capacity: AnyArray, least_fill: AnyArray) -> int:
    """Digits of each tile, and which tiles fit which levels; returns the number of tiles."""
    total = 1
    width = tiles.size.shape[0]
    for d in range(width):
        tiles.dimensions[at.STRIDE, d] = total
        total *= tiles.dimensions[at.RADIX, d]
    levels, spaces = weight.shape
    for t in range(total):
        rest = t
        for d in range(width):
            tiles.digit[t, d] = rest % tiles.dimensions[at.RADIX, d]
            rest //= tiles.dimensions[at.RADIX, d]
        bits = at.WITHIN
        for level in range(levels - 1, -1, -1):
            units = 0.0
            limited = capacity[level] < np.inf or least_fill[level] > 0
            for p in range(spaces):
                if limited and weight[level, p] > 0:
                    units += weight[level, p] * tile_words(tiles, costs, p, t, level + 1)
            bits &= at.WITHIN
            if units > capacity[level]:
                bits = 0
            elif bits and units >= least_fill[level]:
                bits |= at.ALLOWED
            tiles.fits[level, t] = bits
    return int(total)


@helper
def _fill_energies(walks: Walks, tiles: Tiles, costs: Costs, total: int, energy: AnyArray) -> None:
    """Energy of every boundary settled at every tile by a loop that does not slide it."""
    for b in range(len(walks.boundaries)):
        p = walks.boundaries[b, at.SPACE]
        for t in range(total):
            origin = t
            if not costs.nature[p] & at.BOXES:
                # Only the dimensions that do not move the tile matter.
                for d in range(tiles.size.shape[0]):
                    if costs.motion[p, d] != at.STILL:
                        origin -= tiles.digit[t, d] * tiles.dimensions[at.STRIDE, d]
            if origin < t:
                energy[b, t] = energy[b, origin]
            else:
                words = crossing_words(walks, tiles, costs, b, t)
                energy[b, t] = crossing_energy(walks.boundaries[b], costs.nature[p], costs.level, costs.pair, words)


@helper
def is_open(tiles: Tiles, s: int, t: int) -> bool:
    """Whether a tile is open in a state."""
    inside = True
    for d in range(tiles.size.shape[0]):
        inside = inside and tiles.open[0, s, d, tiles.digit[t, d]]
    return inside


@helper
def settled_energy(
    walks: Walks, tiles: Tiles, costs: Costs, energy: AnyArray, bits: int, t: int, loop: tuple[int, int, int, int]
) -> float:
    """Energy of the boundaries in ``bits``, settled at tile t by a loop as in ``sliding_words`` (bound 1: none)."""
    paid = 0.0
    b = np.int64(0)
    while bits:
        if bits & 1:
            if loop[2] > 1 and slides(walks, costs, b, loop[1]):
                words = sliding_words(walks, tiles, costs, b, t, loop)
                nature = costs.nature[walks.boundaries[b, at.SPACE]]
                paid += crossing_energy(walks.boundaries[b], nature, costs.level, costs.pair, words)
            else:
                paid += energy[b, t]
        bits >>= 1
        b += 1
    return paid


@helper
def _settles_sliding(walks: Walks, costs: Costs, bits: int, d: int) -> bool:
    """Whether the energy that a loop settles depends on its bound."""
    b = np.int64(0)
    while bits:
        if bits & 1 and slides(walks, costs, b, d):
            return True
        bits >>= 1
        b += 1
    return False


@helper
def _paid(value: float, bits: int, energy: AnyArray, t: int) -> float:
    """The value with the energy of the boundaries in ``bits`` added, settled at tile t by what slides none of them."""
    b = np.int64(0)
    while bits:
        if bits & 1:
            value += energy[b, t]
        bits >>= 1
        b += 1
    return value


@helper
def _relax_by_leaving(
    level: int,
    bits: int,
    count: int,
    listed: AnyArray,
    fits: AnyArray,
    energy: AnyArray,
    best: AnyArray,
    s: int,
    to: int,
) -> None:
    """Let leaving the level improve the best completions of state s at the listed tiles."""
    for k in range(count):
        t = listed[k]
        value = best[to, t]
        if fits[level, t] & at.ALLOWED and value < np.inf:
            best[s, t] = min(best[s, t], _paid(value, bits, energy, t))


@helper
def _relax_by_loop(
    level: int, d: int, kind: int, bits: int, count: int, listed: AnyArray, opened: AnyArray, fits: AnyArray,
    bounds: AnyArray, dimensions: AnyArray, counts: AnyArray, loops: AnyArray, energy: AnyArray, best: AnyArray,
    s: int, to: int,
) -> None:  # fmt: skip
    """Let a loop over d improve the best completions of s; the listed tiles have the smallest tile of d."""
    stride, most = dimensions[at.STRIDE, d], bounds[at.MOST_FACTOR, level, d]
    for i in range(dimensions[at.RADIX, d]):
        if not opened[0, s, d, i]:
            continue
        first, last, lowest = loop_range(bounds, dimensions, counts, kind, level, d, i)
        for k in range(count):
            t = listed[k] + i * stride
            if not fits[level, t] & at.WITHIN:
                continue
            reached = np.inf
            for c in range(first, last):
                f = loops[d, i, c, at.BOUND]
                if f > most:
                    break
                if f >= lowest and opened[0, to, d, loops[d, i, c, at.END]]:
                    reached = min(reached, best[to, listed[k] + loops[d, i, c, at.END] * stride])
            if reached < np.inf:
                best[s, t] = min(best[s, t], _paid(reached, bits, energy, t))


@helper
def _relax_by_sliding(
    walks: Walks, tiles: Tiles, costs: Costs, s: int, step: int, count: int, energy: AnyArray, best: AnyArray,
    listed: AnyArray, slabs: AnyArray, slid: AnyArray,
) -> None:  # fmt: skip
    """Let a loop whose bound decides what it settles improve the best completions of state s.

    Many states ask what it settles, so that is remembered, and looked up here: a call would take longer.
    """
    level = walks.states[s, at.LEVEL]
    d, to, settled = walks.steps[step, at.DIMENSION], walks.steps[step, at.TARGET], walks.steps[step, at.SETTLED]
    fits, loops, opened, stride = (
        tiles.fits[level],
        tiles.loops[d],
        tiles.open[:, :, d],
        tiles.dimensions[at.STRIDE, d],
    )
    for i in range(tiles.dimensions[at.RADIX, d]):
        if not opened[0, s, i]:
            continue
        first, last, lowest = loop_range(
            tiles.bounds, tiles.dimensions, tiles.counts, walks.steps[step, at.KIND], level, d, i
        )
        for k in range(count):
            t = listed[k] + i * stride
            for c in range(first, last if fits[t] & at.WITHIN else first):
                j, f = loops[i, c, at.END], loops[i, c, at.BOUND]
                if f > tiles.bounds[at.MOST_FACTOR, level, d]:
                    break
                value = best[to, listed[k] + j * stride]
                if f < lowest or not opened[0, to, j] or value == np.inf:
                    continue
                loop = (level, d, f, listed[k] + j * stride)
                paid = 0.0
                bits, b = settled, np.int64(0)
                while bits:
                    if bits & 1:
                        slab = slabs[b, d, level]
                        if slab == at.STAYS or f == 1:
                            paid += energy[b, t]
                        elif slab == at.NO_ROOM:
                            paid += settled_energy(walks, tiles, costs, energy, 1 << b, t, loop)
                        else:
                            if np.isnan(slid[slab, t, c]):
                                once = settled_energy(walks, tiles, costs, energy, 1 << b, t, loop)
                                slid[slab, t, c] = once
                            paid += slid[slab, t, c]
                    bits >>= 1
                    b += 1
                best[s, t] = min(best[s, t], value + paid)


@helper
def _relax(
    walks: Walks, tiles: Tiles, costs: Costs, s: int, step: int, energy: AnyArray, best: AnyArray, listed: AnyArray,
    slabs: AnyArray, slid: AnyArray,
) -> None:  # fmt: skip
    """Let one step of a state improve the state's best completions."""
    level = walks.states[s, at.LEVEL]
    kind, d = walks.steps[step, at.KIND], walks.steps[step, at.DIMENSION]
    to, bits = walks.steps[step, at.TARGET], walks.steps[step, at.SETTLED]
    if kind == at.NEXT_LEVEL:
        count = common_tiles(tiles.open, tiles.dimensions, s, to, np.int64(-1), listed)
        _relax_by_leaving(level, bits, count, listed, tiles.fits, energy, best, s, to)
        return
    count = common_tiles(tiles.open, tiles.dimensions, s, to, d, listed)
    if _settles_sliding(walks, costs, bits, d):
        _relax_by_sliding(walks, tiles, costs, s, step, count, energy, best, listed, slabs, slid)
    else:
        _relax_by_loop(
            level, d, kind, bits, count, listed, tiles.open, tiles.fits, tiles.bounds,
            tiles.dimensions, tiles.counts, tiles.loops, energy, best, s, to,
        )  # fmt: skip


@kernel
def complete(
    walks: Walks,
    tiles: Tiles,
    costs: Costs,
    weight: AnyArray,
    capacity: AnyArray,
    least_fill: AnyArray,
    energy: AnyArray,
    best: AnyArray,
    listed: AnyArray,
    slabs: AnyArray,
    slid: AnyArray,
) -> int:
    """Fill the tables of one assignment: tiles, energy of boundaries, least energy from every state to the end.

    Args:
        walks: the automaton.
        tiles: the dimensions' own tiles and loops, and the bounds of factors, are read; the rest is filled in.
        costs: constants of the assignment.
        weight: (levels, P) units of one value of what is kept, 0 of what is not.
        capacity, least_fill: (levels,) units that tiles may and must have.
        energy: (boundaries, tiles) filled with the energy of each boundary settled at each tile.
        best: (states, tiles) filled with the least dynamic energy from a state with a tile to the end, for the tiles
            that are open in the state.
        listed: (2 * tiles,) room to work in.
        slabs: (boundaries, D, levels) which part of ``slid`` is for a boundary that a loop slides; or ``STAYS`` where
            it does not slide it, ``NO_ROOM`` where it is not to be remembered.
        slid: (slabs, tiles, width) filled with the energy of boundaries settled by loops that slide them.

    Returns:
        The number of tiles.
    """
    total = _fill_tiles(tiles, costs, weight, capacity, least_fill)
    slid[:, :total] = np.nan
    _fill_energies(walks, tiles, costs, total, energy)
    fill_open(walks.states, walks.steps, tiles.bounds, tiles.dimensions, tiles.counts, tiles.loops, tiles.open)
    for s in range(len(walks.states) - 1):
        for k in range(common_tiles(tiles.open, tiles.dimensions, s, s, np.int64(-1), listed)):
            best[s, listed[k]] = 0.0 if s == 0 else np.inf
        for step in range(walks.states[s, at.FIRST_STEP], walks.states[s + 1, at.FIRST_STEP]):
            _relax(walks, tiles, costs, s, step, energy, best, listed, slabs, slid)
    return int(total)
