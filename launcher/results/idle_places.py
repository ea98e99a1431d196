"""Places of an array that idle because nothing divides: where perfect factors leave a side empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, prod

from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification

WORTH_TELLING = 1 / 4
"""Of a side: when no more than this share of its places idles, nothing is said."""


@dataclass(frozen=True)
class IdleSide:
    """A side of an array of which a large part idles.

    Attributes:
        level: the storage level that fans out.
        axis: ``X`` or ``Y``.
        places: how many there are along it.
        loops: what stands on them.
    """

    level: str
    axis: str
    places: int
    loops: tuple[Loop, ...]

    @property
    def used(self) -> int:
        return prod(loop.bound for loop in self.loops)

    def factor(self, dimension: str) -> int:
        """Places that a dimension takes."""
        return prod(loop.bound for loop in self.loops if loop.dimension == dimension)


@dataclass(frozen=True)
class Indivisible:
    """Why a side idles: a dimension could take more of its places if its factor need not divide.

    Attributes:
        side: that idles.
        dimension: that may stand there.
        extent: of the dimension, over all fan-outs but this side.
        factor: places it takes, the most that a divisor can.
        most: places it could take.
    """

    side: IdleSide
    dimension: str
    extent: int
    factor: int
    most: int

    def sentence(self, switch: str) -> str:
        """One line; ``switch`` is what the user types to have them used."""
        side, name = self.side, self.side.level.removeprefix("inter_").removesuffix("_spatial")
        wanted = range(self.factor + 1, self.most + 1)
        lack = f"no divisor from {wanted[0]} to {wanted[-1]}" if len(wanted) > 1 else f"no divisor {self.most}"
        return (
            f"[{name}] {side.places - side.used} of {side.places} places along {side.axis} idle: "
            f"{self.dimension} = {self.extent} has {lack}; {switch} uses them"
        )


def idle_sides(specification: Specification, mapping: Mapping) -> tuple[IdleSide, ...]:
    """The sides of which more than :data:`WORTH_TELLING` idles, innermost first."""
    sides = (side for index, level in enumerate(mapping) for side in _sides(specification, index, level))
    return tuple(side for side in sides if side.places - side.used > side.places * WORTH_TELLING)


def _sides(specification: Specification, index: int, level: LevelMapping) -> Iterator[IdleSide]:
    places = specification.architecture.fanout(index)
    for axis, children, loops in zip("XY", places, (level.spatial_x, level.spatial_y), strict=True):
        yield IdleSide(level.level, axis, children, loops)


def indivisible(
    specification: Specification, mapping: Mapping, allowed: Constraints | None = None
) -> tuple[Indivisible, ...]:
    """Sides that idle because no divisor fits them, at most one reason each.

    A dimension is a reason when it may take more places than it does, no divisor of it lies in between, and fewer steps
    would be left outside the side if it took them.

    Args:
        specification: what was mapped.
        mapping: with perfect factors.
        allowed: constraints that would hold if fan-outs might be imperfect; None means the specification's own.
    """
    constraints = specification.constraints if allowed is None else allowed
    reasons = (_reason(specification, mapping, constraints, side) for side in idle_sides(specification, mapping))
    return tuple(reason for reason in reasons if reason is not None)


def _reason(
    specification: Specification, mapping: Mapping, constraints: Constraints, side: IdleSide
) -> Indivisible | None:
    block, dimensions = constraints.at(side.level).spatial, specification.problem.dimensions
    for dimension in dimensions:
        may_stand_here = _axis(block, dimension, len(dimensions)) in (None, side.axis)
        if may_stand_here and dimension not in specification.problem.sliding:
            found = _of(dimension, dimensions[dimension], mapping, block, side)
            if found is not None:
                return found
    return None


def _of(dimension: str, whole: int, mapping: Mapping, block: BlockConstraint, side: IdleSide) -> Indivisible | None:
    factor = side.factor(dimension)
    elsewhere = prod(loop.bound for one in mapping for loop in one.spatial if loop.dimension == dimension) // factor
    other_axis = prod(loop.bound for loop in mapping.level(side.level).spatial if loop.dimension == dimension) // factor
    extent = whole // elsewhere
    room = min(side.places * factor // side.used, extent)
    most = min(room, _allowed(block, dimension, room) // other_axis)
    fewer_steps = most > factor and ceil(extent / most) < extent // factor
    divides = any(extent % places == 0 for places in range(factor + 1, most + 1))
    return Indivisible(side, dimension, extent, factor, most) if fewer_steps and not divides else None


def _allowed(block: BlockConstraint, dimension: str, unlimited: int) -> int:
    """The largest factor that the constraints allow."""
    bounds = block.factors.get(dimension, FactorBounds())
    if bounds.exact is not None:
        return bounds.exact
    most = block.default_max_factor if bounds.most is None else bounds.most
    return unlimited if most is None else most


def _axis(block: BlockConstraint, dimension: str, dimensions: int) -> str | None:
    """Where the split puts a dimension; None means that the mapper may choose."""
    if block.split is None:
        return None
    if dimension in block.permutation:
        return "X" if block.permutation.index(dimension) < block.split else "Y"
    if block.split <= len(block.permutation):
        return "Y"
    return "X" if block.split >= dimensions else None
