"""The mapspace as numbers: which factors, orders, fan-outs and bypasses the constraints leave open.

A mapspace is Timeloop's perfect factorization: every dimension's extent is a product of one temporal factor per storage
level and one spatial factor per level that fans out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launcher.engines.native.arrays import IntArray
from launcher.engines.native.mapper.space.maximize import resolve_maximize
from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture, StorageLevel
from launcher.specification.constraints import BlockConstraint, Factors, LevelConstraint
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

UNBOUNDED = 1 << 60
"""Upper bound of a factor that nothing limits."""

LARGEST, LARGEST_IMPERFECT = 1 << 40, 1 << 20
"""Extents that are factorized, and that may have imperfect factors: what can remain of them is listed."""


@dataclass(frozen=True)
class Bounds:
    """Least and most a block's factor of one dimension may be, and which constraint says so (for messages)."""

    least: int = 1
    most: int = UNBOUNDED
    reason: str | None = None

    def allows(self, factor: int) -> bool:
        return self.least <= factor <= self.most


@dataclass(frozen=True)
class SpatialBlock:
    """The fan-out below one level.

    Attributes:
        fanout_x, fanout_y: children along X and Y.
        bounds: per dimension of the mapspace.
        permutation: dimensions of the PROBLEM (extent 1 included: they count for ``split``), innermost first.
        split: how many entries of the permutation lie along X; None leaves it open.
    """

    fanout_x: int
    fanout_y: int
    bounds: tuple[Bounds, ...]
    permutation: tuple[str, ...] = ()
    split: int | None = None

    @property
    def fanout(self) -> int:
        return self.fanout_x * self.fanout_y


@dataclass(frozen=True)
class LevelSpace:
    """What one storage level may do.

    Attributes:
        name: the level's name.
        spoken: how people call it: the container's name for a level that stands for its fan-out.
        temporal: bounds per dimension of the mapspace.
        order: dimensions whose loops are innermost, in this order (indices into the mapspace's dimensions).
        spatial: the fan-out below the level.
        keep: per data space True (kept), False (bypassed) or None (free).
    """

    name: str
    spoken: str
    temporal: tuple[Bounds, ...]
    order: tuple[int, ...]
    spatial: SpatialBlock
    keep: tuple[bool | None, ...]


@dataclass(frozen=True)
class SearchSpace:
    """All mappings of a specification.

    Attributes:
        specification: where it comes from.
        dimensions: the problem's dimensions with an extent above 1, in the problem's order.
        extents: their extents.
        levels: innermost first.
        relevant: per data space and dimension, whether a step along it moves the tile.
        imperfect: per dimension, whether ends of fan-outs may leave a remainder.
        divides: per dimension, whether temporal ends must divide what remains.
        impossible: constraints that no mapping meets because the dimension's extent is 1, and what would help.
    """

    specification: Specification
    dimensions: tuple[str, ...]
    extents: tuple[int, ...]
    levels: tuple[LevelSpace, ...]
    relevant: tuple[tuple[bool, ...], ...]
    imperfect: tuple[bool, ...]
    divides: tuple[bool, ...]
    impossible: tuple[tuple[str, str], ...] = ()

    @property
    def temporal_bounds(self) -> IntArray:
        """(2, levels, D) least and most end of each temporal loop."""
        bounds = np.array([[[b.least, b.most] for b in level.temporal] for level in self.levels], np.int64)
        return bounds.reshape(len(self.levels), len(self.dimensions), 2).transpose(2, 0, 1).copy()


def mapspace_of(specification: Specification, factors: Factors = Factors.perfect) -> SearchSpace:
    """Read the constraints of a specification.

    Dimensions along which tiles slide have perfect factors whatever ``factors`` says.

    Raises:
        SpecificationError: a constraint that names something that does not exist, or that the model cannot honour.
    """
    architecture, problem = specification.architecture, specification.problem
    _check_names(specification)
    _check_extents(problem, factors)
    constraints = resolve_maximize(specification, factors)
    dimensions = tuple(name for name, extent in problem.dimensions.items() if extent > 1)
    impossible: list[tuple[str, str]] = []
    levels = tuple(
        _level_space(architecture, problem, index, constraints[level.name], impossible)
        for index, level in enumerate(architecture.levels)
    )
    free = tuple(factors is not Factors.perfect and name not in problem.sliding for name in dimensions)
    return SearchSpace(
        specification,
        dimensions,
        tuple(problem.dimensions[name] for name in dimensions),
        levels,
        tuple(tuple(name in space.relevant for name in dimensions) for space in problem.data_spaces),
        free,
        tuple(not imperfect or factors is Factors.spatial for imperfect in free),
        tuple(impossible),
    )


def _level_space(
    architecture: Architecture,
    problem: Problem,
    index: int,
    constraint: LevelConstraint,
    impossible: list[tuple[str, str]],
) -> LevelSpace:
    level = architecture.levels[index]
    dimensions = [name for name, extent in problem.dimensions.items() if extent > 1]
    fanout_x, fanout_y = architecture.fanout(index)
    # A fan-out level of a container holds nothing and runs nothing in time unless a constraint says otherwise.
    spoken = _spoken(level)
    default = Bounds(1, 1, f"{spoken} only fans out") if level.is_dummy else Bounds()
    temporal = _bounds(
        f"{spoken} (temporal)" if level.is_dummy else spoken,
        problem,
        constraint.temporal,
        default,
        impossible,
        spatial=False,
    )
    no_fanout = Bounds(1, 1, f"{spoken} has a single child") if fanout_x * fanout_y <= 1 else Bounds()
    spatial = _bounds(
        spoken if level.is_dummy else f"{spoken} (spatial)",
        problem,
        constraint.spatial,
        no_fanout,
        impossible,
        spatial=True,
    )
    return LevelSpace(
        name=level.name,
        spoken=spoken,
        temporal=temporal,
        order=tuple(dimensions.index(name) for name in constraint.temporal.permutation if name in dimensions),
        spatial=SpatialBlock(
            fanout_x, fanout_y, spatial, tuple(constraint.spatial.permutation), constraint.spatial.split
        ),
        keep=tuple(
            _keep(level, constraint, name, index == len(architecture.levels) - 1) for name in problem.data_space_names
        ),
    )


