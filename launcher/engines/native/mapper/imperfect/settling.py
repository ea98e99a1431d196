"""Compiled: what the nest so far asks for: steps, words of settled boundaries, and energy.

What a settled boundary costs follows from the loops inside, but where fan-outs further out hide some digits; there a
bound counts until the nest is complete.
"""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper, procedure
from launcher.engines.native.mapper.imperfect.counting import different, so_far
from launcher.engines.native.mapper.imperfect.prices import filling_energy, own_words, serving_energy, visible_share
from launcher.engines.native.mapper.imperfect.tables import SERVED, SETTLED, Fans, Trail, Work
from launcher.engines.native.mapper.imperfect.window_bounds import (
    groups_within,
    served_windows,
    window_bound,
    window_instances,
)
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.search_tables import TIE_TOLERANCE, Rates, Walks

BY_LOOP, AT_ONCE, AT_LAST = 0, 1, 2
"""What settles boundaries: a loop, leaving the level inside, or the end of the nest."""


@helper
def _innermost(work: Work, p: int) -> int:
    """The level that serves the compute units with a data space."""
    level = 0
    while not work.keep[level, p]:
        level += 1
    return level


@procedure
def count_steps(work: Work, fans: Fans, trail: Trail, row: int, d: int, last: int) -> None:
    """How many different steps a dimension has, as far as its loops up to level ``last`` tell."""
    levels = len(work.capacity)
    n, left, tile = work.extents[d], trail.left[row, d], trail.tile[row, d]
    ends, places = trail.ends[row], trail.places[row]
    trail.steps[row, d] = so_far(n, left, tile, d, last, fans.ends, fans.outside, ends, places, levels, work.together)
    for p in range(len(work.read_write)):
        if not work.relevant[p, d]:
            inside = _innermost(work, p)
            if not work.multicast[inside, p]:
                inside -= 1
            trail.served[row, p, d] = so_far(
                n, left, tile, d, last, fans.ends, fans.outside, ends, places, inside, work.together
            )


@procedure
def serve(work: Work, fans: Fans, trail: Trail, row: int) -> None:
    """Least energy of serving the compute units."""
    energy = 0.0
    for p in range(len(work.read_write)):
        content, level = own_words(work, p), _innermost(work, p)
        for d in range(len(work.extents)):
            if not work.relevant[p, d]:
                content *= trail.served[row, p, d]
        if work.boxes[p]:
            content *= served_windows(work, fans, p) * groups_within(work, fans, p, np.int64(-1), level)
            content *= window_instances(work, fans, p, level)
        energy += serving_energy(work, fans, p, np.int64(-1), level, content)
    trail.figures[row, SERVED] = energy


