"""Compiled branch and bound over the loop nests of one spatial assignment."""

from __future__ import annotations

import numpy as np
from numba import njit

from launcher.engines.native.mapper.kernels import NEXT_LEVEL, ORDERED_LOOP, boundary_traffic

EDP, ENERGY, CYCLES = 0, 1, 2
"""Criteria, as numbers."""

TOLERANCE = 1e-12
"""Relative difference below which two energies count as equal (sums in another order differ in the last bits)."""

FINISHED, PAUSED, ACCEPTED = 0, 1, 2
"""Why the search returned: all done, node budget used up, or first acceptable mapping found."""


@njit(cache=True, nogil=True)
def criterion(which, energy, busy, leak, latency):
    """Value of one criterion from dynamic energy and busy cycles."""
    if which == CYCLES:
        return busy + latency
    total = energy + leak * busy
    if which == ENERGY:
        return total
    return total * (busy + latency)


@njit(cache=True, nogil=True)
def improves(energy, busy, leak, latency, order, incumbent, ties):
    """Whether (a bound of) a mapping is better than the incumbent, criterion by criterion; ``ties``: or equal."""
    for i in range(len(order)):
        value = criterion(order[i], energy, busy, leak, latency)
        if value < incumbent[i] * (1 - TOLERANCE):
            return True
        if value > incumbent[i] * (1 + TOLERANCE):
            return False
    return ties


@njit(cache=True, nogil=True)
def add_need(b, words, boundaries, part, tile_scale, read_write, slot_level, slot_kind, scale, need):
    """Add what a settled boundary asks of each limited bandwidth: words weighted by the data space's scale."""
    p, inner, outer = boundaries[b, 0], boundaries[b, 1], boundaries[b, 2]
    for s in range(len(slot_level)):
        lv = slot_level[s]
        reads = 0.0
        writes = 0.0
        if lv == outer:
            content = words * (tile_scale[outer, p] / tile_scale[inner, p])
            reads = content
            if read_write[p]:
                reads -= part[outer, p]
                writes = content
        elif lv == inner:
            writes = words
            if read_write[p]:
                writes -= part[inner, p]
        else:
            continue
        if slot_kind[s] != 1:
            need[s] += reads * scale[lv, p]
        if slot_kind[s] != 0:
            need[s] += writes * scale[lv, p]


@njit(cache=True, nogil=True)
def busy_bound(need, slot_bandwidth, iterations):
    """Least cycles that the words asked for so far take."""
    most = iterations
    for s in range(len(need)):
        most = max(most, np.ceil(need[s] / slot_bandwidth[s] * (1 - TOLERANCE)))
    return most


@njit(cache=True, nogil=True)
def busy_cycles(words, boundaries, part, tile_scale, read_write, bandwidth, scale, iterations, base_reads, base_writes):
    """Cycles of a complete mapping without network latency, with the model's order of operations."""
    reads = base_reads.copy()
    writes = base_writes.copy()
    for b in range(len(boundaries)):
        p, inner, outer = boundaries[b, 0], boundaries[b, 1], boundaries[b, 2]
        content = words[b] * (tile_scale[outer, p] / tile_scale[inner, p])
        reads[outer, p] += content
        writes[inner, p] += words[b]
        if read_write[p]:
            reads[outer, p] -= part[outer, p]
            writes[outer, p] += content
            writes[inner, p] -= part[inner, p]
    most = iterations
    for lv in range(len(reads)):
        read_need = 0.0
        write_need = 0.0
        for p in range(reads.shape[1]):
            read_need += reads[lv, p] / iterations * scale[lv, p]
            write_need += writes[lv, p] / iterations * scale[lv, p]
        slowdown = 1.0
        if bandwidth[lv, 0] < read_need:
            slowdown = min(slowdown, bandwidth[lv, 0] / read_need)
        if bandwidth[lv, 1] < write_need:
            slowdown = min(slowdown, bandwidth[lv, 1] / write_need)
        if bandwidth[lv, 2] < write_need + read_need:
            slowdown = min(slowdown, bandwidth[lv, 2] / (write_need + read_need))
        most = max(most, np.ceil(iterations / slowdown))
    return most