def _spoken(level: StorageLevel) -> str:
    if level.is_dummy and level.name.startswith("inter_") and level.name.endswith("_spatial"):
        return level.name.removeprefix("inter_").removesuffix("_spatial")
    return level.name


def _keep(level: StorageLevel, constraint: LevelConstraint, space: str, outermost: bool) -> bool | None:
    if space in constraint.keep:
        return True
    if space in constraint.bypass or level.is_dummy:
        return False
    # As in Timeloop's mapper, the outermost level keeps everything that it is not told to bypass.
    return True if outermost else None


def _bounds(
    where: str,
    problem: Problem,
    block: BlockConstraint,
    default: Bounds,
    impossible: list[tuple[str, str]],
    *,
    spatial: bool,
) -> tuple[Bounds, ...]:
    """Bounds of the dimensions with an extent above 1; what the others cannot meet is added to ``impossible``."""
    bounds = []
    for name, extent in problem.dimensions.items():
        bound = _bound(where, name, block, default, spatial=spatial)
        if extent > 1:
            bounds.append(bound)
        elif not bound.allows(1):
            impossible.append((f"{bound.reason or where}, the layer has {name} = {extent}", f"{name} = 1 at {where}"))
    return tuple(bounds)


def _bound(where: str, name: str, block: BlockConstraint, default: Bounds, *, spatial: bool) -> Bounds:
    factor = block.factors.get(name)
    if factor is not None and factor.exact is not None:
        return Bounds(factor.exact, factor.exact, f"{where} wants {name} = {factor.exact}")
    least, texts = 1, []
    # What a constraint says about a dimension replaces the default of a level that only fans out, not the lack of one.
    most = UNBOUNDED if factor is not None and not spatial else default.most
    if factor is not None and factor.least is not None:
        least = factor.least
        texts.append(f"{name} >= {factor.least}")
    if factor is not None and factor.most is not None:
        most = min(most, factor.most)
        texts.append(f"{name} <= {factor.most}")
    elif block.default_max_factor is not None:
        most = min(most, block.default_max_factor)
        texts.append(f"{name} <= {block.default_max_factor} (default_max_factor)")
    if not texts:
        return default
    return Bounds(least, most, f"{where} wants {' and '.join(texts)}")


def _check_extents(problem: Problem, factors: Factors) -> None:
    for name, extent in problem.dimensions.items():
        free = factors is not Factors.perfect and name not in problem.sliding
        if extent > (LARGEST_IMPERFECT if free else LARGEST):
            where, hint = f"problem {problem.name}, dimension {name}", "a given mapping of it can be evaluated"
            if extent <= LARGEST:
                where, hint = f"mapspace.factors={factors}", "mapspace.factors=perfect takes larger ones"
            raise SpecificationError(
                f"{name} = {extent} is too large for the mapper{' with imperfect factors' if free else ''}",
                where=where,
                expected=f"at most 2^{(LARGEST_IMPERFECT if free else LARGEST).bit_length() - 1}",
                hint=hint,
            )


def _check_names(specification: Specification) -> None:
    problem = specification.problem
    known = {level.name for level in specification.architecture.levels}
    for name, constraint in specification.constraints.levels.items():
        if name not in known:
            raise SpecificationError(
                f"a constraint names an unknown level {name!r}",
                where=f"constraints, level {name}",
                expected=f"one of {', '.join(sorted(known))}",
            )
        for kind, block in (("temporal", constraint.temporal), ("spatial", constraint.spatial)):
            _check_block(problem, f"constraints, level {name}, {kind}", block)
        spaces = constraint.keep | constraint.bypass | constraint.no_coalesce
        _check_spaces(problem, f"constraints, level {name}", spaces)
        both = sorted(constraint.keep & constraint.bypass)
        if both:
            raise SpecificationError(
                f"level {name!r} must both keep and bypass {both[0]!r}", where=f"constraints, level {name}"
            )
        _check_supported(name, constraint)


def _check_block(problem: Problem, where: str, block: BlockConstraint) -> None:
    for name in (*block.factors, *block.permutation, *block.maximize):
        if name not in problem.dimensions:
            raise SpecificationError(
                f"a constraint names an unknown dimension {name!r}",
                where=where,
                expected=f"one of {', '.join(problem.dimensions)}",
            )
    _check_spaces(problem, where, block.no_reuse | block.rmw_first_update | block.no_link_transfer)


def _check_spaces(problem: Problem, where: str, names: frozenset[str]) -> None:
    unknown = sorted(names - set(problem.data_space_names))
    if unknown:
        raise SpecificationError(
            f"a constraint names an unknown data space {unknown[0]!r}",
            where=where,
            expected=f"one of {', '.join(problem.data_space_names)}",
        )


def _check_supported(level: str, constraint: LevelConstraint) -> None:
    if constraint.no_coalesce:
        raise SpecificationError(
            f"the constraint no_coalesce of {', '.join(sorted(constraint.no_coalesce))} at level {level!r} "
            "cannot be honoured by the native mapper",
            where=f"constraints, level {level}",
            hint="remove it, or search with the engine timeloop",
        )
