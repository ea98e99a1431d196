"""What a designer does without imperfect factors: pad the layer until the sides of the array divide it."""

from __future__ import annotations

from dataclasses import replace

from launcher.engines.native.mapper.search.board import Outcome
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.objective import Order, criteria_values
from launcher.engines.native.mapper.search.perfect import perfect_search
from launcher.engines.native.mapper.space.mapspace import Bounds, SearchSpace, mapspace_of
from launcher.engines.native.model import evaluate
from launcher.specification.mapping import LevelMapping, Loop, Mapping, with_residuals


def padded_optimum(space: SearchSpace, order: Order, clock: Clock) -> Outcome | None:
    """The best perfect mapping of the padded layer, cut down to the layer itself; None when it is none of the mapspace.

    Each imperfect dimension is padded to a multiple of the largest fan-out that may take it.
    """
    problem = space.specification.problem
    sides = {name: _largest_fan_out(space, d) for d, name in enumerate(space.dimensions) if space.imperfect[d]}
    extents = {
        name: -(-extent // sides.get(name, 1)) * sides.get(name, 1) for name, extent in problem.dimensions.items()
    }
    if extents == problem.dimensions:
        return None
    padded = replace(space.specification, problem=replace(problem, dimensions=extents))
    padded_space = mapspace_of(padded)
    found = None if padded_space.impossible else perfect_search(padded_space, order, clock).run()
    mapping = None if found is None else _cut_down(space, found.mapping)
    if mapping is None:
        return None
    evaluation = evaluate(space.specification, mapping)
    if not evaluation.legal:
        return None
    values = criteria_values(order, evaluation.energy_pj, float(evaluation.cycles))
    return Outcome(mapping, evaluation.energy_pj, evaluation.cycles, values)


def _largest_fan_out(space: SearchSpace, d: int) -> int:
    blocks = [level.spatial for level in space.levels]
    return max(
        min(max(block.fanout_x, block.fanout_y), block.bounds[d].most, space.extents[d]) for block in blocks
    )  # fmt: skip


def _cut_down(space: SearchSpace, mapping: Mapping) -> Mapping | None:
    """The mapping with no end beyond what remains of the layer; None where the mapspace has no such loop."""
    left = dict(space.specification.problem.dimensions)

    def cut(loops: tuple[Loop, ...], bounds: tuple[Bounds, ...], *, temporal: bool) -> tuple[Loop, ...] | None:
        kept = []
        for loop in loops:
            d = space.dimensions.index(loop.dimension) if loop.dimension in space.dimensions else None
            end = min(loop.bound, left[loop.dimension])
            if d is None or not bounds[d].allows(end) or (temporal and space.divides[d] and left[loop.dimension] % end):
                return None
            left[loop.dimension] = -(-left[loop.dimension] // end)
            kept.append(Loop(loop.dimension, end))
        return tuple(loop for loop in kept if loop.bound > 1)

    levels = []
    for level, own in zip(mapping.levels, space.levels, strict=True):
        x = cut(level.spatial_x, own.spatial.bounds, temporal=False)
        y = cut(level.spatial_y, own.spatial.bounds, temporal=False)
        temporal = cut(level.temporal, own.temporal, temporal=True)
        if x is None or y is None or temporal is None:
            return None
        levels.append(LevelMapping(level.level, level.keep, x, y, temporal))
    return with_residuals(Mapping(tuple(levels)), space.specification.problem)
