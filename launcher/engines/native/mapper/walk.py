"""From a walk through the automaton to a mapping."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.engines.native.mapper.automaton import Automaton
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.spatial import SpatialAssignments
from launcher.engines.native.mapper.tables import DIMENSION, KIND, LEVEL, NEXT_LEVEL, TARGET
from launcher.specification.mapping import LevelMapping, Loop, Mapping

Loops = dict[int, list[tuple[int, int]]]
"""Level -> its temporal loops (dimension, bound), innermost first."""


def temporal_loops(automaton: Automaton, steps: Sequence[int], bounds: Sequence[int]) -> Loops:
    """The temporal loops of a walk: its steps from the innermost level out and the bound of each (1 for no loop)."""
    loops: Loops = {}
    walks = automaton.walks
    state = automaton.states - 1
    for step, bound in zip(steps, bounds, strict=True):
        if walks.steps[step, KIND] != NEXT_LEVEL and bound > 1:
            loops.setdefault(int(walks.states[state, LEVEL]), []).append(
                (int(walks.steps[step, DIMENSION]), int(bound))
            )
        state = int(walks.steps[step, TARGET])
    return loops


def build_mapping(
    space: Mapspace, automaton: Automaton, spatial: SpatialAssignments, index: int, temporal: Loops
) -> Mapping:
    """A mapping from a spatial assignment and the temporal loops."""
    names = space.dimensions
    problem = space.specification.problem
    levels = []
    for number, level in enumerate(space.levels):
        x, y = spatial.layout(index, number)
        factors = spatial.factors[index, number]
        levels.append(
            LevelMapping(
                level=level.name,
                keep=tuple(n for n, kept in zip(problem.data_space_names, automaton.keep[number], strict=True) if kept),
                spatial_x=tuple(Loop(names[d], int(factors[d])) for d in x),
                spatial_y=tuple(Loop(names[d], int(factors[d])) for d in y),
                temporal=tuple(Loop(names[d], bound) for d, bound in temporal.get(number, [])),
            )
        )
    return Mapping(tuple(levels))
