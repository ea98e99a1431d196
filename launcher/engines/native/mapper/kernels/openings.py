"""Compiled: which tiles a state can have on a way from the start of the nest to its end."""

from __future__ import annotations

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper
from launcher.engines.native.mapper.kernels import search_tables as at


@helper
def loop_range(
    bounds: AnyArray, dimensions: AnyArray, counts: AnyArray, kind: int, level: int, d: int, i: int
) -> tuple[int, int, int]:
    """First and last loop (plus one) to look at of those that start at the i-th tile of d, and the least bound."""
    last = counts[d, i]
    lowest = max(bounds[at.LEAST_FACTOR, level, d], 2 if kind == at.ORDERED_LOOP else 1)
    return (last - 1 if dimensions[at.FINAL, d] == level else 0), last, lowest


@helper
def _spread_digits(
    kind: int, level: int, d: int, bounds: AnyArray, dimensions: AnyArray, counts: AnyArray, loops: AnyArray,
    found: AnyArray, m: int, n: int, backwards: int,
) -> None:  # fmt: skip
    """Add to state n the tiles that a loop makes of those of state m; backwards: those that it makes them of."""
    most = bounds[at.MOST_FACTOR, level, d]
    for i in range(dimensions[at.RADIX, d]):
        if not backwards and not found[m, d, i]:
            continue
        first, last, lowest = loop_range(bounds, dimensions, counts, kind, level, d, i)
        for c in range(first, last):
            if lowest <= loops[d, i, c, at.BOUND] <= most:
                j = loops[d, i, c, at.END]
                if not backwards:
                    found[n, d, j] = True
                elif found[m, d, j]:
                    found[n, d, i] = True


@helper
def _pass_on(
    states: AnyArray, steps: AnyArray, bounds: AnyArray, dimensions: AnyArray, counts: AnyArray, loops: AnyArray,
    s: int, found: AnyArray, backwards: int,
) -> None:  # fmt: skip
    """Hand the tiles found for a state to the states after it; backwards: take those of the states after it."""
    for step in range(states[s, at.FIRST_STEP], states[s + 1, at.FIRST_STEP]):
        kind, to = steps[step, at.KIND], steps[step, at.TARGET]
        m, n = (to, s) if backwards else (s, to)
        for d in range(dimensions.shape[1]):
            if kind != at.NEXT_LEVEL and steps[step, at.DIMENSION] == d:
                _spread_digits(
                    kind, states[s, at.LEVEL], d, bounds, dimensions, counts, loops, found, m, n, backwards
                )  # fmt: skip
            else:
                for i in range(dimensions[at.RADIX, d]):
                    if found[m, d, i]:
                        found[n, d, i] = True


@helper
def fill_open(
    states: AnyArray,
    steps: AnyArray,
    bounds: AnyArray,
    dimensions: AnyArray,
    counts: AnyArray,
    loops: AnyArray,
    opened: AnyArray,
) -> None:
    """Which tiles of each dimension a tile can be made of in each state, on the way from the start to the end.

    ``opened[0]`` is filled in; ``opened[1]`` is for what can be reached from the start.
    """
    last = len(states) - 2
    for s in range(last + 1):
        for d in range(dimensions.shape[1]):
            for i in range(dimensions[at.RADIX, d]):
                opened[0, s, d, i] = s == 0 and i == dimensions[at.RADIX, d] - 1
                opened[1, s, d, i] = s == last and i == 0
    for backwards in range(2):
        found = opened[1 - backwards]
        for k in range(1, last + 1):
            s = k if backwards else last + 1 - k
            _pass_on(states, steps, bounds, dimensions, counts, loops, s, found, backwards)
    for s in range(last + 1):
        for d in range(dimensions.shape[1]):
            for i in range(dimensions[at.RADIX, d]):
                opened[0, s, d, i] = opened[0, s, d, i] and opened[1, s, d, i]


@helper
def common_tiles(opened: AnyArray, dimensions: AnyArray, s: int, to: int, without: int, listed: AnyArray) -> int:
    """List the tiles that are open in both states, without (the smallest tile of) one dimension; returns how many."""
    listed[0] = 0
    count = 1
    for d in range(dimensions.shape[1]):
        if d == without:
            continue
        # Copies go behind the tiles that are extended, and then to the front.
        end = count
        for i in range(dimensions[at.RADIX, d]):
            if opened[0, s, d, i] and opened[0, to, d, i]:
                for k in range(count):
                    listed[end] = listed[k] + i * dimensions[at.STRIDE, d]
                    end += 1
        for k in range(count, end):
            listed[k - count] = listed[k]
        count = end - count
    return count
