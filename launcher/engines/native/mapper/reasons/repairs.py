"""The nearest change of one rule that admits a mapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, prod
from time import perf_counter

from launcher.engines.native.mapper.reasons.premises import CAPACITY, FACTOR, FAN_OUT, FILL, KEEP, Premises, Rule
from launcher.engines.native.mapper.space.factorization import loop_bounds
from launcher.engines.native.mapper.space.feasibility import Reach, leanest_keeps
from launcher.engines.native.mapper.space.mapspace import UNBOUNDED, Bounds

HARDWARE = 4.0
"""How much further than a change of a factor by the same ratio a change of the array is held to be."""

MOST_FACTORS = 512
"""Imperfect factors that are tried in place of one."""

BYPASS = 4.0
"""How far away a change of what a level keeps is held to be, as a ratio."""


class OutOfTimeError(Exception):
    """The work takes too long."""


@dataclass(frozen=True)
class Deadline:
    """When to give up, in seconds of ``perf_counter``."""

    at: float

    def check(self) -> None:
        """Give up when it is time to.

        Raises:
            OutOfTimeError: it is.
        """
        if perf_counter() > self.at:
            raise OutOfTimeError


@dataclass(frozen=True)
class Repair:
    """Another value for one rule.

    Attributes:
        distance: how far it is, as a ratio (1 is no change at all).
        words: what to change, in words.
        rule: what is changed.
        value: capacity or least filling in units (see ``TileRoom``), a factor, or children along X and Y; nothing for
            a keep.
    """

    distance: float
    words: str
    rule: Rule
    value: tuple[float, ...] = ()

    def apply(self, premises: Premises) -> Premises:
        """The premises with the change made."""
        rule, value = self.rule, self.value
        if rule.kind == CAPACITY:
            return premises.with_capacity(rule.level, value[0])
        if rule.kind == FILL:
            return premises.with_least_fill(rule.level, value[0])
        if rule.kind == FAN_OUT:
            return premises.with_fanout(rule.level, int(value[0]), int(value[1]))
        if rule.kind == KEEP:
            return premises.with_keep(rule, False)
        return premises.with_bounds(rule, Bounds(int(value[0]), int(value[0])))


def nearest_repair(premises: Premises, rules: Iterable[Rule], deadline: Deadline) -> Repair | None:
    """Of one change to any of the rules, the nearest that admits a mapping; None when no single change does."""
    found = (_change(premises, rule, deadline) for rule in rules)
    return min((change for change in found if change is not None), key=lambda change: change.distance, default=None)


def least_units(premises: Premises, level: int) -> float:
    """The capacity that a level needs for any mapping to exist (infinity when no capacity is enough)."""
    return min(_sizes(premises.with_capacity(level, inf), level), default=inf)


def _sizes(premises: Premises, level: int) -> list[float]:
    keeps = leanest_keeps(premises.space, premises.limits)
    return [float(size) for keep in keeps for size in Reach(premises.space, premises.limits, keep).units_at(level)]


def _change(premises: Premises, rule: Rule, deadline: Deadline) -> Repair | None:
    deadline.check()
    name = premises.space.levels[rule.level].spoken
    if rule.kind == CAPACITY:
        units, has = least_units(premises, rule.level), premises.limits.capacity[rule.level]
        if units == inf:
            return None
        return Repair(units / max(has, 1.0), f"{name} with {premises.room(rule.level).amount(units)}", rule, (units,))
    if rule.kind == FACTOR:
        return _another_factor(premises, rule, deadline)
    if rule.kind == FILL:
        return _lower_fill(premises, rule)
    if rule.kind == FAN_OUT:
        return _more_children(premises, rule, deadline)
    space = premises.space.specification.problem.data_space_names[rule.item]
    change = Repair(BYPASS, f"let {space} bypass {name}", rule)
    return change if change.apply(premises).possible() else None


def _another_factor(premises: Premises, rule: Rule, deadline: Deadline) -> Repair | None:
    """The admissible factor nearest to what the constraint wants."""
    bounds, level, space = premises.bounds(rule), premises.space.levels[rule.level], premises.space
    if rule.block == "spatial" and level.spatial.fanout == 1 and bounds.least == 1:
        return None  # nothing that a constraint could say
    wanted = bounds.least if bounds.least > 1 else min(bounds.most, space.extents[rule.item])
    tell = rule.block == "spatial" and level.name == level.spoken
    where = f"{level.spoken} (spatial)" if tell else level.spoken
    extent = space.extents[rule.item]
    perfect = space.divides[rule.item] if rule.block == "temporal" else not space.imperfect[rule.item]
    # Of imperfect factors the nearest are looked at: the others are farther than any that helps.
    factors = loop_bounds(extent) if perfect else range(1, min(extent, MOST_FACTORS) + 1)
    for factor in sorted(factors, key=lambda f: max(f / wanted, wanted / f)):
        deadline.check()
        distance = max(factor / wanted, wanted / factor)
        change = Repair(distance, f"{space.dimensions[rule.item]} = {factor} at {where}", rule, (factor,))
        if change.apply(premises).possible():
            return change
    return None


def _lower_fill(premises: Premises, rule: Rule) -> Repair | None:
    """The largest share of a level that some mapping fills."""
    most = max(_sizes(premises.with_least_fill(rule.level, 0.0), rule.level), default=None)
    if most is None:
        return None
    capacity = premises.room(rule.level).capacity or 1
    share = int(most / capacity * 1e6) / 1e6  # rounded down, so that what is said is enough
    distance = premises.limits.least_fill[rule.level] / max(most, 0.5)
    words = f"min_utilization = {share:g} at {premises.space.levels[rule.level].spoken}"
    return Repair(distance, words, rule, (share * capacity,))


def _more_children(premises: Premises, rule: Rule, deadline: Deadline) -> Repair | None:
    """The fewest children along one axis that admit a mapping."""
    level = premises.space.levels[rule.level]
    x, y = level.spatial.fanout_x, level.spatial.fanout_y
    if x == UNBOUNDED:
        return None
    changes = []
    for axis, has in (("X", x), ("Y", y)):

        def change(children: int, axis: str = axis, has: int = has) -> Repair:
            shape = (children, y) if axis == "X" else (x, children)
            words = f"{level.spoken} with {children} children along {axis}"
            return Repair(HARDWARE * children / has, words, rule, shape)

        enough = max(has, prod(premises.space.extents))
        if not change(enough).apply(premises).possible():
            continue
        too_few = has
        while enough - too_few > 1:
            deadline.check()
            middle = (too_few + enough) // 2
            if change(middle).apply(premises).possible():
                enough = middle
            else:
                too_few = middle
        changes.append(change(enough))
    return min(changes, key=lambda change: change.distance, default=None)
