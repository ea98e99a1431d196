"""Words that a tile newly needs at each step of the loops around it, when tiles can overlap.

Timeloop watches the tile of one child while the loops around it run. A loop of bound n shows two of its values: index
0, and index 1 in the name of all n - 1 others. Between two values the tile moves by a fixed vector. Words still there
from the last tile are reused as long as the tile goes on moving the same way; when it turns, everything is fetched
again and the next move counts as the first.

The step that advances loop j moves the tile by the same vector whenever it happens, and what the walk must remember
is only the last direction and whether the last step fetched anything. So the 2^k steps of k loops need not be taken
one by one: how often each kind of step happens follows from the inner loops outwards.
"""

from __future__ import annotations

from collections import defaultdict
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
    """One kind of step of the walk.

    Attributes:
        count: how often it happens.
        words: size of what is fetched.
        fetched: what is fetched, relative to the tile's low corner; empty when nothing is.
        move: how far the tile moved since the step before; None for the very first tile.
        previous: what the step before fetched, relative to its own tile's low corner.
    """

    count: int
    words: int
    fetched: Slices
    move: Vector | None = None
    previous: Slices = ()


@dataclass(frozen=True)
class _State:
    """What the walk remembers: the direction it holds (None after a turn), and whether the last fetch was empty."""

    direction: Vector | None = None
    idle: bool = False


_START = _State()


class DeltaWalk:
    """The walk of one tile through the loops around it.

    Args:
        widths: size of the tile along each rank.
        strides: per loop, innermost first, how far one iteration moves the tile.
        bounds: per loop, its bound (at least 2).
        reuse: False when nothing is kept from one step to the next.
        pause_is_turn: whether a step that does not move the tile counts as a move of its own, so that the next real
            move is a turn. Timeloop counted so before January 2025.
    """

    def __init__(
        self,
        widths: Vector,
        strides: list[Vector],
        bounds: list[int],
        *,
        reuse: bool = True,
        pause_is_turn: bool = False,
    ) -> None:
        self._widths = widths
        self._bounds = bounds
        self._reuse = reuse
        self._pause_is_turn = pause_is_turn
        self._moves = _moves(strides, len(widths))
        self._ends: dict[tuple[int, _State], _State] = {}

    def steps(self) -> Iterator[Step]:
        """Every kind of step, with how often it happens."""
        yield Step(1, prod(self._widths), self._fetched(_START))
        for (loop, before), count in self._step_counts().items():
            after = self._after(loop, before)
            fetched = self._fetched(after)
            words = sum(prod(high - low for low, high in box) for box in fetched)
            yield Step(count, words, fetched, self._moves[loop], self._fetched(before))

    def _step_counts(self) -> dict[tuple[int, _State], int]:
        """(loop advanced, state before) -> how often, from the outermost loop inwards."""
        counts: dict[tuple[int, _State], int] = defaultdict(int)
        runs = {_START: 1}  # state in which the loops up to `loop` start to run -> how often
        for loop in reversed(range(len(self._bounds))):
            inner_runs: dict[_State, int] = defaultdict(int)
            for state, count in runs.items():
                before = self._end(loop, state)
                repeated = count * (self._bounds[loop] - 1)
                inner_runs[state] += count
                inner_runs[self._after(loop, before)] += repeated
                counts[loop, before] += repeated
            runs = inner_runs
        return counts

    def _end(self, loop: int, state: _State) -> _State:
        """The state once all loops inside ``loop`` have run, having started in ``state``."""
        if loop == 0:
            return state
        key = (loop, state)
        if key not in self._ends:
            inner = loop - 1
            once = self._after(inner, self._end(inner, state))
            self._ends[key] = self._end(inner, once)
        return self._ends[key]

    def _after(self, loop: int, state: _State) -> _State:
        if not self._reuse:
            return _START
        move = self._moves[loop]
        still = not any(move)
        if still and not self._pause_is_turn:
            return _State(state.direction, idle=True)
        if state.direction is None or state.direction == move:
            return _State(move, idle=still)
        return _START

    def _fetched(self, state: _State) -> Slices:
        if state.idle:
            return ()
        if state.direction is None:
            return (tuple((0, width) for width in self._widths),)
        return _newly_covered(self._widths, state.direction)


def _moves(strides: list[Vector], ranks: int) -> list[Vector]:
    """Per loop, how the tile moves when it advances and all loops inside fall back from index 1 to 0."""
    moves = []
    inner = [0] * ranks
    for stride in strides:
        moves.append(tuple(step - back for step, back in zip(stride, inner, strict=True)))
        inner = [back + step for step, back in zip(stride, inner, strict=True)]
    return moves


def _newly_covered(widths: Vector, move: Vector) -> Slices:
    """What a box covers after a move that it did not cover before, cut rank by rank."""
    if any(abs(step) >= width for step, width in zip(move, widths, strict=True)):
        return (tuple((0, width) for width in widths),)
    rest = [(0, width) for width in widths]
    slices = []
    for rank, step in enumerate(move):
        low, high = rest[rank]
        if step > 0:
            new, rest[rank] = (high - step, high), (low, high - step)
        elif step < 0:
            new, rest[rank] = (low, low - step), (low - step, high)
        else:
            continue
        slices.append((*rest[:rank], new, *rest[rank + 1 :]))
    return tuple(slices)
