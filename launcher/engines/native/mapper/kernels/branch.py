"""Compiled: branch and bound over the loop nests of one spatial assignment."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, kernel
from launcher.engines.native.formulas import power_product, slowdown, words_per_cycle
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.completion import is_open, settled_energy
from launcher.engines.native.mapper.kernels.crossings import crossing_words, exchanged_words, slides, sliding_words
from launcher.engines.native.mapper.kernels.openings import loop_range
from launcher.engines.native.mapper.kernels.search_tables import TIE_TOLERANCE, Costs, Goal, Rates, Stack, Tiles, Walks

FINISHED, PAUSED, FOUND = 0, 1, 2
"""Why the search returned: all done, node budget used up, or a mapping to look at."""

TOP, NODES, LENGTH, BEST_ENERGY, BEST_BUSY = 0, 1, 2, 3, 4
"""Entries of the control array: depth of the stack (-1: done), nodes visited, steps of the best walk, its figures."""


product_of, needed, slowed = helper(power_product), helper(words_per_cycle), helper(slowdown)


@helper
def value_of(goal: Goal, i: int, rates: Rates, energy: float, busy: float) -> float:
    """Value of the i-th criterion from dynamic energy and busy cycles."""
    total, cycles = energy + rates.leak_pj * busy, busy + rates.latency
    return float(product_of(goal.powers[i, at.ENERGY_POWER], goal.powers[i, at.CYCLES_POWER], total, cycles))


@helper
def promising(goal: Goal, rates: Rates, energy: float, busy: float) -> bool:
    """Whether (a bound of) a mapping is better than the incumbent, criterion by criterion; if canonical, or equal."""
    if busy > goal.most_busy:
        return False
    for i in range(len(goal.powers)):
        value = value_of(goal, i, rates, energy, busy)
        if value < goal.incumbent[i] * (1 - TIE_TOLERANCE):
            return True
        if value > goal.incumbent[i] * (1 + TIE_TOLERANCE):
            return False
    return goal.canonical


@helper
def _add_crossing(walks: Walks, costs: Costs, rates: Rates, b: int, words: float, figures: AnyArray) -> None:
    """Add what a settled boundary asks of each limited bandwidth: words weighted by the data space's scale."""
    p, inner, outer = walks.boundaries[b, at.SPACE], walks.boundaries[b, at.INNER], walks.boundaries[b, at.OUTER]
    content, taken, filled = exchanged_words(walks.boundaries[b], costs.pair, words)
    for s in range(len(rates.slots)):
        level, kind = rates.slots[s, 0], rates.slots[s, 1]
        reads = 0.0
        writes = 0.0
        if level == outer:
            reads = taken
            writes = content if costs.nature[p] & at.READ_WRITE else 0.0
        elif level == inner:
            writes = filled
        else:
            continue
        if kind != 1:
            figures[1 + s] += reads * rates.scale[level, p]
        if kind != 0:
            figures[1 + s] += writes * rates.scale[level, p]


@helper
def _settle(
    walks: Walks,
    tiles: Tiles,
    costs: Costs,
    rates: Rates,
    bits: int,
    t: int,
    loop: tuple[int, int, int, int],
    figures: AnyArray,
) -> None:
    """Add the needs of the boundaries in ``bits``, and note their words."""
    b = np.int64(0)
    while bits:
        if bits & 1:
            if loop[2] > 1 and slides(walks, costs, b, loop[1]):
                words = sliding_words(walks, tiles, costs, b, t, loop)
            else:
                words = crossing_words(walks, tiles, costs, b, t)
            figures[1 + len(rates.slots) + b] = words
            _add_crossing(walks, costs, rates, b, words, figures)
        bits >>= 1
        b += 1


@helper
def _busy_bound(iterations: float, rates: Rates, figures: AnyArray) -> float:
    """Least cycles that the words asked for so far take."""
    most = iterations
    for s in range(len(rates.slots)):
        cycles = figures[1 + s] / rates.limits[rates.slots[s, 0], rates.slots[s, 1]]
        most = max(most, np.ceil(cycles * (1 - TIE_TOLERANCE)))
    return most


