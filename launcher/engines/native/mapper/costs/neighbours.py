"""Children of a fan-out that need the same word, and can get it from each other.

Only for data spaces whose tiles never overlap: there a child's word is known by the indices of the spatial loops that
move the data space, and two children need the same word or share none.
"""

from __future__ import annotations

from math import prod

import numpy as np

from launcher.engines.native.arrays import FloatArray
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace


class Children:
    """The children below one instance of a level, as one data space sees them.

    Children are numbered through the spatial loops, X first, and laid row by row over the physical mesh.

    Attributes:
        word: (rows, columns) which word each child needs; -1 where no child is in use.
    """

    def __init__(self, space: SearchSpace, machine: Machine, spatial: SpatialAssignments, where: tuple[int, int, int]):
        index, level, p = where
        factors = spatial.factors[index, level]
        x, y = spatial.layout(index, level)
        words = np.zeros(1, np.int64)
        different = 1
        for d in (*x, *y):
            bound = int(factors[d])
            step = different if machine.relevant[p, d] else 0
            words = (np.arange(bound)[:, None] * step + words[None, :]).ravel()
            different *= bound if step else 1
        if not machine.multicast[level, p]:
            words = np.arange(len(words)) * different + words
        block = space.levels[level].spatial
        columns = max(block.fanout_x, prod(int(factors[d]) for d in x))
        rows = max(block.fanout_y, prod(int(factors[d]) for d in y))
        mesh = np.full(rows * columns, -1, np.int64)
        mesh[: len(words)] = words
        self.word = mesh.reshape(rows, columns)
        self._same = different
        self._shares = bool(machine.multicast[level, p])

    def relayed_share(self) -> float:
        """Of the words that must be sent when no neighbour helps, the share that is left when each can help.

        A child can be helped when one of its four neighbours needs the same word.
        """
        needed = self.word % self._same if not self._shares else self.word
        needed = np.where(self.word < 0, -1, needed)
        helped = np.zeros(needed.shape, np.bool_)
        for ahead, behind in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
            same = (needed[ahead] == needed[behind]) & (needed[ahead] >= 0)
            helped[ahead] |= same
            helped[behind] |= same
        alone = self.word[(self.word >= 0) & ~helped]
        return len(np.unique(alone)) / len(np.unique(self.word[self.word >= 0]))


def relayed_shares(space: SearchSpace, machine: Machine, spatial: SpatialAssignments) -> FloatArray:
    """Per assignment and data space: of the words that compute units had just before, the share level 0 must repeat.

    Compute units keep nothing, but a unit whose neighbour was given the same word the step before gets it from there.
    For data spaces whose tiles can overlap this is a lower bound: possibly everything comes from a neighbour.
    """
    shares = np.ones((len(spatial.factors), len(machine.boxes)))
    if (spatial.factors[:, 0].prod(axis=1) == 1).all():
        return shares
    for p in np.flatnonzero(machine.links[0]):
        if machine.boxes[p]:
            shares[:, p] = spatial.factors[:, 0].prod(axis=1) == 1
            continue
        known: dict[tuple[bytes, int], float] = {}
        for index in range(len(spatial.factors)):
            key = (spatial.factors[index, 0].tobytes(), int(spatial.choice[index, 0]))
            if key not in known:
                known[key] = Children(space, machine, spatial, (index, 0, int(p))).relayed_share()
            shares[index, p] = known[key]
    return shares
