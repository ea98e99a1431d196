"""One layer's part in a class: its own problem, under what the class fixes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from launcher.engines.native.fusion.classes import own_extents
from launcher.engines.native.mapper.space.maximize import resolve_maximize
from launcher.specification.architecture import Architecture, StorageLevel
from launcher.specification.chain import ChainLayer
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.problem import Problem
from launcher.specification.repeats import Repeats
from launcher.specification.specification import Specification

_ONE = FactorBounds(exact=1)

Pin = tuple[str, str, int]
"""Level, dimension, and the product of its fan-out's loops over the dimension."""


@dataclass(frozen=True)
class LayerPart:
    """What a layer's own nest is searched under.

    Attributes:
        layer: its number in the chain.
        bounds: of the shared loops, by dimension, in the layer's own order.
        waits: (data space, level) of tensors that flow.
        stays: (level, data space, fetches) of persistent tiles.
        reserved: (level, bits) of one instance that other layers' persistent tiles take.
        pins: fixed fan-outs.
        relaxed: whether ``stays`` only lowers costs: the tiles need not stay. What is found then is a bound.
    """

    layer: int
    bounds: tuple[tuple[str, int], ...]
    waits: tuple[tuple[str, str], ...]
    stays: tuple[tuple[str, str, int], ...] = ()
    reserved: tuple[tuple[str, int], ...] = ()
    pins: tuple[Pin, ...] = ()
    relaxed: bool = False


def own_specification(layer: ChainLayer, part: LayerPart) -> Specification | None:
    """A layer's own problem and rules; None when the class contradicts the layer's constraints.

    Where a tensor waits it is kept; further out it is bypassed and no loop in time moves it. A persistent tile is
    kept, and no loop in time further out moves it.
    """
    bounds = dict(part.bounds)
    own = layer.narrow(layer.specification, own_extents(layer, bounds))
    architecture = _with_less_room(own, dict(part.reserved))
    if architecture is None:
        return None
    try:
        levels = _constrained(own, part)
    except _ContradictionError:
        return None
    constraints = Constraints(levels)
    return replace(
        own, architecture=architecture, constraints=constraints, repeats=repeats_of(layer.problem, bounds, part.stays)
    )


class _ContradictionError(Exception):
    """What a class fixes and what the layer's constraints ask for cannot both be."""


def _constrained(own: Specification, part: LayerPart) -> dict[str, LevelConstraint]:
    """The class's constraints and the layer's.

    What is to be as large as possible is so before tiles stay anywhere and take room: else the most that is possible
    would differ from class to class, and what bounds one class could not bound the next.
    """
    levels = dict(own.constraints.levels)
    for space, level in part.waits:
        levels = _held(own, levels, space, level, bypassed=True)
    levels = resolve_maximize(replace(own, constraints=Constraints(levels)))
    for level, space, _ in () if part.relaxed else part.stays:
        levels = _held(own, levels, space, level, bypassed=False)
    for level, dimension, factor in part.pins:
        levels = _pinned(levels, level, dimension, factor)
    return levels


def repeats_of(problem: Problem, bounds: Mapping[str, int], stays: Iterable[tuple[str, str, int]]) -> Repeats:
    """How often a layer's own nest runs inside shared loops.

    Args:
        problem: the layer's.
        bounds: of the shared loops, by dimension.
        stays: (level, data space, fetches) of persistent tiles.
    """
    fetches: dict[str, dict[str, int]] = {}
    for level, space, count in stays:
        fetches.setdefault(level, {})[space] = count
    firsts = {
        space.name: prod(bound for name, bound in bounds.items() if name in space.relevant)
        for space in problem.data_spaces
    }
    return Repeats(prod(bounds.values()), fetches, firsts)


def _with_less_room(own: Specification, reserved: Mapping[str, int]) -> Architecture | None:
    """The machine while other layers' tiles take some room; None when they take more than there is."""
    architecture, spaces = own.architecture, own.problem.data_space_names
    if not reserved:
        return architecture
    levels = [_smaller(level, spaces, reserved.get(level.name, 0)) for level in architecture.levels]
    kept = [level for level in levels if level is not None]
    return replace(architecture, levels=tuple(kept)) if len(kept) == len(levels) else None


def _smaller(level: StorageLevel, spaces: Sequence[str], bits: int) -> StorageLevel | None:
    smaller = replace(level, reserved_bits=bits)
    room = smaller.room(spaces)
    return None if room.capacity is not None and room.capacity < room.least else smaller


def _held(
    own: Specification, levels: Mapping[str, LevelConstraint], space: str, level: str, *, bypassed: bool
) -> dict[str, LevelConstraint]:
    """Constraints that keep a data space at a level and do not move it from further out."""
    names = [one.name for one in own.architecture.levels]
    place = names.index(level)
    changed = dict(levels)
    here = changed.get(level, LevelConstraint())
    if space in here.bypass:
        raise _ContradictionError
    changed[level] = replace(here, keep=here.keep | {space})
    relevant = [name for name in own.problem.dimensions if name in own.problem.data_space(space).relevant]
    for name in names[place + 1 :]:
        one = changed.get(name, LevelConstraint())
        one = replace(one, temporal=_still(one.temporal, relevant))
        if bypassed:
            one = replace(one, keep=one.keep - {space}, bypass=one.bypass | {space})
        changed[name] = one
    return changed


def _still(temporal: BlockConstraint, dimensions: Iterable[str]) -> BlockConstraint:
    factors = dict(temporal.factors)
    for name in dimensions:
        if name in factors and not factors[name].allows(1):
            raise _ContradictionError
        factors[name] = _ONE
    maximize = tuple(name for name in temporal.maximize if name not in factors or factors[name] is not _ONE)
    return replace(temporal, factors=factors, maximize=maximize)


def _pinned(
    levels: Mapping[str, LevelConstraint], level: str, dimension: str, factor: int
) -> dict[str, LevelConstraint]:
    one = levels.get(level, LevelConstraint())
    allowed = one.spatial.factors.get(dimension, FactorBounds())
    if not allowed.allows(factor):
        raise _ContradictionError
    factors = {**one.spatial.factors, dimension: FactorBounds(exact=factor)}
    return {**levels, level: replace(one, spatial=replace(one.spatial, factors=factors))}
