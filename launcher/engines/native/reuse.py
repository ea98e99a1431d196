"""Words that cross each boundary of the hierarchy: temporal reuse, and multicast over a fan-out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from launcher.engines.native.nest import Nest
from launcher.engines.native.tiles import Tensor
from launcher.errors import SpecificationError


@dataclass
class Traffic:
    """What crosses the boundary below one instance of a level, for one tensor.

    Attributes:
        accesses: (destinations, groups) -> words read here. A word goes to ``destinations`` children at once, and
            ``groups`` such words are needed where a single child needs one.
        link_words: words that children pass on to their neighbours instead.
        fanout: children of one instance.
    """

    accesses: dict[tuple[int, int], float] = field(default_factory=dict)
    link_words: float = 0.0
    fanout: int = 1

    @property
    def words(self) -> float:
        """All words read at this level."""
        return sum(self.accesses[key] for key in sorted(self.accesses))

    @property
    def delivered_words(self) -> float:
        """All words that arrive at the children: a multicast counts once per destination."""
        return sum(self.accesses[key] * key[0] for key in sorted(self.accesses))


def traffic_below(tensor: Tensor, nest: Nest, index: int) -> Traffic:
    """Traffic between level ``index`` and the level below it (the compute units for level 0)."""
    if tensor.sliding:
        raise SpecificationError(f"data space {tensor.name!r} has a sliding window, which is not supported yet")
    level = nest.levels[index]
    if index == 0:
        delta = nest.iterations
    else:
        delta = tensor.words(nest.levels[index - 1].extents) * visits(tensor, nest, index)
    groups = prod(bound for dimension, bound in level.spatial if tensor.relevant[dimension])
    destinations = level.fanout // groups
    return Traffic({(destinations, groups): float(delta * groups)}, 0.0, level.fanout)


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
