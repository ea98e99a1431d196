"""Runs the compiled search of imperfect mappings on one spatial assignment at a time; owns the memory it works in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from launcher.engines.native.arrays import AnyArray, IntArray
from launcher.engines.native.mapper.costs.lower_bounds import Base, limited_slots
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.imperfect.assignments import ImperfectAssignments, work_of
from launcher.engines.native.mapper.imperfect.branch import explore, open_trail
from launcher.engines.native.mapper.imperfect.completion import complete
from launcher.engines.native.mapper.imperfect.incumbents import most_busy, reaches
from launcher.engines.native.mapper.imperfect.layout import Course, Layouts, course_of
from launcher.engines.native.mapper.imperfect.tables import Fans, Groups, LeastEnergies, Nodes, Trail, Work
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.branch import (
    FINISHED,
    FOUND,
    LENGTH,
    NODES,
    TOP,
)
from launcher.engines.native.mapper.kernels.search_tables import Goal, Rates, Walks
from launcher.engines.native.mapper.search.automaton import Automaton
from launcher.engines.native.mapper.search.solver import Found, Task, best_walk, waiting_bounds
from launcher.engines.native.mapper.space.bypass import Pattern
from launcher.engines.native.mapper.space.mapspace import SearchSpace

FEW_ENTRIES, MORE_ENTRIES = 1500, (30_000, 400_000)
"""Entries of a state's table: for the bound of one of many assignments, and for the search of a promising one."""


_Key = tuple[int, int]
"""Number of an assignment and id of an automaton; the plan keeps all automata that there are."""

_NOTHING = Base(0.0, np.zeros((2, 0, 0)))
"""The tables hold everything."""


@dataclass(frozen=True)
class _Shape:
    """What all assignments have in common under one choice of keep and bypass.

    Attributes:
        work: what is mapped.
        course: the way of a nest through the levels.
        levels: (states,) of each state.
        settled: (2, pairs) boundaries, and levels (or the end) that settle them.
    """

    work: Work
    course: Course
    levels: IntArray
    settled: IntArray


@dataclass(frozen=True)
class _Prepared:
    """What an assignment's search reads.

    Attributes:
        key: assignment and automaton.
        energy_pj: least dynamic energy.
        finest: whether every node is a group of its own.
        against: whether mappings that are worse than an incumbent are left out.
    """

    key: _Key
    work: Work
    fans: Fans
    nodes: Nodes
    groups: Groups
    tables: LeastEnergies
    energy_pj: float
    finest: bool
    against: bool


