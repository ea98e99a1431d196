"""What spatial assignments fix when factors may be imperfect, and bounds on the rest, for many of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from launcher.engines.native.arrays import BoolArray, FloatArray, IntArray
from launcher.engines.native.energies import compute_energy_pj, level_energies
from launcher.engines.native.formulas import block_count
from launcher.engines.native.mapper.costs.coefficients import leakage_pj
from launcher.engines.native.mapper.costs.lower_bounds import Least, limited_slots
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.costs.network_prices import word_prices
from launcher.engines.native.mapper.imperfect.tables import PER_FIRST_TOUCH, PER_WORD, Fans, Work
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.space.bypass import Keep, Pattern, boundaries_of
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class ImperfectAssignments:
    """Constants per spatial assignment (first axis, A of them); as in ``Fans`` what is not described here.

    Attributes:
        machine: constants of the architecture.
        extents: (D,) of the problem.
        spatial: the assignments themselves.
        iterations: (A,) least steps in time.
        leak_pj: (A,) leakage of the whole machine per cycle.
        compute_pj: energy of arithmetic.
    """

    machine: Machine
    extents: IntArray
    spatial: SpatialAssignments
    outside: IntArray
    instances: IntArray
    prices: FloatArray
    network: FloatArray
    own: FloatArray
    first: FloatArray
    iterations: FloatArray
    leak_pj: FloatArray
    compute_pj: float
    from_compute: frozenset[int] = frozenset()
    _known: dict[tuple[int, Pattern], Least] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.iterations)

    def fans(self, index: int, chosen: Sequence[Pattern] = ()) -> Fans:
        """Constants of one assignment, under one choice of keep and bypass, for the compiled search."""
        slots = limited_slots(self.machine)
        words = [self.least(p, pattern).words[index] for p, pattern in enumerate(chosen)]
        cycles = sum(words, np.zeros(len(slots))) / self.machine.limits[slots[:, 0], slots[:, 1]]
        return Fans(
            np.ascontiguousarray(self.spatial.factors[index]),
            self.outside[index],
            self.instances[index],
            self.prices[index],
            self.network[index],
            self.own[index],
            self.first[index],
            self.compute_pj,
            float(np.ceil(cycles * (1 - at.TIE_TOLERANCE)).max(initial=0.0)),
        )

    def smallest_tiles(self, p: int) -> FloatArray:
        """Words of tiles that span no more than the fan-outs inside a level: (A, levels)."""
        reach = np.minimum(np.cumprod(self.spatial.factors, axis=1), self.extents)
        if self.machine.boxes[p]:
            along = (self.machine.coefficient[p] * (reach[:, :, None, :] - 1)).sum(axis=3)
            return np.asarray((1 + along).prod(axis=2), float)
        return np.asarray(np.where(self.machine.relevant[p], reach, 1).prod(axis=2), float)

    def least(self, p: int, pattern: Pattern) -> Least:
        """Bounds for one data space that is kept as the pattern says: every level moves each word once."""
        if (p, pattern) not in self._known:
            self._known[p, pattern] = self._least(p, pattern)
        return self._known[p, pattern]

    def _least(self, p: int, pattern: Pattern) -> Least:
        slots = limited_slots(self.machine)
        energy, words = np.zeros(len(self)), np.zeros((len(self), len(slots)))
        for boundary in boundaries_of(p, pattern, from_compute=True):
            inner, outer = boundary.inner, boundary.outer
            if inner < 0:
                content = self._words(p, self._rounds(outer))
                busy = self.own[:, outer, p] * self._of_others(p, self._steps)
                if self.machine.boxes[p]:
                    busy = busy * self._served_windows(p, outer)
                    content = content * self._served_windows(p, outer) * self._window_instances(p, outer)
            else:
                content = self._words(p, self._shown(outer)) * self._least_windows(p, -1)
                busy = self.own[:, outer, p] * self._least_windows(p, outer)
                entering = self._words(p, self._shown(inner)) * self._least_windows(p, -1)
                energy += self._filling(p, inner, entering)
            energy += self._serving(p, inner, outer, content)
            self._add_needs(p, outer, busy, slots, words)
        return Least(energy, words)

    @property
    def _steps(self) -> IntArray:
        """(A, D) least different steps of each dimension."""
        return -(-self.extents // self.outside[:, 0])

    def _rounds(self, level: int) -> IntArray:
        """(A, D) least different digits of all temporal loops and of the fan-outs outside a level."""
        return np.asarray(-(-self.extents // (self.outside[:, 0] // self.outside[:, level + 1])))

    def _shown(self, level: int) -> IntArray:
        """(A, D) least different digits of the fan-outs outside a level: the outermost one shows all of its own."""
        least = np.ones_like(self.outside[:, 0])
        for m in range(level + 1, self.spatial.factors.shape[1]):
            ends = self.spatial.factors[:, m]
            inner = self.outside[:, level + 1] // self.outside[:, m]
            least = np.where(ends > 1, (ends - 1) * inner + 1, least)
        return np.asarray(least)

    def _of_others(self, p: int, counts: IntArray) -> FloatArray:
        """Products over the dimensions that a data space does not have."""
        return np.asarray(np.where(self.machine.relevant[p], 1, counts).prod(axis=1, dtype=float))

    def _words(self, p: int, counts: IntArray) -> FloatArray:
        own = np.where(_windowed(self.machine)[p], 1, self.extents)
        return np.asarray(np.where(self.machine.relevant[p], own, counts).prod(axis=1, dtype=float))

    def _served_windows(self, p: int, level: int) -> FloatArray:
        """Windows that compute units inside one instance of a level ask for, at least."""
        windowed = _windowed(self.machine)[p]
        steps = np.where(windowed, self.extents // self.outside[:, 0], 1).prod(axis=1, dtype=float)
        for m in range(level + 1):
            ends = self.spatial.factors[:, m]
            for along in self.machine.coefficient[p] > 0:
                sums = 1 + np.where(along & windowed, ends - 1, 0).sum(axis=1)
                apart = np.where(along & windowed, ends, 1).prod(axis=1)
                steps = steps * (sums if self.machine.multicast[m, p] else apart)
        return np.asarray(steps)

    def _window_instances(self, p: int, level: int) -> FloatArray:
        windowed = _windowed(self.machine)[p]
        return np.asarray(np.where(windowed, self.outside[:, level + 1], 1).prod(axis=1, dtype=float))

    def _least_windows(self, p: int, level: int) -> FloatArray | float:
        """Different positions along the ranks with windows that a level's busiest instance sees (-1: that all see).

        Along each rank those of its longest dimension are.
        """
        if not self.machine.boxes[p]:
            return 1.0
        seen = self.extents[None, :] if level < 0 else -(-self.extents // self.outside[:, level + 1])
        longest = np.where((self.machine.coefficient[p] > 0) & _windowed(self.machine)[p], seen[:, None, :], 1)
        return np.asarray(longest.max(axis=2).prod(axis=1, dtype=float))

    def _serving(self, p: int, inner: int, outer: int, content: FloatArray) -> FloatArray:
        prices = self.prices[:, outer]
        reads = np.maximum(content - self._untouched(outer, p), 0.0)
        energy = content * prices[:, at.ADDRESS_PJ]
        energy += block_count(reads, prices[:, at.BLOCK]) * prices[:, at.READ_PJ]
        if self.machine.read_write[p]:
            energy += block_count(content, prices[:, at.BLOCK]) * prices[:, at.UPDATE_PJ]
        for m in range(inner + 1, outer + 1):
            energy += self.network[:, m, p, PER_WORD] * content
            energy -= self.network[:, m, p, PER_FIRST_TOUCH] * self.first[:, m, p]
        return np.asarray(energy)

    def _untouched(self, level: int, p: int) -> FloatArray | float:
        return self.first[:, level, p] if _elides(self.machine)[level, p] else 0.0

    def _filling(self, p: int, inner: int, entering: FloatArray) -> FloatArray:
        prices = self.prices[:, inner]
        fills = np.maximum(entering - self._untouched(inner, p), 0.0)
        blocks = block_count(fills, prices[:, at.BLOCK])
        return np.asarray(blocks * prices[:, at.FILL_PJ] + fills * prices[:, at.ADDRESS_PJ])

    def _add_needs(self, p: int, level: int, busy: FloatArray, slots: IntArray, words: FloatArray) -> None:
        machine = self.machine
        fresh = busy - (self.own[:, level, p] if _elides(machine)[level, p] else 0.0)
        for slot, (of, kind) in enumerate(slots):
            if of != level:
                continue
            if kind != 1:
                words[:, slot] += fresh * machine.scale[level, p]
            if kind != 0 and machine.read_write[p]:
                words[:, slot] += busy * machine.scale[level, p]


def assignments_of(space: SearchSpace, machine: Machine, spatial: SpatialAssignments) -> ImperfectAssignments:
    """Constants of each spatial assignment."""
    specification = space.specification
    levels = specification.architecture.levels
    extents = np.array(space.extents, np.int64)
    ends = spatial.factors
    outside = np.ones((len(ends), len(levels) + 1, len(extents)), np.int64)
    outside[:, :-1] = np.cumprod(ends[:, ::-1], axis=1)[:, ::-1]
    instances = outside[:, 1:].prod(axis=2)
    least_own = -(-extents // outside[:, 1:])
    own = np.where(machine.relevant & ~_windowed(machine), least_own[:, :, None, :], 1).prod(axis=3, dtype=float)
    touched = np.where(machine.relevant, extents, outside[:, 1:, None, :]).prod(axis=3, dtype=float)
    network = np.zeros((len(ends), len(levels), len(machine.tensors), 2))
    network[:] = word_prices(specification, machine)
    return ImperfectAssignments(
        machine=machine,
        extents=extents,
        spatial=spatial,
        outside=outside,
        instances=instances,
        prices=_prices(specification, machine, instances),
        network=network,
        own=own,
        first=touched,
        iterations=(-(-extents // outside[:, 0])).prod(axis=1, dtype=float),
        leak_pj=leakage_pj(specification, instances.astype(float)),
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


def _windowed(machine: Machine) -> BoolArray:
    """(P, D) whether a dimension moves windows."""
    moved = (machine.motion != at.STILL) & (machine.motion != at.OWN_RANK)
    strided = (machine.coefficient > 1).any(axis=1)
    several = (machine.coefficient > 0).sum(axis=1) > 1
    return np.asarray(machine.boxes[:, None] & (moved | strided | several))


def _elides(machine: Machine) -> BoolArray:
    """(levels, P) whether first touches are neither read nor filled in."""
    return np.asarray(machine.read_write & ~machine.first_update_reads)


def _prices(specification: Specification, machine: Machine, instances: IntArray) -> FloatArray:
    levels = specification.architecture.levels
    energies = level_energies(specification)
    # Instances that share a physical row are accessed together.
    rows = np.minimum(instances, np.array([level.instances // level.cluster_size for level in levels]))
    prices = np.zeros((*instances.shape, 5))
    prices[..., at.BLOCK] = machine.block * instances
    prices[..., at.READ_PJ] = rows * np.array([e.read_pj for e in energies])
    prices[..., at.FILL_PJ] = rows * np.array([e.fill_pj for e in energies])
    prices[..., at.UPDATE_PJ] = rows * np.array([e.update_pj for e in energies])
    address_pj = np.array([max(0.0, level.addr_gen_energy_pj or 0.0) for level in levels])
    prices[..., at.ADDRESS_PJ] = address_pj * rows / instances
    return prices
