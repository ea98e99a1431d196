"""A slow reference for fused chains: every partition, every class and every own nest, counted by walking.

Nothing here uses the search. A layer's nest is the loops that it shares with the rest of its group around its own
loops; given where tensors wait and which loops are shared, layers have in common only the room that persistent tiles
take. So each layer's nests are listed by themselves, and all combinations of them are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from math import inf

import numpy as np
from fused_layers import LayerWalk, Row, Shared, room_of
from fused_softmax import Softmax

from launcher.specification.architecture import Architecture, StorageLevel
from launcher.specification.chain import Chain, Columns

Front = list[tuple[float, int]]
"""Energy in pJ and cycles of what nothing beats in both, by energy."""


class FusedOracle:
    """Everything that a chain can be mapped to.

    Args:
        chain: tiny.
        limit: own nests of a layer beyond which it is not tried.
    """

    def __init__(self, chain: Chain, limit: int) -> None:
        self.chain, self.limit = chain, limit
        self.too_large = False
        self._rows: list[dict[Row, np.ndarray]] = [{} for _ in chain.layers]
        self._tables: dict[tuple[object, ...], np.ndarray] = {}

    def front(self) -> Front:
        """The front over all partitions; empty when there is no mapping."""
        return self._run(0, len(self.chain.layers))

    def alone(self) -> Front:
        """The front of layers that are mapped one by one."""
        fronts = [self._group(number, number + 1) for number in range(len(self.chain.layers))]
        total = fronts[0]
        for other in fronts[1:]:
            total = _sums(total, other)
        return total

    def _run(self, first: int, last: int) -> Front:
        """The front of the layers from one to the one before another."""
        found = list(self._group(first, last))
        for middle in range(first + 1, last):
            found += _sums(self._group(first, middle), self._run(middle, last))
        return lowest(found)

    def _group(self, first: int, last: int) -> Front:
        found: Front = []
        if all(self.chain.flows[number] for number in range(first, last - 1)):
            for waits, shared in classes(self.chain.part(first, last)):
                found = lowest(found + self._class(first, waits, shared))
        return found

    def _class(self, first: int, waits: tuple[str, ...], shared: tuple[Shared, ...]) -> Front:
        tables = []
        for number in range(len(shared)):
            tables.append(self._table(first, number, waits, shared))
            if not len(tables[-1]):
                return []
        part = self.chain.part(first, first + len(shared))
        softmax = Softmax.of(part, waits, shared)
        points = together(tables, [layer.specification.architecture for layer in part.layers])
        return lowest([(energy, cycles + (softmax.cycles if softmax else 0)) for energy, cycles in points])

    def _table(self, first: int, number: int, waits: tuple[str, ...], shared: tuple[Shared, ...]) -> np.ndarray:
        layer = self.chain.layers[first + number]
        names = [level.name for level in layer.specification.architecture.levels]
        held = {}
        if number:
            flow = self.chain.flows[first + number - 1]
            assert flow is not None
            held[flow.input] = names.index(waits[number - 1])
        if number < len(waits):
            flow = self.chain.flows[first + number]
            assert flow is not None
            held[flow.output] = names.index(waits[number])
        softmax = Softmax.of(self.chain.part(first, first + len(shared)), waits, shared)
        rescaled = softmax is not None and softmax.number + 1 == number
        key = (first + number, tuple(held.items()), shared[number], (first, waits, shared) if rescaled else ())
        if key not in self._tables:
            if rescaled:
                assert softmax is not None
                walk = LayerWalk(layer, shared[number], held, beside=softmax.energy_pj)
            else:
                walk = LayerWalk(layer, shared[number], held, self._rows[first + number])
            table = walk.every(self.limit)
            self.too_large |= table is None
            self._tables[key] = np.zeros((0, 2 + 3 * len(names))) if table is None else table
        return self._tables[key]


def classes(chain: Chain) -> Iterator[tuple[tuple[str, ...], tuple[Shared, ...]]]:
    """Where tensors wait, and per layer the shared loops, outermost first: every choice there is."""
    places = [waiting_places(chain, number) for number in range(len(chain.layers) - 1)]
    dimensions = [names for names in _common(chain) if len(chain.layers) > 1 and may_share(chain, names)]
    extents = [chain.layers[0].problem.dimensions[names[0]] for names in dimensions]
    for waits in product(*places):
        for bounds in product(*([n for n in range(1, size + 1) if size % n == 0] for size in extents)):
            loops = [(names, bound) for names, bound in zip(dimensions, bounds, strict=True) if bound > 1]
            for order in permutations(loops):
                yield waits, tuple(tuple((names[n], bound) for names, bound in order) for n in range(len(chain.layers)))


def waiting_places(chain: Chain, number: int) -> list[str]:
    """Levels on chip of both machines that neither layer's constraints let the tensor between them bypass."""
    flow = chain.flows[number]
    assert flow is not None
    found: list[set[str]] = []
    for layer, space in ((chain.layers[number], flow.output), (chain.layers[number + 1], flow.input)):
        levels, constraints = layer.specification.architecture.levels, layer.specification.constraints
        on_chip = [level.name for level in levels[:-1] if not level.is_dummy]
        found.append({name for name in on_chip if space not in constraints.at(name).bypass})
    return sorted(found[0] & found[1])