@helper
def _busy_cycles(walks: Walks, costs: Costs, rates: Rates, figures: AnyArray) -> float:
    """Cycles of a complete mapping without network latency, with the model's order of operations."""
    words = rates.words
    for k in range(2):
        for level in range(words.shape[1]):
            for p in range(words.shape[2]):
                words[k, level, p] = rates.fixed[k, level, p]
    for b in range(len(walks.boundaries)):
        p, inner, outer = walks.boundaries[b, at.SPACE], walks.boundaries[b, at.INNER], walks.boundaries[b, at.OUTER]
        crossing = figures[1 + len(rates.slots) + b]
        content, taken, filled = exchanged_words(walks.boundaries[b], costs.pair, crossing)
        words[0, outer, p] += taken
        if costs.nature[p] & at.READ_WRITE:
            words[1, outer, p] += content
        if inner >= 0:
            words[1, inner, p] += filled
    most = costs.iterations
    for level in range(words.shape[1]):
        read_need = 0.0
        write_need = 0.0
        for p in range(words.shape[2]):
            read_need += needed(words[0, level, p], costs.iterations, rates.scale[level, p])
            write_need += needed(words[1, level, p], costs.iterations, rates.scale[level, p])
        slowest = min(
            slowed(rates.limits[level, 0], read_need),
            slowed(rates.limits[level, 1], write_need),
            slowed(rates.limits[level, 2], write_need + read_need),
        )
        most = max(most, np.ceil(costs.iterations / slowest))
    return most


@helper
def comes_before(goal: Goal, rates: Rates, energy: float, busy: float, other: AnyArray) -> bool:
    """Whether a child should be looked at before another one, from the bounds of both."""
    for i in range(len(goal.powers)):
        value = value_of(goal, i, rates, energy, busy)
        others = value_of(goal, i, rates, other[0], other[1])
        if value != others:
            return bool(value < others)
    return False


@helper
def _add_child(
    goal: Goal,
    rates: Rates,
    child: AnyArray,
    bound: AnyArray,
    n: int,
    step: tuple[int, int, int],
    energy: float,
    busy: float,
) -> None:
    """Put a child (see ``Stack.child``) in its place: in order of its bound, or last when the order is fixed."""
    k = n
    if not goal.canonical:
        while k > 0 and comes_before(goal, rates, energy, busy, bound[k - 1]):
            for i in range(3):
                child[k, i] = child[k - 1, i]
            for i in range(2):
                bound[k, i] = bound[k - 1, i]
            k -= 1
    child[k, 0], child[k, 1], child[k, 2] = step
    bound[k, 0] = energy
    bound[k, 1] = busy


@helper
def _find_children(
    walks: Walks, tiles: Tiles, costs: Costs, rates: Rates, goal: Goal, stack: Stack, energy: AnyArray, best: AnyArray,
    depth: int, trial: AnyArray,
) -> None:  # fmt: skip
    """All steps from the state on top of the stack that may lead to something better than the incumbent."""
    s, t = stack.at[depth, at.STATE], stack.at[depth, at.TILE]
    level = walks.states[s, at.LEVEL]
    n = np.int64(0)
    for step in range(walks.states[s, at.FIRST_STEP], walks.states[s + 1, at.FIRST_STEP]):
        kind, d = walks.steps[step, at.KIND], walks.steps[step, at.DIMENSION]
        to, bits = walks.steps[step, at.TARGET], walks.steps[step, at.SETTLED]
        first, last, lowest, i = np.int64(0), np.int64(1), np.int64(1), np.int64(0)
        if kind != at.NEXT_LEVEL:
            i = tiles.digit[t, d]
            first, last, lowest = loop_range(tiles.bounds, tiles.dimensions, tiles.counts, kind, level, d, i)
        elif not tiles.fits[level, t] & at.ALLOWED:
            continue
        for c in range(first, last):
            f, after = np.int64(1), t
            if kind != at.NEXT_LEVEL:
                f = tiles.loops[d, i, c, at.BOUND]
                after = t + (tiles.loops[d, i, c, at.END] - i) * tiles.dimensions[at.STRIDE, d]
                if f < lowest:
                    continue
                if f > tiles.bounds[at.MOST_FACTOR, level, d]:
                    break
            if not is_open(tiles, to, after) or not best[to, after] < np.inf:
                continue
            bound = stack.figures[depth, 0] + best[to, after]
            for k in range(len(trial)):
                trial[k] = stack.figures[depth, k]
            if bits:
                bound += settled_energy(walks, tiles, costs, energy, bits, t, (level, d, f, after))
                _settle(walks, tiles, costs, rates, bits, t, (level, d, f, after), trial)
            busy = _busy_bound(costs.iterations, rates, trial)
            if promising(goal, rates, bound, busy):
                _add_child(goal, rates, stack.child[depth], stack.bound[depth], n, (step, after, f), bound, busy)
                n += 1
    stack.at[depth, at.CHILDREN] = n
    stack.at[depth, at.POSITION] = 0


