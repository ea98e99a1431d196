"""Compiled: the figures of one complete imperfect mapping, as ``native.imperfect`` defines them.

Whole numbers that are handed on are np.int64: of literals, numba makes versions of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, procedure
from launcher.engines.native.formulas import slowdown, words_per_cycle
from launcher.engines.native.mapper.imperfect.counting import EVERY_PLACE, different
from launcher.engines.native.mapper.imperfect.tables import PER_FIRST_TOUCH, PER_WORD, Fans, Work
from launcher.engines.native.mapper.kernels import search_tables as at

needed, slowed = helper(words_per_cycle), helper(slowdown)

READS, FILLS, UPDATES = 0, 1, 2
"""First axis of counts."""


@procedure
def first_mover(work: Work, p: int, inner: int, ends: AnyArray, places: AnyArray) -> tuple[Any, Any]:
    """Level and place of the innermost loop outside a level that moves a tile; L if there is none.

    Where nothing is kept from one step to the next, all loops outside are meant: (inner, behind all places).
    """
    levels = len(ends)
    if inner < 0 or not work.reuse[inner + 1, p]:
        return inner, np.int64(EVERY_PLACE)
    for m in range(inner + 1, levels):
        first = np.int64(EVERY_PLACE)
        for d in range(ends.shape[1]):
            if ends[m, d] > 1 and work.relevant[p, d]:
                first = min(first, places[m, d])
        if first < EVERY_PLACE:
            return m, first
    return levels, np.int64(0)


@procedure
def total_words(
    work: Work, fans: Fans, p: int, level: int, place: int, inside: int, below: int, tile: AnyArray, ends: AnyArray,
    places: AnyArray,
) -> int:  # fmt: skip
    """Words of all instances together, told apart by temporal loops behind a place and fan-outs outside ``inside``.

    Further in, but outside ``below``, only fan-outs without multicast tell them apart.
    """
    words = 1
    last = len(ends) - 1
    first, nowhere = np.int64(1), np.int64(-1)
    for d in range(ends.shape[1]):
        n = work.extents[d]
        if work.relevant[p, d]:
            words *= n
        else:
            words *= different(
                n, first, tile[d], d, last, fans.ends, ends, places, level, place, inside, len(ends), work.apart[p],
                below, nowhere,
            )  # fmt: skip
    return words


@procedure
def busiest_words(
    work: Work, fans: Fans, p: int, level: int, place: int, of: int, below: int, tile: AnyArray, ends: AnyArray,
    places: AnyArray,
) -> int:  # fmt: skip
    """Words of the busiest instance of level ``of``, told apart as in ``total_words``."""
    words = 1
    last = len(ends) - 1
    first, start, nowhere = np.int64(1), np.int64(0), np.int64(-1)
    for d in range(ends.shape[1]):
        n = work.extents[d]
        if work.relevant[p, d]:
            # As many indices have a 0 in the fan-outs outside as there are combinations of all other digits.
            words *= different(
                n, first, tile[d], d, last, fans.ends, ends, places, nowhere, start, nowhere, of, work.apart[p], of,
                nowhere,
            )  # fmt: skip
        else:
            words *= different(
                n, first, tile[d], d, last, fans.ends, ends, places, level, place, of, of, work.apart[p], below, nowhere
            )  # fmt: skip
    return words


@procedure
def count_space(
    work: Work, fans: Fans, p: int, tile: AnyArray, ends: AnyArray, places: AnyArray, total: AnyArray, busy: AnyArray
) -> float:
    """Fill in the totals and the busiest instance's counts of one data space; returns the energy of its networks."""
    levels = len(ends)
    inner: Any = np.int64(-1)
    start = np.int64(0)
    network_pj = 0.0
    for outer in range(levels):
        if not work.keep[outer, p]:
            continue
        level, place = first_mover(work, p, inner, ends, places)
        content = total_words(work, fans, p, level, place, outer, inner, tile, ends, places)
        visible = busiest_words(work, fans, p, level, place, outer, inner, tile, ends, places)
        total[READS, outer, p], busy[READS, outer, p] = content, visible
        if work.elides[outer, p]:
            total[READS, outer, p] -= total_words(work, fans, p, levels, start, outer, outer, tile, ends, places)
            busy[READS, outer, p] -= busiest_words(work, fans, p, levels, start, outer, outer, tile, ends, places)
        if work.read_write[p]:
            total[UPDATES, outer, p], busy[UPDATES, outer, p] = content, visible
        if inner >= 0:
            total[FILLS, inner, p] = total_words(work, fans, p, level, place, inner, inner, tile, ends, places)
            busy[FILLS, inner, p] = busiest_words(work, fans, p, level, place, inner, inner, tile, ends, places)
            if work.elides[inner, p]:
                total[FILLS, inner, p] -= total_words(work, fans, p, levels, start, inner, inner, tile, ends, places)
                busy[FILLS, inner, p] -= busiest_words(work, fans, p, levels, start, inner, inner, tile, ends, places)
        for m in range(inner + 1, outer + 1):
            if fans.network[m, p, PER_WORD] > 0:
                words = total_words(work, fans, p, level, place, m, inner, tile, ends, places)
                network_pj += fans.network[m, p, PER_WORD] * words
            # A level that the data space bypasses is responsible for none of its words.
            if m == outer and fans.network[m, p, PER_FIRST_TOUCH] > 0:
                words = total_words(work, fans, p, levels, start, m, m, tile, ends, places)
                network_pj -= fans.network[m, p, PER_FIRST_TOUCH] * words
        inner = outer
    return network_pj


