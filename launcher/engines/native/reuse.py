"""Words that cross each boundary of the hierarchy: temporal reuse, multicast over a fan-out, transfers on links."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from launcher.engines.native.deltas import DeltaWalk, Vector
from launcher.engines.native.fanout import FanOut
from launcher.engines.native.nest import Nest
from launcher.engines.native.tiles import Tensor


@dataclass
class Traffic:
    """What crosses the boundary below one instance of a level, for one tensor.

    Attributes:
        fanout: children of one instance.
        accesses: (destinations, groups) -> words read here. A word goes to ``destinations`` children at once, and
            ``groups`` such words are needed where a single child needs one.
        link_words: words that children pass on to their neighbours instead.
    """

    fanout: int
    accesses: dict[tuple[int, int], float] = field(default_factory=dict)
    link_words: float = 0.0

    @property
    def words(self) -> float:
        """All words read at this level."""
        return sum(self.accesses[key] for key in sorted(self.accesses))

    @property
    def delivered_words(self) -> float:
        """All words that arrive at the children: a multicast counts once per destination."""
        return sum(self.accesses[key] * key[0] for key in sorted(self.accesses))


@dataclass(frozen=True)
class ReuseOptions:
    """What the constraints switch off at one boundary, for one tensor.

    Attributes:
        temporal: whether the child keeps words from one step to the next.
        multicast: whether one read can serve several children.
        links: whether children pass words on to their neighbours.
    """

    temporal: bool = True
    multicast: bool = True
    links: bool = True


def traffic_below(
    tensor: Tensor, nest: Nest, index: int, physical_fanout: tuple[int, int], options: ReuseOptions
) -> Traffic:
    """Traffic between level ``index`` and the level below it (the compute units for level 0).

    Args:
        tensor: the tensor.
        nest: the mapping.
        index: the level, 0 is the innermost.
        physical_fanout: children along X and Y that one instance of the level has, used or not.
        options: what the constraints switch off.
    """
    level = nest.levels[index]
    inner = nest.levels[index - 1].extents if index else (1,) * len(level.extents)
    strides = _strides(tensor, inner, level.spatial)
    logical = (level.fanout_x, level.fanout_y)
    fanout = FanOut(tensor, level.spatial, strides, physical_fanout, logical, multicast=options.multicast)
    # Compute units keep nothing: level 0 serves every iteration anew.
    keeps = options.temporal and index > 0
    if keeps and not tensor.sliding:
        words = tensor.words(inner) * visits(tensor, nest, index)
        return _without_links(fanout, words)
    if not keeps and fanout.children == 1:
        words = tensor.words(inner) * _iterations(nest, index)
        return _without_links(fanout, words)
    walk = DeltaWalk(tensor.widths(inner), *_temporal_loops(tensor, nest, index), reuse=keeps)
    return _walked(fanout, walk, links=options.links)


def visits(tensor: Tensor, nest: Nest, index: int) -> int:
    """How often the tile below level ``index`` changes, for a tensor whose tiles never overlap.

    The loops around the tile, from the innermost: those that do not move the tile are free until the first one that
    does; from there on each iteration brings in a new tile.
    """
    count = 1
    moving = False
    for level in nest.levels[index:]:
        for dimension, bound in level.temporal:
            moving = moving or tensor.relevant[dimension]
            if moving:
                count *= bound
    return count


def _iterations(nest: Nest, index: int) -> int:
    count = 1
    for level in nest.levels[index:]:
        for _, bound in level.temporal:
            count *= bound
    return count


def _strides(tensor: Tensor, inner: tuple[int, ...], loops: tuple[tuple[int, int], ...]) -> list[Vector]:
    """How far one iteration of each loop moves a tile that spans ``inner`` below the loops."""
    extents = list(inner)
    strides = []
    for dimension, bound in loops:
        strides.append(tensor.displacement(dimension, extents[dimension]))
        extents[dimension] *= bound
    return strides


def _temporal_loops(tensor: Tensor, nest: Nest, index: int) -> tuple[list[Vector], list[int]]:
    strides: list[Vector] = []
    bounds: list[int] = []
    for level in nest.levels[index:]:
        strides += _strides(tensor, level.spatial_extents, level.temporal)
        bounds += [bound for _, bound in level.temporal]
    return strides, bounds


def _without_links(fanout: FanOut, words: int) -> Traffic:
    traffic = Traffic(fanout.children)
    for destinations, groups in fanout.groups.items():
        traffic.accesses[destinations, groups] = float(words * groups)
    return traffic


def _walked(fanout: FanOut, walk: DeltaWalk, *, links: bool) -> Traffic:
    accesses: dict[tuple[int, int], int] = defaultdict(int)
    link_words = 0
    for step in walk.steps():
        words = step.words * step.count
        if not words:
            continue
        relay = fanout.relay(step) if links and fanout.children > 1 else None
        served, groups = relay or (0, fanout.groups)
        link_words += served * words
        for destinations, number in groups.items():
            accesses[destinations, number] += words * number
    return Traffic(fanout.children, {key: float(words) for key, words in accesses.items()}, float(link_words))
