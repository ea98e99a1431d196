"""What a spatial assignment fixes: the factors between a tile's extents and the traffic, energy and cycles it causes.

With the spatial factors given, every cost of a mapping is local to one boundary between two levels that keep the same
data space (see ``docs/mapper.md``). This module computes the constants of those local costs for many spatial
assignments at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from launcher.engines.native.arrays import BoolArray, FloatArray, IntArray
from launcher.engines.native.cost import gate_of
from launcher.engines.native.energies import compute_energy_pj, level_energies
from launcher.engines.native.formulas import leakage
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.costs.neighbours import relayed_shares
from launcher.engines.native.mapper.costs.network_prices import network_energies
from launcher.engines.native.mapper.costs.parts import most_part_words
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.kernels.search_tables import Costs
from launcher.engines.native.mapper.space.bypass import Boundary, boundaries_of
from launcher.engines.native.mapper.space.factorization import rounds_outside
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class Assignments:
    """Constants per spatial assignment (first axis); see ``Costs`` for those that are not described here.

    Attributes:
        spatial: the assignments themselves.
        temporal: (assignments, D) what is left for time.
        iterations: (assignments,) cycles of every compute unit without stalls.
        extent: (assignments, levels + 1, D) as in ``Costs``.
        level: (assignments, levels, P, 6) as in ``Costs``.
        pair: (assignments, levels + 1, P, 8) as in ``Costs``.
        leak_pj: (assignments,) leakage of the whole machine per cycle.
        compute_pj: energy of arithmetic.
        from_compute: data spaces for which serving the compute units depends on the loops: neighbours can help.
    """

    spatial: SpatialAssignments
    temporal: IntArray
    iterations: FloatArray
    extent: IntArray
    level: FloatArray
    pair: FloatArray
    leak_pj: FloatArray
    compute_pj: float
    from_compute: frozenset[int]

    def only(self, which: slice) -> Assignments:
        """Some of the assignments."""
        arrays = {
            name: getattr(self, name)[which]
            for name in ("temporal", "iterations", "extent", "level", "pair", "leak_pj")
        }
        return replace(self, **arrays)

    def boundaries(self, p: int, pattern: Sequence[bool]) -> list[Boundary]:
        """Boundaries of one data space that is kept as the pattern says, from the inside."""
        return boundaries_of(p, pattern, from_compute=p in self.from_compute)

    def __len__(self) -> int:
        return len(self.iterations)

    def costs(self, machine: Machine, index: int) -> Costs:
        """Constants of one assignment for the compiled search."""
        return Costs(
            machine.nature,
            machine.motion,
            machine.coefficient,
            self.extent[index],
            self.level[index],
            self.pair[index],
            float(self.iterations[index]),
        )


def coefficients_of(space: SearchSpace, machine: Machine, spatial: SpatialAssignments) -> Assignments:
    """Constants of each spatial assignment."""
    specification = space.specification
    factors = spatial.factors
    temporal = rounds_outside(np.array(space.extents, np.int64), factors.prod(axis=1))
    fanout = factors.prod(axis=2).astype(float)
    instances = _products_above(fanout)
    pair = _pair_figures(space, machine, spatial, instances)
    helped = (pair[:, 0, :, at.THINNED] < 1).any(axis=0) & ~machine.boxes
    return Assignments(
        spatial=spatial,
        temporal=temporal,
        iterations=temporal.prod(axis=1, dtype=float) * specification.repeats.times,
        extent=_from_compute(factors),
        level=_level_figures(specification, machine, instances),
        pair=pair,
        leak_pj=leakage_pj(specification, instances),
        compute_pj=specification.problem.computes * specification.repeats.times * compute_energy_pj(specification),
        from_compute=frozenset(int(p) for p in np.flatnonzero(helped)),
    )


def _pair_figures(
    space: SearchSpace, machine: Machine, spatial: SpatialAssignments, instances: FloatArray
) -> FloatArray:
    factors = spatial.factors
    own = _own_products(machine, factors)
    groups = _groups(machine, factors)
    tensor = _own_products(machine, np.array(space.extents, np.int64)[None, None, :])
    part = tensor / _with_compute(_products_above(own), own)
    for p in np.flatnonzero(machine.windowed_results):
        part[:, 1:, p] = most_part_words(machine, int(p), space.extents, factors)
    new = part * [space.specification.repeats.first(tensor.name) for tensor in machine.tensors]
    fetches = _fetches(space, machine)
    pair = np.zeros((*part.shape, 8))
    pair[..., at.SPREAD] = _from_compute(groups)
    pair[..., at.PART] = part * fetches
    pair[..., at.FETCHES] = fetches
    pair[:, 1:, :, at.UNTOUCHED] = np.where(machine.read_write & ~machine.first_update_reads, new[:, 1:], 0.0)
    pair[:, 0, :, at.THINNED] = relayed_shares(space, machine, spatial)
    pair[:, 1:, :, at.THINNED] = _thinned(machine, factors)
    pair[:, 1:, :, at.STEPWISE] = _stepwise(space, machine, factors)
    network_pj, rebate_pj = network_energies(space, machine, spatial, instances, new)
    pair[:, 1:, :, at.NETWORK_PJ] = network_pj
    pair[:, 1:, :, at.REBATE_PJ] = rebate_pj
    return pair


def _fetches(space: SearchSpace, machine: Machine) -> FloatArray:
    """(levels + 1, P) how often loops shared with other layers bring in a level's tile, compute units first."""
    repeats = space.specification.repeats
    rows = [[repeats.times for _ in machine.tensors]]
    rows += [[repeats.fetched(level.name, tensor.name) for tensor in machine.tensors] for level in space.levels]
    return np.array(rows, float)


