"""Runs the compiled search on one spatial assignment at a time, and owns the memory it works in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from launcher.engines.native.mapper.automaton import Automaton
from launcher.engines.native.mapper.base import Base
from launcher.engines.native.mapper.branch import PAUSED, explore
from launcher.engines.native.mapper.coefficients import Assignments, Machine
from launcher.engines.native.mapper.factors import divisors
from launcher.engines.native.mapper.kernels import best_completions, fill_tables
from launcher.engines.native.mapper.mapspace import Mapspace

SLICE = 200_000
"""Nodes between two looks at the clock."""


@dataclass(frozen=True)
class Problem:
    """One choice of keep and bypass over all spatial assignments."""

    automaton: Automaton
    base: Base


@dataclass(frozen=True)
class Found:
    """The best walk of one assignment: automaton steps, the bound of each step's loop, its energy and cycles."""

    steps: tuple[int, ...]
    bounds: tuple[int, ...]
    energy_pj: float
    busy: float


class Solver:
    """Tables and stacks for one mapspace; not to be shared between threads."""

    def __init__(self, space: Mapspace, machine: Machine, assignments: Assignments) -> None:
        self._space, self._machine, self._assignments = space, machine, assignments
        dimensions, levels = len(space.dimensions), len(space.levels)
        width = max((len(divisors(extent)) for extent in space.extents), default=1)
        counts = np.ones(len(assignments.temporal), np.int64)
        for d in range(dimensions):
            column = assignments.temporal[:, d]
            values, inverse = np.unique(column, return_inverse=True)
            counts *= np.array([len(divisors(int(value))) for value in values])[inverse]
        self._most_tiles = int(counts.max(initial=1))
        self._least = np.array([[b.least for b in level.temporal] for level in space.levels], np.int64)
        self._most = np.array([[b.most for b in level.temporal] for level in space.levels], np.int64)
        self._least = self._least.reshape(levels, dimensions)
        self._most = self._most.reshape(levels, dimensions)
        self._radix = np.zeros(dimensions, np.int64)
        self._stride = np.zeros(dimensions, np.int64)
        self._divisor = np.zeros((dimensions, width), np.int64)
        self._count = np.zeros((dimensions, width), np.int64)
        self._grown = np.zeros((dimensions, width, width), np.int64)
        self._factor = np.zeros((dimensions, width, width), np.int64)
        self._digit = np.zeros((self._most_tiles, dimensions), np.int64)
        self._roomy = np.zeros((levels, self._most_tiles), np.bool_)
        self._fitting = np.zeros((levels, self._most_tiles), np.bool_)
        self._limited = np.argwhere(np.isfinite(machine.bandwidth))
        self._slot_bandwidth = machine.bandwidth[self._limited[:, 0], self._limited[:, 1]]
        self._children = width * max(dimensions, 1) + 1
        self._depth = levels * (dimensions + 1) + 2
        self._prepared: tuple[int, int] | None = None
        self._energy = np.zeros((0, 0))
        self._best = np.zeros((0, 0))
        self._stack: tuple[NDArray[np.generic], ...] = ()
        self._stack_boundaries = -1
        self.control = np.zeros(5)

    def prepare(self, problem: Problem, index: int) -> float:
        """Least dynamic energy of an assignment's mappings (infinite when there is none)."""
        automaton, row = problem.automaton, self._row(index)
        self._prepared = (id(problem), index)
        keep = np.array(automaton.keep, np.bool_)
        machine = self._machine
        tiles = fill_tables(
            row.temporal, self._radix, self._divisor, self._count, self._grown, self._factor, self._digit,
            self._stride, machine.relevant, keep, row.tile, machine.capacity, machine.least_fill, self._roomy,
            self._fitting,
        )  # fmt: skip
        if self._best.shape[0] < automaton.states:
            self._best = np.empty((automaton.states, self._most_tiles))
        if self._energy.shape[0] < len(automaton.boundaries):
            self._energy = np.empty((len(automaton.boundaries), self._most_tiles))
        best_completions(
            automaton.level, automaton.first_step, automaton.kind, automaton.dimension, automaton.target,
            automaton.settled, automaton.boundaries, row.temporal, self._radix, self._divisor, self._count,
            self._grown, self._factor, self._digit, self._stride, tiles, self._roomy, self._fitting, self._least,
            self._most, machine.relevant, row.part, row.tile, machine.read_write, machine.block, row.read_pj,
            row.fill_pj, row.update_pj, row.network_pj, self._energy, self._best,
        )  # fmt: skip
        return float(problem.base.energy_pj[index] + self._best[automaton.states - 1, 0])

    def begin(self, problem: Problem, index: int) -> None:
        """Put the root of an assignment on the stack."""
        if self._prepared != (id(problem), index):
            self.prepare(problem, index)
        boundaries = max(len(problem.automaton.boundaries), 1)
        if self._stack_boundaries < boundaries:
            self._allocate_stack(boundaries)
        at_state, at_tile, at_energy, at_need, _, _, position, *_ = self._stack
        at_state[0], at_tile[0], position[0] = problem.automaton.states - 1, 0, -1
        at_energy[0] = problem.base.energy_pj[index]
        at_need[0] = self._base_need(problem, index)
        self.control[:] = 0.0

    def resume(
        self, problem: Problem, index: int, order: NDArray[np.int64], incumbent: NDArray[np.float64], *, canonical: bool
    ) -> bool:
        """Search on for one slice; False when the assignment is exhausted (or, canonical, a mapping was found).

        Args:
            problem, index: what ``begin`` was called with.
            order: criteria, the first first.
            incumbent: their values; updated in place when a better mapping is found.
            canonical: walk in a fixed order and stop at the first mapping that is as good as the incumbent.
        """
        automaton, machine, row = problem.automaton, self._machine, self._row(index)
        status = explore(
            self.control, SLICE, not canonical, canonical, order, incumbent, row.leak_pj, float(machine.latency),
            row.iterations, automaton.level, automaton.first_step, automaton.kind, automaton.dimension,
            automaton.target, automaton.settled, automaton.boundaries, row.temporal, self._divisor, self._count,
            self._grown, self._factor, self._digit, self._stride, self._roomy, self._fitting, self._least, self._most,
            machine.relevant, row.part, row.tile, machine.read_write, self._limited[:, 0].copy(),
            self._limited[:, 1].copy(), self._slot_bandwidth, machine.bandwidth, machine.scale,
            problem.base.reads[index], problem.base.writes[index], self._energy, self._best, *self._stack,
        )  # fmt: skip
        return bool(status == PAUSED)

    def found(self, problem: Problem) -> Found | None:
        """The best mapping found since ``begin``."""
        length = int(self.control[2])
        if not length:
            return None
        steps, tiles = self._stack[-2][:length], self._stack[-1][:length]
        bounds = []
        for i, step in enumerate(steps):
            after = tiles[i + 1] if i + 1 < length else tiles[i]
            d = problem.automaton.dimension[step]
            old, new = self._digit[tiles[i], d], self._digit[after, d]
            bounds.append(int(self._divisor[d, new] // self._divisor[d, old]))
        return Found(tuple(int(s) for s in steps), tuple(bounds), float(self.control[3]), float(self.control[4]))

    @property
    def nodes(self) -> int:
        """Nodes visited since ``begin``."""
        return int(self.control[1])

    def _row(self, index: int) -> Assignments:
        a = self._assignments
        return Assignments(
            a.spatial[index], a.temporal[index], a.iterations[index], a.tile[index], a.part[index], a.read_pj[index],
            a.fill_pj[index], a.update_pj[index], a.network_pj[index], a.leak_pj[index], a.compute_pj,
        )  # fmt: skip

    def _base_need(self, problem: Problem, index: int) -> NDArray[np.float64]:
        scale = self._machine.scale
        reads = (problem.base.reads[index] * scale).sum(axis=1)
        writes = (problem.base.writes[index] * scale).sum(axis=1)
        kinds = np.stack((reads, writes, reads + writes), axis=1)
        return np.asarray(kinds[self._limited[:, 0], self._limited[:, 1]])

    def _allocate_stack(self, boundaries: int) -> None:
        depth, width = self._depth, self._children
        self._stack_boundaries = boundaries
        self._stack = (
            np.zeros(depth, np.int64),
            np.zeros(depth, np.int64),
            np.zeros(depth),
            np.zeros((depth, len(self._limited))),
            np.zeros((depth, boundaries)),
            np.zeros(depth, np.int64),
            np.zeros(depth, np.int64),
            np.zeros((depth, width), np.int64),
            np.zeros((depth, width), np.int64),
            np.zeros((depth, width)),
            np.zeros((depth, width)),
            np.zeros(depth, np.int64),
            np.zeros(depth, np.int64),
        )
