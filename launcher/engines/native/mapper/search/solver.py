"""Runs the compiled search on one spatial assignment at a time, and owns the memory it works in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launcher.engines.native.arrays import AnyArray, IntArray
from launcher.engines.native.mapper.costs.coefficients import Assignments
from launcher.engines.native.mapper.costs.lower_bounds import Base, base_of, limited_slots
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.branch import (
    BEST_BUSY,
    BEST_ENERGY,
    FINISHED,
    FOUND,
    LENGTH,
    NODES,
    TOP,
    explore,
)
from launcher.engines.native.mapper.kernels.completion import complete
from launcher.engines.native.mapper.kernels.search_tables import Costs, Goal, Rates, Stack, Tiles, Walks
from launcher.engines.native.mapper.search.automaton import Automaton
from launcher.engines.native.mapper.space.bypass import Pattern
from launcher.engines.native.mapper.space.factorization import factorization
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.errors import SpecificationError

MOST_TABLES = 8e9
"""Bytes that the tables of one assignment may take."""

_MOST_SLID = 2**24
"""Energies of sliding tiles that are remembered; they take 8 bytes each."""


@dataclass(frozen=True)
class Task:
    """What is searched at a time: one spatial assignment under one choice of keep and bypass."""

    automaton: Automaton
    base: Base
    index: int


@dataclass(frozen=True)
class Found:
    """A walk of one assignment: automaton steps, the bound of each step's loop, its energy and cycles."""

    steps: tuple[int, ...]
    bounds: tuple[int, ...]
    energy_pj: float
    busy: float


