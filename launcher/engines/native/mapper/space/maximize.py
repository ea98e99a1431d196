"""The ``maximize`` directive: dimensions that a block takes as large as a capacity or a fan-out allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod

from launcher.engines.native.mapper.space.factorization import loop_bounds
from launcher.errors import SpecificationError
from launcher.specification.constraints import BlockConstraint, FactorBounds, Factors, LevelConstraint
from launcher.specification.specification import Specification


def resolve_maximize(specification: Specification, factors: Factors = Factors.perfect) -> dict[str, LevelConstraint]:
    """Constraints of every level with each ``maximize`` turned into exact factors.

    As Timeloop's front end does, blocks are resolved spatial ones first, then temporal ones, each from the innermost
    level outwards, and a dimension takes the largest divisor of what the exact factors of all other blocks leave of it.
    The capacity of a spatial block is its fan-out, that of a temporal block ``maximize_capacity_words``: the product of
    the block's factors must not exceed it. Without ``maximize_capacity_words`` a temporal block fills its level: the
    kept tiles, with the exact factors of the inner blocks, must fit.

    Raises:
        SpecificationError: a dimension that is to be maximized also has a factor in the same block.
    """
    architecture = specification.architecture
    constraints = {level.name: specification.constraints.at(level.name) for level in architecture.levels}
    for kind in ("spatial", "temporal"):
        for index, level in enumerate(architecture.levels):
            block: BlockConstraint = getattr(constraints[level.name], kind)
            for dimension in block.maximize:
                if dimension in block.factors:
                    raise SpecificationError(
                        f"{level.name}: maximize names {dimension!r}, which already has a factor",
                        where=f"constraints, level {level.name}, {kind}",
                        hint="give either a factor or maximize",
                    )
                free = factors is Factors.all or (factors is Factors.spatial and kind == "spatial")
                ends = _any_end if free and dimension not in specification.problem.sliding else loop_bounds
                factor = _largest_factor(specification, constraints, kind, index, dimension, ends)
                block = replace(block, factors={**block.factors, dimension: FactorBounds(exact=factor)})
                constraints[level.name] = _with_block(constraints[level.name], kind, replace(block, maximize=()))
    return constraints


def _with_block(constraint: LevelConstraint, kind: str, block: BlockConstraint) -> LevelConstraint:
    return replace(constraint, spatial=block) if kind == "spatial" else replace(constraint, temporal=block)


def _any_end(remaining: int) -> Sequence[int]:
    return range(1, remaining + 1)


def _largest_factor(
    specification: Specification, constraints: dict[str, LevelConstraint], kind: str, index: int, dimension: str,
    ends: Callable[[int], Sequence[int]],
) -> int:  # fmt: skip
    level = specification.architecture.levels[index]
    block: BlockConstraint = getattr(constraints[level.name], kind)
    remaining = specification.problem.dimensions[dimension]
    for other in _blocks(constraints):
        covered = _exact(other, dimension)
        remaining = -(-remaining // covered) if ends is _any_end else remaining // covered
    if kind == "temporal" and block.maximize_capacity_words is None:
        return _largest_fitting(specification, constraints, index, dimension, ends(max(remaining, 1)))
    capacity = block.maximize_capacity_words or prod(specification.architecture.fanout(index))
    for name, bounds in block.factors.items():
        if name != dimension:
            capacity //= bounds.exact or bounds.least or 1
    return max((f for f in ends(max(remaining, 1)) if f <= capacity), default=1)


def _largest_fitting(
    specification: Specification, constraints: dict[str, LevelConstraint], index: int, dimension: str,
    ends: Sequence[int],
) -> int:  # fmt: skip
    level = specification.architecture.levels[index]
    spaces = specification.problem.data_spaces
    room = level.room([space.name for space in spaces])
    inner = [constraints[inner.name] for inner in specification.architecture.levels[: index + 1]]
    extents = {
        name: prod(_exact(block, name) for constraint in inner for block in (constraint.spatial, constraint.temporal))
        for name in specification.problem.dimensions
    }
    kept = constraints[level.name].keep
    best = 1
    for factor in ends:
        tile = {**extents, dimension: extents[dimension] * factor}
        parts = zip(spaces, room.weights, strict=True)
        needed = sum(space.size(tile) * weight for space, weight in parts if space.name in kept)
        if room.capacity is None or needed <= room.capacity:
            best = factor
    return best


def _blocks(constraints: dict[str, LevelConstraint]) -> Iterator[BlockConstraint]:
    for constraint in constraints.values():
        yield constraint.spatial
        yield constraint.temporal


def _exact(block: BlockConstraint, dimension: str) -> int:
    bounds = block.factors.get(dimension)
    return bounds.exact or 1 if bounds is not None else 1
