"""Compiled: the tables of one spatial assignment, and the best completion of every state."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.compilation import kernel
from launcher.engines.native.mapper.tables import (
    ALLOWED,
    BOXES,
    DIMENSION,
    EXTENT,
    FINAL,
    FIRST_STEP,
    KIND,
    LEAST,
    LEVEL,
    MOST,
    NEXT_LEVEL,
    ORDERED_LOOP,
    RADIX,
    SETTLED,
    SPACE,
    STILL,
    STRIDE,
    TARGET,
    WITHIN,
    Array,
    Costs,
    Tiles,
    Walks,
)
from launcher.engines.native.mapper.traffic import (
    crossing_energy,
    crossing_words,
    helper,
    slides,
    sliding_words,
    tile_words,
)


@helper
def _fill_divisors(dimensions: Array, divisors: Array, count: Array, multiple: Array, d: int) -> int:
    number, divisor = dimensions[EXTENT, d], divisors[d]
    found = 0
    k = 1
    while k * k <= number:
        if number % k == 0:
            divisor[found] = k
            found += 1
        k += 1
    for i in range(found - 1, -1, -1):
        if number // divisor[i] > divisor[found - 1]:
            divisor[found] = number // divisor[i]
            found += 1
    for i in range(found):
        n = 0
        for j in range(i, found):
            if divisor[j] % divisor[i] == 0:
                multiple[d, i, n, 0] = j
                multiple[d, i, n, 1] = divisor[j] // divisor[i]
                n += 1
        count[d, i] = n
    dimensions[RADIX, d] = found
    return found


@helper
def _fill_tiles(tiles: Tiles, costs: Costs, keep: Array, capacity: Array, least_fill: Array) -> int:
    """Divisors, digits of each tile, and which tiles fit which levels; returns the number of tiles."""
    total = 1
    width = tiles.divisor.shape[0]
    for d in range(width):
        tiles.dimensions[STRIDE, d] = total
        total *= _fill_divisors(tiles.dimensions, tiles.divisor, tiles.quotients, tiles.multiple, d)
    levels, spaces = keep.shape
    for t in range(total):
        rest = t
        for d in range(width):
            tiles.digit[t, d] = rest % tiles.dimensions[RADIX, d]
            rest //= tiles.dimensions[RADIX, d]
        bits = WITHIN
        for level in range(levels - 1, -1, -1):
            words = 0.0
            for p in range(spaces):
                if keep[level, p]:
                    words += tile_words(tiles, costs, p, t, level + 1)
            bits &= WITHIN
            if words > capacity[level]:
                bits = 0
            elif bits and words >= least_fill[level]:
                bits |= ALLOWED
            tiles.fits[level, t] = bits
    return int(total)


@helper
def _fill_energies(walks: Walks, tiles: Tiles, costs: Costs, total: int, energy: Array) -> None:
    """Energy of every boundary settled at every tile by a loop that does not slide it."""
    for b in range(len(walks.boundaries)):
        p = walks.boundaries[b, SPACE]
        for t in range(total):
            origin = t
            if not costs.nature[p] & BOXES:
                # Only the dimensions that do not move the tile matter.
                for d in range(tiles.divisor.shape[0]):
                    if costs.motion[p, d] != STILL:
                        origin -= tiles.digit[t, d] * tiles.dimensions[STRIDE, d]
            if origin < t:
                energy[b, t] = energy[b, origin]
            else:
                words = crossing_words(walks, tiles, costs, b, t)
                energy[b, t] = crossing_energy(walks.boundaries[b], costs.nature[p], costs.level, costs.pair, words)


@helper
def loop_range(tiles: Tiles, kind: int, d: int, level: int, t: int) -> tuple[int, int, int]:
    """First and last multiple (plus one) to look at for a loop, and the least bound of the loop."""
    lowest = max(tiles.bounds[LEAST, level, d], 2 if kind == ORDERED_LOOP else 1)
    last = tiles.quotients[d, tiles.digit[t, d]]
    return (last - 1 if tiles.dimensions[FINAL, d] == level else 0), last, lowest


@helper
def settled_energy(
    walks: Walks, tiles: Tiles, costs: Costs, energy: Array, bits: int, t: int, loop: tuple[int, int, int]
) -> float:
    """Energy of the boundaries in ``bits``, settled at tile t by a loop (level, dimension, bound; 1: no loop)."""
    paid = 0.0
    b = np.int64(0)
    while bits:
        if bits & 1:
            if loop[2] > 1 and slides(walks, costs, b, loop[1]):
                words = sliding_words(walks, tiles, costs, b, t, loop)
                nature = costs.nature[walks.boundaries[b, SPACE]]
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
def _relax_by_leaving(to: int, level: int, total: int, fits: Array, paid: Array, best: Array, s: int) -> None:
    """Let leaving the level improve the best completions of state s."""
    for t in range(total):
        if fits[level, t] & ALLOWED:
            best[s, t] = min(best[s, t], best[to, t] + paid[t])


@helper
def _relax_by_loop(
    to: int, level: int, d: int, lowest: int, most: int, last_only: bool, total: int,
    fits: Array, digit: Array, count: Array, multiple: Array, stride: int, paid: Array, best: Array, s: int,
) -> None:  # fmt: skip
    """Let a loop over d improve the best completions of state s."""
    for t in range(total):
        if not fits[level, t] & WITHIN:
            continue
        i = digit[t, d]
        last = count[d, i]
        reached = np.inf
        for c in range(last - 1 if last_only else 0, last):
            f = multiple[d, i, c, 1]
            if f > most:
                break
            if f >= lowest:
                reached = min(reached, best[to, t + (multiple[d, i, c, 0] - i) * stride])
        best[s, t] = min(best[s, t], reached + paid[t])


@helper
def _relax_by_sliding(
    walks: Walks, tiles: Tiles, costs: Costs, s: int, step: int, total: int, energy: Array, best: Array
) -> None:
    """Let a loop whose bound decides what it settles improve the best completions of state s."""
    level = walks.states[s, LEVEL]
    d, to, bits = walks.steps[step, DIMENSION], walks.steps[step, TARGET], walks.steps[step, SETTLED]
    for t in range(total):
        if not tiles.fits[level, t] & WITHIN:
            continue
        i = tiles.digit[t, d]
        first, last, lowest = loop_range(tiles, walks.steps[step, KIND], d, level, t)
        for c in range(first, last):
            f = tiles.multiple[d, i, c, 1]
            if f > tiles.bounds[MOST, level, d]:
                break
            value = best[to, t + (tiles.multiple[d, i, c, 0] - i) * tiles.dimensions[STRIDE, d]]
            if f >= lowest and value < np.inf:
                value += settled_energy(walks, tiles, costs, energy, bits, t, (level, d, f))
                best[s, t] = min(best[s, t], value)


@helper
def _relax(
    walks: Walks, tiles: Tiles, costs: Costs, s: int, step: int, total: int, energy: Array, best: Array, paid: Array
) -> None:
    """Let one step of a state improve the state's best completions."""
    level = walks.states[s, LEVEL]
    kind, d = walks.steps[step, KIND], walks.steps[step, DIMENSION]
    to, bits = walks.steps[step, TARGET], walks.steps[step, SETTLED]
    if kind != NEXT_LEVEL and _settles_sliding(walks, costs, bits, d):
        _relax_by_sliding(walks, tiles, costs, s, step, total, energy, best)
        return
    for t in range(total):
        paid[t] = 0.0
    b = np.int64(0)
    while bits:
        if bits & 1:
            for t in range(total):
                paid[t] += energy[b, t]
        bits >>= 1
        b += 1
    if kind == NEXT_LEVEL:
        _relax_by_leaving(to, level, total, tiles.fits, paid, best, s)
        return
    lowest = max(tiles.bounds[LEAST, level, d], 2 if kind == ORDERED_LOOP else 1)
    _relax_by_loop(
        to, level, d, lowest, tiles.bounds[MOST, level, d], tiles.dimensions[FINAL, d] == level, total,
        tiles.fits, tiles.digit, tiles.quotients, tiles.multiple, tiles.dimensions[STRIDE, d], paid, best, s,
    )  # fmt: skip


