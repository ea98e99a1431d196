"""What spatial assignments fix when factors may be imperfect, and bounds on the rest, for many of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from launcher.engines.native.arrays import BoolArray, FloatArray, IntArray
from launcher.engines.native.energies import compute_energy_pj
from launcher.engines.native.formulas import block_count
from launcher.engines.native.mapper.costs.coefficients import leakage_pj, row_prices
from launcher.engines.native.mapper.costs.lower_bounds import Least, limited_slots
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.costs.network_prices import word_prices
from launcher.engines.native.mapper.imperfect.tables import PER_FIRST_TOUCH, PER_WORD, Fans, Work
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.space.bypass import Boundary, Keep, Pattern, boundaries_of
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace


@dataclass(frozen=True)
class ImperfectAssignments:
    """Constants per spatial assignment (last axis, A of them), in whole numbers but of a type that divides quickly.

    Attributes:
        machine: constants of the architecture.
        extents: (D,) of the problem.
        spatial: the assignments themselves.
        ends, outside, instances: (L, D, A), (L + 1, D, A), (L, A) as in ``Fans``.
        rows, row_prices: as ``row_prices`` returns them.
        network: (L, P, 2) as in ``Fans``.
        iterations: (A,) least steps in time.
        leak_pj: (A,) leakage of the whole machine per cycle.
        compute_pj: energy of arithmetic.
    """

    machine: Machine
    extents: IntArray
    spatial: SpatialAssignments
    ends: FloatArray
    outside: FloatArray
    instances: FloatArray
    rows: FloatArray
    row_prices: FloatArray
    network: FloatArray
    iterations: FloatArray
    leak_pj: FloatArray
    compute_pj: float
    from_compute: frozenset[int] = frozenset()
    _known: dict[tuple[object, ...], FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.iterations)

    def fans(self, index: int, chosen: Sequence[Pattern] = ()) -> Fans:
        """Constants of one assignment, under one choice of keep and bypass, for the compiled search."""
        machine, slots = self.machine, limited_slots(self.machine)
        outside = np.ascontiguousarray(self.outside[:, :, index], np.int64)
        beyond = outside[1:, None, :]
        words = np.array([self._words_at(p, pattern, index) for p, pattern in enumerate(chosen)]).sum(axis=0)
        cycles = words / machine.limits[slots[:, 0], slots[:, 1]]
        own = machine.relevant & ~_windowed(machine)
        return Fans(
            np.ascontiguousarray(self.spatial.factors[index]),
            outside,
            np.ascontiguousarray(self.instances[:, index], np.int64),
            self.prices(self.instances[:, index]),
            self.network,
            np.where(own, -(-self.extents // beyond), 1).prod(axis=2, dtype=float),
            np.where(machine.relevant, self.extents, beyond).prod(axis=2, dtype=float),
            self.compute_pj,
            float(np.ceil(cycles * (1 - at.TIE_TOLERANCE)).max(initial=0.0)),
        )

    def prices(self, instances: FloatArray) -> FloatArray:
        """(..., L, P, 6) as in ``Fans``, for (..., L) instances in use."""
        rows = np.minimum(instances, self.rows)
        prices = rows[..., None, None] * self.row_prices
        prices[..., at.PARTS] = self.row_prices[..., at.PARTS]
        prices[..., at.BLOCK] = instances[..., None] * self.row_prices[..., at.BLOCK]
        prices[..., at.ADDRESS_PJ] /= instances[..., None]
        return np.ascontiguousarray(prices)

    def smallest_tiles(self, p: int) -> FloatArray:
        """Words of tiles that span no more than the fan-outs inside a level: (A, levels)."""
        machine = self.machine
        reach = np.ones_like(self.ends[0])
        tiles = np.ones((len(self.ends), len(self)))
        for level, ends in enumerate(self.ends):
            reach = np.minimum(reach * ends, self.extents[:, None])
            if machine.boxes[p]:
                along = np.einsum("rd,da->ra", machine.coefficient[p].astype(float), reach - 1)
                tiles[level] = (1 + along).prod(axis=0)
            else:
                tiles[level] = reach[machine.relevant[p]].prod(axis=0)
        return tiles.T

    def least(self, p: int, pattern: Pattern) -> Least:
        """Bounds for one data space that is kept as the pattern says: every level moves each word once."""
        slots = limited_slots(self.machine)
        energy, words = np.zeros(len(self)), np.zeros((len(slots), len(self)))
        for boundary in boundaries_of(p, pattern, from_compute=True):
            energy += self._once(("energy", boundary), partial(self._energy, boundary))
            busy = self._once(("busy", boundary), partial(self._busy, boundary))
            self._add_needs(p, boundary.outer, busy, words)
        return Least(energy, words.T)

    def _once(self, key: tuple[object, ...], make: Callable[[], FloatArray]) -> FloatArray:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _words_at(self, p: int, pattern: Pattern, index: int) -> FloatArray:
        """(slots,) the words in the bounds of one assignment."""
        key = "words", p, pattern
        return np.asarray(self._once(key, lambda: np.ascontiguousarray(self.least(p, pattern).words))[index])

    def _energy(self, boundary: Boundary) -> FloatArray:
        p, inner, outer = boundary.space, boundary.inner, boundary.outer
        windows = self._least_windows(p, -1)
        if inner < 0:
            content = self._words(p, self._rounds, outer)
            if self.machine.boxes[p]:
                content = content * self._served_windows(p, outer) * self._window_instances(p, outer)
            return self._serving(p, inner, outer, content)
        filling = self._filling(p, inner, self._words(p, self._shown, inner) * windows)
        return filling + self._serving(p, inner, outer, self._words(p, self._shown, outer) * windows)

    def _busy(self, boundary: Boundary) -> FloatArray:
        """Words that the busiest instance of the outer level is asked for."""
        p, outer = boundary.space, boundary.outer
        own = self._own(p, outer)
        if boundary.inner >= 0:
            return own * self._least_windows(p, outer)
        for d in _places(~self.machine.relevant[p]):
            own = own * self._seen(d, 0)
        return own * self._served_windows(p, outer) if self.machine.boxes[p] else own

    def _seen(self, d: int, level: int) -> FloatArray:
        """Indices of a dimension that the busiest of the parts has into which fan-outs from a level on divide it."""
        return self._once(("seen", d, level), lambda: np.ceil(self.extents[d] / self.outside[level, d]))

    def _rounds(self, d: int, level: int) -> FloatArray:
        """Least different digits of all temporal loops and of the fan-outs outside a level."""
        inside = self.outside[0, d] / self.outside[level + 1, d]
        return self._once(("rounds", d, level), lambda: np.ceil(self.extents[d] / inside))

    def _shown(self, d: int, level: int) -> FloatArray:
        """Least different digits of the fan-outs outside a level: the outermost one shows all of its own."""
        return self._once(("shown", d, level), lambda: self._outermost(d, level))

    def _outermost(self, d: int, level: int) -> FloatArray:
        least = np.ones(len(self))
        for m in range(level + 1, len(self.ends)):
            ends = self.ends[m, d]
            if (ends > 1).any():
                inner = self.outside[level + 1, d] / self.outside[m, d]
                least = np.where(ends > 1, (ends - 1) * inner + 1, least)
        return least

    def _own(self, p: int, level: int) -> FloatArray:
        """As in ``Fans``."""
        own = np.ones(len(self))
        for d in _places(self.machine.relevant[p] & ~_windowed(self.machine)[p]):
            own = own * self._seen(d, level + 1)
        return own

    def _first(self, p: int, level: int) -> FloatArray:
        """As in ``Fans``."""
        relevant = self.machine.relevant[p]
        return np.asarray(self.extents[relevant].prod(dtype=float) * self.outside[level + 1, ~relevant].prod(axis=0))

    def _words(self, p: int, counts: Callable[[int, int], FloatArray], level: int) -> FloatArray:
        """Words of a data space times counts over the dimensions that it does not have."""
        relevant = self.machine.relevant[p]
        words: FloatArray = np.full(len(self), self.extents[relevant & ~_windowed(self.machine)[p]].prod(dtype=float))
        for d in _places(~relevant):
            words = words * counts(d, level)
        return words

    def _served_windows(self, p: int, level: int) -> FloatArray:
        """Windows that compute units inside one instance of a level ask for, at least."""
        windowed = _windowed(self.machine)[p]
        steps = (self.extents[windowed, None] // self.outside[0, windowed]).prod(axis=0)
        for m in range(level + 1):
            for along in self.machine.coefficient[p] > 0:
                ends = self.ends[m, along & windowed]
                steps = steps * (1 + (ends - 1).sum(axis=0) if self.machine.multicast[m, p] else ends.prod(axis=0))
        return np.asarray(steps)

    def _window_instances(self, p: int, level: int) -> FloatArray:
        return np.asarray(self.outside[level + 1, _windowed(self.machine)[p]].prod(axis=0))

    def _least_windows(self, p: int, level: int) -> FloatArray | float:
        """Different positions along the ranks with windows that a level's busiest instance sees (-1: that all see).

        Along each rank those of its longest dimension are.
        """
        count: FloatArray | float = 1.0
        if self.machine.boxes[p]:
            for along in self.machine.coefficient[p] > 0:
                moved = _places(along & _windowed(self.machine)[p])
                seen = self.extents[moved, None] if level < 0 else [self._seen(d, level + 1) for d in moved]
                count = count * (np.max(seen, axis=0) if len(moved) else 1.0)
        return count

    def _serving(self, p: int, inner: int, outer: int, content: FloatArray) -> FloatArray:
        price, instances = self.row_prices[outer, p], self.instances[outer]
        rows, block = np.minimum(instances, self.rows[outer]), price[at.BLOCK] * instances
        reads = np.maximum(content - self._untouched(outer, p), 0.0)
        energy = block_count(reads, price[at.PARTS], block) * rows * price[at.READ_PJ]
        if price[at.ADDRESS_PJ]:
            energy += content * (rows / instances * price[at.ADDRESS_PJ])
        if self.machine.read_write[p]:
            energy += block_count(content, price[at.PARTS], block) * rows * price[at.UPDATE_PJ]
        for m in range(inner + 1, outer + 1):
            per_word, per_first_touch = self.network[m, p, PER_WORD], self.network[m, p, PER_FIRST_TOUCH]
            energy += per_word * content
            if per_first_touch:
                energy -= per_first_touch * self._first(p, m)
        return np.asarray(energy)

    def _untouched(self, level: int, p: int) -> FloatArray | float:
        return self._first(p, level) if _elides(self.machine)[level, p] else 0.0

    def _filling(self, p: int, inner: int, entering: FloatArray) -> FloatArray:
        price, instances = self.row_prices[inner, p], self.instances[inner]
        rows = np.minimum(instances, self.rows[inner])
        fills = np.maximum(entering - self._untouched(inner, p), 0.0)
        energy = block_count(fills, price[at.PARTS], price[at.BLOCK] * instances) * rows * price[at.FILL_PJ]
        return np.asarray(energy + fills * (rows / instances * price[at.ADDRESS_PJ]))

    def _add_needs(self, p: int, level: int, busy: FloatArray, words: FloatArray) -> None:
        machine = self.machine
        for slot, (of, kind) in enumerate(limited_slots(machine)):
            if of != level:
                continue
            if kind != 1:
                fresh = busy - (self._own(p, level) if _elides(machine)[level, p] else 0.0)
                words[slot] += fresh * machine.scale[level, p]
            if kind != 0 and machine.read_write[p]:
                words[slot] += busy * machine.scale[level, p]


def assignments_of(space: SearchSpace, machine: Machine, spatial: SpatialAssignments) -> ImperfectAssignments:
    """Constants of each spatial assignment."""
    specification = space.specification
    extents = np.array(space.extents, np.int64)
    ends = np.ascontiguousarray(np.moveaxis(spatial.factors, 0, 2), float)
    outside = np.ones((len(ends) + 1, *ends.shape[1:]))
    for level in reversed(range(len(ends))):
        np.multiply(outside[level + 1], ends[level], out=outside[level])
    instances = outside[1:].prod(axis=1)
    rows, prices = row_prices(specification, machine)
    return ImperfectAssignments(
        machine=machine,
        extents=extents,
        spatial=spatial,
        ends=ends,
        outside=outside,
        instances=instances,
        rows=rows,
        row_prices=prices,
        network=word_prices(specification, machine),
        iterations=np.ceil(extents[:, None] / outside[0]).prod(axis=0),
        leak_pj=leakage_pj(specification, instances.T),
        compute_pj=specification.problem.computes * compute_energy_pj(specification),
    )


def work_of(space: SearchSpace, machine: Machine, keep: Keep) -> Work:
    """The problem on its machine under one choice of keep and bypass."""
    return Work(
        extents=np.array(space.extents, np.int64),
        relevant=machine.relevant,
        read_write=machine.read_write,
        boxes=machine.boxes,
        slides=np.array([tensor.sliding for tensor in machine.tensors]),
        coefficient=machine.coefficient,
        windowed=_windowed(machine),
        keep=np.array(keep, np.bool_),
        weight=machine.weight,
        bounds=space.temporal_bounds,
        divides=np.array(space.divides, np.bool_),
        perfect=~np.array(space.imperfect, np.bool_),
        capacity=machine.capacity,
        least_fill=machine.least_fill,
        reuse=machine.temporal_reuse,
        multicast=machine.multicast,
        apart=np.ascontiguousarray(~machine.multicast.T),
        together=np.zeros(len(space.levels), np.bool_),
        elides=_elides(machine),
        limits=machine.limits,
        scale=machine.scale,
    )


def _places(which: BoolArray) -> list[int]:
    """Numbers of those that are chosen."""
    return [int(place) for place in np.flatnonzero(which)]


def _windowed(machine: Machine) -> BoolArray:
    """(P, D) whether a dimension moves windows."""
    moved = (machine.motion != at.STILL) & (machine.motion != at.OWN_RANK)
    strided = (machine.coefficient > 1).any(axis=1)
    several = (machine.coefficient > 0).sum(axis=1) > 1
    return np.asarray(machine.boxes[:, None] & (moved | strided | several))


def _elides(machine: Machine) -> BoolArray:
    """(levels, P) whether first touches are neither read nor filled in."""
    return np.asarray(machine.read_write & ~machine.first_update_reads)