class Solver:
    """Tables and stacks for one mapspace; not to be shared between threads."""

    def __init__(self, space: SearchSpace, machine: Machine, assignments: Assignments) -> None:
        self._machine, self._assignments, self._space = machine, assignments, space
        self._tiles = _empty_tiles(space, assignments)
        self._limited = np.ascontiguousarray(limited_slots(machine))
        self._depth = len(space.levels) * (len(space.dimensions) + 1) + 2
        self._width = self._tiles.size.shape[1] * max(len(space.dimensions), 1) + 1
        self._listed = np.zeros(2 * len(self._tiles.digit) + 2, np.int64)
        self._energy = np.zeros((0, 0))
        self._best = np.zeros((0, 0))
        self._slid = np.zeros((0, 0, 0))
        self._slabs: dict[tuple[int, bytes], AnyArray] = {}
        self._stack = _empty_stack(self._depth, self._width, 1 + len(self._limited))
        self._control = np.zeros(5)
        self._prepared: Task | None = None
        self._costs: Costs | None = None

    def task(self, automaton: Automaton, index: int, chosen: tuple[Pattern, ...]) -> Task:
        """What is to be searched."""
        return Task(automaton, base_of(self._machine, self._assignments, index, chosen), index)

    def restart(self) -> None:
        """There is nothing to forget between two searches."""

    def prepare(self, task: Task) -> float:
        """Least dynamic energy of an assignment's mappings (infinite when there is none); a bound for convolutions."""
        walks, machine = task.automaton.walks, self._machine
        self._prepared = task
        costs = self._costs = self._assignments.costs(machine, task.index)
        self._factorize(self._assignments.temporal[task.index])
        most = len(self._tiles.digit)
        _check_memory(self._space, most, task.automaton.states + len(walks.boundaries))
        if self._tiles.open.shape[1] < task.automaton.states:
            room = np.zeros((2, task.automaton.states, *self._tiles.size.shape), np.bool_)
            self._tiles = self._tiles._replace(open=room)
        if len(self._best) < task.automaton.states:
            self._best = np.empty((task.automaton.states, most))
        if len(self._energy) < len(walks.boundaries):
            self._energy = np.empty((len(walks.boundaries), most))
        weight = np.where(task.automaton.keep, machine.weight, 0.0)
        slabs = self._slabs_of(walks, costs)
        count = int(slabs.max(initial=-1)) + 1
        if len(self._slid) < count:
            self._slid = np.empty((count, most, self._tiles.size.shape[1]))
        complete(
            walks, self._tiles, costs, weight, machine.capacity, machine.least_fill, self._energy, self._best,
            self._listed, slabs, self._slid[:count],
        )  # fmt: skip
        return float(task.base.energy_pj + self._best[task.automaton.states - 1, 0])

    def _factorize(self, extents: IntArray) -> None:
        """Fill in the tiles and loops of each dimension whose extent differs from what was there."""
        tiles = self._tiles
        for d in np.flatnonzero(tiles.dimensions[at.EXTENT] != extents):
            own = factorization(int(extents[d]))
            count = tiles.dimensions[at.RADIX, d] = len(own.sizes)
            tiles.dimensions[at.EXTENT, d] = extents[d]
            tiles.size[d, :count], tiles.counts[d, :count] = own.sizes, own.counts
            tiles.loops[d, :count, :count] = own.loops

    def _slabs_of(self, walks: Walks, costs: Costs) -> AnyArray:
        """As ``complete`` wants it."""
        # Levels between which nothing fans out share a slab: a tile is as large at one as at the other.
        alike = np.cumsum((np.diff(costs.extent[1:], axis=0, prepend=0) != 0).any(axis=1))
        key = (id(walks), alike.tobytes())  # the plan keeps all automata that there are
        if key not in self._slabs:
            slabs = _slabs(walks, costs, alike)
            if (slabs.max(initial=-1) + 1) * self._tiles.size.shape[1] * len(self._tiles.digit) > _MOST_SLID:
                slabs[slabs != at.STAYS] = at.NO_ROOM
            self._slabs[key] = slabs
        return self._slabs[key]

    def begin(self, task: Task, goal: Goal, *, glance: bool = False) -> None:
        """Put the root of an assignment on the stack; the bounds are as good for any goal, and for a glance."""
        if self._prepared is not task:
            self.prepare(task)
        width = 1 + len(self._limited) + len(task.automaton.walks.boundaries)
        if self._stack.figures.shape[1] < width:
            self._stack = _empty_stack(self._depth, self._width, width)
        self._stack.at[0] = (task.automaton.states - 1, 0, 0, -1)
        self._stack.figures[0, 0] = task.base.energy_pj
        self._stack.figures[0, 1 : 1 + len(self._limited)] = self._base_need(task)
        self._control[:] = 0.0

    def resume(self, task: Task, goal: Goal, *, slice_nodes: float, report: bool = False) -> bool:
        """Search on for one slice, or until a mapping is found; False when the assignment is exhausted.

        Args:
            task: what ``begin`` was called with.
            goal: what is sought; the incumbent is updated in place unless ``report``.
            slice_nodes: nodes to visit at most.
            report: stop at every promising mapping.
        """
        assert self._costs is not None
        self._control[LENGTH] = self._control[LENGTH] if not report else 0
        status = explore(
            task.automaton.walks, self._tiles, self._costs, self._rates(task), goal,
            self._stack, self._energy, self._best, self._control, int(slice_nodes), report,
        )  # fmt: skip
        return bool(status != FINISHED and not (status == FOUND and goal.canonical))

    def found(self) -> Found | None:
        """The best mapping found since ``begin`` (with ``report``: by the last ``resume``)."""
        return best_walk(self._stack.best, self._control)

    @property
    def nodes(self) -> int:
        """Nodes visited since ``begin``."""
        return int(self._control[NODES])

    def open_bounds(self) -> list[tuple[float, float]]:
        """Bounds (dynamic energy, busy cycles) of everything on the stack that was not looked at yet."""
        return waiting_bounds(self._stack.at, self._stack.bound, int(self._control[TOP]))

    def _rates(self, task: Task) -> Rates:
        machine = self._machine
        return Rates(
            self._limited,
            machine.limits,
            machine.scale,
            task.base.fixed,
            np.zeros_like(task.base.fixed),
            float(self._assignments.leak_pj[task.index]),
            float(machine.latency),
        )

    def _base_need(self, task: Task) -> AnyArray:
        scale = self._machine.scale
        reads = (task.base.fixed[0] * scale).sum(axis=1)
        writes = (task.base.fixed[1] * scale).sum(axis=1)
        kinds = np.stack((reads, writes, reads + writes), axis=1)
        return np.asarray(kinds[self._limited[:, 0], self._limited[:, 1]])


def best_walk(best: AnyArray, control: AnyArray) -> Found | None:
    """The walk that a search remembered as its best (``Stack.best``); None when there is none."""
    length = int(control[LENGTH])
    if not length:
        return None
    steps, bounds = best[:length].T.tolist()
    return Found(tuple(steps), tuple(bounds), float(control[BEST_ENERGY]), float(control[BEST_BUSY]))


