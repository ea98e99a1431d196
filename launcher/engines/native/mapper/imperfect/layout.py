"""Nodes and their groups for one spatial assignment, dimension by dimension; equal ones are made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from launcher.engines.native.arrays import AnyArray, IntArray
from launcher.engines.native.mapper.imperfect.grouping import group_nodes, room_of
from launcher.engines.native.mapper.imperfect.remains import DimensionNodes, list_nodes
from launcher.engines.native.mapper.imperfect.tables import Fans, Groups, Nodes, Work
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.search_tables import Walks

Course = tuple[IntArray, int]
"""(L,) the level that a nest goes on with after each level (-1: it never stops there), and where it begins."""


@dataclass
class Layouts:
    """What can remain of each dimension, for any spatial assignment."""

    _dimensions: dict[tuple[object, ...], DimensionNodes] = field(default_factory=dict)
    _nodes: dict[tuple[int, ...], Nodes] = field(default_factory=dict)

    def lay_out(
        self, work: Work, fans: Fans, course: Course, most_entries: int, most_steps: float = inf
    ) -> tuple[Nodes, Groups, bool] | None:
        """Nodes and groups of one assignment, and whether each node is a group; None if there is no nest.

        Args:
            work, fans, course: what is to be mapped.
            most_entries: of a table of any state.
            most_steps: in time, of the whole nest.
        """
        following, start = course
        room = room_of(work, fans)
        least_steps = -(-work.extents // fans.outside[0])
        parts = []
        for d in range(len(work.extents)):
            own_steps = most_steps * least_steps[d] / least_steps.prod(dtype=float)
            part = self._of(work, fans, d, following, start, room[:, d], own_steps)
            if not part.counts[min(start, len(work.capacity))]:
                return None
            parts.append(part)
        key = tuple(map(id, parts))  # the parts are kept, and know what follows
        if key not in self._nodes:
            self._nodes[key] = _stacked_nodes(parts, following, start)
        nodes = self._nodes[key]
        return nodes, *group_nodes(work, nodes, float(most_entries))

    def _of(
        self, work: Work, fans: Fans, d: int, following: IntArray, start: int, room: IntArray, most_steps: float
    ) -> DimensionNodes:  # fmt: skip
        ends = np.ascontiguousarray(fans.ends[:, d])
        most_steps = np.floor(min(most_steps, float(work.extents[d])) * (1 + 1e-12))
        key = (d, ends.tobytes(), following.tobytes(), start, room.tobytes(), most_steps)
        if key not in self._dimensions:
            self._dimensions[key] = list_nodes(
                int(work.extents[d]), ends, np.ascontiguousarray(work.bounds[:, :, d]), bool(work.divides[d]),
                bool(work.perfect[d]), following, start, np.ascontiguousarray(room), most_steps,
            )  # fmt: skip
        return self._dimensions[key]


def course_of(walks: Walks, levels: int) -> Course:
    """The way of a nest through the levels."""
    following = np.full(levels, -1, np.int64)
    level_of = np.repeat(walks.states[:-1, at.LEVEL], np.diff(walks.states[:, at.FIRST_STEP]))
    leaving = walks.steps[:, at.KIND] == at.NEXT_LEVEL
    following[level_of[leaving]] = walks.states[walks.steps[leaving, at.TARGET], at.LEVEL]
    return following, int(walks.states[-2, at.LEVEL])


def _stacked(parts: Sequence[AnyArray], fill: int = 0) -> AnyArray:
    """Arrays (levels, width) side by side: (levels, D, most width)."""
    width = max([1, *(part.shape[1] for part in parts)])
    array = np.full((parts[0].shape[0], len(parts), width), fill, parts[0].dtype)
    for d, part in enumerate(parts):
        array[:, d, : part.shape[1]] = part
    return array


def _stacked_nodes(parts: list[DimensionNodes], following: IntArray, start: int) -> Nodes:
    return Nodes(
        value=_stacked([part.value for part in parts]),
        counts=np.stack([part.counts for part in parts], axis=1),
        first=_stacked([part.first for part in parts]),
        to=_stacked([part.to for part in parts]),
        cross=_stacked([part.cross for part in parts], -1),
        reach=np.stack([part.reach for part in parts], axis=1),
        following=following,
        start=start,
    )
