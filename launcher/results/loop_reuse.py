"""Why a level moves as many words as it does: how often each word is moved, and which loops spare the other times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

from launcher.results.evaluation import DataSpaceStats
from launcher.results.result import Result
from launcher.specification.mapping import LevelMapping, Loop
from launcher.specification.mapping import Mapping as LoopNest
from launcher.specification.problem import DataSpace
from launcher.specification.specification import Specification

Side = Literal["below", "above"]
"""``below``: a level's reads and updates, which the level below asks for; ``above``: its fills."""

Effect = Literal["inside", "held", "shared", "again"]
"""What a loop over a dimension that the data space does not have does to each of its words.

``inside``: it runs within the tile below, which is brought there once for all its iterations. ``held``: the tile below
stays where it is meanwhile. ``shared``: all instances get (or add up) the word at once. ``again``: the word is moved
once more in every iteration.
"""


@dataclass(frozen=True)
class PlacedLoop:
    """A loop, where it stands, and what it does. ``axis`` is empty for a loop in time, else ``X`` or ``Y``."""

    level: str
    axis: str
    dimension: str
    bound: int
    effect: Effect


@dataclass(frozen=True)
class Reuse:
    """How often a level moves the words of a data space.

    The dimensions that the data space does not have would move each word once per iteration. Their loops say which of
    these times are spared: for every such dimension the bounds of all ``loops`` multiply to its extent, and the bounds
    of those that move the word ``again``, over all dimensions, multiply to ``times`` (fills of accumulated data are
    fewer by ``starts``).

    Attributes:
        child: the level that gets the words, or sends them; None for the compute units.
        words: of the whole data space.
        read_write: whether the data space is accumulated into.
        times: how often each of them is read, updated or filled in, over all instances; an average where ``exact`` is
            false.
        starts: of accumulated data, in how many places each of them is summed up: there the first update comes without
            a fill and without a read.
        loops: over dimensions that the data space does not have.
        extents: of the problem's dimensions.
        spans: extents of the tile below in the dimensions of sliding windows; neighbouring tiles overlap there.
        exact: whether the engine counted what the loops say. Otherwise windows overlap, factors are imperfect, or
            rules of the architecture change the count.
    """

    child: str | None
    words: int
    read_write: bool
    times: float
    starts: int
    loops: tuple[PlacedLoop, ...]
    extents: Mapping[str, int]
    spans: tuple[tuple[str, int], ...]
    exact: bool

    def factor(self, dimension: str, effect: Effect) -> int:
        """The product of the loops over a dimension that have this effect."""
        return prod(one.bound for one in self.loops if one.dimension == dimension and one.effect == effect)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions that the data space does not have, as far as they have loops."""
        return tuple(dict.fromkeys(one.dimension for one in self.loops))


def reuse_at(result: Result, level: str, data_space: str, side: Side) -> Reuse | None:
    """How often ``level`` moves the words of ``data_space`` on one side.

    Returns:
        None when there is no mapping, the level does not keep the data space, or nothing lies on that side.
    """
    if result.mapping is None or result.specification is None or result.evaluation is None:
        return None
    names = [one.level for one in result.mapping.levels]
    keepers = [index for index, one in enumerate(result.mapping.levels) if data_space in one.keep]
    if level not in names or names.index(level) not in keepers or data_space not in _names(result.specification):
        return None
    here = names.index(level)
    if side == "above":
        if here == max(keepers):
            return None
        child = here
    else:
        child = max((index for index in keepers if index < here), default=-1)
    return _reuse(result, result.mapping, result.specification, data_space, here, child, side)


def _reuse(
    result: Result,
    mapping: LoopNest,
    specification: Specification,
    data_space: str,
    here: int,
    child: int,
    side: Side,
) -> Reuse:
    space = specification.problem.data_space(data_space)
    loops = tuple(_loops(mapping, space, here, child))
    times = prod(one.bound for one in loops if one.effect == "again")
    places = prod(one.bound for one in loops if one.effect == "again" and one.axis)
    words = space.size(specification.problem.dimensions)
    stats = _stats(result, mapping.levels[here].level, data_space)
    # The outermost level is filled by nobody, and some architectures read a word before its first update, too.
    starts = next((n for n in (places, 0) if _accounts_for(stats, space, side, words, (times, n))), None)
    free = (places if starts is None else starts) if space.read_write else 0
    return Reuse(
        child=mapping.levels[child].level if child >= 0 else None,
        words=words,
        read_write=space.read_write,
        times=_counted_times(stats, space, side, words) if starts is None else times - free * (side == "above"),
        starts=free,
        loops=loops,
        extents=specification.problem.dimensions,
        spans=tuple(sorted(_spans(space, mapping.levels[: child + 1]).items())),
        exact=starts is not None,
    )


def _spans(space: DataSpace, levels: tuple[LevelMapping, ...]) -> dict[str, int]:
    sums = {term.dimension for rank in space.projection if len(rank) > 1 for term in rank}
    return {name: prod(level.factor(name) for level in levels) for name in sums}


def _counted_times(stats: DataSpaceStats | None, space: DataSpace, side: Side, words: int) -> float:
    if stats is None:
        return 0.0
    inward = stats.total_updates if space.read_write else stats.total_reads
    return (stats.total_fills if side == "above" else inward) / words


def _loops(mapping: LoopNest, space: DataSpace, here: int, child: int) -> Iterator[PlacedLoop]:
    """Loops over dimensions that ``space`` does not have, innermost first."""
    moving = child < 0  # compute units hold nothing: every iteration asks anew
    for index, level in enumerate(mapping.levels):
        inner = index <= child
        across: Effect = "inside" if inner else "shared" if index <= here else "again"
        for axis, loops in (("X", level.spatial_x), ("Y", level.spatial_y)):
            yield from (
                PlacedLoop(level.level, axis, loop.dimension, loop.bound, across)
                for loop in loops
                if _repeats(loop, space)
            )
        for loop in level.temporal:
            if _repeats(loop, space):
                effect: Effect = "inside" if inner else "again" if moving else "held"
                yield PlacedLoop(level.level, "", loop.dimension, loop.bound, effect)
            elif loop.bound > 1 and not inner:
                moving = True


def _repeats(loop: Loop, space: DataSpace) -> bool:
    return loop.bound > 1 and loop.dimension not in space.relevant


def _accounts_for(
    stats: DataSpaceStats | None, space: DataSpace, side: Side, words: int, moved: tuple[int, int]
) -> bool:
    """Whether the engine counted what the loops say: ``moved`` is how often, and how many of these times are free."""
    if stats is None:
        return False
    times, starts = moved
    later = words * (times - starts) if space.read_write else words * times
    expected = [(stats.total_fills if side == "above" else stats.total_reads, later)]
    if side == "below" and space.read_write:
        expected.append((stats.total_updates, words * times))
    slack = stats.utilized_instances  # counts per instance are whole numbers
    return all(abs(counted - total) <= slack for counted, total in expected)


def _stats(result: Result, level: str, data_space: str) -> DataSpaceStats | None:
    levels = result.evaluation.levels if result.evaluation else ()
    found = next((one for one in levels if one.level == level), None)
    return found.data_spaces.get(data_space) if found else None


def _names(specification: Specification) -> tuple[str, ...]:
    return specification.problem.data_space_names