def waiting_bounds(stack: AnyArray, bound: AnyArray, top: int) -> list[tuple[float, float]]:
    """Bounds (dynamic energy, busy cycles) of everything on a stack (``Stack.at``) that was not looked at yet."""
    bounds: list[tuple[float, float]] = []
    for depth in range(top + 1):
        first = int(stack[depth, at.POSITION])
        if first >= 0:
            waiting = bound[depth, first : stack[depth, at.CHILDREN]]
            bounds += [(float(energy), float(busy)) for energy, busy in waiting]
        elif depth:
            energy, busy = bound[depth - 1, stack[depth - 1, at.POSITION] - 1]
            bounds.append((float(energy), float(busy)))
    return bounds


def _check_memory(space: SearchSpace, tiles: float, rows: int) -> None:
    """See that tables of so many rows over all tiles, and what is kept of each tile, are not too large."""
    if tiles * 8 * (rows + len(space.levels) + len(space.dimensions) + 2) <= MOST_TABLES:
        return
    named = ", ".join(f"{name} {extent}" for name, extent in zip(space.dimensions, space.extents, strict=True))
    raise SpecificationError(
        f"the sizes {named} have too many divisors to search: {tiles:.3g} tiles",
        where=f"problem {space.specification.problem.name}, dimensions",
        expected=f"tables of at most {MOST_TABLES / 1e9:g} GB",
        hint="constrain factors, or take sizes with fewer divisors",
    )


def _slabs(walks: Walks, costs: Costs, alike: AnyArray) -> AnyArray:
    """Numbers for what is to be remembered of loops that slide a boundary's tiles: (boundaries, D, levels).

    ``alike`` has a number for each level, the same for levels that share a slab.
    """
    spaces = walks.boundaries[:, at.SPACE]
    slide = (costs.nature[spaces, None] & at.BOXES > 0) & (costs.motion[spaces] != at.OWN_RANK)
    slabs = np.full((*slide.shape, len(alike)), at.STAYS, np.int64)
    level_of = np.repeat(walks.states[:-1, at.LEVEL], np.diff(walks.states[:, at.FIRST_STEP]))
    count = 0
    for b in np.flatnonzero(slide.any(axis=1)):
        settles = (walks.steps[:, at.SETTLED] >> b & 1 > 0) & (walks.steps[:, at.KIND] != at.NEXT_LEVEL)
        settles &= slide[b, walks.steps[:, at.DIMENSION]]
        for d, group in np.unique(np.stack((walks.steps[settles, at.DIMENSION], alike[level_of[settles]])), axis=1).T:
            slabs[b, d, alike == group] = count
            count += 1
    return slabs


def _empty_tiles(space: SearchSpace, assignments: Assignments) -> Tiles:
    """Room for the tiles of every assignment; the bounds of the factors are filled in."""
    dimensions, levels = len(space.dimensions), len(space.levels)
    width = max((len(factorization(extent).sizes) for extent in space.extents), default=1)
    totals = np.ones(len(assignments))
    for column in assignments.temporal.T:
        values, inverse = np.unique(column, return_inverse=True)
        totals *= np.array([len(factorization(int(value)).sizes) for value in values], np.int64)[inverse]
    _check_memory(space, totals.max(initial=1.0), 0)
    most = int(totals.max(initial=1.0))
    bounds = space.temporal_bounds
    rows = np.zeros((4, dimensions), np.int64)
    rows[at.FINAL] = np.where(bounds[at.MOST_FACTOR] > 1, np.arange(levels)[:, None], -1).max(axis=0, initial=-1)
    return Tiles(
        rows,
        bounds,
        np.zeros((dimensions, width), np.int64),
        np.zeros((dimensions, width), np.int64),
        np.zeros((dimensions, width, width, 2), np.int64),
        np.zeros((most, dimensions), np.int64),
        np.zeros((2, 0, dimensions, width), np.bool_),
        np.zeros((levels, most), np.int64),
    )


def _empty_stack(depth: int, width: int, figures: int) -> Stack:
    return Stack(
        np.zeros((depth, 4), np.int64),
        np.zeros((depth, figures)),
        np.zeros((depth, width, 3), np.int64),
        np.zeros((depth, width, 2)),
        np.zeros((depth, 2), np.int64),
    )
