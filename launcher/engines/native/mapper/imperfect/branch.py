"""Compiled: branch and bound over the imperfect nests of one spatial assignment.

It walks from the innermost loop outwards and knows every end. The figures of a complete nest are computed anew, where
its bounds are not exact.
"""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, kernel, procedure
from launcher.engines.native.mapper.imperfect.exact import exact_figures
from launcher.engines.native.mapper.imperfect.incumbents import within_reach
from launcher.engines.native.mapper.imperfect.prices import tile_words, visible_share
from launcher.engines.native.mapper.imperfect.remains import largest_end, remains
from launcher.engines.native.mapper.imperfect.settling import (
    AT_LAST,
    AT_ONCE,
    BY_LOOP,
    busy_bound,
    count_steps,
    serve,
    settle,
    settled_steps,
)
from launcher.engines.native.mapper.imperfect.tables import (
    LEAST,
    MOST,
    SERVED,
    SETTLED,
    Fans,
    Groups,
    LeastEnergies,
    Nodes,
    Trail,
    Work,
)
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.branch import (
    BEST_BUSY,
    BEST_ENERGY,
    FINISHED,
    FOUND,
    LENGTH,
    NODES,
    PAUSED,
    TOP,
    comes_before,
    promising,
    value_of,
)
from launcher.engines.native.mapper.kernels.search_tables import Goal, Rates, Walks


@procedure
def _copy(rows: AnyArray, of: int, to: int) -> None:
    """Copy a row of a table; element by element, since whole rows take long to compile."""
    for i in range(rows.shape[1]):
        rows[to, i] = rows[of, i]


@procedure
def _copy_plane(planes: AnyArray, of: int, to: int) -> None:
    for i in range(planes.shape[1]):
        for k in range(planes.shape[2]):
            planes[to, i, k] = planes[of, i, k]


@procedure
def _copy_row(trail: Trail, depth: int) -> None:
    """Begin the row behind ``depth`` as a copy of it."""
    _copy(trail.figures, depth, depth + 1)
    _copy(trail.node, depth, depth + 1)
    _copy(trail.left, depth, depth + 1)
    _copy(trail.tile, depth, depth + 1)
    _copy(trail.steps, depth, depth + 1)
    _copy_plane(trail.served, depth, depth + 1)
    _copy_plane(trail.ends, depth, depth + 1)
    _copy_plane(trail.places, depth, depth + 1)


@procedure
def _fits(work: Work, trail: Trail, row: int, level: int, leaves: bool) -> bool:
    """Whether the tiles of a row fit a level, and fill it enough when it is left."""
    units = 0.0
    for p in range(len(work.read_write)):
        if work.keep[level, p]:
            units += work.weight[level, p] * tile_words(work, p, trail.tile[row])
    return units <= work.capacity[level] and (not leaves or units >= work.least_fill[level])


@helper
def _entry(groups: Groups, tables: LeastEnergies, trail: Trail, row: int, state: int, level: int) -> int:
    entry = tables.at[state]
    for d in range(trail.node.shape[1]):
        entry += groups.group[level, d, trail.node[row, d]] * groups.stride[level, d]
    return int(entry)


@procedure
def _cross(work: Work, fans: Fans, nodes: Nodes, trail: Trail, row: int, level: int) -> bool:
    """Take a row through the fan-outs outside a level; False when one of them is larger than what remains."""
    levels = len(work.capacity)
    into = min(nodes.following[level], levels - 1)
    for d in range(len(work.extents)):
        node = nodes.cross[level, d, trail.node[row, d]]
        if node < 0:
            return False
        trail.node[row, d] = node
        share = visible_share(fans.ends, level + 1, into, d)
        trail.left[row, d] = remains(trail.left[row, d], share)
        trail.tile[row, d] *= share
        if share > 1:
            count_steps(work, fans, trail, row, d, into)
    return True


@procedure
def _swap(rows: AnyArray, i: int, k: int) -> None:
    for c in range(rows.shape[1]):
        rows[i, c], rows[k, c] = rows[k, c], rows[i, c]