@njit(cache=True, nogil=True)
def explore(
    control, budget, sort, ties, order, incumbent, leak, latency, iterations,
    level, first_step, kind, dimension, target, settled, boundaries,
    temporal, divisor, count, grown, factor, digit, stride, roomy, fitting, least, most,
    relevant, part, tile_scale, read_write, slot_level, slot_kind, slot_bandwidth, bandwidth, scale,
    base_reads, base_writes, energy, best,
    at_state, at_tile, at_energy, at_need, at_words, children, position, child_step, child_tile, child_energy, child_busy,
    found_step, found_tile,
):  # fmt: skip
    """Depth-first search from the root on the stack; can be called again to go on.

    ``control``: depth (-1 when done), nodes visited, length of the mapping found (0: none), and its dynamic energy and
    busy cycles. ``found_step`` and ``found_tile`` hold the walk of the best mapping: each step and the tile before it.
    """
    trial = np.empty_like(at_need[0])
    stop = control[1] + budget
    while control[0] >= 0:
        depth = int(control[0])
        if control[1] >= stop:
            return PAUSED
        if position[depth] < 0:
            control[1] += 1
            s, t = at_state[depth], at_tile[depth]
            if s == 0:
                busy = busy_cycles(
                    at_words[depth], boundaries, part, tile_scale, read_write, bandwidth, scale, iterations,
                    base_reads, base_writes,
                )  # fmt: skip
                control[0] -= 1
                if improves(at_energy[depth], busy, leak, latency, order, incumbent, ties):
                    for i in range(len(order)):
                        incumbent[i] = criterion(order[i], at_energy[depth], busy, leak, latency)
                    for i in range(depth):
                        found_step[i] = child_step[i, position[i] - 1]
                        found_tile[i] = at_tile[i]
                    control[2], control[3], control[4] = depth, at_energy[depth], busy
                    if ties:
                        return ACCEPTED
                continue
            n = 0
            lv = level[s]
            for step in range(first_step[s], first_step[s + 1]):
                to = target[step]
                d = dimension[step]
                stays = kind[step] == NEXT_LEVEL
                if stays and not fitting[lv, t]:
                    continue
                paid = 0.0
                busy = -1.0
                i = digit[t, d] if not stays else 0
                lowest = 2 if kind[step] == ORDERED_LOOP else 1
                lowest = max(lowest, least[lv, d])
                for c in range(1 if stays else count[d, i]):
                    after = t
                    if not stays:
                        f = factor[d, i, c]
                        if f < lowest:
                            continue
                        if f > most[lv, d]:
                            break
                        after = t + (grown[d, i, c] - i) * stride[d]
                    if not best[to, after] < np.inf:
                        continue
                    if busy < 0:
                        trial[:] = at_need[depth]
                        bits = settled[step]
                        b = 0
                        while bits:
                            if bits & 1:
                                paid += energy[b, t]
                                words = boundary_traffic(b, t, boundaries, part, temporal, divisor, digit, relevant)
                                add_need(
                                    b, words, boundaries, part, tile_scale, read_write, slot_level, slot_kind, scale,
                                    trial,
                                )  # fmt: skip
                            bits >>= 1
                            b += 1
                        busy = busy_bound(trial, slot_bandwidth, iterations)
                    bound = at_energy[depth] + paid + best[to, after]
                    if not improves(bound, busy, leak, latency, order, incumbent, ties):
                        continue
                    k = n
                    if sort:
                        value = criterion(order[0], bound, busy, leak, latency)
                        while k > 0 and value < criterion(
                            order[0], child_energy[depth, k - 1], child_busy[depth, k - 1], leak, latency
                        ):
                            child_step[depth, k] = child_step[depth, k - 1]
                            child_tile[depth, k] = child_tile[depth, k - 1]
                            child_energy[depth, k] = child_energy[depth, k - 1]
                            child_busy[depth, k] = child_busy[depth, k - 1]
                            k -= 1
                    child_step[depth, k] = step
                    child_tile[depth, k] = after
                    child_energy[depth, k] = bound
                    child_busy[depth, k] = busy
                    n += 1
            children[depth] = n
            position[depth] = 0
        c = position[depth]
        if c >= children[depth]:
            control[0] -= 1
            continue
        position[depth] += 1
        if not improves(child_energy[depth, c], child_busy[depth, c], leak, latency, order, incumbent, ties):
            continue
        step = child_step[depth, c]
        at_state[depth + 1] = target[step]
        at_tile[depth + 1] = child_tile[depth, c]
        at_need[depth + 1] = at_need[depth]
        at_words[depth + 1] = at_words[depth]
        paid = at_energy[depth]
        bits = settled[step]
        b = 0
        t = at_tile[depth]
        while bits:
            if bits & 1:
                paid += energy[b, t]
                words = boundary_traffic(b, t, boundaries, part, temporal, divisor, digit, relevant)
                at_words[depth + 1, b] = words
                add_need(
                    b, words, boundaries, part, tile_scale, read_write, slot_level, slot_kind, scale,
                    at_need[depth + 1],
                )  # fmt: skip
            bits >>= 1
            b += 1
        at_energy[depth + 1] = paid
        position[depth + 1] = -1
        control[0] += 1
    return FINISHED
