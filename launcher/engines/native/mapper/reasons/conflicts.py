"""Why a mapspace is empty: the smallest set of rules in conflict, in words, and the nearest change that helps."""

from __future__ import annotations

from math import inf, prod
from time import perf_counter

from launcher.engines.native.mapper.reasons.premises import CAPACITY, FACTOR, FAN_OUT, FILL, KEEP, Premises, Rule
from launcher.engines.native.mapper.reasons.repairs import (
    Deadline,
    OutOfTimeError,
    Repair,
    least_units,
    nearest_repair,
)
from launcher.engines.native.mapper.space.feasibility import capacities_of
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.errors import NoValidMappingError

PATIENCE_S = 15.0
"""Time after which an explanation, and again a proposal, makes do with what it has."""

MOST_CHANGES = 8
"""Changes that a proposal may consist of."""


def no_valid_mapping(space: SearchSpace, *, finished: bool) -> NoValidMappingError:
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
    premises = Premises(space, capacities_of(space))
    if space.impossible:
        what, where = "no valid mapping: " + space.impossible[0][0], "constraints"
        return NoValidMappingError(what, where=where, hint=_hint(premises, [], Deadline(perf_counter() + PATIENCE_S)))
    try:
        rules = _conflict(premises, Deadline(perf_counter() + PATIENCE_S))
    except OutOfTimeError:
        rules = []
    least = space.specification.constraints.least_parallelism
    if not rules and least:
        return NoValidMappingError(
            f"no mapping that satisfies the constraints and capacities fills {least:.0%} of the fan-outs",
            where="constraints, parallelism",
            hint="a smaller least parallelism ('min')",
        )
    if not rules:
        return NoValidMappingError("no mapping satisfies the constraints and capacities")
    what = "no valid mapping: " + _sentence(premises, rules)
    names = ", ".join(dict.fromkeys(space.levels[rule.level].spoken for rule in rules))
    hint = _hint(premises, rules, Deadline(perf_counter() + PATIENCE_S))
    return NoValidMappingError(what, where=f"constraints and capacities of {names}", hint=hint)


def _hint(premises: Premises, rules: list[Rule], deadline: Deadline) -> str | None:
    """The nearest change that admits a mapping, or one after another, as long as another conflict comes to light.

    Args:
        premises: what is to be met.
        rules: a conflict; empty when there may be none beside what is impossible anyway.
        deadline: when to make do with less.
    """
    words = [change for _, change in premises.space.impossible]
    changes: dict[Rule, str] = {}
    try:
        rules = rules or _conflict(premises, deadline)
        while rules and len(changes) < MOST_CHANGES:
            change = nearest_repair(premises, rules, deadline) or _ends_conflict(premises, rules, deadline)
            if change is None:
                break
            changes[change.rule] = change.words
            premises = change.apply(premises)
            rules = _conflict(premises, deadline)
    except OutOfTimeError:
        rules = rules or premises.rules()
    words += changes.values()
    if not words:
        return None
    if rules:
        return f"the nearest change that ends this conflict (there are others): {words[0]}"
    together = "change that admits" if len(words) == 1 else "changes found that together admit"
    return f"the nearest {together} a mapping: {' and '.join(words)}"


def _ends_conflict(premises: Premises, rules: list[Rule], deadline: Deadline) -> Repair | None:
    """The nearest change that ends one conflict, whatever else is in conflict."""
    others = [rule for rule in premises.rules() if rule not in rules]
    alone = premises.without([rule for rule in others if rule.kind != FAN_OUT])
    # Factors are better chosen so that they fit the array, where that is possible.
    return nearest_repair(alone, rules, deadline) or nearest_repair(premises.without(others), rules, deadline)


def _kept_nowhere(space: SearchSpace) -> NoValidMappingError | None:
    for p, name in enumerate(space.specification.problem.data_space_names):
        if all(level.keep[p] is False for level in space.levels):
            return NoValidMappingError(
                f"no valid mapping: every level bypasses {name}",
                where="constraints, bypass",
                hint=f"the nearest change that admits a mapping: keep {name} at {space.levels[-1].spoken}",
            )
    return None


def _conflict(premises: Premises, deadline: Deadline) -> list[Rule]:
    """A set of rules that cannot hold together, each of which is needed for that; empty when there is a mapping."""
    rules = premises.rules()
    if premises.possible() or not premises.without(rules).possible():
        return []
    return _explain([], [], rules, premises, deadline)


def _explain(
    background: list[Rule], added: list[Rule], rules: list[Rule], premises: Premises, deadline: Deadline
) -> list[Rule]:
    """The part of ``rules`` in the conflict, given that ``background`` is in force (divide and conquer)."""
    deadline.check()
    if added and not premises.without(set(premises.rules()) - set(background)).possible():
        return []
    if len(rules) == 1:
        return list(rules)
    half = len(rules) // 2
    first, second = rules[:half], rules[half:]
    in_first = _explain(background + second, second, first, premises, deadline)
    in_second = _explain(background + in_first, in_first, second, premises, deadline)
    return in_first + in_second


def _sentence(premises: Premises, rules: list[Rule]) -> str:
    space = premises.space
    factors = [rule for rule in rules if rule.kind == FACTOR]
    parts = [_limit(premises, rule, rules) for rule in rules if rule.kind in {CAPACITY, FILL, FAN_OUT}]
    reasons = " and ".join(dict.fromkeys(_reason(premises, rule) for rule in factors))
    if not parts:
        dimensions = sorted({rule.item for rule in factors})
        sizes = " and ".join(f"{space.dimensions[d]} = {space.extents[d]}" for d in dimensions)
        return f"{reasons}, the layer has {sizes}" if factors else "the constraints contradict each other"
    return "; ".join(parts) + (f" ({reasons})" if factors else "")


def _reason(premises: Premises, rule: Rule) -> str:
    bounds, space = premises.bounds(rule), premises.space
    name, dimension = space.levels[rule.level].spoken, space.dimensions[rule.item]
    if bounds.least > space.extents[rule.item] and bounds.least != bounds.most:
        return f"{name} wants {dimension} >= {bounds.least}"
    return bounds.reason or f"{name} bounds {dimension}"


def _limit(premises: Premises, rule: Rule, rules: list[Rule]) -> str:
    space, level = premises.space, premises.space.levels[rule.level]
    if rule.kind == FAN_OUT:
        block = level.spatial
        wanted = prod(bounds.least for bounds in block.bounds)
        needs = f" of the {wanted} it needs" if wanted > block.fanout else ""
        if block.fanout == 1:
            return f"{level.spoken} has only 1 child{needs}"
        return (
            f"{level.spoken} has only {block.fanout} children ({block.fanout_x} along X, {block.fanout_y} along Y)"
            f"{needs}"
        )
    names = space.specification.problem.data_space_names
    kept = [names[other.item] for other in rules if other.kind == KEEP and other.level == rule.level]
    what = f" of {' and '.join(kept)}" if kept else ""
    room = premises.room(rule.level)
    if rule.kind == FILL:
        least_fill = room.amount(premises.limits.least_fill[rule.level])
        return f"{level.spoken} must be filled with at least {least_fill}{what} (min_utilization)"
    # The larger figure may come from rules that have no part in the conflict.
    alone = premises.without([r for r in premises.rules() if r.kind != FAN_OUT and r not in rules])
    least = min(least_units(premises, rule.level), least_units(alone, rule.level))
    needed = f"at least {room.amount(least)}" if least < inf else "more words"
    has = room.count(premises.limits.capacity[rule.level])
    return f"{level.spoken} must hold {needed}{what} but has {has}"
