"""Arrays that the compiled search works on, in groups.

Levels are numbered from the innermost storage level, 0. Where an array has one row more than there are levels, row 0
stands for the compute units and row ``level + 1`` for a level. Related figures share an array, told apart by the
column constants below: compiled code gets slower, to compile and to run, with every array that it is handed.
"""

from __future__ import annotations

from typing import NamedTuple

from launcher.engines.native.arrays import AnyArray

ORDERED_LOOP, FREE_LOOP, NEXT_LEVEL = 0, 1, 2
"""Kinds of steps: a loop with a bound above 1; a loop whose bound may be 1; leaving the level."""

LEVEL, FIRST_STEP, PENDING = 0, 1, 2
"""Columns of ``Walks.states``."""

KIND, DIMENSION, TARGET, SETTLED = 0, 1, 2, 3
"""Columns of ``Walks.steps``."""

SPACE, INNER, OUTER, FORGETS = 0, 1, 2, 3
"""Columns of ``Walks.boundaries``."""

LEAST_FACTOR, MOST_FACTOR = 0, 1
"""First axis of ``Tiles.bounds``."""

EXTENT, RADIX, STRIDE, FINAL = 0, 1, 2, 3
"""Rows of ``Tiles.dimensions``."""

END, BOUND = 0, 1
"""Last axis of ``Tiles.loops``."""

WITHIN, ALLOWED = 1, 2
"""Bits of ``Tiles.fits``."""

OWN_RANK, TANGLED, STILL = -1, -2, -3
"""Entries of ``Costs.motion`` that are no rank."""

PARTS, BLOCK, READ_PJ, FILL_PJ, UPDATE_PJ, ADDRESS_PJ = 0, 1, 2, 3, 4, 5
"""Last axis of ``Costs.level``."""

SPREAD, PART, UNTOUCHED, THINNED, NETWORK_PJ, REBATE_PJ, FETCHES, STEPWISE = 0, 1, 2, 3, 4, 5, 6, 7
"""Last axis of ``Costs.pair``."""

STAYS, NO_ROOM = -1, -2
"""Entries of ``slabs`` that are no number: no loop slides the tile; what that costs is not remembered."""

READ_WRITE, BOXES = 1, 2
"""Bits of ``Costs.nature``."""

STATE, TILE, CHILDREN, POSITION = 0, 1, 2, 3
"""Columns of ``Stack.at``."""

ENERGY_POWER, CYCLES_POWER = 0, 1
"""Columns of ``Goal.powers``."""

TIE_TOLERANCE = 1e-12
"""Relative difference below which two energies count as equal (sums in another order differ in the last bits)."""


class Walks(NamedTuple):
    """The automaton of all loop nests (see ``automaton``).

    Attributes:
        states: (states + 1, 3) level and first step of each state, and a bit mask of its pending boundaries; state 0
            is the end of the nest.
        steps: (steps, 4) what each step does, the dimension of its loop, where it leads, and a bit mask of the
            boundaries that it settles.
        boundaries: (boundaries, 4) data space, inner level (-1: compute units), outer level, and whether the inner
            level keeps nothing from one step to the next.
    """

    states: AnyArray
    steps: AnyArray
    boundaries: AnyArray


class Tiles(NamedTuple):
    """Tiles, numbered in mixed radix over the tiles of what the fan-outs leave of each dimension.

    Tile 0 is a single iteration, the last tile is everything.

    Attributes:
        dimensions: (4, D) what is left of each dimension, its number of tiles, the distance of tiles that differ by one
            in it, and the outermost level that may have a loop over it (which takes what is left).
        bounds: (2, levels, D) the least and most a temporal factor may be.
        size, counts, loops: (D, width), (D, width), (D, width, width, 2) of each dimension as in ``Factorization``.
        digit: (tiles, D) which tile of each dimension a tile is made of.
        open: (2, states, D, width) which tiles of each dimension a tile can have in a state on a way from the start
            to the end; and room to work in.
        fits: (levels, tiles) bits: the tile is within the capacity of the level and of all levels further out; it
            may be the tile of this level.
    """

    dimensions: AnyArray
    bounds: AnyArray
    size: AnyArray
    counts: AnyArray
    loops: AnyArray
    digit: AnyArray
    open: AnyArray
    fits: AnyArray


class Costs(NamedTuple):
    """What moving words costs under one spatial assignment.

    Attributes:
        nature: (P,) bits of each data space: it is accumulated into; its tiles are boxes that can overlap or have gaps.
        motion: (P, D) how a dimension moves the tiles: not at all, along a rank of its own, along this rank (which it
            shares), or along more than one shared rank.
        coefficient: (P, ranks, D) projection of the data spaces.
        extent: (levels + 1, D) iterations that the fan-outs inside a level cover.
        level: (levels, P, 6) parts of one value, parts that an access moves, and pJ per access (read, fill, update)
            and address in all instances.
        pair: (levels + 1, P, 8) words taken from an instance per word that each compute unit takes, by fan-out alone;
            words that an instance is responsible for in total; those of them that are untouched at first, 0 of a data
            space that is only read; the least
            share of words that must come from further out although neighbours have them; pJ of networks per word
            taken from the level, and pJ to take off once, in all instances; how often loops shared with other layers
            bring in the tile; 1 where neighbours below the level whose tiles lie apart along one rank only are one
            step of the fan-out apart, else 0.
        iterations: cycles of every compute unit without stalls.
    """

    nature: AnyArray
    motion: AnyArray
    coefficient: AnyArray
    extent: AnyArray
    level: AnyArray
    pair: AnyArray
    iterations: float


class Rates(NamedTuple):
    """What limits the speed, and what time costs.

    Attributes:
        slots: (slots, 2) the limited bandwidths: level, and kind (0 read, 1 write, 2 shared).
        limits: (levels, 3) all bandwidths in words per cycle, infinity where unlimited.
        scale: (levels, P) words of a bandwidth that one value of a data space consumes.
        fixed, words: (2, levels, P) words read and written that do not depend on the temporal loops; room to work in.
        leak_pj: energy per busy cycle.
        latency: cycles added once.
    """

    slots: AnyArray
    limits: AnyArray
    scale: AnyArray
    fixed: AnyArray
    words: AnyArray
    leak_pj: float
    latency: float


class Goal(NamedTuple):
    """What is sought.

    Attributes:
        powers: (criteria, 2) powers of energy and cycles in each criterion, the most important first.
        incumbent: (criteria,) their best values so far.
        most_busy: mappings that take more cycles (without network latency) are not wanted.
        canonical: walk in a fixed order and stop at the first mapping as good as the incumbent.
    """

    powers: AnyArray
    incumbent: AnyArray
    most_busy: float
    canonical: bool


class Stack(NamedTuple):
    """The search's stack and its best walk.

    Attributes:
        at: (depth, 4) state, tile, number of children, and the next of them (-1 before they are known).
        figures: (depth, 1 + slots + boundaries) dynamic energy, words per limited bandwidth, words per boundary.
        child: (depth, width, 3) the children: step, next tile, and the bound of the step's loop (1: no loop).
        bound: (depth, width, 2) bounds of their dynamic energy and busy cycles.
        best: (depth, 2) the walk of the best mapping: each step and the bound of its loop.
    """

    at: AnyArray
    figures: AnyArray
    child: AnyArray
    bound: AnyArray
    best: AnyArray
