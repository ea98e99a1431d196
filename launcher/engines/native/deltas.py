"""Words that a tile newly needs at each step of the loops around it, when tiles can overlap.

Timeloop watches the tile of one child while the loops around it run. A loop of bound n shows two of its values: index
0, and index 1 in the name of all n - 1 others. From one step to the next the tile moves by some vector; words still
there from the last tile are reused as long as the tile goes on moving the same way. When it turns, everything is
fetched again and the next move counts as the first.

The step that advances a loop moves the tile by the same vector whenever it happens. The innermost loop that moves the
tile at all takes every other of the steps that move it, so a turn is always followed by that loop's step, and a step
in any other direction is always a turn. Hence what a step fetches depends on its loop alone, and the 2^k steps of k
loops need not be taken one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

Vector = tuple[int, ...]
"""A displacement in the tensor, one coordinate per rank."""

Box = tuple[tuple[int, int], ...]
"""(low, high) per rank, high excluded."""

Slices = tuple[Box, ...]
"""A set of words as disjoint boxes, in the order in which Timeloop cuts them (it compares sets box by box)."""


@dataclass(frozen=True)
class Step:
    """One kind of step.

    Attributes:
        count: how often it happens.
        fetched: what is fetched, relative to the tile's low corner; empty when nothing is.
        move: how far the tile moved since the step before; None for the very first tile.
        previous: what the step before fetched, relative to its own tile's low corner.
    """

    count: int
    fetched: Slices
    move: Vector | None = None
    previous: Slices = ()

    @property
    def words(self) -> int:
        """Words fetched each time."""
        return sum(prod(high - low for low, high in box) for box in self.fetched)


def steps(
    widths: Vector, strides: list[Vector], bounds: list[int], *, reuse: bool = True, pause_is_turn: bool = False
) -> Iterator[Step]:
    """Every kind of step of a tile through the loops around it.

    Args:
        widths: size of the tile along each rank.
        strides: per loop, innermost first, how far one iteration moves the tile.
        bounds: per loop, its bound (at least 2).
        reuse: False when nothing is kept from one step to the next.
        pause_is_turn: whether a step on which the tile stands still counts as a move of its own, so that the next
            real move is a turn. Timeloop counted so before January 2025.
    """
    whole: Slices = (tuple((0, width) for width in widths),)
    yield Step(1, whole)
    if not bounds:
        return
    moves = _moves(strides, len(widths))
    fetched = fetched_by_loop(widths, strides, pause_is_turn=pause_is_turn) if reuse else [whole] * len(moves)
    counts = [(bound - 1) * prod(bounds[loop + 1 :]) for loop, bound in enumerate(bounds)]
    # Before any other loop advances, the innermost one has just run through; what precedes its own first step is the
    # advance of another loop, or the very first tile.
    yield Step(bounds[0] - 1, fetched[0], moves[0], whole)
    for loop in range(1, len(bounds)):
        yield Step((bounds[0] - 1) * counts[loop], fetched[0], moves[0], fetched[loop])
        yield Step(counts[loop], fetched[loop], moves[loop], fetched[0])


def fetched_by_loop(widths: Vector, strides: list[Vector], *, pause_is_turn: bool = False) -> list[Slices]:
    """Per loop, what the steps fetch that advance it; see :func:`steps`."""
    direction = next((stride for stride in strides if any(stride) or pause_is_turn), ())
    return [_fetched(widths, move, direction, pause_is_turn) for move in _moves(strides, len(widths))]


def _moves(strides: list[Vector], ranks: int) -> list[Vector]:
    """Per loop, how the tile moves when it advances and all loops inside fall back from index 1 to 0."""
    moves = []
    inner = [0] * ranks
    for stride in strides:
        moves.append(tuple(step - back for step, back in zip(stride, inner, strict=True)))
        inner = [back + step for step, back in zip(stride, inner, strict=True)]
    return moves


def _fetched(widths: Vector, move: Vector, direction: Vector, pause_is_turn: bool) -> Slices:
    """What a step fetches when the tile is known to move in ``direction`` otherwise."""
    if move == direction or not (any(move) or pause_is_turn):
        return _newly_covered(widths, move)
    return (tuple((0, width) for width in widths),)


def _newly_covered(widths: Vector, move: Vector) -> Slices:
    """What a box covers after moving up, and did not cover before, cut rank by rank."""
    if any(step >= width for step, width in zip(move, widths, strict=True)):
        return (tuple((0, width) for width in widths),)
    rest = [(0, width) for width in widths]
    slices = []
    for rank, step in enumerate(move):
        if step:
            low, high = rest[rank]
            slices.append((*rest[:rank], (high - step, high), *rest[rank + 1 :]))
            rest[rank] = (low, high - step)
    return tuple(slices)
