"""Compiled: the least dynamic energy from every state of a nest to its end, by what remains of each dimension.

As ``kernels.completion``, but every figure is a lower bound: of a group of nodes the least that remains counts for the
cost, and the least tile for the capacity.
"""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, kernel, procedure
from launcher.engines.native.mapper.imperfect.prices import (
    filling_energy,
    least_different,
    own_words,
    serving_energy,
    tile_words,
)
from launcher.engines.native.mapper.imperfect.tables import LEAST, Fans, Groups, LeastEnergies, Nodes, Work
from launcher.engines.native.mapper.imperfect.window_bounds import groups_within, window_bound, window_instances
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.search_tables import Walks

_LONG = 16
"""From so many entries on it pays to treat them as a row."""


@procedure
def _energy_of(
    work: Work, fans: Fans, groups: Groups, boundary: AnyArray, level: int, digits: AnyArray, moved: int,
    sizes: AnyArray,
) -> float:  # fmt: skip
    """Energy of a boundary that is settled at a level (L: at the end of the nest).

    ``moved``: the dimension of the loop that settles it, or -1; ``sizes``: (2, D) room to work in.
    """
    p, inner, outer = boundary[at.SPACE], boundary[at.INNER], boundary[at.OUTER]
    last = min(level, len(work.capacity) - 1)
    inside = outer if work.multicast[outer, p] else outer - 1
    content = own_words(work, p)
    entering = content
    for d in range(len(digits)):
        left = groups.least[level, d, digits[d]]
        sizes[0, d], sizes[1, d] = left, groups.tile[level, d, digits[d]]
        if not work.relevant[p, d]:
            entering *= least_different(fans.ends, inner, last, d, left)
            content *= least_different(fans.ends, inside, last, d, left)
    if work.boxes[p]:
        windows = window_bound(work, fans, p, inner, last, sizes[0], sizes[1], moved, np.int64(0))
        content *= windows * groups_within(work, fans, p, inner, outer) * window_instances(work, fans, p, outer)
        entering *= windows * window_instances(work, fans, p, inner)
    energy = serving_energy(work, fans, p, inner, outer, content)
    return float(energy + filling_energy(work, fans, p, inner, entering))


@helper
def _start(digits: AnyArray) -> None:
    for d in range(len(digits)):
        digits[d] = 0


@helper
def _count_up(digits: AnyArray, count: AnyArray) -> None:
    """The digits of the next entry of a table."""
    for d in range(len(digits)):
        digits[d] += 1
        if digits[d] < count[d]:
            return
        digits[d] = 0


@helper
def _lower(row: AnyArray, by: AnyArray) -> None:
    """Take the lesser of each two; whole rows are what the machine does at once."""
    for k in range(len(row)):
        new, old = by[k], row[k]
        row[k] = new if new < old else old


@procedure
def _spread(work: Work, groups: Groups, p: int, level: int, energy: AnyArray) -> None:
    """Copy energies along the dimensions in which a data space's are all the same, from the first group of each."""
    size = groups.size[level]
    for d in range(len(work.extents)):
        stride, count = groups.stride[level, d], groups.counts[level, d]
        if not work.relevant[p, d] or work.windowed[p, d] or count == 1:
            continue
        for block in range(0, size, stride * count):
            for i in range(block + stride, block + stride * count, stride):
                for k in range(stride):
                    energy[i + k] = energy[block + k]


@procedure
def _fill_energies(
    work: Work, fans: Fans, groups: Groups, walks: Walks, tables: LeastEnergies, digits: AnyArray, sizes: AnyArray
) -> None:  # fmt: skip
    """Energy of every boundary settled by a loop that slides none of its windows."""
    for b in range(len(walks.boundaries)):
        p = walks.boundaries[b, at.SPACE]
        for level in range(len(groups.size)):
            first = tables.energy_at[b, level]
            if first < 0:
                continue
            _start(digits)
            i = 0
            while i < groups.size[level]:
                tables.energy[first + i] = _energy_of(
                    work, fans, groups, walks.boundaries[b], level, digits, np.int64(-1), sizes
                )  # fmt: skip
                i = _next_different(work, groups, p, level, i, digits)
            _spread(work, groups, p, level, tables.energy[first : first + groups.size[level]])


@helper
def _next_different(work: Work, groups: Groups, p: int, level: int, i: int, digits: AnyArray) -> int:
    """The next entry whose digits are 0 in all dimensions that a data space has; the size of the table at its end."""
    for d in range(len(digits)):
        if work.relevant[p, d] and not work.windowed[p, d]:
            continue
        digits[d] += 1
        if digits[d] < groups.counts[level, d]:
            return int(i + groups.stride[level, d])
        i -= (digits[d] - 1) * groups.stride[level, d]
        digits[d] = 0
    return int(groups.size[level])


