"""A slow reference for access counts: run the loops, and count words from what reuse means.

Every level is an instance that holds the tile of its loops. As time passes, the instance below it needs other words;
what it held the moment before need not be fetched again. Words that several children need at the same moment are
read once. Nothing here knows a closed form: tiles are sets of coordinates, and every moment is looked at.

Some rules are Timeloop's own and not a matter of definition:

* ``steady``: a tile that slides keeps words only as long as it goes on moving in one direction; after a turn all of
  it is fetched anew. Tiles that never overlap cannot tell the difference.
* ``pause_is_turn``: before 2025, standing still counted as a direction of its own.
* ``abridged``: of a loop only index 0 and index 1 are looked at, the latter in the name of all others. For loops of
  bound 2 that is no abridgement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from math import floor, prod

from launcher.specification.architecture import Architecture
from launcher.specification.mapping import Loop, Mapping
from launcher.specification.problem import DataSpace, Problem

Coordinates = tuple[int, ...]
Words = frozenset[Coordinates]


@dataclass(frozen=True)
class Counts:
    """Words per instance of one level.

    Attributes:
        reads, fills, updates: words.
        averaged: whether the fills are a whole number made of fractions, which floating point may miss by one.
    """

    reads: int = 0
    fills: int = 0
    updates: int = 0
    averaged: bool = field(default=False, compare=False)

    def agrees(self, other: Counts) -> bool:
        """Whether the counts are the same; fills made of fractions may be one short, as they are rounded down."""
        return self == other or (self.averaged and self == replace(other, fills=other.fills + 1))


@dataclass(frozen=True)
class Crossing:
    """Words that cross from one instance of a level to the instances below it.

    Attributes:
        read: words read, a multicast counted once.
        delivered: words that each child gets, averaged over the children.
        relayed: words that children pass on to their neighbours, over all children.
        children: instances below.
    """

    read: int
    delivered: float
    relayed: int
    children: int


@dataclass(frozen=True)
class _PlacedLoop:
    """A loop with how many indices of its dimension one iteration spans."""

    dimension: str
    bound: int
    step: int


class BruteForce:
    """The counts of one mapping.

    Args:
        problem, architecture, mapping: a tiny case.
        steady, pause_is_turn, abridged: Timeloop's own rules, see above.
        links: whether neighbours pass words on where that saves reads.
    """

    def __init__(
        self,
        problem: Problem,
        architecture: Architecture,
        mapping: Mapping,
        *,
        steady: bool = False,
        pause_is_turn: bool = False,
        abridged: bool = False,
        links: bool = False,
    ) -> None:
        self._problem = problem
        self._architecture = architecture
        self._mapping = mapping
        self._steady = steady
        self._pause_is_turn = pause_is_turn
        self._abridged = abridged
        self._links = links
        self._spatial: list[list[_PlacedLoop]] = []
        self._temporal: list[list[_PlacedLoop]] = []
        self._tiles: list[dict[str, int]] = []
        extents = dict.fromkeys(problem.dimensions, 1)
        for level in mapping.levels:
            self._spatial.append(_placed(level.spatial, extents))
            self._temporal.append(_placed(level.temporal, extents))
            self._tiles.append(dict(extents))

    def between_kept_levels(self, space: DataSpace) -> dict[str, Counts]:
        """Counts where each level that keeps the data space feeds the next one inside that does, by definition."""
        kept = [n for n, level in enumerate(self._mapping.levels) if space.name in level.keep]
        inside = dict(zip(kept, [-1, *kept], strict=False))
        crossings = {outer: self.crossing(space, outer, inner) for outer, inner in inside.items()}
        found = {level.level: Counts() for level in self._mapping.levels}
        for place, outer in enumerate(kept):
            given = 0.0 if outer == kept[-1] else crossings[kept[place + 1]].delivered
            backing = outer == kept[-1]
            found[self._mapping.levels[outer].level] = self._counts(
                space, outer, crossings[outer].read, given, backing=backing
            )
        return found

    def level_by_level(self, space: DataSpace) -> dict[str, Counts]:
        """Counts with Timeloop's rule for bypassed levels.

        A level that is passed by hands on what its children take; the level above reads each such word once for as
        many children as it would if the level were there.
        """
        levels = self._mapping.levels
        crossings = [self.crossing(space, n, n - 1) for n in range(len(levels))]
        found = {level.level: Counts() for level in levels}
        content = [float(crossing.read) for crossing in crossings]
        relayed = [float(crossing.relayed) for crossing in crossings]
        keeps = [space.name in level.keep for level in levels]
        for n, crossing in enumerate(crossings[1:]):
            if not keeps[n]:
                content[n + 1] = content[n] * crossing.read / crossing.delivered
                relayed[n + 1] = 0.0
        backing = max(n for n, keep in enumerate(keeps) if keep)
        for n in range(backing + 1):
            if keeps[n]:
                given = crossings[n + 1].delivered if n < backing else 0.0
                peers = relayed[n + 1] / self._instances(n) if n < backing else 0.0
                counts = self._counts(space, n, content[n] + peers, given + peers, backing=n == backing)
                found[levels[n].level] = replace(counts, averaged=peers != int(peers) or given != int(given))
        return found

    def _counts(self, space: DataSpace, level: int, taken: float, given: float, *, backing: bool) -> Counts:
        if not space.read_write:
            return Counts(reads=_rounded(taken), fills=int(given + 1e-9))
        # The first time that this instance meets a word there is nothing to read or to fill in.
        met = self._words_ever_met(space, level)
        return Counts(_rounded(taken - met), 0 if backing else _rounded(given - met), _rounded(taken))

    def crossing(self, space: DataSpace, outer: int, inner: int) -> Crossing:
        """What one instance of level ``outer`` gives to all instances of level ``inner`` (-1: compute units)."""
        children = list(_indices(loop for n in range(inner + 1, outer + 1) for loop in self._spatial[n]))
        before: list[tuple[Coordinates, Words] | None] = [None] * len(children)
        directions: list[Coordinates | None] = [None] * len(children)
        last: list[Words] = [frozenset()] * len(children)
        read = relayed = delivered = 0
        for moment, weight in self._moments(inner):
            needed: list[Words] = []
            for number, child in enumerate(children):
                low, tile = self._tile(space, inner, _sum(moment, child))
                new, directions[number] = self._new(low, tile, before[number], directions[number])
                if inner >= 0:
                    before[number] = (low, tile)
                needed.append(new)
            reads, links = self._serve(needed, last, outer)
            read += reads * weight
            relayed += links * weight
            delivered += (sum(len(words) for words in needed) - links) * weight
            last = needed
        return Crossing(read, delivered / len(children), relayed, len(children))

    def _new(
        self, low: Coordinates, tile: Words, before: tuple[Coordinates, Words] | None, direction: Coordinates | None
    ) -> tuple[Words, Coordinates | None]:
        """Words that are needed and were not there the moment before, and the direction of movement from now on."""
        if before is None:
            return tile, None
        move = tuple(now - then for now, then in zip(low, before[0], strict=True))
        if not any(move) and not self._pause_is_turn:
            return frozenset(), direction
        if self._steady and direction not in (None, move):
            return tile, None
        return tile - before[1], move

    def _serve(self, needed: list[Words], last: list[Words], outer: int) -> tuple[int, int]:
        """Words read to give each child what it needs, and words that neighbours give instead."""
        alone = sum(len(words) for words in set(needed))
        if not self._links:
            return alone, 0
        helped = [
            bool(words) and self._neighbour_had(words, number, last, outer) for number, words in enumerate(needed)
        ]
        rest = sum(len(words) for words in {w for w, h in zip(needed, helped, strict=True) if not h})
        if rest >= alone:
            return alone, 0
        return rest, sum(len(words) for words, h in zip(needed, helped, strict=True) if h)

    def _neighbour_had(self, words: Words, number: int, last: list[Words], outer: int) -> bool:
        used = prod(loop.bound for loop in self._mapping.levels[outer].spatial_x)
        columns = max(used, self._architecture.fanout(outer)[0])
        neighbours = [number - columns, number + columns]
        neighbours += [number - 1] if number % columns else []
        neighbours += [number + 1] if (number + 1) % columns else []
        return any(0 <= other < len(last) and last[other] == words for other in neighbours)

    def _moments(self, inner: int) -> Iterator[tuple[Counter[str], int]]:
        """Every moment at which the tile of level ``inner`` may change: its place, and how many it stands for."""
        loops = [loop for level in self._temporal[inner + 1 :] for loop in level][::-1]
        for indices in product(*(range(min(loop.bound, 2) if self._abridged else loop.bound) for loop in loops)):
            place: Counter[str] = Counter()
            weight = 1
            for loop, index in zip(loops, indices, strict=True):
                place[loop.dimension] += index * loop.step
                weight *= loop.bound - 1 if self._abridged and index else 1
            yield place, weight

    def _tile(self, space: DataSpace, level: int, place: Counter[str]) -> tuple[Coordinates, Words]:
        """Low corner and words of the box around the tile of one instance at a place; level -1 is one iteration."""
        extents = self._tiles[level] if level >= 0 else dict.fromkeys(self._problem.dimensions, 1)
        low = tuple(sum(t.coefficient * place[t.dimension] for t in rank) for rank in space.projection)
        high = tuple(
            corner + sum(t.coefficient * (extents[t.dimension] - 1) for t in rank)
            for corner, rank in zip(low, space.projection, strict=True)
        )
        return low, frozenset(product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))))

    def _words_ever_met(self, space: DataSpace, level: int) -> int:
        """Distinct words that one instance of a level meets in all its life (of a tensor without gaps)."""
        loops = [loop for n in range(level + 1) for loop in self._spatial[n] + self._temporal[n]]
        loops += [loop for n in range(level + 1, len(self._temporal)) for loop in self._temporal[n]]
        relevant = [loop for loop in loops if loop.dimension in space.relevant]
        return len({self._tile(space, -1, place)[0] for place in _indices(relevant)})

    def _instances(self, level: int) -> int:
        return prod(loop.bound for n in range(level + 1, len(self._spatial)) for loop in self._spatial[n])


def _rounded(value: float) -> int:
    """To the nearest integer, halves upwards (averages over children need not be whole)."""
    return floor(value + 0.5)


def _placed(loops: tuple[Loop, ...], extents: dict[str, int]) -> list[_PlacedLoop]:
    placed = []
    for loop in loops:
        placed.append(_PlacedLoop(loop.dimension, loop.bound, extents[loop.dimension]))
        extents[loop.dimension] *= loop.bound
    return placed


def _indices(loops: Iterator[_PlacedLoop] | list[_PlacedLoop]) -> Iterator[Counter[str]]:
    """Every combination of indices as places, the first loop fastest."""
    listed = list(loops)[::-1]
    for indices in product(*(range(loop.bound) for loop in listed)):
        place: Counter[str] = Counter()
        for loop, index in zip(listed, indices, strict=True):
            place[loop.dimension] += index * loop.step
        yield place


def _sum(one: Counter[str], other: Counter[str]) -> Counter[str]:
    return Counter({key: one[key] + other[key] for key in one.keys() | other.keys()})
