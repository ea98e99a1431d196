"""Exact figures of mappings whose cost the search can only bound, from the model itself.

That is needed where tiles can overlap (convolutions) or children of a fan-out help each other in ways that have no
closed form. The search then works with lower bounds and hands out every complete nest whose bound is promising. A nest
stands for all mappings that differ from it only in the order of loops, or in the lay-out of fan-outs, that the bound
does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, permutations, product
from math import prod
from threading import Lock

import numpy as np

from launcher.engines.native.batch import (
    BatchEvaluator,
    BatchResult,
    MappingBatch,
    concatenated,
    evaluate_single,
    mapping_at,
)
from launcher.engines.native.batch.specification_tables import MOST_COMPUTES
from launcher.engines.native.mapper.search.automaton import Automaton, TemporalLoops
from launcher.engines.native.mapper.space.fan_outs import MeshLayout, SpatialAssignments, layouts
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification

AT_ONCE = 4096
"""Mappings of one nest that are judged together."""

SAME = 1e-9
"""Relative difference up to which a bound counts as reached."""


_Choice = tuple[MeshLayout, tuple[int, ...]]
"""Layout of a level's fan-out and order of its temporal loops."""


@dataclass(frozen=True)
class BoundedNest:
    """One complete nest: keep and bypass, a spatial assignment, temporal loops, and its bounds."""

    automaton: Automaton
    index: int
    loops: TemporalLoops
    energy_pj: float
    cycles: float


@dataclass(frozen=True)
class Verdict:
    """Exact figures of some of the mappings that a nest stands for.

    Attributes:
        batch: the mappings.
        energy_pj, cycles: their figures.
    """

    batch: MappingBatch
    energy_pj: np.ndarray
    cycles: np.ndarray


