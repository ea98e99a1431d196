"""Imperfect mappings of a batch: legality as for perfect ones, figures by the compiled code that the search uses.

It counts what ``native.imperfect`` defines, but not transfers by number of destinations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.batch.nest_arrays import Nests, legality, words_of
from launcher.engines.native.batch.specification_tables import Tables
from launcher.engines.native.compilation import kernel
from launcher.engines.native.mapper.costs.machine_constants import Machine, machine_of
from launcher.engines.native.mapper.costs.network_prices import word_prices
from launcher.engines.native.mapper.imperfect.assignments import assignments_of, work_of
from launcher.engines.native.mapper.imperfect.tables import Fans, Work
from launcher.engines.native.mapper.imperfect.windows import figures_with_windows
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace, mapspace_of
from launcher.errors import SpecificationError
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class ImperfectFigures:
    """Evaluates imperfect mappings of one specification.

    Attributes:
        tables: the specification.
        space, machine: the same, as the search has it.
    """

    tables: Tables
    space: SearchSpace
    machine: Machine

    def counts(self, factors: AnyArray, orders: AnyArray) -> AnyArray:
        """(M,) which mappings are some of the problem, perfect or not, and can be evaluated here.

        Every end is at most what the loops inside leave, and all loops leave nothing; orders are permutations; windows
        have perfect factors.

        Args:
            factors, orders: (M, L, 3, all dimensions) as in ``MappingBatch``.
        """
        right = np.asarray((np.sort(orders, axis=3) == np.arange(orders.shape[3])).all(axis=(1, 2, 3)))
        right &= (factors > 0).all(axis=(1, 2, 3))
        remains = np.repeat(np.array([self.tables.extents], np.int64), len(factors), axis=0)
        problem = self.space.specification.problem
        windows = np.array([name in problem.sliding for name in problem.dimensions], np.bool_)
        for level in range(factors.shape[1]):
            for block in range(factors.shape[2]):
                ends = np.maximum(factors[:, level, block].astype(np.int64), 1)
                right &= (ends <= remains).all(axis=1) & (remains % ends == 0).all(axis=1, where=windows)
                remains = -(-remains // ends)
        return np.asarray(right & (remains == 1).all(axis=1))

    def evaluate(self, nests: Nests) -> tuple[AnyArray, AnyArray, AnyArray]:
        """(M,) whether each mapping is legal, its energy in pJ and its cycles; 0 where it is not legal."""
        sizes = np.array(self.space.extents, np.float64)[:, np.newaxis]
        clipped = np.minimum(nests.extents, sizes)
        tiles = [[words_of(tensor, extents) for extents in clipped] for tensor in self.tables.tensors]
        legal = legality(self.tables, nests, tiles)
        energy, cycles = np.zeros(len(legal)), np.zeros(len(legal), np.int64)
        which = np.flatnonzero(legal)
        if which.size:
            energy[which], cycles[which] = self._figures(nests[which])
        return legal, energy, cycles

    def _figures(self, nests: Nests) -> tuple[AnyArray, AnyArray]:
        ends, places, spatial = (_first(array) for array in (nests.temporal, nests.places, nests.spatial))
        keep = np.ascontiguousarray(np.moveaxis(nests.keep, -1, 0), np.bool_)
        fixed = assignments_of(self.space, self.machine, SpatialAssignments(self.space, spatial, spatial[:, :, 0]))
        energy, busy = np.zeros((2, len(ends)))
        work = work_of(self.space, self.machine, keep[0])
        outside, prices = _first(fixed.outside), fixed.prices(fixed.instances.T)
        _judge(work, fixed.fans(0), keep, spatial, outside, prices, ends, places, energy, busy)
        return energy + fixed.leak_pj * busy, busy.astype(np.int64) + self.machine.latency


def _first(array: AnyArray) -> AnyArray:
    """Whole numbers, mappings from the last axis to the first."""
    return np.ascontiguousarray(np.moveaxis(array, -1, 0), np.int64)


@kernel
def _judge(
    work: Work, fans: Fans, keep: AnyArray, spatial: AnyArray, outside: AnyArray, prices: AnyArray, ends: AnyArray,
    places: AnyArray, energy: AnyArray, busy: AnyArray,
) -> None:  # fmt: skip
    """Dynamic energy and busy cycles of mappings.

    Args:
        work, fans: what all of them have in common; ``keep``, ``ends`` and ``prices`` in them are not looked at.
        keep: (M, L, P) as in ``Work``.
        spatial, outside, prices: (M, ...) ends of fan-outs, their products and prices as in ``Fans``.
        ends, places: (M, L, D) of the temporal loops.
        energy, busy: (M,) filled in.
    """
    tile = np.ones(ends.shape[2], np.int64)
    total, busiest = np.zeros((3, *work.keep.shape), np.int64), np.zeros((3, *work.keep.shape), np.int64)
    for m in range(len(ends)):
        own_work = Work(
            work.extents, work.relevant, work.read_write, work.boxes, work.slides, work.coefficient, work.windowed,
            keep[m], work.weight, work.bounds, work.divides, work.perfect, work.capacity, work.least_fill, work.reuse,
            work.multicast, work.apart, work.together, work.elides, work.limits, work.scale,
        )  # fmt: skip
        own_fans = Fans(
            spatial[m], outside[m], fans.instances, prices[m], fans.network, fans.own, fans.first, fans.compute_pj,
            fans.least_busy,
        )  # fmt: skip
        for d in range(len(tile)):
            tile[d] = 1
            for level in range(ends.shape[1]):
                tile[d] *= spatial[m, level, d] * ends[m, level, d]
        energy[m], busy[m] = figures_with_windows(own_work, own_fans, ends[m], places[m], tile, total, busiest)


def imperfect_figures(specification: Specification, tables: Tables) -> ImperfectFigures | None:
    """The evaluation of a specification's imperfect mappings; None when only the plain model can tell."""
    try:
        space = mapspace_of(specification)
        machine = machine_of(space)
        word_prices(specification, machine)
    except SpecificationError:
        return None
    if machine.windowed_results.any():
        return None
    return ImperfectFigures(tables, space, machine)
