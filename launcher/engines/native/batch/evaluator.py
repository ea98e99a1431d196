"""Many mappings of one specification at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from launcher.engines.native.accesses import LeavesGapsError
from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.batch.costs import busy_cycles, energy_pj
from launcher.engines.native.batch.data_movement import batch_accesses, traffic_of
from launcher.engines.native.batch.imperfect import ImperfectFigures, imperfect_figures
from launcher.engines.native.batch.nest_arrays import Nests, legality, lower_batch, words_of
from launcher.engines.native.batch.specification_tables import build_tables
from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import LevelMapping, Loop, Mapping, with_residuals
from launcher.specification.specification import Specification

BLOCKS = ("spatial_x", "spatial_y", "temporal")
"""The third axis of ``MappingBatch.factors`` and ``orders``."""

CHUNK = 4096
"""Mappings worked on together: their arrays stay in the processor's cache."""


@dataclass(frozen=True)
class MappingBatch:
    """Mappings as arrays. M mappings, L levels (innermost first), 3 blocks, D dimensions, P data spaces.

    Attributes:
        factors: (M, L, 3, D) loop bounds; the blocks are spatial X, spatial Y, temporal. Residuals follow from them.
        orders: (M, L, 3, D) dimension numbers of each block's loops, innermost first: a permutation of 0..D-1.
        keep: (M, L, P) whether a data space is stored at a level.
    """

    factors: AnyArray
    orders: AnyArray
    keep: AnyArray

    def __len__(self) -> int:
        return int(self.factors.shape[0])

    def __getitem__(self, part: slice | AnyArray) -> MappingBatch:
        return MappingBatch(self.factors[part], self.orders[part], self.keep[part])


@dataclass(frozen=True)
class BatchResult:
    """Figures per mapping; those of an illegal one are 0.

    Attributes:
        legal: (M,) bool; also false for mappings that ``model.evaluate`` refuses because they leave gaps in a result.
        energy_pj: (M,) float.
        cycles: (M,) int.
    """

    legal: AnyArray
    energy_pj: AnyArray
    cycles: AnyArray


