"""What a mapping must satisfy, in Timeloop's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Factors(StrEnum):
    """Which loops of a mapspace may be imperfect, so that their last iteration is shorter than the others.

    ``perfect``: none, every end divides what remains of its dimension. ``spatial``: those of fan-outs only, every
    temporal end divides what remains. ``all``: every loop.
    """

    perfect = "perfect"
    spatial = "spatial"
    all = "all"


@dataclass(frozen=True)
class FactorBounds:
    """Bounds on the product of one block's loops over one dimension.

    ``exact`` comes from ``D=4`` (``D=0`` means the whole extent and is resolved when it is read), ``least`` from
    ``D>=4``, ``most`` from ``D<=4``.
    """

    exact: int | None = None
    least: int | None = None
    most: int | None = None

    def allows(self, factor: int) -> bool:
        return (
            (self.exact is None or factor == self.exact)
            and (self.least is None or factor >= self.least)
            and (self.most is None or factor <= self.most)
        )


@dataclass(frozen=True)
class BlockConstraint:
    """Constraint on one temporal or spatial block of loops.

    Attributes:
        factors: dimension -> bounds.
        permutation: dimensions from innermost outwards; a prefix binds the innermost loops only.
            Loops of bound 1 do not count.
        default_max_factor: upper bound for dimensions without one of their own.
        maximize: dimensions to make as large as the level's capacity (or fan-out) allows, in this order.
        maximize_capacity_words: the capacity that ``maximize`` fills; None means the level's own.
        no_reuse: data spaces whose temporal reuse (temporal) or multicast (spatial) is switched off.
        rmw_first_update: read-write data spaces whose first update reads first (temporal only).
        no_link_transfer: data spaces that get no neighbour-to-neighbour transfers (spatial only).
        split: how many loops of the permutation lie along X (spatial only); None means all.
    """

    factors: Mapping[str, FactorBounds] = field(default_factory=dict)
    permutation: tuple[str, ...] = ()
    default_max_factor: int | None = None
    maximize: tuple[str, ...] = ()
    maximize_capacity_words: int | None = None
    no_reuse: frozenset[str] = frozenset()
    rmw_first_update: frozenset[str] = frozenset()
    no_link_transfer: frozenset[str] = frozenset()
    split: int | None = None


@dataclass(frozen=True)
class LevelConstraint:
    """All constraints on one storage level.

    ``keep`` and ``bypass`` name data spaces; one that is in neither is free for the mapper to keep or bypass.
    """

    keep: frozenset[str] = frozenset()
    bypass: frozenset[str] = frozenset()
    no_coalesce: frozenset[str] = frozenset()
    temporal: BlockConstraint = BlockConstraint()
    spatial: BlockConstraint = BlockConstraint()


@dataclass(frozen=True)
class Constraints:
    """What every mapping must satisfy.

    Attributes:
        levels: level name -> its constraints; a level that is not named is free.
        least_parallelism: least share of the fan-outs of all levels together that spatial loops must fill.
    """

    levels: Mapping[str, LevelConstraint] = field(default_factory=dict)
    least_parallelism: float = 0.0

    def at(self, level: str) -> LevelConstraint:
        return self.levels.get(level, LevelConstraint())