def _common(chain: Chain) -> list[tuple[str, ...]]:
    """Dimensions that every tensor between the layers has, by their names in each layer."""
    found = [(name,) for name in chain.layers[0].problem.dimensions]
    for flow in chain.flows:
        assert flow is not None
        found = [(*names, flow.dimensions[names[-1]]) for names in found if names[-1] in flow.dimensions]
    return found


def may_share(chain: Chain, names: tuple[str, ...]) -> bool:
    """Whether no layer needs whole columns along a dimension."""
    for number, (layer, name) in enumerate(zip(chain.layers, names, strict=True)):
        if layer.columns is Columns.any or layer.reduction != name:
            continue
        if layer.columns is Columns.whole or number + 1 == len(chain.layers):
            return False
        output = next(space for space in chain.layers[number + 1].problem.data_spaces if space.read_write)
        if names[number + 1] in output.relevant:
            return False
    return True


def together(tables: Sequence[np.ndarray], machines: Sequence[Architecture]) -> Front:
    """Energy and cycles of all combinations of own nests whose persistent tiles leave room for each other."""
    if len(tables) == 1:
        return [(float(row[0]), int(row[1])) for row in tables[0]]
    picks = np.stack([g.ravel() for g in np.meshgrid(*(np.arange(len(one)) for one in tables), indexing="ij")])
    rows = [table[pick] for table, pick in zip(tables, picks, strict=True)]
    fits = np.ones(picks.shape[1], np.bool_)
    for number, machine in enumerate(machines):
        for index, level in enumerate(machine.levels):
            if room_of(level) < inf:
                others = [(machines[n], row) for n, row in enumerate(rows) if n != number]
                fits &= rows[number][:, 2 + index] + taken_by(others, level) <= room_of(level)
    energy, cycles = (sum(row[fits, place] for row in rows) for place in (0, 1))
    return [(float(e), int(c)) for e, c in zip(energy, cycles, strict=True)]


def taken_by(others: Sequence[tuple[Architecture, np.ndarray]], level: StorageLevel) -> np.ndarray:
    """Bits of an instance of a level that tiles of other layers take while they stay.

    Where a layer's machine sees the memory as another number of instances, all its bits together count.
    """
    taken = np.zeros(len(others[0][1]))
    pooled = np.zeros(len(others[0][1]))
    for machine, rows in others:
        names = [one.name for one in machine.levels]
        if level.name not in names:
            continue
        place = 2 + len(names) + names.index(level.name)
        if machine.level(level.name).instances == level.instances:
            taken += rows[:, place]
        else:
            pooled += rows[:, place + len(names)]
    return taken + np.ceil(pooled / level.instances)


def _sums(first: Front, second: Front) -> Front:
    return lowest([(one[0] + other[0], one[1] + other[1]) for one in first for other in second])


def lowest(points: Front) -> Front:
    """Points that nothing beats in both figures."""
    front: Front = []
    for energy, cycles in sorted(points):
        if not front or cycles < front[-1][1]:
            front.append((energy, cycles))
    return front