class BatchEvaluator:
    """``model.evaluate`` for many mappings of one specification, several hundred times as fast.

    Perfect mappings of tensors whose tiles never overlap need numpy only. The first convolution on a machine compiles
    for some seconds, and so do the first imperfect mappings; the result is cached on disk. Imperfect mappings go
    through the plain model one by one where networks charge transfers by number of destinations.

    Args:
        specification: what is mapped, energies included.

    Raises:
        SpecificationError: as ``model.evaluate`` does.
    """

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self._tables = build_tables(specification)

    @cached_property
    def _imperfect(self) -> ImperfectFigures | None:
        return imperfect_figures(self._specification, self._tables)

    def evaluate(self, batch: MappingBatch) -> BatchResult:
        """Evaluate all mappings of a batch.

        Raises:
            SpecificationError: a mapping whose factors do not make up the problem's extents, or whose orders are no
                permutations; says which one.
        """
        results = [self._chunk(batch, first) for first in range(0, len(batch), CHUNK)]
        if not results:
            return BatchResult(np.zeros(0, np.bool_), np.zeros(0), np.zeros(0, np.int64))
        return BatchResult(
            np.concatenate([result.legal for result in results]),
            np.concatenate([result.energy_pj for result in results]),
            np.concatenate([result.cycles for result in results]),
        )

    def _chunk(self, batch: MappingBatch, first: int) -> BatchResult:
        part = batch[first : first + CHUNK]
        legal = np.zeros(len(part), dtype=np.bool_)
        energy = np.zeros(len(part))
        cycles = np.zeros(len(part), dtype=np.int64)
        nests, perfect = lower_batch(self._tables, part.factors, part.orders, part.keep)
        if not perfect.all():
            return self._mixed(batch, first, nests, perfect)
        tiles = [[words_of(tensor, extents) for extents in nests.extents] for tensor in self._tables.tensors]
        legal[:] = legality(self._tables, nests, tiles)
        which = np.flatnonzero(legal)
        if which.size and self._tables.is_complete:
            if which.size < len(part):
                tiles = [[words[which] for words in levels] for levels in tiles]
                nests, part = nests[which], part[which]
            legal[which], cycles[which], energy[which] = self._figures(part, nests, tiles)
        for index in np.flatnonzero(legal & (np.isnan(energy) | (cycles == 0))):
            single = evaluate_single(self._specification, mapping_at(self._specification, batch, first + int(index)))
            legal[index], cycles[index], energy[index] = single.legal, single.cycles, single.energy_pj
        return BatchResult(legal, energy, cycles)

    def _figures(
        self, part: MappingBatch, nests: Nests, tiles: list[list[AnyArray]]
    ) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Of mappings that fit: whether no gaps are left, cycles, and energy (NaN where only the plain model knows)."""
        tables = self._tables
        accesses = []
        for number, tensor in enumerate(tables.tensors):
            traffic = traffic_of(tensor, nests, tiles[number], part.factors, part.orders)
            accesses.append(batch_accesses(tensor, nests, number, tiles[number], traffic))
        with np.errstate(invalid="ignore"):
            busy = busy_cycles(tables, nests, accesses)
            complete = np.ones(len(part), np.bool_)
            for access in chain.from_iterable(accesses):
                complete &= ~np.asarray(access.leaves_gaps)
            energy = energy_pj(tables, nests, accesses, busy)
            return complete, (busy + tables.latency) * complete, np.where(complete, energy, 0.0)

    def _mixed(self, batch: MappingBatch, first: int, nests: Nests, perfect: AnyArray) -> BatchResult:
        """A chunk of which some mappings are imperfect, or none at all."""
        legal = np.zeros(len(perfect), dtype=np.bool_)
        energy = np.zeros(len(perfect))
        cycles = np.zeros(len(perfect), dtype=np.int64)
        part = batch[first : first + len(perfect)]
        counted = np.zeros(len(perfect), np.bool_)
        if self._imperfect is not None:
            counted = ~perfect & self._imperfect.counts(part.factors, part.orders)
        if self._imperfect is not None and counted.any():
            legal[counted], energy[counted], cycles[counted] = self._imperfect.evaluate(nests[counted])
        for index in np.flatnonzero(~(perfect | counted)):
            self._check_orders(batch, first + int(index))
            single = evaluate(self._specification, mapping_at(self._specification, batch, first + int(index)))
            legal[index], energy[index], cycles[index] = single.legal, single.energy_pj, single.cycles
        if perfect.any():
            rest = self._chunk(part[perfect], 0)
            legal[perfect], energy[perfect], cycles[perfect] = rest.legal, rest.energy_pj, rest.cycles
        return BatchResult(legal, energy, cycles)

    def _check_orders(self, batch: MappingBatch, index: int) -> None:
        for level, block in np.ndindex(batch.orders.shape[1:3]):
            if sorted(batch.orders[index, level, block]) != list(range(batch.orders.shape[3])):
                raise SpecificationError(
                    f"orders[{index}, {level}, {block}] is no permutation of the dimensions",
                    where=f"mapping {index} of the batch, {BLOCKS[block]} loops",
                    expected="every dimension number once",
                )


def evaluate_single(specification: Specification, mapping: Mapping) -> Evaluation:
    """``model.evaluate``, but a mapping that leaves gaps in a result is illegal, as it is in a batch."""
    try:
        return evaluate(specification, mapping)
    except LeavesGapsError as error:
        return Evaluation(legal=False, reason=error.what)


def concatenated(batches: Sequence[MappingBatch]) -> MappingBatch:
    """The mappings of several batches of one specification, one after the other."""
    return MappingBatch(
        np.concatenate([batch.factors for batch in batches]),
        np.concatenate([batch.orders for batch in batches]),
        np.concatenate([batch.keep for batch in batches]),
    )


def batch_of(specification: Specification, mappings: Iterable[Mapping]) -> MappingBatch:
    """Mappings as arrays.

    Raises:
        SpecificationError: a mapping with two loops over one dimension in one block, which arrays cannot hold.
    """
    dimensions = {name: number for number, name in enumerate(specification.problem.dimensions)}
    spaces = specification.problem.data_space_names
    listed = list(mappings)
    shape = (len(listed), len(specification.architecture.levels), 3, len(dimensions))
    factors = np.ones(shape, dtype=np.int32)
    orders = np.zeros(shape, dtype=np.int8)
    keep = np.zeros((*shape[:2], len(spaces)), dtype=np.bool_)
    for m, mapping in enumerate(listed):
        for n, level in enumerate(mapping.levels):
            keep[m, n] = [space in level.keep for space in spaces]
            for b, loops in enumerate((level.spatial_x, level.spatial_y, level.temporal)):
                order = [dimensions[loop.dimension] for loop in loops]
                if len(set(order)) < len(order):
                    raise SpecificationError(
                        f"level {level.level!r} has two loops over one dimension in one block",
                        where=f"mapping, level {level.level}, {BLOCKS[b]}",
                        expected="at most one loop per dimension",
                    )
                factors[m, n, b, order] = [loop.bound for loop in loops]
                orders[m, n, b] = order + [number for number in dimensions.values() if number not in order]
    return MappingBatch(factors, orders, keep)


def mapping_at(specification: Specification, batch: MappingBatch, index: int) -> Mapping:
    """One mapping of a batch as a dataclass, with the residuals that follow from its factors."""
    dimensions = list(specification.problem.dimensions)
    spaces = specification.problem.data_space_names

    def loops(level: int, block: int) -> tuple[Loop, ...]:
        bounds = batch.factors[index, level, block].tolist()
        order = batch.orders[index, level, block].tolist()
        return tuple(Loop(dimensions[number], bounds[number]) for number in order if bounds[number] != 1)

    levels = tuple(
        LevelMapping(
            level=level.name,
            keep=tuple(space for space, kept in zip(spaces, batch.keep[index, number], strict=True) if kept),
            spatial_x=loops(number, 0),
            spatial_y=loops(number, 1),
            temporal=loops(number, 2),
        )
        for number, level in enumerate(specification.architecture.levels)
    )
    return with_residuals(Mapping(levels), specification.problem)
