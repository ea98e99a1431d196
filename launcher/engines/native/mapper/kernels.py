"""Compiled inner loops of the search: tables of one spatial assignment, and the best completion of every state.

All arrays are those of ``Automaton``, ``Machine`` and one row of ``Assignments``. Tiles are numbered in mixed radix over
the divisors of what the fan-outs leave of each dimension; tile 0 is one iteration, the last tile is everything.
"""

from __future__ import annotations

from math import inf

import numpy as np
from numba import njit

ORDERED_LOOP, FREE_LOOP, NEXT_LEVEL = 0, 1, 2


@njit(cache=True, nogil=True)
def fill_tables(
    temporal, radix, divisor, count, grown, factor, digit, stride,
    relevant, keep, tile_scale, capacity, least_fill, roomy, fitting,
):  # fmt: skip
    """Divisor tables of each dimension, digits of each tile, and which tiles fit which levels.

    ``grown[d, i, c]`` is the digit of the c-th larger (or equal) multiple of the i-th divisor of dimension d and
    ``factor`` the quotient. ``fitting[l, t]``: tile t may be the tile of level l; ``roomy[l, t]``: it does not exceed the
    capacity of level l or any level further out. Returns the number of tiles.
    """
    dimensions = len(temporal)
    levels, spaces = keep.shape
    tiles = 1
    for d in range(dimensions):
        found = 0
        for k in range(1, temporal[d] + 1):
            if k * k > temporal[d]:
                break
            if temporal[d] % k == 0:
                divisor[d, found] = k
                found += 1
        for i in range(found - 1, -1, -1):
            k = temporal[d] // divisor[d, i]
            if k > divisor[d, found - 1]:
                divisor[d, found] = k
                found += 1
        radix[d] = found
        stride[d] = tiles
        tiles *= found
        for i in range(found):
            n = 0
            for j in range(i, found):
                if divisor[d, j] % divisor[d, i] == 0:
                    grown[d, i, n] = j
                    factor[d, i, n] = divisor[d, j] // divisor[d, i]
                    n += 1
            count[d, i] = n
    for t in range(tiles):
        rest = t
        for d in range(dimensions):
            digit[t, d] = rest % radix[d]
            rest //= radix[d]
    for t in range(tiles):
        above = True
        for level in range(levels - 1, -1, -1):
            words = 0.0
            for p in range(spaces):
                if keep[level, p]:
                    size = tile_scale[level, p]
                    for d in range(dimensions):
                        if relevant[p, d]:
                            size *= divisor[d, digit[t, d]]
                    words += size
            fits = words <= capacity[level]
            above = above and fits
            roomy[level, t] = above
            fitting[level, t] = fits and words >= least_fill[level]
    return tiles


@njit(cache=True, nogil=True)
def boundary_traffic(b, t, boundaries, part, temporal, divisor, digit, relevant):
    """Words that cross a boundary per instance of its inner level when it is settled at tile t."""
    p = boundaries[b, 0]
    words = part[boundaries[b, 1], p]
    for d in range(len(temporal)):
        if not relevant[p, d]:
            words *= temporal[d] // divisor[d, digit[t, d]]
    return words


@njit(cache=True, nogil=True)
def boundary_energy(b, words, boundaries, part, tile_scale, read_write, block, read_pj, fill_pj, update_pj, network_pj):
    """Energy of the fills of a boundary's inner level and of what its outer level does for them."""
    p, inner, outer = boundaries[b, 0], boundaries[b, 1], boundaries[b, 2]
    fills = words
    content = words * (tile_scale[outer, p] / tile_scale[inner, p])
    reads = content
    energy = 0.0
    if read_write[p]:
        fills -= part[inner, p]
        reads -= part[outer, p]
        energy += np.ceil(content / block[outer]) * update_pj[outer]
    energy += np.ceil(fills / block[inner]) * fill_pj[inner]
    energy += np.ceil(reads / block[outer]) * read_pj[outer]
    for level in range(inner + 1, outer + 1):
        energy += network_pj[level, p] * (words * (tile_scale[level, p] / tile_scale[inner, p]))
    return energy


@njit(cache=True, nogil=True)
def best_completions(
    level, first_step, kind, dimension, target, settled, boundaries,
    temporal, radix, divisor, count, grown, factor, digit, stride, tiles, roomy, fitting, least, most,
    relevant, part, tile_scale, read_write, block, read_pj, fill_pj, update_pj, network_pj,
    energy, best,
):  # fmt: skip
    """Energy of each boundary settled at each tile, and the least energy from every (state, tile) to the end."""
    for b in range(len(boundaries)):
        p = boundaries[b, 0]
        for t in range(tiles):
            origin = t
            for d in range(len(temporal)):
                if relevant[p, d]:
                    origin -= digit[t, d] * stride[d]
            if origin < t:
                energy[b, t] = energy[b, origin]
            else:
                words = boundary_traffic(b, t, boundaries, part, temporal, divisor, digit, relevant)
                energy[b, t] = boundary_energy(
                    b, words, boundaries, part, tile_scale, read_write, block, read_pj, fill_pj, update_pj, network_pj
                )
    for t in range(tiles):
        best[0, t] = inf
    best[0, tiles - 1] = 0.0
    for s in range(1, len(level)):
        lv = level[s]
        for t in range(tiles):
            best[s, t] = inf
            if not roomy[lv, t]:
                continue
            least_energy = inf
            for step in range(first_step[s], first_step[s + 1]):
                to = target[step]
                paid = 0.0
                if kind[step] == NEXT_LEVEL:
                    if not fitting[lv, t]:
                        continue
                    reached = best[to, t]
                else:
                    d = dimension[step]
                    lowest = least[lv, d]
                    if kind[step] == ORDERED_LOOP and lowest < 2:
                        lowest = 2
                    i = digit[t, d]
                    reached = inf
                    for c in range(count[d, i]):
                        f = factor[d, i, c]
                        if f > most[lv, d]:
                            break
                        if f >= lowest:
                            value = best[to, t + (grown[d, i, c] - i) * stride[d]]
                            reached = min(reached, value)
                if reached < inf:
                    bits = settled[step]
                    b = 0
                    while bits:
                        if bits & 1:
                            paid += energy[b, t]
                        bits >>= 1
                        b += 1
                    least_energy = min(least_energy, reached + paid)
            best[s, t] = least_energy