@procedure
def _fill_fits(
    work: Work, groups: Groups, fits: AnyArray, fits_at: AnyArray, digits: AnyArray, sizes: AnyArray
) -> None:  # fmt: skip
    """Whether the least tiles of groups fit the levels."""
    levels, spaces = work.keep.shape
    for level in range(levels):
        if fits_at[level] < 0:
            continue
        if work.capacity[level] == np.inf:
            fits[fits_at[level] : fits_at[level] + groups.size[level]] = True
            continue
        _start(digits)
        for i in range(groups.size[level]):
            units = 0.0
            for d in range(len(digits)):
                sizes[1, d] = groups.tile[level, d, digits[d]]
            for p in range(spaces):
                if work.keep[level, p]:
                    units += work.weight[level, p] * tile_words(work, p, sizes[1])
            fits[fits_at[level] + i] = units <= work.capacity[level]
            _count_up(digits, groups.counts[level])


@procedure
def _pay(walks: Walks, tables: LeastEnergies, bits: int, level: int, end: int, row: AnyArray) -> None:
    """Add the energy of the boundaries in ``bits``; what leaving the last level settles is settled at ``end``."""
    b = np.int64(0)
    while bits:
        if bits & 1:
            if end >= 0 and not (walks.boundaries[b, at.FORGETS] and walks.boundaries[b, at.INNER] == level):
                row += tables.energy[tables.energy_at[b, end]]
            else:
                first = tables.energy_at[b, level]
                paid = tables.energy[first : first + len(row)]
                for i in range(len(row)):
                    row[i] += paid[i]
        bits >>= 1
        b += 1


@procedure
def _best_beyond(
    groups: Groups, tables: LeastEnergies, level: int, into: int, to: int, digits: AnyArray, steps: AnyArray
) -> float:
    """The least of the entries of state ``to`` that the fan-outs outside the level lead to."""
    entry = tables.at[to]
    for d in range(len(digits)):
        low = groups.low[level, d, digits[d]]
        if low < 0:
            return float(np.inf)
        steps[d] = low
        entry += low * groups.stride[into, d]
    best = np.inf
    while True:
        best = min(best, tables.best[entry])
        d = 0
        while d < len(digits):
            if steps[d] < groups.high[level, d, digits[d]]:
                steps[d] += 1
                entry += groups.stride[into, d]
                break
            low = groups.low[level, d, digits[d]]
            entry -= (steps[d] - low) * groups.stride[into, d]
            steps[d] = low
            d += 1
        if d == len(digits):
            return float(best)


@procedure
def _leave(
    groups: Groups, walks: Walks, tables: LeastEnergies, s: int, step: int, into: int, fits: AnyArray, digits: AnyArray,
    steps: AnyArray, row: AnyArray, delay_pj: float,
) -> None:  # fmt: skip
    """Let leaving the level improve the best completions of state s."""
    level, size = walks.states[s, at.LEVEL], groups.size[walks.states[s, at.LEVEL]]
    to, bits = walks.steps[step, at.TARGET], walks.steps[step, at.SETTLED]
    reached = row[:size]
    _start(digits)
    for i in range(size):
        reached[i] = _best_beyond(groups, tables, level, into, to, digits, steps) if fits[i] else np.inf
        if delay_pj > 0:
            for d in range(len(digits)):
                reached[i] += delay_pj * groups.delay[level, d, digits[d]]
        _count_up(digits, groups.counts[level])
    _pay(walks, tables, bits, level, into if into == len(groups.size) - 1 else -1, reached)
    _lower(tables.best[tables.at[s] : tables.at[s] + size], reached)


@procedure
def _loop(
    work: Work, groups: Groups, walks: Walks, tables: LeastEnergies, s: int, step: int, row: AnyArray
) -> None:  # fmt: skip
    """Let a loop over d improve the best completions of state s, whether they fit or not."""
    level, d, bits = walks.states[s, at.LEVEL], walks.steps[step, at.DIMENSION], walks.steps[step, at.SETTLED]
    stays = walks.steps[step, at.KIND] == at.FREE_LOOP and work.bounds[LEAST, level, d] <= 1
    stride, count, size = groups.stride[level, d], groups.counts[level, d], groups.size[level]
    own, others = tables.at[s], tables.at[walks.steps[step, at.TARGET]]
    beyond = tables.best[others : others + size]
    reached = row[:size]
    for k in range(size):
        reached[k] = beyond[k] if stays else np.inf
    for i in range(count):
        for c in range(groups.first[level, d, i], groups.first[level, d, i + 1]):
            shift = (groups.to[level, d, c] - i) * stride
            for block in range(i * stride, size, stride * count):
                if stride >= _LONG:
                    _lower(reached[block : block + stride], beyond[block + shift : block + shift + stride])
                    continue
                for k in range(block, block + stride):
                    new, old = beyond[k + shift], reached[k]
                    reached[k] = new if new < old else old
    _pay(walks, tables, bits, level, -1, reached)
    _lower(tables.best[own : own + size], reached)