def _own_products(machine: Machine, factors: IntArray) -> FloatArray:
    """Products of the factors of each data space's own dimensions: (..., levels, data spaces)."""
    selected = np.where(machine.relevant, factors[:, :, None, :], 1)
    return np.asarray(selected.prod(axis=3, dtype=float))


def _groups(machine: Machine, factors: IntArray) -> FloatArray:
    """Groups of children that need different words (the least there can be, where they can overlap partly)."""
    groups = _own_products(machine, factors)
    for p in np.flatnonzero(machine.boxes):
        own = machine.motion[p] == at.OWN_RANK
        groups[:, :, p] = np.where(own, factors, 1).prod(axis=2)
        for r in range(machine.coefficient.shape[1]):
            # Two dimensions along one rank give at least as many places as their factors add up to, less one.
            along = machine.motion[p] == r
            groups[:, :, p] *= 1 + np.where(along, factors - 1, 0).sum(axis=2)
    fanout = factors.prod(axis=2).astype(float)
    return np.where(machine.multicast, groups, fanout[:, :, None])


def _thinned(machine: Machine, factors: IntArray) -> FloatArray:
    """The least share of words that instances must get from further out although their neighbours may have them."""
    thinned = np.ones((*factors.shape[:2], len(machine.boxes)))
    for p in np.flatnonzero(machine.boxes):
        most = np.ones(factors.shape[:2])
        for r in range(machine.coefficient.shape[1]):
            along = machine.motion[p] == r
            most = np.maximum(most, np.where(along, factors, 1).prod(axis=2))
        thinned[:, :, p] = np.where(machine.links[:, p], 1 / most, 1.0)
    fans_out = factors.prod(axis=2) > 1
    return np.where(fans_out[:, :, None] & machine.passes_on, 0.0, thinned)


def _stepwise(space: SearchSpace, machine: Machine, factors: IntArray) -> BoolArray:
    """Whether neighbours below a level are one step apart, if at all, along the only dimension that tells them apart.

    Neighbours are numbered 1 apart, or as many as there are columns. A dimension that changes alone can make up for the
    columns in several steps only where its steps are at least two, divide the columns, and it lies along Y. Where
    dimensions that do not move the tile change as well, they can make up for any number of its steps.
    """
    stepwise = np.zeros((*factors.shape[:2], len(machine.boxes)), np.bool_)
    architecture = space.specification.architecture
    for level in range(factors.shape[1]):
        columns, rows = architecture.fanout(level)
        divisor = next((k for k in range(2, columns + 1) if columns % k == 0), np.inf)
        for p in np.flatnonzero(machine.boxes):
            still = (np.where(machine.motion[p] == at.STILL, factors[:, level], 1) > 1).any(axis=1)
            moving = np.where(machine.motion[p] == at.STILL, 1, factors[:, level]).max(axis=1, initial=1)
            stepwise[:, level, p] = ~still & ((rows == 1) | (moving <= divisor))
    return stepwise


def _products_above(factors: FloatArray) -> FloatArray:
    """Product of all levels further out, along axis 1."""
    inclusive = np.cumprod(factors[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(inclusive / factors)


def _with_compute(above: FloatArray, factors: FloatArray) -> FloatArray:
    """Put the compute units' product before those of the levels."""
    return np.concatenate((above[:, :1] * factors[:, :1], above), axis=1)


def _from_compute(factors: np.ndarray) -> np.ndarray:
    """Cumulative products along axis 1, starting with 1 for the compute units."""
    return np.concatenate((np.ones_like(factors[:, :1]), np.cumprod(factors, axis=1)), axis=1)


def row_prices(specification: Specification, machine: Machine) -> tuple[FloatArray, FloatArray]:
    """(levels,) physical rows of a level, and (levels, P, 6) as in ``Costs.level`` for an access of one row.

    Instances that share a row are accessed together.
    """
    levels = specification.architecture.levels
    energies = level_energies(specification)
    prices = np.zeros((*machine.weight.shape, 6))
    prices[..., at.PARTS], prices[..., at.BLOCK] = machine.rows[..., 0], machine.rows[..., 1]
    prices[..., at.READ_PJ] = [[e.read_pj] for e in energies]
    prices[..., at.FILL_PJ] = [[e.fill_pj] for e in energies]
    prices[..., at.UPDATE_PJ] = [[e.update_pj] for e in energies]
    prices[..., at.ADDRESS_PJ] = [[max(0.0, level.addr_gen_energy_pj or 0.0)] for level in levels]
    return np.array([float(level.instances // level.cluster_size) for level in levels]), prices


def _level_figures(specification: Specification, machine: Machine, instances: FloatArray) -> FloatArray:
    most, prices = row_prices(specification, machine)
    rows = np.minimum(instances, most)
    scale = np.ones((*instances.shape, 1, prices.shape[-1]))
    scale[..., at.READ_PJ : at.UPDATE_PJ + 1] = (instances / (instances / rows))[..., None, None]
    scale[..., at.ADDRESS_PJ] = rows[..., None]
    return np.asarray(scale * prices)


def leakage_pj(specification: Specification, instances: FloatArray) -> FloatArray:
    """(assignments,) leakage of the whole machine per cycle, with (assignments, levels) instances in use."""
    total = np.zeros(len(instances))
    for index, energies in enumerate(level_energies(specification)):
        gate, share = gate_of(specification.architecture, index)
        total += leakage(energies.leak_pj_per_cycle, 1.0, share, instances[:, gate])
    return total