class ImperfectSolver:
    """Tables and trails for one mapspace; not to be shared between threads."""

    def __init__(self, space: SearchSpace, machine: Machine, assignments: ImperfectAssignments) -> None:
        self._space, self._machine, self._assignments = space, machine, assignments
        self._limited = np.ascontiguousarray(limited_slots(machine))
        self._shapes: dict[int, _Shape] = {}
        self._layouts = Layouts()
        self._fans: dict[_Key, Fans] = {}
        self._depth = len(space.levels) * (len(space.dimensions) + 1) + 3
        self._best, self._energy, self._row = np.empty(0), np.empty(0), np.empty(0)
        self._fits = np.empty(0, np.bool_)
        self._trail: Trail | None = None
        self._counts = np.zeros((2, 3, len(space.levels), len(machine.tensors)), np.int64)
        self._control = np.zeros(5)
        self._prepared: _Prepared | None = None
        self._hopeless: set[_Key] = set()

    def task(self, automaton: Automaton, index: int, chosen: tuple[Pattern, ...]) -> Task:
        """What is to be searched."""
        self._fans[index, id(automaton)] = self._assignments.fans(index, chosen)
        return Task(automaton, _NOTHING, index)

    def prepare(self, task: Task) -> float:
        """A lower bound of the dynamic energy of an assignment's mappings; infinite when there is none."""
        one = self._prepared
        if one is None or one.key != _key(task) or one.against:
            return self._fill(task, FEW_ENTRIES, inf)
        self._open(task, one)
        return one.energy_pj

    def begin(self, task: Task, goal: Goal, *, glance: bool = False) -> None:
        """Put the root of an assignment on the trail.

        Unless only a glance is wanted, the tables are made anew, finer and finer, without what takes too long to be
        better than the incumbent, until they leave no hope or are as fine as can be. Those that were made last still
        serve: the incumbent has only got better since.
        """
        self._control[:] = 0.0
        one = self._prepared
        if not glance and one is not None and one.key == _key(task) and one.against:
            self._open(task, one)
        elif not self._refine(task, goal, () if glance else MORE_ENTRIES):
            self._hopeless.add(_key(task))
            self._control[TOP] = -1

    def restart(self) -> None:
        """Forget the incumbents that searches were hopeless against."""
        self._hopeless.clear()
        self._prepared = None

    def _refine(self, task: Task, goal: Goal, sizes: tuple[int, ...]) -> bool:
        """Make tables of these sizes, until they leave no hope; whether there is some."""
        energy_pj = inf if _key(task) in self._hopeless else self.prepare(task)
        for most_entries in sizes:
            if energy_pj < inf:
                # Other mappings that are as good as the incumbent may be asked for later.
                most_steps = most_busy(goal._replace(canonical=True), self._rates(task), energy_pj)
                energy_pj = self._fill(task, most_entries, most_steps, goal)
            if self._prepared is not None and self._prepared.finest:
                break
        return energy_pj < inf

    def _fill(self, task: Task, most_entries: int, most_steps: float, goal: Goal | None = None) -> float:
        walks, shape, key = task.automaton.walks, self._shape(task.automaton), _key(task)
        work, fans = shape.work, self._fans[key]
        laid = self._layouts.lay_out(work, fans, shape.course, most_entries, most_steps)
        self._prepared = None
        if laid is None:
            return inf
        nodes, groups, finest = laid
        tables = self._tables(shape, groups)
        fits_at = np.where(nodes.following >= 0, np.cumsum(groups.size[:-1]) - groups.size[:-1], -1)
        self._fits = _room(self._fits, int(groups.size.sum()))
        self._row = _room(self._row, int(groups.size.max()))
        room = self._fits, fits_at, self._row
        complete(work, fans, groups, nodes, walks, tables, *room, 0.0)
        one = _Prepared(key, work, fans, nodes, groups, tables, inf, finest, goal is not None)
        energy_pj, _ = self._open(task, one)
        self._prepared = replace(one, energy_pj=energy_pj)
        if goal is None or not energy_pj < inf:
            return energy_pj
        # Against the incumbent delays matter as well; their energies have a table of their own.
        slow = tables._replace(best=np.empty(len(tables.best)))
        complete(work, fans, groups, nodes, walks, slow, *room, self._delay_pj(task, goal, energy_pj))
        self._prepared = replace(self._prepared, tables=tables._replace(slow=slow.best))
        _, delayed_pj = self._open(task, self._prepared)
        steps = float(self._assignments.iterations[task.index])
        return energy_pj if reaches(goal, self._rates(task), delayed_pj, steps) else inf

    def _open(self, task: Task, one: _Prepared) -> tuple[float, float]:
        """Put the root of what is prepared on the trail; least dynamic energy, and with what delays cost."""
        width = int((one.work.extents + 1).sum()) + 2
        if self._trail is None or self._trail.child.shape[1] < width:
            self._trail = _empty_trail(self._depth, width, one.fans.ends.shape, len(self._limited), one.work)
        walks = task.automaton.walks
        least: tuple[float, float] = open_trail(
            one.work, one.fans, one.groups, one.nodes, walks, one.tables, self._trail
        )  # fmt: skip
        return least

    def _delay_pj(self, task: Task, goal: Goal, energy_pj: float) -> float:
        """What a delay of a factor e ** x costs at least, per x, in terms of dynamic energy.

        A criterion E * C ** b with the least steps C0 is at least C0 ** b * (E + b * E0 * x) when C is at least
        C0 * e ** x and E at least E0. Latency makes part of the time come without steps.
        """
        energy_power, cycles_power = goal.powers[0]
        if not energy_power:
            return 0.0
        steps = float(self._assignments.iterations[task.index])
        total_pj = energy_pj + float(self._assignments.leak_pj[task.index]) * steps
        return float(cycles_power * total_pj * steps / (steps + self._machine.latency))

    def resume(self, task: Task, goal: Goal, *, slice_nodes: float, report: bool = False) -> bool:
        """Search on for one slice; False when the assignment is exhausted.

        The incumbent is updated in place, unless ``report`` has every promising mapping handed out at once.
        """
        one = self._prepared
        if one is None or self._trail is None:
            return False
        self._control[LENGTH] = self._control[LENGTH] if not report else 0
        status = explore(
            one.work, one.fans, one.groups, one.nodes, task.automaton.walks, one.tables, self._rates(task), goal,
            self._trail, self._counts, self._control, int(slice_nodes), report,
        )  # fmt: skip
        return bool(status != FINISHED and not (status == FOUND and goal.canonical))

    def found(self) -> Found | None:
        """The best mapping found since ``begin``."""
        return None if self._trail is None else best_walk(self._trail.best, self._control)

    @property
    def nodes(self) -> int:
        """Nodes visited since ``begin``."""
        return int(self._control[NODES])

    def open_bounds(self) -> list[tuple[float, float]]:
        """Bounds (dynamic energy, busy cycles) of everything on the trail that was not looked at yet."""
        if self._trail is None:
            return []
        return waiting_bounds(self._trail.at, self._trail.bound, int(self._control[TOP]))

    def _shape(self, automaton: Automaton) -> _Shape:
        if id(automaton) not in self._shapes:
            work, walks = work_of(self._space, self._machine, automaton.keep), automaton.walks
            levels = len(self._space.levels)
            self._shapes[id(automaton)] = _Shape(
                work, course_of(walks, levels), walks.states[:-1, at.LEVEL], _settled(walks, levels)
            )
        return self._shapes[id(automaton)]

    def _tables(self, shape: _Shape, groups: Groups) -> LeastEnergies:
        sizes = groups.size[shape.levels]
        self._best = _room(self._best, int(sizes.sum()))
        boundaries, settling = shape.settled
        energies = groups.size[settling]
        energy_at = np.full((int(boundaries.max(initial=-1)) + 1, len(groups.size)), -1, np.int64)
        energy_at[boundaries, settling] = np.cumsum(energies) - energies
        self._energy = _room(self._energy, int(energies.sum()))
        return LeastEnergies(self._best, self._best, np.cumsum(sizes) - sizes, self._energy, energy_at)

    def _rates(self, task: Task) -> Rates:
        machine = self._machine
        nothing = np.zeros((2, 0, 0))
        leak = float(self._assignments.leak_pj[task.index])
        return Rates(self._limited, machine.limits, machine.scale, nothing, nothing, leak, float(machine.latency))