@procedure
def _sort_children(goal: Goal, rates: Rates, child: AnyArray, bound: AnyArray, n: int) -> None:
    """Children in order of their bounds (by comb sort: there can be thousands)."""
    gap, swapped = n, True
    while gap > 1 or swapped:
        gap = max(1, gap * 10 // 13)
        swapped = False
        for i in range(n - gap):
            if comes_before(goal, rates, bound[i + gap, 0], bound[i + gap, 1], bound[i]):
                _swap(child, i, i + gap)
                _swap(bound, i, i + gap)
                swapped = True


@helper
def _least_suffices(work: Work, fans: Fans, walks: Walks, s: int, level: int, d: int) -> bool:
    """Whether of the ends that leave the same, the least is never worse.

    That is so when what is still to be counted knows a dimension by what remains of it: no fan-out over it lies
    further out, nor between a pending boundary that the dimension does not move and this level. A level that must be
    filled to some share may want larger tiles.
    """
    if fans.outside[level + 1, d] > 1:
        return False
    for m in range(level, len(work.capacity)):
        if work.least_fill[m] > 0:
            return False
    pending = walks.states[s, at.PENDING]
    b = np.int64(0)
    while pending:
        moved = work.relevant[walks.boundaries[b, at.SPACE], d]
        if pending & 1 and not moved and visible_share(fans.ends, walks.boundaries[b, at.INNER] + 1, level, d) > 1:
            return False
        pending >>= 1
        b += 1
    return True


@helper
def _hopeful(
    goal: Goal, rates: Rates, tables: LeastEnergies, entry: int, figures: AnyArray, steps: float, busy: float
) -> bool:
    """Whether anything better can follow at an entry of the tables."""
    begun = figures[SETTLED] + figures[SERVED]
    if not tables.best[entry] < np.inf or not within_reach(goal, rates, begun + tables.slow[entry], steps):
        return False
    return bool(promising(goal, rates, begun + tables.best[entry], busy))


@procedure
def _loops(
    work: Work, fans: Fans, groups: Groups, nodes: Nodes, walks: Walks, tables: LeastEnergies, rates: Rates, goal: Goal,
    trail: Trail, depth: int, step: int, n: int, trial: AnyArray,
) -> int:  # fmt: skip
    """Children that put one more loop, of any end, over a dimension."""
    row = depth + 1
    s, d, to = trail.at[depth, at.STATE], walks.steps[step, at.DIMENSION], walks.steps[step, at.TARGET]
    level, bits = walks.states[s, at.LEVEL], walks.steps[step, at.SETTLED]
    node, left, tile = trail.node[depth, d], trail.left[depth, d], trail.tile[depth, d]
    least, most = work.bounds[LEAST, level, d], min(work.bounds[MOST, level, d], left)
    for i in range(len(trial)):
        trial[i] = trail.figures[depth, i]
    if bits:
        when, any_end = np.int64(BY_LOOP), np.int64(0)
        settle(work, fans, rates, walks, bits, trail, depth, level, level, when, trial, np.int64(d), any_end)
    steps = settled_steps(work, fans, trail, depth, level)
    busy = busy_bound(work, fans, rates, trail, depth, trial)
    known = fans.outside[level + 1, d] == 1
    single = _least_suffices(work, fans, walks, s, level, d)
    stays = walks.steps[step, at.KIND] == at.FREE_LOOP and least <= 1
    first = nodes.first[level, d, node] - (1 if stays else 0)
    for c in range(first, nodes.first[level, d, node + 1]):
        after = node if c < nodes.first[level, d, node] else nodes.to[level, d, c]
        value = nodes.value[level, d, after]
        trail.node[row, d], trail.left[row, d] = after, value
        entry = _entry(groups, tables, trail, row, to, walks.states[to, at.LEVEL])
        rest = trial[SETTLED] + tables.best[entry]
        if not _hopeful(goal, rates, tables, entry, trial, steps, busy):
            continue
        low, high = max(remains(left, value), least, 2), min(largest_end(left, value), most)
        if after == node and c < nodes.first[level, d, node]:
            low, high = 1, 1
        elif work.divides[d] or single:
            high = low
        for end in range(low, high + 1):
            trail.ends[row, level, d], trail.places[row, level, d], trail.tile[row, d] = end, depth, tile * end
            if not _fits(work, trail, row, level, False):
                break
            if not known:
                count_steps(work, fans, trail, row, d, level)
                serve(work, fans, trail, row)
            energy = rest + trail.figures[row, SERVED]
            takes = busy_bound(work, fans, rates, trail, row, trial)
            if promising(goal, rates, energy, takes):
                trail.child[depth, n, 0], trail.child[depth, n, 1], trail.child[depth, n, 2] = step, end, after
                trail.bound[depth, n, 0], trail.bound[depth, n, 1] = energy, takes
                n += 1
    trail.ends[row, level, d], trail.places[row, level, d] = trail.ends[depth, level, d], 0
    trail.node[row, d], trail.left[row, d], trail.tile[row, d] = node, left, tile
    trail.steps[row, d] = trail.steps[depth, d]
    for p in range(len(work.read_write)):
        trail.served[row, p, d] = trail.served[depth, p, d]
    trail.figures[row, SERVED] = trail.figures[depth, SERVED]
    return n


@procedure
def _leave(
    work: Work, fans: Fans, nodes: Nodes, walks: Walks, rates: Rates, trail: Trail, depth: int, step: int
) -> bool:
    """Make the row behind ``depth`` the one in which the next level begins; False when there is none."""
    row = depth + 1
    level, bits = walks.states[trail.at[depth, at.STATE], at.LEVEL], walks.steps[step, at.SETTLED]
    if not _fits(work, trail, row, level, True):
        return False
    figures, none, any_end = trail.figures[row], np.int64(-1), np.int64(0)
    if bits:
        when = np.int64(AT_ONCE)
        settle(work, fans, rates, walks, bits, trail, row, level, level, when, figures, none, any_end)
    if not _cross(work, fans, nodes, trail, row, level):
        return False
    levels = len(work.capacity)
    if bits and nodes.following[level] == levels:
        when = np.int64(AT_LAST)
        settle(work, fans, rates, walks, bits, trail, row, level, levels - 1, when, figures, none, any_end)
    serve(work, fans, trail, row)
    return True


@procedure
def _find_children(
    work: Work, fans: Fans, groups: Groups, nodes: Nodes, walks: Walks, tables: LeastEnergies, rates: Rates, goal: Goal,
    trail: Trail, depth: int, trial: AnyArray,
) -> None:  # fmt: skip
    """All steps from the state on top of the trail that may lead to something better than the incumbent."""
    s = trail.at[depth, at.STATE]
    n = np.int64(0)
    _copy_row(trail, depth)
    for step in range(walks.states[s, at.FIRST_STEP], walks.states[s + 1, at.FIRST_STEP]):
        if walks.steps[step, at.KIND] != at.NEXT_LEVEL:
            n = _loops(work, fans, groups, nodes, walks, tables, rates, goal, trail, depth, step, n, trial)
            continue
        if _leave(work, fans, nodes, walks, rates, trail, depth, step):
            to = walks.steps[step, at.TARGET]
            into = nodes.following[walks.states[s, at.LEVEL]]
            figures = trail.figures[depth + 1]
            entry = _entry(groups, tables, trail, depth + 1, to, into)
            energy = figures[SETTLED] + figures[SERVED] + tables.best[entry]
            busy = busy_bound(work, fans, rates, trail, depth + 1, figures)
            steps = settled_steps(work, fans, trail, depth + 1, min(into, len(work.capacity) - 1))
            if _hopeful(goal, rates, tables, entry, figures, steps, busy):
                trail.child[depth, n, 0], trail.child[depth, n, 1], trail.child[depth, n, 2] = step, 1, -1
                trail.bound[depth, n, 0], trail.bound[depth, n, 1] = energy, busy
                n += 1
        _copy_row(trail, depth)
    if not goal.canonical:
        _sort_children(goal, rates, trail.child[depth], trail.bound[depth], n)
    trail.at[depth, at.CHILDREN] = n
    trail.at[depth, at.POSITION] = 0


@procedure
def _descend(
    work: Work, fans: Fans, nodes: Nodes, walks: Walks, rates: Rates, trail: Trail, depth: int, c: int
) -> None:
    """Put child c of the state on top of the trail on the trail."""
    row = depth + 1
    step, end, node = trail.child[depth, c, 0], trail.child[depth, c, 1], trail.child[depth, c, 2]
    s, d, bits = trail.at[depth, at.STATE], walks.steps[step, at.DIMENSION], walks.steps[step, at.SETTLED]
    level = walks.states[s, at.LEVEL]
    _copy_row(trail, depth)
    trail.at[row, at.STATE] = walks.steps[step, at.TARGET]
    trail.at[row, at.POSITION] = -1
    if walks.steps[step, at.KIND] == at.NEXT_LEVEL:
        _leave(work, fans, nodes, walks, rates, trail, depth, step)
        return
    if bits:
        settle(
            work, fans, rates, walks, bits, trail, depth, level, level, np.int64(BY_LOOP), trail.figures[row],
            np.int64(d), np.int64(end),
        )  # fmt: skip
    trail.node[row, d], trail.left[row, d] = node, nodes.value[level, d, node]
    trail.tile[row, d] *= end
    trail.ends[row, level, d], trail.places[row, level, d] = end, depth
    if fans.outside[level + 1, d] > 1:
        count_steps(work, fans, trail, row, d, level)
        serve(work, fans, trail, row)


@procedure
def _arrive(
    work: Work, fans: Fans, rates: Rates, goal: Goal, trail: Trail, depth: int, total: AnyArray, busiest: AnyArray,
    control: AnyArray, report: bool,
) -> bool:  # fmt: skip
    """Judge the complete mapping on top of the trail, by its bounds with ``report``; remember it when it is wanted."""
    if report:
        energy = trail.figures[depth, SETTLED] + trail.figures[depth, SERVED]
        busy = busy_bound(work, fans, rates, trail, depth, trail.figures[depth])
    else:
        energy, busy = exact_figures(
            work, fans, trail.ends[depth], trail.places[depth], trail.tile[depth], total, busiest
        )  # fmt: skip
    if not promising(goal, rates, energy, busy):
        return False
    for i in range(depth):
        c = trail.at[i, at.POSITION] - 1
        trail.best[i, 0], trail.best[i, 1] = trail.child[i, c, 0], trail.child[i, c, 1]
    control[LENGTH], control[BEST_ENERGY], control[BEST_BUSY] = depth, energy, busy
    return True


@kernel
def open_trail(
    work: Work, fans: Fans, groups: Groups, nodes: Nodes, walks: Walks, tables: LeastEnergies, trail: Trail
) -> tuple[float, float]:  # fmt: skip
    """Put the innermost state on the trail; returns the least dynamic energy of all nests, and with their delays."""
    state, levels = len(walks.states) - 2, len(work.capacity)
    last = min(nodes.start, levels - 1)
    trail.at[0, at.STATE], trail.at[0, at.POSITION] = state, -1
    for m in range(levels):
        for d in range(len(work.extents)):
            trail.ends[0, m, d], trail.places[0, m, d] = 1, 0
    for i in range(trail.figures.shape[1]):
        trail.figures[0, i] = 0.0
    for d in range(len(work.extents)):
        trail.tile[0, d] = visible_share(fans.ends, 0, last, d)
        trail.left[0, d] = remains(work.extents[d], trail.tile[0, d])
        trail.node[0, d] = 0
        while nodes.value[nodes.start, d, trail.node[0, d]] != trail.left[0, d]:
            trail.node[0, d] += 1
        count_steps(work, fans, trail, 0, d, last)
    serve(work, fans, trail, 0)
    trail.figures[0, SETTLED] = fans.compute_pj
    entry = _entry(groups, tables, trail, 0, state, nodes.start)
    begun = trail.figures[0, SETTLED] + trail.figures[0, SERVED]
    return begun + tables.best[entry], begun + tables.slow[entry]


@kernel
def explore(
    work: Work, fans: Fans, groups: Groups, nodes: Nodes, walks: Walks, tables: LeastEnergies, rates: Rates, goal: Goal,
    trail: Trail, counts: AnyArray, control: AnyArray, budget: int, report: bool,
) -> int:  # fmt: skip
    """Depth-first search from what is on the trail; can be called again to go on.

    Better mappings become the incumbent here; with ``report`` every one that may be better is handed out at once, and
    the caller judges it. ``counts`` (2, 3, L, P) is room for the counts of a mapping.
    """
    trial = np.zeros(trail.figures.shape[1])
    stop = control[NODES] + budget
    while control[TOP] >= 0:
        depth = int(control[TOP])
        if control[NODES] >= stop:
            return PAUSED
        if trail.at[depth, at.POSITION] < 0:
            control[NODES] += 1
            if trail.at[depth, at.STATE] == 0:
                control[TOP] -= 1
                if _arrive(work, fans, rates, goal, trail, depth, counts[0], counts[1], control, report):
                    if report or goal.canonical:
                        return FOUND
                    for i in range(len(goal.powers)):
                        goal.incumbent[i] = value_of(goal, i, rates, control[BEST_ENERGY], control[BEST_BUSY])
                continue
            _find_children(work, fans, groups, nodes, walks, tables, rates, goal, trail, depth, trial)
        c = trail.at[depth, at.POSITION]
        if c >= trail.at[depth, at.CHILDREN]:
            control[TOP] -= 1
            continue
        trail.at[depth, at.POSITION] += 1
        if promising(goal, rates, trail.bound[depth, c, 0], trail.bound[depth, c, 1]):
            _descend(work, fans, nodes, walks, rates, trail, depth, c)
            control[TOP] += 1
    return FINISHED