@procedure
def _settle_one(
    work: Work, fans: Fans, rates: Rates, boundary: AnyArray, trail: Trail, row: int, last: int, figures: AnyArray,
    moved: int, end: int,
) -> None:  # fmt: skip
    """Add what a boundary asks for that is settled outside all loops of a row, the fan-outs up to ``last`` included.

    ``moved``, ``end``: dimension and end of the loop that settles it, where that matters; else -1 and 0.
    """
    p, inner, outer = boundary[at.SPACE], boundary[at.INNER], boundary[at.OUTER]
    levels = len(work.capacity)
    inside = outer if work.multicast[outer, p] else outer - 1
    content = own_words(work, p)
    entering = content
    rounds = 1.0
    start, nowhere, same = np.int64(0), np.int64(-1), work.together
    for d in range(len(work.extents)):
        if work.relevant[p, d]:
            continue
        n, left, tile = work.extents[d], trail.left[row, d], trail.tile[row, d]
        ends, places = trail.ends[row], trail.places[row]
        entering *= different(
            n, left, tile, d, last, fans.ends, ends, places, levels, start, inner, levels, same, inner, nowhere
        )
        if inside <= last:
            content *= different(
                n, left, tile, d, last, fans.ends, ends, places, levels, start, inside, levels, same, inside, nowhere
            )
        else:
            content *= -(-left // visible_share(fans.ends, last + 1, inside, d))
        rounds *= -(-left // fans.outside[last + 1, d])
    groups = 1.0
    if work.boxes[p]:
        windows = window_bound(work, fans, p, inner, last, trail.left[row], trail.tile[row], moved, end)
        groups = groups_within(work, fans, p, inner, outer)
        rounds *= windows
        content *= windows * groups * window_instances(work, fans, p, outer)
        entering *= windows * window_instances(work, fans, p, inner)
    figures[SETTLED] += serving_energy(work, fans, p, inner, outer, content)
    figures[SETTLED] += filling_energy(work, fans, p, inner, entering)
    for s in range(len(rates.slots)):
        level, kind = rates.slots[s, 0], rates.slots[s, 1]
        if level not in (outer, inner):
            continue
        words = fans.own[level, p] * rounds * (groups if level == outer else 1.0)
        fresh = words - (fans.own[level, p] if work.elides[level, p] else 0.0)
        if level == outer:
            figures[2 + s] += (fresh if kind != 1 else 0.0) * work.scale[level, p]
            if work.read_write[p] and kind != 0:
                figures[2 + s] += words * work.scale[level, p]
        elif kind != 0:
            figures[2 + s] += fresh * work.scale[level, p]


@procedure
def settle(
    work: Work, fans: Fans, rates: Rates, walks: Walks, bits: int, trail: Trail, row: int, level: int, last: int,
    when: int, figures: AnyArray, moved: int, end: int,
) -> None:  # fmt: skip
    """Add what boundaries in ``bits`` ask for that are settled at a level, with the fan-outs up to ``last`` inside.

    ``when``: ``BY_LOOP``, or those that leaving the level settles ``AT_ONCE`` or, at the very end, ``AT_LAST``.
    """
    b = np.int64(0)
    while bits:
        if bits & 1:
            boundary = walks.boundaries[b]
            at_once = boundary[at.FORGETS] and boundary[at.INNER] == level
            if when == BY_LOOP or at_once == (when == AT_ONCE):
                _settle_one(work, fans, rates, boundary, trail, row, last, figures, moved, end)
        bits >>= 1
        b += 1


@helper
def settled_steps(work: Work, fans: Fans, trail: Trail, row: int, last: int) -> float:
    """Least steps when only dimensions count whose fan-outs all lie inside, and the others take as few as can be."""
    steps = 1.0
    for d in range(len(work.extents)):
        if fans.outside[last + 1, d] == 1:
            steps *= trail.steps[row, d]
        else:
            steps *= -(-work.extents[d] // fans.outside[0, d])
    return steps


@procedure
def busy_bound(work: Work, fans: Fans, rates: Rates, trail: Trail, row: int, figures: AnyArray) -> float:
    """Least cycles that the steps so far, and the words asked for so far, take."""
    steps = 1.0
    for d in range(len(work.extents)):
        steps *= trail.steps[row, d]
    most = max(steps, fans.least_busy)
    for s in range(len(rates.slots)):
        level, kind = rates.slots[s, 0], rates.slots[s, 1]
        words = figures[2 + s]
        for p in range(len(work.read_write)):
            if _innermost(work, p) == level:
                own = fans.own[level, p]
                if work.boxes[p]:
                    own *= served_windows(work, fans, p) * groups_within(work, fans, p, np.int64(-1), level)
                served = own
                for d in range(len(work.extents)):
                    if not work.relevant[p, d]:
                        served *= trail.steps[row, d]
                if kind != 1:
                    words += (served - (own if work.elides[level, p] else 0.0)) * work.scale[level, p]
                if kind != 0 and work.read_write[p]:
                    words += served * work.scale[level, p]
        most = max(most, np.ceil(words / rates.limits[level, kind] * (1 - TIE_TOLERANCE)))
    return most
