"""Words that cross each boundary of the hierarchy: temporal reuse, multicast over a fan-out, transfers on links."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import prod

from launcher.engines.native.deltas import Vector, steps
from launcher.engines.native.fanout import Delivery, FanOut, Mesh
from launcher.engines.native.lowering import Loops, Nest
from launcher.engines.native.reuse_rules import ReuseRules
from launcher.engines.native.tiles import Tensor
from launcher.summing import sum_in_order


@dataclass
class Traffic:
    """What crosses the boundary below one instance of a level, for one tensor.

    Attributes:
        fanout: children of one instance.
        accesses: (destinations, groups) -> words read here. A word goes to ``destinations`` children at once, and
            ``groups`` such words are needed where a single child needs one.
        hops: (destinations, groups) -> hops of all these words together; empty unless they were asked for.
        link_words: words that children pass on to their neighbours instead.
    """

    fanout: int
    accesses: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    hops: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    link_words: float = 0.0

    @property
    def words(self) -> float:
        """All words read at this level."""
        return sum_in_order(self.accesses[key] for key in sorted(self.accesses))

    @property
    def delivered_words(self) -> float:
        """All words that arrive at the children: a multicast counts once per destination."""
        return sum_in_order(self.accesses[key] * key[0] for key in sorted(self.accesses))

    def add(self, words: int, delivery: Delivery) -> None:
        """Count ``words`` needed by each child, brought to them as ``delivery`` says."""
        self.link_words += words * delivery.served
        for destinations, groups in delivery.groups.items():
            self.accesses[destinations, groups] += words * groups
            if delivery.hops:
                self.hops[destinations, groups] += words * groups * delivery.hops[destinations]

    def repeat(self, times: int) -> None:
        """The same words cross so many times."""
        if times == 1:
            return
        for counted in (self.accesses, self.hops):
            for key in counted:
                counted[key] *= times
        self.link_words *= times

    def clear(self) -> None:
        """Nothing crosses this boundary."""
        self.accesses.clear()
        self.hops.clear()
        self.link_words = 0.0


def traffic_below(
    tensor: Tensor, nest: Nest, index: int, rules: ReuseRules, *, count_hops: bool = False, pause_is_turn: bool = False
) -> Traffic:
    """Traffic between level ``index`` (0 is the innermost) and the level below it, or the compute units.

    Args:
        tensor, nest, index: which tensor crosses which boundary.
        rules: of the tensor at the level.
        count_hops: whether hops are wanted.
        pause_is_turn: see ``deltas.steps``.
    """
    level = nest.levels[index]
    inner = nest.levels[index - 1].extents if index else (1,) * len(level.extents)
    columns = max(rules.columns, level.fanout_x)
    rows = max(rules.rows, level.fanout_y)
    array = Mesh(columns, rows, rules.multicast, count_hops)
    fanout = FanOut(tensor, level.spatial, _strides(tensor, inner, level.spatial), array)
    traffic = Traffic(fanout.children)
    keeps = rules.temporal_reuse
    if keeps and not tensor.sliding:
        traffic.add(tensor.words(inner) * visits(tensor, nest, index), fanout.delivery)
        return traffic
    strides, bounds = _temporal_loops(tensor, nest, index)
    if not keeps and fanout.children == 1:
        traffic.add(tensor.words(inner) * prod(bounds), fanout.delivery)
        return traffic
    for step in steps(tensor.widths(inner), strides, bounds, reuse=keeps, pause_is_turn=pause_is_turn):
        relay = fanout.relay(step) if rules.links else None
        if step.fetched:
            traffic.add(step.words * step.count, relay or fanout.delivery)
    return traffic


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


def _strides(tensor: Tensor, inner: tuple[int, ...], loops: Loops) -> list[Vector]:
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
