"""Tiny random cases whose mappings are imperfect."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from random_specifications import random_architecture, random_problem

from launcher.engines.native.imperfect.windows import perfect_dimensions
from launcher.specification.architecture import Architecture, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.mapping import LevelMapping, Loop, Mapping, with_residuals
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

FREE = (1, 2, 3, 5, 6, 7, 10)


def random_case(random: Random, kind: str) -> tuple[Specification, Mapping]:
    """A specification without limits of capacity, and a mapping whose factors need not divide anything.

    ``kind`` is one of ``random_problem``; windows have perfect factors.
    """
    problem = random_problem(random, kind)
    windows = perfect_dimensions(problem)
    extents = {name: size if name in windows else random.choice(FREE) for name, size in problem.dimensions.items()}
    if kind not in ("gemm", "elementwise"):
        extents = {name: size if name in windows else min(size, 3) for name, size in extents.items()}
    problem = replace(problem, dimensions=extents)
    architecture, energy = random_architecture(random, problem, rare=2.0)
    architecture = replace(architecture, levels=tuple(_unlimited(level) for level in architecture.levels))
    specification = Specification(architecture, problem, _switches(random, architecture, problem), energy)
    return specification, with_residuals(random_mapping(random, specification), problem)


def _unlimited(level: StorageLevel) -> StorageLevel:
    """Nothing is illegal, and nothing costs hops."""
    wires = {key: value for key, value in level.attributes.items() if key == "energy-per-ingress"}
    return replace(level, capacity_words=None, min_utilization=0.0, component_class="SRAM", attributes=wires)


def _switches(random: Random, architecture: Architecture, problem: Problem) -> Constraints:
    def some(chance: float) -> frozenset[str]:
        return frozenset(name for name in problem.data_space_names if random.random() < chance)

    return Constraints(
        {
            level.name: LevelConstraint(
                temporal=BlockConstraint(no_reuse=some(0.1), rmw_first_update=some(0.1)),
                spatial=BlockConstraint(no_reuse=some(0.1), no_link_transfer=frozenset(problem.data_space_names)),
            )
            for level in architecture.levels
        }
    )


def random_mapping(random: Random, specification: Specification) -> Mapping:
    """Loops with ends only, in any order; the windows' factors divide."""
    architecture, problem = specification.architecture, specification.problem
    windows = perfect_dimensions(problem)
    left = dict(problem.dimensions)
    outermost = len(architecture.levels) - 1
    levels = []
    for index, level in enumerate(architecture.levels):
        blocks: list[tuple[Loop, ...]] = []
        for children in (*architecture.fanout(index), None):
            loops, space = [], children
            for name in random.sample(list(left), len(left)):
                last = index == outermost and space is None
                most = left[name] if space is None else min(left[name], space)
                ends = [end for end in range(1, most + 1) if name not in windows or left[name] % end == 0]
                end = left[name] if last else random.choice(ends)
                left[name] = -(-left[name] // end)
                space = space and space // end
                if end > 1:
                    loops.append(Loop(name, end))
            blocks.append(tuple(loops))
        names = problem.data_space_names
        keep = names if index == outermost and random.random() < 0.8 else _some(random, names)
        levels.append(LevelMapping(level.name, keep, *blocks))
    kept = {name for level in levels for name in level.keep}
    levels[-1] = replace(levels[-1], keep=tuple(n for n in names if n in levels[-1].keep or n not in kept))
    return Mapping(tuple(levels))


def _some(random: Random, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if random.random() < 0.6)
