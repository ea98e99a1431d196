"""Words that cross a boundary between two levels that keep a tensor, over all instances.

A word crosses anew whenever a loop outside the inner level brings it there anew. Loops over the tensor's own
dimensions tell words apart. Of the other dimensions, the loops in time count from the first that moves the tile
inside, and the fan-outs outside the level that is read: the children below it share a word. Windows are counted step
by step, as for perfect factors; they have perfect factors themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from launcher.engines.native.deltas import Slices, Vector, fetched_by_loop
from launcher.engines.native.fanout import FanOut, Mesh
from launcher.engines.native.imperfect.loops import DigitLoop, DigitNest
from launcher.engines.native.imperfect.windows import windowed_dimensions
from launcher.engines.native.lowering import Extents, Loops, Nest
from launcher.engines.native.reuse_rules import ReuseRules
from launcher.engines.native.tiles import Tensor, partition_words


@dataclass(frozen=True)
class Crossing:
    """A boundary: words leave the instances of level ``outer`` for those of level ``inner`` (-1: the compute units).

    With ``busiest`` only what leaves the instance whose fan-out digits are all 0.
    """

    inner: int
    outer: int
    busiest: bool = False


@dataclass(frozen=True)
class Arrival:
    """One kind of moment at which words come to the inner level.

    Attributes:
        words: of the ranks with windows, for each of the windows' positions; 1 where there are none.
        repeats: loops in time that bring the same words again.
        at_zero: loops in time whose digit is 0 at these moments.
        advancing: the loop that has just advanced, whose digit is not 0; None for all digits.
    """

    words: int
    repeats: frozenset[DigitLoop] = frozenset()
    at_zero: frozenset[DigitLoop] = frozenset()
    advancing: DigitLoop | None = None

    def digit_of(self, dimension: int) -> frozenset[int]:
        """The digit of the loop that has just advanced, if it is one of this dimension."""
        loop = self.advancing
        return frozenset() if loop is None or loop.dimension != dimension else frozenset({loop.digit})


class TensorTraffic:
    """Counts one tensor's words.

    Args:
        tensor: the tensor.
        rules: of the tensor at every level.
        nest, loops: the mapping, in both forms.
        pause_is_turn: see ``deltas.steps``.
    """

    def __init__(
        self,
        tensor: Tensor,
        rules: Sequence[ReuseRules],
        nest: Nest,
        loops: DigitNest,
        *,
        pause_is_turn: bool = False,
    ) -> None:
        self._tensor, self._rules, self._nest, self._loops = tensor, rules, nest, loops
        self._windowed = windowed_dimensions(tensor)
        self._ranks = [n for n, rank in enumerate(tensor.ranks) if any(d in self._windowed for d, _ in rank)]
        self._pause_is_turn = pause_is_turn
        self._known: dict[int, tuple[Arrival, ...]] = {}

    def words(self, crossing: Crossing) -> int:
        """Words that are read for a boundary; one for several children counts once."""
        return sum(self._times(arrival, crossing) for arrival in self._arrivals(crossing.inner))

    def transfers(self, crossing: Crossing) -> Counter[int]:
        """Destinations -> words that go to so many children of the outer level at once."""
        found: Counter[int] = Counter()
        for arrival in self._arrivals(crossing.inner):
            found += self._destinations(arrival, crossing)
        return found

    def first_touches(self, level: int, *, busiest: bool = False) -> int:
        """Words that the instances of a level are responsible for, each in every instance that has it."""
        window = partition_words(self._windows, self._nest)[level] if self._ranks else 1
        return self._times(Arrival(window), Crossing(level, level, busiest))

    @cached_property
    def _windows(self) -> Tensor:
        """The tensor without the ranks that have no windows."""
        relevant = tuple(number in self._windowed for number in range(len(self._tensor.relevant)))
        ranks = tuple(self._tensor.ranks[rank] for rank in self._ranks)
        return Tensor(self._tensor.name, self._tensor.read_write, ranks, relevant, self._tensor.sliding)

    def _arrivals(self, inner: int) -> tuple[Arrival, ...]:
        if inner not in self._known:
            keeps = self._rules[inner + 1].temporal_reuse
            slides = keeps and self._tensor.sliding
            self._known[inner] = tuple(self._steps(inner)) if slides else (self._whole(inner, keeps=keeps),)
        return self._known[inner]

    def _whole(self, inner: int, *, keeps: bool) -> Arrival:
        """Whole tiles: in every step where nothing is kept, else whenever the tile moves."""
        loops = self._loops.in_time(inner)
        moving = next((n for n, loop in enumerate(loops) if self._tensor.relevant[loop.dimension]), len(loops))
        words = self._windows.words(self._extents(inner)) if self._ranks else 1
        return Arrival(words, frozenset(loops[moving if keeps else 0 :]))

    def _steps(self, inner: int) -> Iterator[Arrival]:
        """The first tile, and the advance of each loop: what windows newly cover then."""
        loops = self._loops.in_time(inner)
        yield Arrival(self._windows.words(self._extents(inner)), at_zero=frozenset(loops))
        for place, fetched in enumerate(self._fetched(inner)):
            words = self._window_words(fetched)
            if words:
                yield Arrival(words, frozenset(loops[place:]), frozenset(loops[:place]), loops[place])

    def _fetched(self, inner: int) -> list[Slices]:
        strides: list[Vector] = []
        for level in self._nest.levels[inner + 1 :]:
            strides += self._strides(level.spatial_extents, level.temporal)
        widths = self._tensor.widths(self._extents(inner))
        return fetched_by_loop(widths, strides, pause_is_turn=self._pause_is_turn)

    def _window_words(self, fetched: Slices) -> int:
        """Words in the ranks with windows; along all other ranks a tile is fetched as a whole."""
        return sum(prod(box[rank][1] - box[rank][0] for rank in self._ranks) for box in fetched)

    def _extents(self, level: int) -> Extents:
        return self._nest.levels[level].extents if level >= 0 else (1,) * len(self._tensor.relevant)

    def _strides(self, inner: Extents, loops: Loops) -> list[Vector]:
        extents = list(inner)
        strides = []
        for dimension, bound in loops:
            strides.append(self._tensor.displacement(dimension, extents[dimension]))
            extents[dimension] *= bound
        return strides

    def _times(self, arrival: Arrival, crossing: Crossing) -> int:
        """Words that arrive at one kind of moment."""
        count = arrival.words * self._window_times(arrival, crossing)
        for dimension, digits in enumerate(self._loops.digits):
            if dimension not in self._windowed:
                told = self._told_apart(dimension, arrival, crossing)
                standing = arrival.digit_of(dimension)
                count *= digits.distinct(told) - (digits.distinct(told - standing) if standing else 0)
        return count

    def _destinations(self, arrival: Arrival, crossing: Crossing) -> Counter[int]:
        sizes = self._window_groups(crossing.outer)
        alone = self._window_times(arrival, crossing) // sum(sizes.values())
        found = Counter({size: arrival.words * alone * number for size, number in sizes.items()})
        for dimension, digits in enumerate(self._loops.digits):
            if dimension in self._windowed:
                continue
            told = self._told_apart(dimension, arrival, crossing)
            shared = self._shared(dimension, crossing.outer)
            cases = digits.sharers(told, shared)
            if standing := arrival.digit_of(dimension):
                cases.subtract(digits.sharers(told - standing, shared))
            found = _products(found, cases)
        return found

    def _told_apart(self, dimension: int, arrival: Arrival, crossing: Crossing) -> frozenset[int]:
        """Digits of a dimension without windows that make another word, or the same one once more."""
        own = [loop for loop in self._loops.loops if loop.dimension == dimension]
        if crossing.busiest:
            own = [loop for loop in own if not (loop.spatial and loop.level > crossing.outer)]
        if self._tensor.relevant[dimension]:
            return _digits(loop for loop in own if loop not in arrival.at_zero)
        return _digits(loop for loop in own if loop in arrival.repeats or self._separates(loop, crossing))

    def _separates(self, loop: DigitLoop, crossing: Crossing) -> bool:
        """Whether the children of a fan-out are told apart though they want the same word."""
        if not loop.spatial or loop.level <= crossing.inner:
            return False
        return loop.level > crossing.outer or not self._rules[loop.level].multicast

    def _shared(self, dimension: int, level: int) -> frozenset[int]:
        """Digits of the children of a level that get a word at once."""
        if self._tensor.relevant[dimension] or not self._rules[level].multicast:
            return frozenset()
        return _digits(
            loop for loop in self._loops.loops if loop.dimension == dimension and loop.spatial and loop.level == level
        )

    def _window_times(self, arrival: Arrival, crossing: Crossing) -> int:
        """How often the words of the windows are read: in time, for groups of children, and by all instances."""
        count = 1
        for loop in arrival.repeats:
            if loop.dimension in self._windowed:
                count *= loop.end - (loop == arrival.advancing)
        for level in range(crossing.inner + 1, crossing.outer + 1):
            count *= sum(self._window_groups(level).values())
        if crossing.busiest:
            return count
        return count * prod(
            loop.end for loop in self._loops.fan_outs(crossing.outer) if loop.dimension in self._windowed
        )

    def _window_groups(self, level: int) -> dict[int, int]:
        """Children of a level that share a word of the windows -> number of such groups."""
        loops = tuple(loop for loop in self._nest.levels[level].spatial if loop[0] in self._windowed)
        if not loops:
            return {1: 1}
        rules = self._rules[level]
        array = Mesh(rules.columns, rules.rows, rules.multicast)
        strides = self._strides(self._extents(level - 1), loops)
        return FanOut(self._tensor, loops, strides, array).delivery.groups


def _digits(loops: Iterable[DigitLoop]) -> frozenset[int]:
    return frozenset(loop.digit for loop in loops)


def _products(one: Counter[int], other: Counter[int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for a, times in one.items():
        for b, cases in other.items():
            if times and cases:
                found[a * b] += times * cases
    return found
