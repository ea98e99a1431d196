"""The workload: dimensions, and data spaces as affine projections of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Term:
    """One summand of a rank: ``coefficient * dimension``."""

    dimension: str
    coefficient: int = 1


Rank = tuple[Term, ...]


@dataclass(frozen=True)
class DataSpace:
    """A tensor of the problem.

    Attributes:
        name: its name, e.g. ``Weights``.
        projection: one rank per tensor axis; the coordinate along it is the sum of the rank's terms.
        read_write: True for the tensor that is accumulated into (the output).
    """

    name: str
    projection: tuple[Rank, ...]
    read_write: bool = False

    @property
    def relevant(self) -> frozenset[str]:
        """The dimensions that appear in the projection."""
        return frozenset(term.dimension for rank in self.projection for term in rank)

    @property
    def is_simple(self) -> bool:
        """Whether every rank is a single dimension with coefficient 1 (boxes never overlap)."""
        return all(len(rank) == 1 and rank[0].coefficient == 1 for rank in self.projection)

    def windowed(self, extents: Mapping[str, int]) -> frozenset[str]:
        """Dimensions that move windows: those that are not one rank by themselves, one index a word.

        That is, as far as they and what they are added to have an extent above 1.
        """
        ranks = [[term for term in rank if extents.get(term.dimension, 1) > 1] for rank in self.projection]
        found: set[str] = set()
        seen: set[str] = set()
        for rank in ranks:
            names = {term.dimension for term in rank}
            found |= names if len(rank) > 1 or any(term.coefficient != 1 for term in rank) else names & seen
            seen |= names
        return frozenset(found)

    def size(self, extents: Mapping[str, int]) -> int:
        """Words in the bounding box of a tile that spans ``extents`` of each dimension."""
        return prod(
            sum(t.coefficient * (extents.get(t.dimension, 1) - 1) for t in rank) + 1 for rank in self.projection
        )


@dataclass(frozen=True)
class Problem:
    """A perfectly nested loop over ``dimensions`` that touches ``data_spaces``.

    Attributes:
        name: the shape's name, e.g. ``matmul``.
        dimensions: name -> extent, in the order of the shape.
        data_spaces: the tensors, in Timeloop's order (it decides the order of additions).
        elsewhere: names of dimensions and data spaces that only other layers have; constraints that speak of them mean
            those layers.
    """

    name: str
    dimensions: Mapping[str, int]
    data_spaces: tuple[DataSpace, ...]
    elsewhere: frozenset[str] = frozenset()

    @property
    def computes(self) -> int:
        """Multiply-accumulates (or other unit operations) in the whole problem."""
        return prod(self.dimensions.values())

    @property
    def data_space_names(self) -> tuple[str, ...]:
        return tuple(space.name for space in self.data_spaces)

    @property
    def sliding(self) -> frozenset[str]:
        """Dimensions that move windows of some data space; their factors are perfect in any case."""
        return frozenset().union(*(space.windowed(self.dimensions) for space in self.data_spaces))

    def in_order(self, names: Collection[str]) -> list[str]:
        """Some of the data spaces, in the problem's order."""
        return [name for name in self.data_space_names if name in names]

    def data_space(self, name: str) -> DataSpace:
        return next(space for space in self.data_spaces if space.name == name)
