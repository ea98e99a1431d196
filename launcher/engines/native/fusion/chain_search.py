"""The best partition of a chain into groups, in one direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from math import fsum, inf

from launcher.engines.native.fusion.group import FusedGroup, alone
from launcher.engines.native.fusion.group_search import GroupSearch
from launcher.engines.native.fusion.layer_search import LayerSearch
from launcher.engines.native.fusion.parts import LayerPart
from launcher.engines.native.fusion.supports import Direction
from launcher.engines.native.mapper.search.clock import Clock
from launcher.results.proof import BoundedChain, BoundedGroup
from launcher.specification.chain import Chain, ChainLayer, check_chain
from launcher.specification.specification import Specification

Run = tuple[int, int]
"""First layer of a group, and the one behind its last."""


@dataclass(frozen=True)
class Partition:
    """A chain's layers in groups.

    Attributes:
        groups: in order.
    """

    groups: tuple[FusedGroup, ...]

    @property
    def energy_pj(self) -> float:
        return fsum(group.energy_pj for group in self.groups)

    @property
    def cycles(self) -> int:
        return sum(group.cycles for group in self.groups)


@dataclass(frozen=True)
class Answer:
    """What a direction brought.

    Attributes:
        bound: no partition has a smaller value.
        partition: the best one found, None when there is none.
    """

    bound: float
    partition: Partition | None = None


@dataclass
class ChainSearch:
    """Searches of one chain, from any direction.

    Attributes:
        chain, clock: what is searched, and when to stop.
        groups: runs of layers that must be fused, nothing else is then; None leaves it open.
    """

    chain: Chain
    clock: Clock
    groups: tuple[Run, ...] | None = None
    alone: list[LayerSearch] = field(init=False)
    fused: dict[Run, GroupSearch] = field(init=False)
    _parts: dict[LayerPart, LayerSearch] = field(init=False)

    def __post_init__(self) -> None:
        check_chain(self.chain)
        quiet = self.clock.quiet()
        self.alone = [LayerSearch(partial(_whole, layer), quiet) for layer in self.chain.layers]
        count = len(self.chain.layers)
        wanted = [(i, j) for i in range(count) for j in range(i + 2, count + 1)]
        runs = [run for run in wanted if self.groups is None or run in self.groups]
        self._parts = {}
        self.fused = {
            run: GroupSearch(self.chain.part(*run), self.clock, self._parts) for run in runs if self._flows(run)
        }

    def without_fusing(self) -> ChainSearch:
        """The same chain with every layer by itself; what is known of the layers is shared."""
        other = ChainSearch(self.chain, self.clock, ())
        other.alone = self.alone
        return other

    def best(self, direction: Direction) -> Answer:
        """The best partition in a direction."""
        answers: dict[Run, Answer] = {}
        for run in self._runs():
            answers[run] = self._run(run, direction, answers)
        return answers[0, len(self.chain.layers)]

    def record(self, direction: Direction, bound: float, runs: int) -> BoundedChain:
        """What the bound in a direction rests on."""
        names = tuple(layer.name for layer in self.chain.layers)
        alone = tuple(search.lower(direction) for search in self.alone)
        groups = []
        for (first, last), search in self.fused.items():
            classes = search.leaves.get(direction, ())
            groups.append(BoundedGroup(first, last, min((one.bound for one in classes), default=inf), classes))
        columns = tuple((layer.columns, layer.reduction) for layer in self.chain.layers)
        return BoundedChain(names, runs, bound, alone, tuple(groups), self.chain.flows, columns, self.groups)

    @property
    def counters(self) -> Counter[str]:
        """Groups, classes, and searches of own nests."""
        searches = sum(one.searches for one in (*self.alone, *self._parts.values()))
        classes = sum(group.classes for group in self.fused.values())
        return Counter({"groups": len(self.fused), "classes": classes, "searches": searches})

    def lower(self, direction: Direction) -> float:
        """A bound that needs no search."""
        bounds: dict[Run, float] = {}
        for run in self._runs():
            first, last = run
            split = [bounds[first, middle] + bounds[middle, last] for middle in self._splits(run)]
            whole = [self.fused[run].lower(direction)] if run in self.fused else []
            alone = [self.alone[first].lower(direction)] if last - first == 1 else []
            bounds[run] = min([*split, *whole, *alone], default=inf)
        return bounds[0, len(self.chain.layers)]

    def _runs(self) -> Iterator[Run]:
        """All runs of layers, those of a single one first."""
        count = len(self.chain.layers)
        yield from ((first, first + length) for length in range(1, count + 1) for first in range(count - length + 1))

    def _flows(self, run: Run) -> bool:
        return all(flow is not None for flow in self.chain.part(*run).flows)

    def _run(self, run: Run, direction: Direction, answers: dict[Run, Answer]) -> Answer:
        first, last = run
        if last - first == 1:
            return self._single(first, direction)
        best = Answer(inf)
        for middle in self._splits(run):
            best = _better(direction, best, _joined(answers[first, middle], answers[middle, last]))
        if run not in self.fused:
            return best
        most = inf if best.partition is None else direction.value(best.partition.energy_pj, best.partition.cycles)
        bound, group = self.fused[run].best(direction, most)
        return _better(direction, best, Answer(bound, None if group is None else Partition((group,))))

    def _splits(self, run: Run) -> list[int]:
        """Where a run may fall into two: nowhere inside of what must be fused."""
        return [
            middle
            for middle in range(run[0] + 1, run[1])
            if not any(first < middle < last for first, last in self.groups or ())
        ]

    def _single(self, number: int, direction: Direction) -> Answer:
        search = self.alone[number]
        search.search(direction)
        nest = search.supports.best(direction)
        if nest is None:
            return Answer(search.lower(direction))
        return Answer(search.lower(direction), Partition((alone(self.chain.layers[number].name, nest),)))


def _whole(layer: ChainLayer) -> Specification:
    return layer.specification


def _joined(first: Answer, second: Answer) -> Answer:
    if first.partition is None or second.partition is None:
        return Answer(first.bound + second.bound)
    return Answer(first.bound + second.bound, Partition(first.partition.groups + second.partition.groups))


def _better(direction: Direction, first: Answer, second: Answer) -> Answer:
    def value(answer: Answer) -> float:
        one = answer.partition
        return inf if one is None else direction.value(one.energy_pj, one.cycles)

    chosen = second if value(second) < value(first) else first
    return Answer(min(first.bound, second.bound), chosen.partition)
