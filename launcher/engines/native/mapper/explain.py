"""Why a mapspace is empty: the smallest set of rules in conflict, in words, and the nearest change that helps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import inf, prod
from time import perf_counter

from launcher.engines.native.mapper.factors import divisors
from launcher.engines.native.mapper.feasibility import Limits, Reach, is_possible, leanest_keeps, limits_of
from launcher.engines.native.mapper.mapspace import UNBOUNDED, Bounds, LevelSpace, Mapspace
from launcher.errors import NoValidMappingError

FACTOR, FAN_OUT, KEEP, FILL, CAPACITY = "factor", "fan-out", "keep", "fill", "capacity"
"""Kinds of rules, in the order in which the search for the conflict prefers to blame them last."""


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


PATIENCE_S = 5.0
"""Time after which an explanation makes do with what it has."""


class _OutOfTimeError(Exception):
    """The explanation takes too long."""


@dataclass(frozen=True)
class _Deadline:
    """When to give up."""

    at: float

    def check(self) -> None:
        if perf_counter() > self.at:
            raise _OutOfTimeError


def no_valid_mapping(space: Mapspace, *, finished: bool) -> NoValidMappingError:
    """The error that says why no mapping was found.

    Args:
        space: the mapspace.
        finished: whether the search went through all of it.
    """
    if not finished:
        return NoValidMappingError("no valid mapping was found within the time limit", hint="raise mapper.timeout_s")
    nowhere = _kept_nowhere(space)
    if nowhere is not None:
        return nowhere
    try:
        rules = _conflict(space, _Deadline(perf_counter() + PATIENCE_S))
    except _OutOfTimeError:
        rules = []
    if not rules:
        return NoValidMappingError("no mapping satisfies the constraints and capacities")
    what = "no valid mapping: " + _sentence(space, rules)
    names = ", ".join(dict.fromkeys(space.levels[rule.level].spoken for rule in rules))
    try:
        hint = _hint(space, rules, _Deadline(perf_counter() + PATIENCE_S))
    except _OutOfTimeError:
        hint = None
    return NoValidMappingError(what, where=f"constraints and capacities of {names}", hint=hint)


def _hint(space: Mapspace, rules: list[Rule], deadline: _Deadline) -> str | None:
    changes = sorted(change for change in (_change(space, rule, deadline) for rule in rules) if change is not None)
    if changes:
        return f"the nearest change that admits a mapping: {changes[0][1]}"
    # Other rules are in conflict, too. Solve this conflict first.
    alone, limits = _relaxed(space, _others(space, rules))
    changes = sorted(
        c for c in (_factor_change(alone, limits, r, deadline) for r in rules if r.kind == FACTOR) if c is not None
    )
    return f"the nearest change that ends this conflict (there are others): {changes[0][1]}" if changes else None


def _others(space: Mapspace, rules: list[Rule]) -> set[Rule]:
    """What can be given up to look at one conflict alone."""
    return {rule for rule in _rules(space) if rule.kind != FAN_OUT and rule not in rules}


def _kept_nowhere(space: Mapspace) -> NoValidMappingError | None:
    for p, name in enumerate(space.specification.problem.data_space_names):
        if all(level.keep[p] is False for level in space.levels):
            return NoValidMappingError(
                f"no valid mapping: every level bypasses {name}",
                where="constraints, bypass",
                hint=f"keep {name} at {space.levels[-1].spoken}",
            )
    return None


def _rules(space: Mapspace) -> list[Rule]:
    """Everything that can be given up, what is rather not to blame first."""
    limits = limits_of(space)
    rules = []
    for index, level in enumerate(space.levels):
        if limits.least_fill[index]:
            rules.append(Rule(FILL, index))
        rules += [Rule(KEEP, index, item=p) for p, keep in enumerate(level.keep) if keep]
        if limits.capacity[index] < inf:
            rules.append(Rule(CAPACITY, index))
        if level.spatial.fanout > 1 or any(bounds.least > 1 for bounds in level.spatial.bounds):
            rules.append(Rule(FAN_OUT, index))
        for block, bounds in (("temporal", level.temporal), ("spatial", level.spatial.bounds)):
            rules += [Rule(FACTOR, index, block, d) for d, bound in enumerate(bounds) if bound != Bounds()]
    order = (KEEP, FILL, FAN_OUT, CAPACITY, FACTOR)
    return sorted(rules, key=lambda rule: order.index(rule.kind))


def _conflict(space: Mapspace, deadline: _Deadline) -> list[Rule]:
    """A set of rules that cannot hold together, each of which is needed for that."""
    rules = _rules(space)
    if not _holds_without(space, set(rules), deadline):
        return []
    return _explain([], [], rules, space, deadline)


def _explain(
    background: list[Rule], added: list[Rule], rules: list[Rule], space: Mapspace, deadline: _Deadline
) -> list[Rule]:
    """The part of ``rules`` in the conflict, given that ``background`` is in force (divide and conquer)."""
    if added and not _holds_without(space, set(_rules(space)) - set(background), deadline):
        return []
    if len(rules) == 1:
        return list(rules)
    half = len(rules) // 2
    first, second = rules[:half], rules[half:]
    in_first = _explain(background + second, second, first, space, deadline)
    in_second = _explain(background + in_first, in_first, second, space, deadline)
    return in_first + in_second


def _holds_without(space: Mapspace, dropped: set[Rule], deadline: _Deadline) -> bool:
    """Whether there is a mapping when some rules are given up."""
    deadline.check()
    return is_possible(*_relaxed(space, dropped))


def _relaxed(space: Mapspace, dropped: set[Rule]) -> tuple[Mapspace, Limits]:
    limits = limits_of(space)
    capacity, least_fill = list(limits.capacity), list(limits.least_fill)
    levels = list(space.levels)
    for rule in dropped:
        if rule.kind == CAPACITY:
            capacity[rule.level] = inf
        elif rule.kind == FILL:
            least_fill[rule.level] = 0.0
        else:
            levels[rule.level] = _without(levels[rule.level], rule)
    return replace(space, levels=tuple(levels)), Limits(tuple(capacity), tuple(least_fill))


def _without(level: LevelSpace, rule: Rule) -> LevelSpace:
    if rule.kind == FAN_OUT:
        return replace(level, spatial=replace(level.spatial, fanout_x=UNBOUNDED, fanout_y=UNBOUNDED))
    if rule.kind == KEEP:
        return replace(level, keep=tuple(None if p == rule.item else k for p, k in enumerate(level.keep)))
    return _with_bounds(level, rule, Bounds())


def _with_bounds(level: LevelSpace, rule: Rule, bounds: Bounds) -> LevelSpace:
    if rule.block == "temporal":
        return replace(level, temporal=_put(level.temporal, rule.item, bounds))
    return replace(level, spatial=replace(level.spatial, bounds=_put(level.spatial.bounds, rule.item, bounds)))


def _put(bounds: tuple[Bounds, ...], index: int, value: Bounds) -> tuple[Bounds, ...]:
    return (*bounds[:index], value, *bounds[index + 1 :])


def _sentence(space: Mapspace, rules: list[Rule]) -> str:
    factors = [rule for rule in rules if rule.kind == FACTOR]
    parts = [_limit(space, rule, rules) for rule in rules if rule.kind in {CAPACITY, FILL, FAN_OUT}]
    reasons = _reasons(space, factors)
    if not parts:
        dimensions = sorted({rule.item for rule in factors})
        sizes = " and ".join(f"{space.dimensions[d]} = {space.extents[d]}" for d in dimensions)
        return f"{reasons}, the layer has {sizes}" if factors else "the constraints contradict each other"
    return "; ".join(parts) + (f" ({reasons})" if factors else "")


def _reasons(space: Mapspace, factors: list[Rule]) -> str:
    return " and ".join(dict.fromkeys(_reason(space, rule) for rule in factors))


def _reason(space: Mapspace, rule: Rule) -> str:
    bounds = _bounds(space, rule)
    name, dimension = space.levels[rule.level].spoken, space.dimensions[rule.item]
    if bounds.least > space.extents[rule.item] and bounds.least != bounds.most:
        return f"{name} wants {dimension} >= {bounds.least}"
    return bounds.reason or f"{name} bounds {dimension}"


def _bounds(space: Mapspace, rule: Rule) -> Bounds:
    level = space.levels[rule.level]
    return (level.temporal if rule.block == "temporal" else level.spatial.bounds)[rule.item]


def _limit(space: Mapspace, rule: Rule, rules: list[Rule]) -> str:
    name = space.levels[rule.level].spoken
    if rule.kind == FAN_OUT:
        block = space.levels[rule.level].spatial
        wanted = [b.least for b in block.bounds if b.least > 1]
        needs = f" of the {prod(wanted)} it needs" if prod(wanted) > block.fanout else ""
        return f"{name} has only {block.fanout} children ({block.fanout_x} along X, {block.fanout_y} along Y){needs}"
    words = limits_of(space)
    names = space.specification.problem.data_space_names
    kept = [names[other.item] for other in rules if other.kind == KEEP and other.level == rule.level]
    what = f" of {' and '.join(kept)}" if kept else ""
    if rule.kind == FILL:
        return f"{name} must be filled with at least {words.least_fill[rule.level]:g} words{what} (min_utilization)"
    least = min(_least_words(space, rule), _least_words(space, rule, _others(space, rules)))
    needed = f"at least {least:.0f} words" if least < inf else "more words"
    return f"{name} must hold {needed}{what} but has {words.capacity[rule.level]:.0f}"


def _least_words(space: Mapspace, rule: Rule, dropped: Collection[Rule] = ()) -> float:
    """The capacity that a level would need with some rules given up (infinity when more capacity does not help)."""
    relaxed, limits = _relaxed(space, {rule, *dropped})
    reaches = (Reach(relaxed, limits, keep) for keep in leanest_keeps(relaxed, limits))
    return min((reach.least_words(rule.level) for reach in reaches), default=inf)


def _change(space: Mapspace, rule: Rule, deadline: _Deadline) -> tuple[float, str] | None:
    """How far (as a ratio) and what to change about a rule so that a mapping exists; None when that cannot help."""
    name = space.levels[rule.level].spoken
    if rule.kind == CAPACITY:
        least, has = _least_words(space, rule), limits_of(space).capacity[rule.level]
        return (least / max(has, 1.0), f"{name} with {least:.0f} words") if least < inf else None
    if rule.kind == FACTOR:
        return _factor_change(space, limits_of(space), rule, deadline)
    if not _holds_without(space, {rule}, deadline):
        return None
    if rule.kind == KEEP:
        return 4.0, f"let {space.specification.problem.data_space_names[rule.item]} bypass {name}"
    if rule.kind == FILL:
        return 8.0, f"a lower min_utilization of {name}"
    return 16.0, f"more children below {name}"


def _factor_change(space: Mapspace, limits: Limits, rule: Rule, deadline: _Deadline) -> tuple[float, str] | None:
    """The admissible factor nearest to what the constraint wants."""
    bounds = _bounds(space, rule)
    level = space.levels[rule.level]
    wanted = bounds.least if bounds.least > 1 else min(bounds.most, space.extents[rule.item])
    for factor in sorted(divisors(space.extents[rule.item]), key=lambda f: max(f / wanted, wanted / f)):
        deadline.check()
        fixed = _with_bounds(level, rule, Bounds(factor, factor))
        levels = (*space.levels[: rule.level], fixed, *space.levels[rule.level + 1 :])
        if is_possible(replace(space, levels=levels), limits):
            tell = rule.block == "spatial" and level.name == level.spoken
            block = f"{level.spoken} (spatial)" if tell else level.spoken
            ratio = max(factor / wanted, wanted / factor)
            return ratio, f"{space.dimensions[rule.item]} = {factor} at {block}"
    return None
