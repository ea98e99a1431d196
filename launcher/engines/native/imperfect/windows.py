"""Which dimensions must have perfect factors: those along which windows slide."""

from __future__ import annotations

from launcher.engines.native.lowering import Nest
from launcher.engines.native.tiles import Tensor, tensors_of
from launcher.errors import SpecificationError
from launcher.specification.problem import Problem


def windowed_dimensions(tensor: Tensor) -> frozenset[int]:
    """Dimensions that are not a rank of the tensor by themselves, one index a word: they slide, stride, or repeat."""
    ranks: dict[int, int] = {}
    for rank in tensor.ranks:
        for dimension, _ in rank:
            ranks[dimension] = ranks.get(dimension, 0) + 1
    found = {dimension for dimension, number in ranks.items() if number > 1}
    for rank in tensor.ranks:
        if len(rank) > 1 or rank[0][1] != 1:
            found.update(dimension for dimension, _ in rank)
    return frozenset(found)


def perfect_dimensions(problem: Problem) -> dict[str, str]:
    """Dimensions of a problem whose factors must be perfect -> a data space whose windows slide along them.

    Raises:
        SpecificationError: a projection with an unknown dimension or a coefficient below 1.
    """
    names = list(problem.dimensions)
    found: dict[str, str] = {}
    for tensor in tensors_of(problem):
        for dimension in sorted(windowed_dimensions(tensor)):
            found.setdefault(names[dimension], tensor.name)
    return found


def check_windows(problem: Problem, nest: Nest) -> None:
    """Make sure that windows slide along perfect factors only.

    Raises:
        SpecificationError: they do not.
    """
    must = perfect_dimensions(problem)
    for number, (name, extent) in enumerate(problem.dimensions.items()):
        if name in must and _product(nest, number) != extent:
            free = [one for one, size in problem.dimensions.items() if one not in must and size > 1]
            raise SpecificationError(
                f"dimension {name!r} has imperfect factors, but the windows of {must[name]!r} move along it",
                where=f"mapping, dimension {name}",
                expected=f"factors whose product is exactly {extent}; only "
                f"{', '.join(free) or 'no dimension of this problem'} may have imperfect factors",
            )


def _product(nest: Nest, dimension: int) -> int:
    product = 1
    for level in nest.levels:
        for number, bound in level.spatial + level.temporal:
            product *= bound if number == dimension else 1
    return product
