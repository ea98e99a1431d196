"""What a mapspace insists on, rule by rule, and the mapspace with rules given up or changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

from launcher.engines.native.mapper.space.feasibility import Capacities, is_possible, rooms_of
from launcher.engines.native.mapper.space.mapspace import UNBOUNDED, Bounds, LevelSpace, SearchSpace
from launcher.specification.tile_room import TileRoom

FACTOR, FAN_OUT, KEEP, FILL, CAPACITY = "factor", "fan-out", "keep", "fill", "capacity"
"""Kinds of rules."""

T = TypeVar("T")

_BLAMED_LAST = (KEEP, FILL, FAN_OUT, CAPACITY, FACTOR)


@dataclass(frozen=True)
class Rule:
    """One thing that the mapspace insists on.

    Attributes:
        kind: one of the constants above.
        level: whose rule it is.
        block: ``temporal`` or ``spatial``, for a factor.
        item: the dimension of a factor, or the data space of a keep.
    """

    kind: str
    level: int
    block: str = ""
    item: int = 0


@dataclass(frozen=True)
class Premises:
    """Everything that a mapping has to meet: a mapspace and the capacities."""

    space: SearchSpace
    limits: Capacities

    def possible(self) -> bool:
        """Whether there is a mapping."""
        return is_possible(self.space, self.limits)

    def room(self, level: int) -> TileRoom:
        """The machine's own room for tiles at a level."""
        return rooms_of(self.space.specification)[level]

    def rules(self) -> list[Rule]:
        """Everything that can be given up, what is rather not to blame first."""
        space, rules = self.space, []
        for index, level in enumerate(space.levels):
            if self.limits.least_fill[index]:
                rules.append(Rule(FILL, index))
            rules += [Rule(KEEP, index, item=p) for p, keep in enumerate(level.keep) if keep]
            if self.limits.capacity[index] < inf:
                rules.append(Rule(CAPACITY, index))
            if level.spatial.fanout > 1 or any(bounds.least > 1 for bounds in level.spatial.bounds):
                rules.append(Rule(FAN_OUT, index))
            for block, bounds in (("temporal", level.temporal), ("spatial", level.spatial.bounds)):
                rules += [Rule(FACTOR, index, block, d) for d, bound in enumerate(bounds) if bound != Bounds()]
        return sorted(rules, key=lambda rule: _BLAMED_LAST.index(rule.kind))

    def bounds(self, rule: Rule) -> Bounds:
        """What a factor's rule says."""
        level = self.space.levels[rule.level]
        return (level.temporal if rule.block == "temporal" else level.spatial.bounds)[rule.item]

    def without(self, rules: Collection[Rule]) -> Premises:
        """The premises with some rules given up."""
        premises = self
        for rule in rules:
            premises = premises._without(rule)
        return premises

    def _without(self, rule: Rule) -> Premises:
        if rule.kind == CAPACITY:
            return self.with_capacity(rule.level, inf)
        if rule.kind == FILL:
            return self.with_least_fill(rule.level, 0.0)
        if rule.kind == FAN_OUT:
            return self.with_fanout(rule.level, UNBOUNDED, UNBOUNDED)
        if rule.kind == KEEP:
            return self.with_keep(rule, None)
        return self.with_bounds(rule, Bounds())

    def with_capacity(self, level: int, units: float) -> Premises:
        """The same with another capacity of one level."""
        return replace(self, limits=replace(self.limits, capacity=_put(self.limits.capacity, level, units)))

    def with_least_fill(self, level: int, units: float) -> Premises:
        """The same with another least filling of one level."""
        return replace(self, limits=replace(self.limits, least_fill=_put(self.limits.least_fill, level, units)))

    def with_fanout(self, level: int, x: int, y: int) -> Premises:
        """The same with other numbers of children below one level."""
        old = self.space.levels[level]
        return self._with_level(level, replace(old, spatial=replace(old.spatial, fanout_x=x, fanout_y=y)))

    def with_keep(self, rule: Rule, keep: bool | None) -> Premises:
        """The same with another choice for the data space of a keep's rule."""
        old = self.space.levels[rule.level]
        return self._with_level(rule.level, replace(old, keep=_put(old.keep, rule.item, keep)))

    def with_bounds(self, rule: Rule, bounds: Bounds) -> Premises:
        """The same with other bounds in place of those of a factor's rule."""
        old = self.space.levels[rule.level]
        if rule.block == "temporal":
            return self._with_level(rule.level, replace(old, temporal=_put(old.temporal, rule.item, bounds)))
        spatial = replace(old.spatial, bounds=_put(old.spatial.bounds, rule.item, bounds))
        return self._with_level(rule.level, replace(old, spatial=spatial))

    def _with_level(self, index: int, level: LevelSpace) -> Premises:
        return replace(self, space=replace(self.space, levels=_put(self.space.levels, index, level)))


def _put(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    return (*values[:index], value, *values[index + 1 :])