@kernel
def complete(
    walks: Walks,
    tiles: Tiles,
    costs: Costs,
    keep: Array,
    capacity: Array,
    least_fill: Array,
    energy: Array,
    best: Array,
) -> int:
    """Fill the tables of one assignment: tiles, energy of boundaries, least energy from every state to the end.

    Args:
        walks: the automaton.
        tiles: only what is left of each dimension, and the bounds of factors, are read; the rest is filled in.
        costs: constants of the assignment.
        keep: (levels, P) what is kept where.
        capacity, least_fill: (levels,) words that tiles may and must have.
        energy: (boundaries, tiles) filled with the energy of each boundary settled at each tile.
        best: (states, tiles) filled with the least dynamic energy from a state with a tile to the end.

    Returns:
        The number of tiles.
    """
    paid = np.empty(best.shape[1])
    total = _fill_tiles(tiles, costs, keep, capacity, least_fill)
    _fill_energies(walks, tiles, costs, total, energy)
    for s in range(len(walks.states) - 1):
        for t in range(total):
            best[s, t] = np.inf
        for step in range(walks.states[s, FIRST_STEP], walks.states[s + 1, FIRST_STEP]):
            _relax(walks, tiles, costs, s, step, total, energy, best, paid)
        if s == 0:
            best[0, total - 1] = 0.0
    return int(total)