class Judge:
    """Evaluates the mappings of nests with the exact model.

    Args:
        space: the mapspace.
        spatial: its spatial assignments.
        settled_layouts: levels whose layout is part of the assignment.
    """

    def __init__(self, space: SearchSpace, spatial: SpatialAssignments, settled_layouts: set[int]) -> None:
        self._settled_layouts = settled_layouts
        self._space, self._spatial = space, spatial
        self._evaluate = _evaluator(space.specification)
        names = list(space.specification.problem.dimensions)
        self._numbers = [names.index(name) for name in space.dimensions]
        self._all = len(names)
        self._judged: set[tuple[object, ...]] = set()
        self._turn = Lock()

    def judge_together(self, nests: Sequence[BoundedNest]) -> Iterator[Verdict]:
        """Figures of the mappings of several nests at once, which takes hardly longer than one; many by themselves."""
        waiting: dict[tuple[object, ...], tuple[BoundedNest, list[list[_Choice]]]] = {}
        for nest in nests:
            key = self._key(nest)
            if key in waiting or self._is_judged(key):
                continue
            members = self._members(nest)
            if prod(len(choices) for choices in members) * len(nests) > AT_ONCE:
                yield from self.judge(nest)
            else:
                waiting[key] = nest, members
        if not waiting:
            return
        batches = [
            self._batch(nest, members, list(product(*(range(len(choices)) for choices in members))))
            for nest, members in waiting.values()
        ]
        batch = concatenated(batches)
        yield _verdict(batch, self._evaluate(batch))
        with self._turn:
            self._judged.update(waiting)

    def _is_judged(self, key: tuple[object, ...]) -> bool:
        with self._turn:
            return key in self._judged

    def judge(self, nest: BoundedNest) -> Iterator[Verdict]:
        """Figures of a nest's mappings, some at a time; nothing when they were all judged before."""
        if self._is_judged(self._key(nest)):
            return
        first = self._batch(nest, [[choice] for choice in self._own(nest)], [(0,) * len(self._space.levels)])
        result = self._evaluate(first)
        reached = bool(
            result.legal[0]
            and result.energy_pj[0] <= nest.energy_pj * (1 + SAME)
            and result.cycles[0] <= nest.cycles * (1 + SAME)
        )
        if reached:
            yield _verdict(first, result)
            return
        members = self._members(nest)
        numbers = product(*(range(len(choices)) for choices in members))
        while some := list(islice(numbers, AT_ONCE)):
            batch = self._batch(nest, members, some)
            yield _verdict(batch, self._evaluate(batch))
        with self._turn:
            self._judged.add(self._key(nest))

    def forget(self) -> None:
        """Judge again what was judged before."""
        self._judged.clear()

    def mapping(self, batch: MappingBatch, index: int) -> Mapping:
        """One mapping of a verdict."""
        return mapping_at(self._space.specification, batch, index)

    def _key(self, nest: BoundedNest) -> tuple[object, ...]:
        loops = tuple(frozenset(nest.loops.get(level, ())) for level in range(len(self._space.levels)))
        return nest.automaton.keep, nest.index, loops

    def _own(self, nest: BoundedNest) -> list[_Choice]:
        return [
            (self._spatial.layout(nest.index, level), tuple(d for d, _ in nest.loops.get(level, ())))
            for level in range(len(self._space.levels))
        ]

    def _members(self, nest: BoundedNest) -> list[list[_Choice]]:
        """Per level the layouts and temporal orders that all mappings with the nest's factors can have there."""
        options = []
        for number, level in enumerate(self._space.levels):
            loops = [d for d, _ in nest.loops.get(number, ())]
            given = [d for d in level.order if d in loops]
            orders = [(*given, *rest) for rest in permutations(sorted(d for d in loops if d not in given))]
            places = [self._spatial.layout(nest.index, number)]
            if number not in self._settled_layouts:
                factors = tuple(int(f) for f in self._spatial.factors[nest.index, number])
                places = list(layouts(self._space, level.spatial, factors))
            options.append(list(product(places, orders)))
        return options

    def _batch(self, nest: BoundedNest, options: list[list[_Choice]], which: list[tuple[int, ...]]) -> MappingBatch:
        """Some of all combinations of the levels' choices, by the number of each."""
        picks = np.array(which, np.int64).T
        levels = [self._level(nest, level, choices) for level, choices in enumerate(options)]
        factors = np.stack([bounds[pick] for (bounds, _), pick in zip(levels, picks, strict=True)], axis=1)
        orders = np.stack([order[pick] for (_, order), pick in zip(levels, picks, strict=True)], axis=1)
        keep = np.array(nest.automaton.keep, np.bool_)
        return MappingBatch(factors, orders, np.repeat(keep[None], len(factors), axis=0))

    def _level(self, nest: BoundedNest, level: int, choices: list[_Choice]) -> tuple[np.ndarray, np.ndarray]:
        """Loop bounds and orders of one level, per choice: (choices, 3, dimensions)."""
        factors = np.ones((len(choices), 3, self._all), np.int64)
        orders = np.zeros(factors.shape, np.int8)
        spatial = self._spatial.factors[nest.index, level]
        bounds = dict(nest.loops.get(level, ()))
        for c, ((x, y), order) in enumerate(choices):
            for block, loops in enumerate((x, y, order)):
                numbers = [self._numbers[d] for d in loops]
                factors[c, block, numbers] = [bounds[d] if block == 2 else spatial[d] for d in loops]
                orders[c, block] = numbers + [d for d in range(self._all) if d not in numbers]
        return factors, orders


def _verdict(batch: MappingBatch, result: BatchResult) -> Verdict:
    """Figures of the mappings that are none at which the model stops (what fits was decided before)."""
    legal = result.legal
    return Verdict(batch if legal.all() else batch[legal], result.energy_pj[legal], result.cycles[legal])


def _evaluator(specification: Specification) -> Callable[[MappingBatch], BatchResult]:
    """What evaluates mappings: many at once, or one by one where counts are too large for that."""
    if specification.problem.computes < MOST_COMPUTES:
        return BatchEvaluator(specification).evaluate
    return partial(_one_by_one, specification)


def _one_by_one(specification: Specification, batch: MappingBatch) -> BatchResult:
    found = [evaluate_single(specification, mapping_at(specification, batch, index)) for index in range(len(batch))]
    return BatchResult(
        np.array([one.legal for one in found], np.bool_),
        np.array([one.energy_pj for one in found], float),
        np.array([one.cycles for one in found], float),
    )
