"""Windows slide along perfect factors only: there is no counted definition of anything else."""

from __future__ import annotations

from launcher.engines.native.lowering import Nest
from launcher.errors import SpecificationError
from launcher.specification.problem import Problem


def windowed_dimensions(problem: Problem, data_space: str) -> frozenset[int]:
    """Numbers of the dimensions that move windows of a data space."""
    windowed = problem.data_space(data_space).windowed(problem.dimensions)
    return frozenset(number for number, name in enumerate(problem.dimensions) if name in windowed)


def check_windows(problem: Problem, nest: Nest) -> None:
    """Make sure that windows slide along perfect factors only.

    Raises:
        SpecificationError: they do not; says which dimensions may have imperfect factors.
    """
    for space in problem.data_spaces:
        windowed = windowed_dimensions(problem, space.name)
        for number, (name, extent) in enumerate(problem.dimensions.items()):
            if number in windowed and _product(nest, number) != extent:
                free = [one for one, size in problem.dimensions.items() if one not in problem.sliding and size > 1]
                raise SpecificationError(
                    f"dimension {name!r} has imperfect factors, but the windows of {space.name!r} move along it",
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
