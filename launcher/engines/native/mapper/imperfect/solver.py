"""Runs the compiled search of imperfect mappings on one spatial assignment at a time; owns the memory it works in."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from launcher.engines.native.arrays import AnyArray, IntArray
from launcher.engines.native.mapper.costs.lower_bounds import Base, limited_slots
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.imperfect.assignments import ImperfectAssignments, work_of
from launcher.engines.native.mapper.imperfect.branch import explore, most_busy, open_trail, reaches
from launcher.engines.native.mapper.imperfect.completion import complete
from launcher.engines.native.mapper.imperfect.layout import Layouts
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
from launcher.engines.native.mapper.search.solver import SLICE, Found, Task, best_walk, waiting_bounds
from launcher.engines.native.mapper.space.bypass import Pattern
from launcher.engines.native.mapper.space.mapspace import SearchSpace

FEW_ENTRIES, MORE_ENTRIES = 4000, (30_000, 400_000)
"""Entries of a state's table: for the bound of one of many assignments, and for the search of a promising one."""


_NOTHING = Base(0.0, np.zeros((2, 0, 0)))
"""The tables hold everything."""


@dataclass(frozen=True)
class _Prepared:
    """What an assignment's search reads; ``finest``: every node is a group of its own."""

    task: Task
    work: Work
    fans: Fans
    nodes: Nodes
    groups: Groups
    tables: LeastEnergies
    finest: bool


