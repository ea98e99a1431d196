"""Arrays that the compiled search of imperfect mappings works on, in groups (see ``kernels.search_tables`` for more).

L levels from the innermost, P data spaces, D dimensions. A loop over a dimension turns what remains of it, R, into
``ceil(R / end)``; a fan-out does the same. *Nodes* are the values that R can have at a level. The tables of least
energies know groups of neighbouring nodes only, so that they stay small; the branch and bound knows the nodes.
"""

from __future__ import annotations

from typing import NamedTuple

from launcher.engines.native.arrays import AnyArray

LEAST, MOST = 0, 1
"""First axis of ``Work.bounds``."""

PER_WORD, PER_FIRST_TOUCH = 0, 1
"""Last axis of ``Fans.network``."""

SETTLED, SERVED = 0, 1
"""First columns of ``Trail.figures``: energy of settled boundaries, and of serving the compute units."""


class Work(NamedTuple):
    """What is mapped, and on which machine.

    Attributes:
        extents: (D,) of the problem.
        relevant: (P, D) whether a step along a dimension moves the tile.
        read_write: (P,) whether it is accumulated into.
        boxes, slides: (P,) whether its tiles are windows, and whether these can overlap.
        coefficient, windowed: (P, ranks, D) projection, and (P, D) whether a dimension moves windows.
        keep: (L, P) whether it is kept.
        weight: (L, P) units of one value (see ``TileRoom``).
        bounds: (2, L, D) the least and most an end of a temporal loop may be.
        divides, perfect: (D,) whether ends of temporal loops, and of fan-outs, must divide what remains.
        capacity, least_fill: (L,) units that tiles may and must have.
        reuse: (L, P) whether the level below keeps words from one step to the next.
        multicast: (L, P) whether the fan-out below shares words.
        apart, together: (P, L) the contrary, and (L,) of a data space that all fan-outs share.
        elides: (L, P) whether first touches are neither read nor filled in.
        limits: (L, 3) read, write and shared bandwidth in words per cycle, infinity where unlimited.
        scale: (L, P) words of a bandwidth that one value of a data space consumes.
    """

    extents: AnyArray
    relevant: AnyArray
    read_write: AnyArray
    boxes: AnyArray
    slides: AnyArray
    coefficient: AnyArray
    windowed: AnyArray
    keep: AnyArray
    weight: AnyArray
    bounds: AnyArray
    divides: AnyArray
    perfect: AnyArray
    capacity: AnyArray
    least_fill: AnyArray
    reuse: AnyArray
    multicast: AnyArray
    apart: AnyArray
    together: AnyArray
    elides: AnyArray
    limits: AnyArray
    scale: AnyArray


class Fans(NamedTuple):
    """What one spatial assignment fixes.

    Attributes:
        ends: (L, D) of the fan-out below each level.
        outside: (L + 1, D) products of the ends at a level and all levels further out.
        instances: (L,) in use at a time.
        prices: (L, P, 6) parts of one value, parts that an access of all instances together moves, and pJ of such an
            access (read, fill, update) and per address.
        network: (L, P, 2) pJ per word that crosses the network below a level, and pJ to take off per first touch.
        own: (L, P) least indices of a data space's own dimensions that the busiest instance sees, windows left out.
        first: (L, P) most words that are touched for the first time.
        compute_pj: energy of arithmetic.
        least_busy: cycles that the words take that must move in any case.
    """

    ends: AnyArray
    outside: AnyArray
    instances: AnyArray
    prices: AnyArray
    network: AnyArray
    own: AnyArray
    first: AnyArray
    compute_pj: float
    least_busy: float


class Groups(NamedTuple):
    """Groups of nodes per level and dimension; row L is the end of the nest. W: most groups.

    Attributes:
        group: (L + 1, D, F) the group of each node.
        counts, stride: (L + 1, D) number of groups, and distance of neighbours in a table.
        size: (L + 1,) entries of a table.
        least: (L + 1, D, W) the least that remains in a group.
        tile: (L + 1, D, W) the least tile of a group.
        first: (L, D, W + 1) where the loops that start at a group begin in ``to``.
        to: (L, D, loops) groups that loops of an end above 1 lead to.
        delay: (L, D, W) logarithm of how many times the least steps of a dimension there are at least, once its last
            fan-outs are those outside the level.
        low, high: (L, D, W) first and last group that the fan-outs outside the level lead to; -1 where none does.
    """

    group: AnyArray
    counts: AnyArray
    stride: AnyArray
    size: AnyArray
    least: AnyArray
    tile: AnyArray
    first: AnyArray
    to: AnyArray
    delay: AnyArray
    low: AnyArray
    high: AnyArray


class Nodes(NamedTuple):
    """What can remain of each dimension at each level. F: most nodes.

    Attributes:
        value: (L + 1, D, F) what remains, ascending.
        counts: (L + 1, D) of them.
        first, to: as in ``Groups``, between nodes.
        cross: (L, D, F) node at the next level that the fan-outs outside the level lead to; -1 where none does.
        reach: (L + 1, D) iterations that the fan-outs up to each level cover.
        following: (L,) that next level; -1 for a level that does not matter.
        start: level in which the nest begins.
    """

    value: AnyArray
    counts: AnyArray
    first: AnyArray
    to: AnyArray
    cross: AnyArray
    reach: AnyArray
    following: AnyArray
    start: int


class LeastEnergies(NamedTuple):
    """Least energies, one after the other.

    Attributes:
        best: (entries,) least dynamic energy from a state to the end.
        slow: (entries,) the same with what delays cost.
        at: (states,) where a state's entries begin.
        energy: (entries,) energy of a boundary that is settled at a level.
        energy_at: (boundaries, L + 1) where such entries begin; -1 where a boundary is not settled.
    """

    best: AnyArray
    slow: AnyArray
    at: AnyArray
    energy: AnyArray
    energy_at: AnyArray


class Trail(NamedTuple):
    """The branch and bound's way from the innermost loop to where it is.

    Attributes:
        at: (depth, 4) as in ``Stack``; the second column is not used.
        figures: (depth, 2 + slots) energy of settled boundaries, of serving the compute units, and words that settled
            boundaries ask of each limited bandwidth.
        node, left, tile: (depth, D) node at the level, what remains, and how far the loops so far reach.
        steps: (depth, D) least number of different steps in time.
        served: (depth, P, D) the same for serving the compute units: with the fan-outs that tell words apart.
        ends, places: (depth, L, D) ends of the temporal loops and their places from the inside.
        child: (depth, width, 3) automaton step, end of its loop, and node that it leads to.
        bound: (depth, width, 2) bounds of dynamic energy and busy cycles.
        best: (depth, 2) the walk of the best mapping: each step and the end of its loop.
    """

    at: AnyArray
    figures: AnyArray
    node: AnyArray
    left: AnyArray
    tile: AnyArray
    steps: AnyArray
    served: AnyArray
    ends: AnyArray
    places: AnyArray
    child: AnyArray
    bound: AnyArray
    best: AnyArray