@helper
def _descend(
    walks: Walks, tiles: Tiles, costs: Costs, rates: Rates, stack: Stack, energy: AnyArray, depth: int, c: int
) -> None:
    """Put child c of the state on top of the stack on the stack."""
    step, after, f = stack.child[depth, c, 0], stack.child[depth, c, 1], stack.child[depth, c, 2]
    t = stack.at[depth, at.TILE]
    d, bits = walks.steps[step, at.DIMENSION], walks.steps[step, at.SETTLED]
    level = walks.states[stack.at[depth, at.STATE], at.LEVEL]
    stack.at[depth + 1, at.STATE] = walks.steps[step, at.TARGET]
    stack.at[depth + 1, at.TILE] = after
    stack.at[depth + 1, at.POSITION] = -1
    for k in range(stack.figures.shape[1]):
        stack.figures[depth + 1, k] = stack.figures[depth, k]
    if bits:
        stack.figures[depth + 1, 0] += settled_energy(walks, tiles, costs, energy, bits, t, (level, d, f, after))
        _settle(walks, tiles, costs, rates, bits, t, (level, d, f, after), stack.figures[depth + 1])


@helper
def _arrive(walks: Walks, costs: Costs, rates: Rates, goal: Goal, stack: Stack, depth: int, control: AnyArray) -> bool:
    """Judge the complete mapping on top of the stack; remember it when it is wanted."""
    energy = stack.figures[depth, 0]
    busy = _busy_cycles(walks, costs, rates, stack.figures[depth])
    if not promising(goal, rates, energy, busy):
        return False
    for i in range(depth):
        c = stack.at[i, at.POSITION] - 1
        stack.best[i, 0], stack.best[i, 1] = stack.child[i, c, 0], stack.child[i, c, 2]
    control[LENGTH], control[BEST_ENERGY], control[BEST_BUSY] = depth, energy, busy
    return True


@kernel
def explore(
    walks: Walks, tiles: Tiles, costs: Costs, rates: Rates, goal: Goal, stack: Stack, energy: AnyArray, best: AnyArray,
    control: AnyArray, budget: int, report: bool,
) -> int:  # fmt: skip
    """Depth-first search from what is on the stack; can be called again to go on.

    With ``report`` every promising mapping is handed out at once, and the caller judges it; else it becomes the
    incumbent here.
    """
    trial = stack.figures[len(stack.figures) - 1]  # deeper than any walk
    stop = control[NODES] + budget
    while control[TOP] >= 0:
        depth = int(control[TOP])
        if control[NODES] >= stop:
            return PAUSED
        if stack.at[depth, at.POSITION] < 0:
            control[NODES] += 1
            if stack.at[depth, at.STATE] == 0:
                control[TOP] -= 1
                if _arrive(walks, costs, rates, goal, stack, depth, control):
                    if report or goal.canonical:
                        return FOUND
                    for i in range(len(goal.powers)):
                        goal.incumbent[i] = value_of(goal, i, rates, control[BEST_ENERGY], control[BEST_BUSY])
                continue
            _find_children(walks, tiles, costs, rates, goal, stack, energy, best, depth, trial)
        c = stack.at[depth, at.POSITION]
        if c >= stack.at[depth, at.CHILDREN]:
            control[TOP] -= 1
            continue
        stack.at[depth, at.POSITION] += 1
        if promising(goal, rates, stack.bound[depth, c, 0], stack.bound[depth, c, 1]):
            _descend(walks, tiles, costs, rates, stack, energy, depth, c)
            control[TOP] += 1
    return FINISHED