class ImperfectSolver:
    """Tables and trails for one mapspace; not to be shared between threads."""

    def __init__(self, space: SearchSpace, machine: Machine, assignments: ImperfectAssignments) -> None:
        self._space, self._machine, self._assignments = space, machine, assignments
        self._limited = np.ascontiguousarray(limited_slots(machine))
        self._works: dict[int, Work] = {}
        self._layouts = Layouts()
        self._fans: dict[tuple[int, int], Fans] = {}
        self._depth = len(space.levels) * (len(space.dimensions) + 1) + 3
        self._best, self._energy, self._row = np.empty(0), np.empty(0), np.empty(0)
        self._fits = np.empty(0, np.bool_)
        self._trail: Trail | None = None
        self._counts = np.zeros((2, 3, len(space.levels), len(machine.tensors)), np.int64)
        self._control = np.zeros(5)
        self._prepared: _Prepared | None = None
        self._hopeless: set[tuple[int, int]] = set()

    def task(self, automaton: Automaton, index: int, chosen: tuple[Pattern, ...]) -> Task:
        """What is to be searched."""
        self._fans[index, id(automaton)] = self._assignments.fans(index, chosen)
        return Task(automaton, _NOTHING, index)

    def prepare(self, task: Task) -> float:
        """A lower bound of the dynamic energy of an assignment's mappings; infinite when there is none."""
        return self._fill(task, FEW_ENTRIES, inf)

    def begin(self, task: Task, goal: Goal, *, glance: bool = False) -> None:
        """Put the root of an assignment on the trail.

        Unless only a glance is wanted, the tables are made anew, finer and finer, without what takes too long to be
        better than the incumbent, until they leave no hope or are as fine as can be.
        """
        self._control[:] = 0.0
        key = task.index, id(task.automaton)
        energy_pj = inf if key in self._hopeless else self.prepare(task)
        for most_entries in () if glance else MORE_ENTRIES:
            if energy_pj < inf:
                most_steps = most_busy(goal, self._rates(task), energy_pj)
                energy_pj = self._fill(task, most_entries, most_steps, goal)
            if self._prepared is not None and self._prepared.finest:
                break
        if not energy_pj < inf:
            self._hopeless.add(key)
            self._control[TOP] = -1

    def restart(self) -> None:
        """Forget the incumbents that searches were hopeless against."""
        self._hopeless.clear()

    def _fill(self, task: Task, most_entries: int, most_steps: float, goal: Goal | None = None) -> float:
        walks = task.automaton.walks
        work = self._work(task.automaton)
        fans = self._fans[task.index, id(task.automaton)]
        laid = self._layouts.lay_out(work, fans, walks, most_entries, most_steps)
        self._prepared = None
        if laid is None:
            return inf
        nodes, groups, finest = laid
        tables = self._tables(walks, groups, nodes)
        fits_at = np.where(nodes.following >= 0, np.cumsum(groups.size[:-1]) - groups.size[:-1], -1)
        self._fits = _room(self._fits, int(groups.size.sum()))
        self._row = _room(self._row, int(groups.size.max()))
        room = self._fits, fits_at, self._row
        complete(work, fans, groups, nodes, walks, tables, *room, 0.0)
        self._prepared = _Prepared(task, work, fans, nodes, groups, tables, finest)
        self._make_trail(self._prepared)
        assert self._trail is not None
        energy_pj, _ = open_trail(work, fans, groups, nodes, walks, tables, self._trail)
        if goal is None or not energy_pj < inf:
            return float(energy_pj)
        # Against the incumbent delays matter as well; their energies have a table of their own.
        slow = tables._replace(best=np.empty(len(tables.best)))
        complete(work, fans, groups, nodes, walks, slow, *room, self._delay_pj(task, goal, energy_pj))
        tables = tables._replace(slow=slow.best)
        self._prepared = _Prepared(task, work, fans, nodes, groups, tables, finest)
        _, delayed_pj = open_trail(work, fans, groups, nodes, walks, tables, self._trail)
        steps = float(self._assignments.iterations[task.index])
        return float(energy_pj) if reaches(goal, self._rates(task), delayed_pj, steps) else inf

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

    def resume(self, task: Task, goal: Goal, *, slice_nodes: float = SLICE, report: bool = False) -> bool:
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

    def _work(self, automaton: Automaton) -> Work:
        if id(automaton) not in self._works:  # the plan keeps all automata that there are
            self._works[id(automaton)] = work_of(self._space, self._machine, automaton.keep)
        return self._works[id(automaton)]

    def _tables(self, walks: Walks, groups: Groups, nodes: Nodes) -> LeastEnergies:
        levels = walks.states[:-1, at.LEVEL]
        sizes = groups.size[levels]
        at_state = np.cumsum(sizes) - sizes
        self._best = _room(self._best, int(sizes.sum()))
        energy_at, entries = _energy_places(walks, groups, levels)
        self._energy = _room(self._energy, entries)
        return LeastEnergies(self._best, self._best, at_state, self._energy, energy_at)

    def _make_trail(self, one: _Prepared) -> None:
        width = int((one.work.extents + 1).sum()) + 2
        if self._trail is None or self._trail.child.shape[1] < width:
            self._trail = _empty_trail(self._depth, width, one.fans.ends.shape, len(self._limited), one.work)

    def _rates(self, task: Task) -> Rates:
        machine = self._machine
        nothing = np.zeros((2, 0, 0))
        leak = float(self._assignments.leak_pj[task.index])
        return Rates(self._limited, machine.limits, machine.scale, nothing, nothing, leak, float(machine.latency))


def _room(array: AnyArray, entries: int) -> AnyArray:
    """An array with so many entries at least."""
    return array if len(array) >= entries else np.empty(entries, array.dtype)


def _energy_places(walks: Walks, groups: Groups, levels: IntArray) -> tuple[IntArray, int]:
    """Where each boundary's energies begin that a level (or the end) settles, and how many entries there are."""
    places = np.full((len(walks.boundaries), len(groups.size)), -1, np.int64)
    level_of = np.repeat(levels, np.diff(walks.states[:, at.FIRST_STEP]))
    entries = 0
    for b in range(len(walks.boundaries)):
        settles = walks.steps[:, at.SETTLED] >> b & 1 > 0
        ends = walks.states[walks.steps[:, at.TARGET], at.LEVEL] == len(groups.size) - 1
        ends &= walks.steps[:, at.KIND] == at.NEXT_LEVEL
        for level in (*np.unique(level_of[settles]), *([len(groups.size) - 1] if (settles & ends).any() else [])):
            places[b, level] = entries
            entries += int(groups.size[level])
    return places, entries


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
