"""The loop nest as an automaton: states between two loops, and the next loop or level boundary as a step.

A mapping is a walk from the innermost level to the outermost one. A state knows the level, which dimensions may still
get a loop there, and which *boundaries* are pending. A boundary is a pair of neighbouring levels that keep the same
data space; it is pending as long as all loops outside its inner level leave that data space's tile where it is. The
first loop that moves the tile settles the boundary: from there on its traffic is known (it depends only on the tile in
the dimensions that do not move the data space). Together with the tile extents a state is all that the cost of the
rest of the nest depends on, which makes the best completion of every state computable once, backwards.

Loop order matters only while boundaries are pending. In an *ordered* state any allowed dimension may come next; when
nothing is pending the remaining dimensions of the level follow in one fixed order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.search_tables import Walks
from launcher.engines.native.mapper.space.bypass import Boundary, Keep, boundaries_of
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.specification.mapping import LevelMapping, Loop, Mapping, with_residuals

TemporalLoops = dict[int, list[tuple[int, int]]]
"""Level -> its temporal loops (dimension, bound), innermost first."""


@dataclass(frozen=True)
class Automaton:
    """States and steps for one choice of keep and bypass, as arrays.

    States are numbered such that every step leads to a lower number; the last state is the start, state 0 the end.

    Attributes:
        keep: what each level keeps.
        walks: the states and steps.
    """

    keep: Keep
    walks: Walks

    @property
    def states(self) -> int:
        return len(self.walks.states) - 1


@dataclass(frozen=True)
class _State:
    """A state while the automaton is built.

    Attributes:
        level: its level.
        open: dimensions that may still get a loop here, in their fixed order.
        pending: boundaries that wait for a loop that moves their tile.
        ordered: whether the order of the next loops matters.
        least: position from which on a loop that settles nothing may follow.
    """

    level: int
    open: tuple[int, ...]
    pending: frozenset[int] = frozenset()
    ordered: bool = False
    least: int = 0


_Step = tuple[int, int, _State | None, frozenset[int]]


@dataclass
class _Builder:
    space: SearchSpace
    keep: Keep
    boundaries: list[Boundary]
    temporal_reuse: Sequence[Sequence[bool]]
    numbers: dict[_State | None, int] = field(default_factory=dict)
    levels: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    steps: list[list[_Step]] = field(default_factory=list)

    def add(self, state: _State | None) -> int:
        """Number a state after everything it leads to."""
        if state not in self.numbers:
            steps = [] if state is None else self._steps(state)
            for _, _, target, _ in steps:
                self.add(target)
            self.numbers[state] = len(self.levels)
            self.levels.append(len(self.space.levels) if state is None else state.level)
            self.pending.append(0 if state is None else _bits(state.pending))
            self.steps.append(steps)
        return self.numbers[state]

    def start(self, level: int, pending: frozenset[int]) -> tuple[_State | None, frozenset[int]]:
        """The state in which a level begins, and what is settled on the way: at the very end, everything."""
        while level < len(self.space.levels) and not self._matters(level):
            level += 1
        if level == len(self.space.levels):
            return None, pending
        order = self._canonical(level)
        dimensions = tuple(d for d in order if self.space.levels[level].temporal[d].most > 1)
        return _State(level, dimensions, pending, ordered=bool(pending)), frozenset()

    def _matters(self, level: int) -> bool:
        bounds = self.space.levels[level].temporal
        if self.space.specification.architecture.levels[level].min_utilization > 0:
            return True
        return any(self.keep[level]) or any(b.most > 1 or b.least > 1 for b in bounds)

    def _canonical(self, level: int) -> tuple[int, ...]:
        given = self.space.levels[level].order
        return (*given, *(d for d in range(len(self.space.dimensions)) if d not in given))

    def _steps(self, state: _State) -> list[_Step]:
        if not state.ordered:
            if not state.open:
                return [self._leave(state)]
            after = _State(state.level, state.open[1:])
            return [(at.FREE_LOOP, state.open[0], after, frozenset())]
        steps = []
        if all(self.space.levels[state.level].temporal[d].least <= 1 for d in state.open):
            steps.append(self._leave(state))
        for position, dimension in enumerate(state.open):
            steps += self._loop(state, position, dimension)
        return steps

    def _leave(self, state: _State) -> _Step:
        kept = {number for number, boundary in enumerate(self.boundaries) if boundary.inner == state.level}
        # Where a level keeps nothing from one step to the next, every step outside brings a new tile.
        at_once = frozenset(b for b in kept if not self.temporal_reuse[state.level + 1][self.boundaries[b].space])
        target, settled = self.start(state.level + 1, state.pending | (kept - at_once))
        return at.NEXT_LEVEL, 0, target, settled | at_once

    def _loop(self, state: _State, position: int, dimension: int) -> list[_Step]:
        level = self.space.levels[state.level]
        # A dimension that the constraint orders before this one can no longer get a loop.
        closed = {d for d in level.order if d in state.open}
        if dimension in closed:
            closed = {d for d in closed if level.order.index(d) < level.order.index(dimension)}
        if any(level.temporal[d].least > 1 for d in closed):
            return []
        settled = frozenset(b for b in state.pending if self.space.relevant[self.boundaries[b].space][dimension])
        if not settled and position < state.least:
            # TemporalLoops that settle nothing commute: one order of them is enough.
            return []
        still_open = tuple(d for d in state.open if d != dimension and d not in closed)
        pending = state.pending - settled
        least = 0 if settled else sum(1 for d in still_open if state.open.index(d) < position)
        target = _State(state.level, still_open, pending, ordered=bool(pending), least=least if pending else 0)
        return [(at.ORDERED_LOOP, dimension, target, settled)]


def build_automaton(space: SearchSpace, machine: Machine, keep: Keep, from_compute: Collection[int] = ()) -> Automaton:
    """States and steps of all loop nests with the given keep and bypass.

    Args:
        space, machine: the mapspace and its constants.
        keep: the choice of keep and bypass.
        from_compute: data spaces for which serving the compute units depends on the loops.
    """
    boundaries = [
        boundary
        for p in range(len(keep[0]))
        for boundary in boundaries_of(p, [level[p] for level in keep], from_compute=p in from_compute)
    ]
    builder = _Builder(space, keep, boundaries, machine.temporal_reuse.tolist())
    builder.add(None)
    pending = frozenset(number for number, boundary in enumerate(boundaries) if boundary.inner < 0)
    start, _ = builder.start(0, pending)
    builder.add(start)
    counts = [len(steps) for steps in builder.steps]
    steps = [step for listed in builder.steps for step in listed]
    ends = np.cumsum([0, *counts])
    walks = Walks(
        states=np.array([*zip(builder.levels, ends, builder.pending, strict=False), (-1, ends[-1], 0)], np.int64),
        steps=np.array(
            [(kind, d, builder.numbers[to], _bits(settled)) for kind, d, to, settled in steps], np.int64
        ).reshape(-1, 4),
        boundaries=np.array([_row(machine, boundary) for boundary in boundaries], np.int64).reshape(-1, 4),
    )
    return Automaton(keep, walks)


def _bits(boundaries: Collection[int]) -> int:
    return sum(1 << b for b in boundaries)


def _row(machine: Machine, boundary: Boundary) -> tuple[int, int, int, bool]:
    """A boundary as in ``Walks.boundaries``."""
    forgets = boundary.inner >= 0 and not machine.temporal_reuse[boundary.inner + 1, boundary.space]
    return boundary.space, boundary.inner, boundary.outer, forgets


def temporal_loops(automaton: Automaton, steps: Sequence[int], bounds: Sequence[int]) -> TemporalLoops:
    """The temporal loops of a walk: its steps from the innermost level out and the bound of each (1 for no loop)."""
    loops: TemporalLoops = {}
    walks = automaton.walks
    state = automaton.states - 1
    for step, bound in zip(steps, bounds, strict=True):
        if walks.steps[step, at.KIND] != at.NEXT_LEVEL and bound > 1:
            loops.setdefault(int(walks.states[state, at.LEVEL]), []).append(
                (int(walks.steps[step, at.DIMENSION]), int(bound))
            )
        state = int(walks.steps[step, at.TARGET])
    return loops


def build_mapping(
    space: SearchSpace, automaton: Automaton, spatial: SpatialAssignments, index: int, temporal: TemporalLoops
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
    return with_residuals(Mapping(tuple(levels)), problem)