@helper
def _is_sliding(work: Work, walks: Walks, bits: int, d: int) -> bool:
    """Whether a loop over d slides the windows of any boundary in ``bits``."""
    b = np.int64(0)
    while bits:
        if bits & 1 and work.windowed[walks.boundaries[b, at.SPACE], d]:
            return True
        bits >>= 1
        b += 1
    return False


@procedure
def _slide(
    work: Work, fans: Fans, groups: Groups, walks: Walks, tables: LeastEnergies, s: int, step: int, fits: AnyArray,
    fits_at: AnyArray, digits: AnyArray, sizes: AnyArray,
) -> None:  # fmt: skip
    """As ``_loop``, for a loop that slides windows and so settles them in another way."""
    level, d = walks.states[s, at.LEVEL], walks.steps[step, at.DIMENSION]
    to = walks.steps[step, at.TARGET]
    _start(digits)
    for i in range(groups.size[level]):
        reached = np.inf
        if fits[fits_at[level] + i]:
            for c in range(groups.first[level, d, digits[d]], groups.first[level, d, digits[d] + 1]):
                other = i + (groups.to[level, d, c] - digits[d]) * groups.stride[level, d]
                reached = min(reached, tables.best[tables.at[to] + other])
        if reached < tables.best[tables.at[s] + i]:
            bits, b = walks.steps[step, at.SETTLED], np.int64(0)
            while bits:
                if bits & 1:
                    if work.windowed[walks.boundaries[b, at.SPACE], d]:
                        reached += _energy_of(work, fans, groups, walks.boundaries[b], level, digits, d, sizes)
                    else:
                        reached += tables.energy[tables.energy_at[b, level] + i]
                bits >>= 1
                b += 1
            tables.best[tables.at[s] + i] = min(tables.best[tables.at[s] + i], reached)
        _count_up(digits, groups.counts[level])


@kernel
def complete(
    work: Work, fans: Fans, groups: Groups, nodes: Nodes, walks: Walks, tables: LeastEnergies, fits: AnyArray,
    fits_at: AnyArray, row: AnyArray, delay_pj: float,
) -> None:  # fmt: skip
    """Fill the tables of one spatial assignment.

    Args:
        work, fans, groups, nodes, walks: what there is.
        tables: ``best`` and ``energy`` are filled in.
        fits, fits_at: room for whether tiles fit each level, and where its entries begin (-1: no state is there).
        row: room for the entries of the largest table.
        delay_pj: what a delay costs; if anything, energies and what fits are there from a call without.
    """
    digits, steps = np.zeros(len(work.extents), np.int64), np.zeros(len(work.extents), np.int64)
    sizes = np.zeros((2, len(work.extents)), np.int64)
    if delay_pj == 0:
        _fill_energies(work, fans, groups, walks, tables, digits, sizes)
        _fill_fits(work, groups, fits, fits_at, digits, sizes)
    tables.best[tables.at[0]] = 0.0
    for s in range(1, len(walks.states) - 1):
        level = walks.states[s, at.LEVEL]
        fit = fits[fits_at[level] :]
        for i in range(groups.size[level]):
            tables.best[tables.at[s] + i] = np.inf
        for step in range(walks.states[s, at.FIRST_STEP], walks.states[s + 1, at.FIRST_STEP]):
            if walks.steps[step, at.KIND] == at.NEXT_LEVEL:
                _leave(groups, walks, tables, s, step, nodes.following[level], fit, digits, steps, row, delay_pj)
            elif _is_sliding(work, walks, walks.steps[step, at.SETTLED], walks.steps[step, at.DIMENSION]):
                _slide(work, fans, groups, walks, tables, s, step, fits, fits_at, digits, sizes)
            else:
                _loop(work, groups, walks, tables, s, step, row)
        best = tables.best[tables.at[s] :]
        for i in range(groups.size[level]):
            best[i] = best[i] if fit[i] else np.inf