def _room(array: AnyArray, entries: int) -> AnyArray:
    """An array with so many entries at least."""
    return array if len(array) >= entries else np.empty(entries, array.dtype)


def _key(task: Task) -> _Key:
    return task.index, id(task.automaton)


def _settled(walks: Walks, end: int) -> IntArray:
    """(2, pairs) each boundary with the levels, and the end, that settle it."""
    pairs = []
    level_of = np.repeat(walks.states[:-1, at.LEVEL], np.diff(walks.states[:, at.FIRST_STEP]))
    leaves = walks.steps[:, at.KIND] == at.NEXT_LEVEL
    ends = leaves & (walks.states[walks.steps[:, at.TARGET], at.LEVEL] == end)
    for b in range(len(walks.boundaries)):
        settles = walks.steps[:, at.SETTLED] >> b & 1 > 0
        pairs += [(b, int(level)) for level in np.unique(level_of[settles])]
        pairs += [(b, end)] if (settles & ends).any() else []
    return np.array(pairs, np.int64).reshape(-1, 2).T


def _empty_trail(depth: int, width: int, shape: tuple[int, ...], slots: int, work: Work) -> Trail:
    spaces, dimensions = work.relevant.shape
    return Trail(
        at=np.zeros((depth, 4), np.int64),
        figures=np.zeros((depth, 2 + slots)),
        node=np.zeros((depth, dimensions), np.int64),
        left=np.zeros((depth, dimensions), np.int64),
        tile=np.zeros((depth, dimensions), np.int64),
        steps=np.zeros((depth, dimensions), np.int64),
        served=np.zeros((depth, spaces, dimensions), np.int64),
        ends=np.ones((depth, *shape), np.int64),
        places=np.zeros((depth, *shape), np.int64),
        child=np.zeros((depth, width, 3), np.int64),
        bound=np.zeros((depth, width, 2)),
        best=np.zeros((depth, 2), np.int64),
    )
