"""What a tile of loop extents means for each data space: its words, and whether neighbouring tiles can overlap."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from launcher.engines.native.lowering import Extents, Nest
from launcher.errors import SpecificationError
from launcher.specification.problem import Problem

RankTerms = tuple[tuple[int, int], ...]
"""(dimension index, coefficient) per term of one rank; dimensions of extent 1 are left out, they never move."""


@dataclass(frozen=True)
class Tensor:
    """A data space, reduced to what matters to the model for the given problem.

    Attributes:
        name: the data space's name.
        read_write: whether it is accumulated into.
        ranks: the ranks that have any term left.
        relevant: per dimension, whether a step along it moves the tile.
        sliding: whether tiles at different positions can overlap (a rank with two terms, as in a convolution).
    """

    name: str
    read_write: bool
    ranks: tuple[RankTerms, ...]
    relevant: tuple[bool, ...]
    sliding: bool

    def widths(self, extents: Extents) -> tuple[int, ...]:
        """Size of a tile's bounding box along each rank."""
        return tuple(1 + sum(c * (extents[dimension] - 1) for dimension, c in rank) for rank in self.ranks)

    def displacement(self, dimension: int, steps: int) -> tuple[int, ...]:
        """How far, along each rank, ``steps`` steps of a dimension move the tile."""
        return tuple(sum(c * steps for d, c in rank if d == dimension) for rank in self.ranks)

    def has_own_rank(self, dimension: int) -> bool:
        """Whether a rank is this dimension alone, so that tiles at different indices never meet."""
        return any(len(rank) == 1 and rank[0][0] == dimension for rank in self.ranks)

    def words(self, extents: Extents) -> int:
        """Words in the bounding box of a tile; gaps between strided elements are counted."""
        return prod(self.widths(extents))


def tensors_of(problem: Problem) -> tuple[Tensor, ...]:
    """The problem's data spaces in the model's terms.

    Raises:
        SpecificationError: a projection with an unknown dimension or a coefficient below 1.
    """
    numbers = {name: i for i, name in enumerate(problem.dimensions)}
    tensors = []
    for space in problem.data_spaces:
        ranks = []
        for rank in space.projection:
            for term in rank:
                if term.dimension not in numbers or term.coefficient < 1:
                    raise SpecificationError(
                        f"data space {space.name!r} has the term {term.coefficient} * {term.dimension!r}",
                        where=f"problem, data space {space.name}, projection",
                        expected=f"a coefficient of at least 1 times one of {', '.join(numbers)}",
                    )
            terms = tuple((numbers[t.dimension], t.coefficient) for t in rank if problem.dimensions[t.dimension] > 1)
            if terms:
                ranks.append(terms)
        moving = {dimension for rank in ranks for dimension, _ in rank}
        relevant = tuple(i in moving for i in range(len(numbers)))
        sliding = any(len(rank) > 1 for rank in ranks)
        tensors.append(Tensor(space.name, space.read_write, tuple(ranks), relevant, sliding))
    return tuple(tensors)


def partition_words(tensor: Tensor, nest: Nest) -> list[int]:
    """Words of the tensor that each instance of a level is responsible for in total, innermost level first.

    The outermost level holds all of it; further in, each level gets the share of its tile in the box that its
    parent's fan-out covers (rounded down, as Timeloop does).
    """
    levels = nest.levels
    part = tensor.words(levels[-1].extents)
    parts = [part]
    for level, parent in zip(reversed(levels[:-1]), reversed(levels[1:]), strict=True):
        size = tensor.words(level.extents)
        # Without a fan-out the box below the parent is the tile itself.
        part = part * size // tensor.words(parent.spatial_extents)
        parts.append(part)
    return parts[::-1]
