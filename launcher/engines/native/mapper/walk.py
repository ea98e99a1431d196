"""From a walk through the automaton to a mapping."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.engines.native.mapper.automaton import NEXT_LEVEL, Automaton
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.spatial import layouts
from launcher.specification.mapping import LevelMapping, Loop, Mapping

Loops = dict[int, list[tuple[int, int]]]
"""Level -> its temporal loops (dimension, bound), innermost first."""


def temporal_loops(automaton: Automaton, steps: Sequence[int], bounds: Sequence[int]) -> Loops:
    """The temporal loops of a walk: its steps from the innermost level out and the bound of each (1 for no loop)."""
    loops: Loops = {}
    state = automaton.states - 1
    for step, bound in zip(steps, bounds, strict=True):
        if automaton.kind[step] != NEXT_LEVEL and bound > 1:
            loops.setdefault(int(automaton.level[state]), []).append((int(automaton.dimension[step]), int(bound)))
        state = int(automaton.target[step])
    return loops


def build_mapping(space: Mapspace, automaton: Automaton, spatial: Sequence[Sequence[int]], temporal: Loops) -> Mapping:
    """A mapping from spatial factors per level and dimension and the temporal loops."""
    names = space.dimensions
    problem = space.specification.problem
    levels = []
    for index, level in enumerate(space.levels):
        factors = tuple(int(factor) for factor in spatial[index])
        x, y = next(layouts(space, level.spatial, factors))
        levels.append(
            LevelMapping(
                level=level.name,
                keep=tuple(n for n, kept in zip(problem.data_space_names, automaton.keep[index], strict=True) if kept),
                spatial_x=tuple(Loop(names[d], factors[d]) for d in x),
                spatial_y=tuple(Loop(names[d], factors[d]) for d in y),
                temporal=tuple(Loop(names[d], bound) for d, bound in temporal.get(index, [])),
            )
        )
    return Mapping(tuple(levels))