@procedure
def _level_energy(work: Work, fans: Fans, level: int, total: AnyArray) -> float:
    energy = 0.0
    for p in range(len(work.read_write)):
        prices = fans.prices[level, p]
        parts, block = int(prices[at.PARTS]), int(prices[at.BLOCK])
        reads, fills, updates = total[READS, level, p], total[FILLS, level, p], total[UPDATES, level, p]
        energy += -(-reads * parts // block) * prices[at.READ_PJ]
        energy += -(-fills * parts // block) * prices[at.FILL_PJ]
        energy += -(-updates * parts // block) * prices[at.UPDATE_PJ]
        energy += (fills + (updates if work.read_write[p] else reads)) * prices[at.ADDRESS_PJ]
    return energy


@procedure
def _level_cycles(work: Work, level: int, busy: AnyArray, iterations: float) -> float:
    read_need = 0.0
    write_need = 0.0
    for p in range(len(work.read_write)):
        read_need += needed(busy[READS, level, p], iterations, work.scale[level, p])
        write_need += needed(busy[FILLS, level, p] + busy[UPDATES, level, p], iterations, work.scale[level, p])
    slowest = min(
        slowed(work.limits[level, 0], read_need),
        slowed(work.limits[level, 1], write_need),
        slowed(work.limits[level, 2], write_need + read_need),
    )
    return float(np.ceil(iterations / slowest))


@procedure
def start_counts(total: AnyArray, busy: AnyArray) -> None:
    """Set (3, L, P) counts of all instances, and of the busiest one, to zero."""
    for kind in range(3):
        for level in range(total.shape[1]):
            for p in range(total.shape[2]):
                total[kind, level, p], busy[kind, level, p] = 0, 0


@procedure
def figures_of(
    work: Work, fans: Fans, network_pj: float, ends: AnyArray, places: AnyArray, tile: AnyArray, total: AnyArray,
    busy: AnyArray,
) -> tuple[float, float]:  # fmt: skip
    """Dynamic energy in pJ and busy cycles, from counts and the energy of networks."""
    levels = len(ends)
    iterations = 1.0
    first, start, nowhere = np.int64(1), np.int64(0), np.int64(-1)
    for d in range(ends.shape[1]):
        iterations *= different(
            work.extents[d], first, tile[d], d, levels - 1, fans.ends, ends, places, nowhere, start, levels, levels,
            work.together, levels, nowhere,
        )  # fmt: skip
    energy, cycles = fans.compute_pj + network_pj, iterations
    for level in range(levels):
        energy += _level_energy(work, fans, level, total)
        cycles = max(cycles, _level_cycles(work, level, busy, iterations))
    return energy, cycles


@procedure
def exact_figures(
    work: Work, fans: Fans, ends: AnyArray, places: AnyArray, tile: AnyArray, total: AnyArray, busy: AnyArray
) -> tuple[float, float]:
    """Dynamic energy in pJ and busy cycles, when no data space has windows.

    Args:
        work, fans: the problem on a machine, and its fan-outs.
        ends, places: (L, D) ends of the temporal loops and their places in the nest.
        tile: (D,) how far all loops reach.
        total, busy: (3, L, P) filled with reads, fills and updates of all instances, and of the busiest one.
    """
    start_counts(total, busy)
    network_pj = 0.0
    for p in range(len(work.read_write)):
        network_pj += count_space(work, fans, p, tile, ends, places, total, busy)
    found: tuple[float, float] = figures_of(work, fans, network_pj, ends, places, tile, total, busy)
    return found
