"""Cycles and energy for all mappings of a batch. Arrays run over mappings last."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.batch.data_movement import Accesses
from launcher.engines.native.batch.nest_arrays import Nests
from launcher.engines.native.batch.specification_tables import Charge, LevelTable, Tables


def busy_cycles(tables: Tables, nests: Nests, accesses: list[list[Accesses]]) -> AnyArray:
    """(M,) cycles without network latency; ``accesses`` are by data space and level."""
    iterations = nests.repeats[0]
    busy = iterations
    for index, level in enumerate(tables.levels):
        if any(bandwidth is not None for bandwidth in level.bandwidths):
            busy = np.maximum(busy, _cycles(level, [space[index] for space in accesses], iterations))
    return np.asarray(busy).astype(np.int64)


def _cycles(level: LevelTable, accesses: list[Accesses], iterations: AnyArray) -> AnyArray:
    read: AnyArray | float = 0.0
    write: AnyArray | float = 0.0
    for access, scale in zip(accesses, level.scales, strict=True):
        read = read + access.reads / iterations * scale
        write = write + (access.fills + access.updates) / iterations * scale
    slowdown = np.ones(iterations.shape)
    for available, need in zip(level.bandwidths, (read, write, write + read), strict=True):
        if available is not None:
            slowdown = np.minimum(slowdown, available / np.maximum(need, available))
    return np.asarray(np.ceil(iterations / slowdown))


def energy_pj(tables: Tables, nests: Nests, accesses: list[list[Accesses]], cycles: AnyArray) -> AnyArray:
    """(M,) energy of runs of ``cycles``; ``accesses`` are by data space and level."""
    energy = nests.repeats[0] * nests.instances[0] * tables.compute_pj
    for index, level in enumerate(tables.levels):
        leaking = level.gate_share * np.maximum(1.0, nests.instances[level.gate + 1])
        leakage = level.energies.leak_pj_per_cycle * cycles * leaking
        of_level = [space[index] for space in accesses]
        energy = energy + _level_pj(tables, index, of_level, nests.instances[index + 1], leakage)
    for charges in tables.networks:
        total: AnyArray | float = 0.0
        for charge in charges:
            instances = nests.instances[charge.level + 1]
            total = total + _charge_pj(charge, accesses[charge.space][charge.level], instances)
        energy = energy + total
    return np.asarray(energy)


def _level_pj(tables: Tables, index: int, accesses: list[Accesses], instances: AnyArray, leakage: AnyArray) -> AnyArray:
    level = tables.levels[index]
    clusters = np.minimum(instances, level.clusters)
    utilization = instances / clusters
    total: AnyArray | float = 0.0
    for access, tensor in zip(accesses, tables.tensors, strict=True):
        energy = _blocks(access.reads, level) * level.energies.read_pj
        energy = energy + _blocks(access.fills, level) * level.energies.fill_pj
        if tensor.read_write:
            energy = energy + _blocks(access.updates, level) * level.energies.update_pj
        energy = energy / utilization * instances
        if level.address_pj:
            addresses = access.fills + (access.updates if tensor.read_write else access.reads)
            energy = energy + addresses * level.address_pj * clusters
        total = total + (energy + leakage / len(accesses))
    return np.asarray(total)


def _blocks(words: AnyArray | float, level: LevelTable) -> AnyArray | float:
    return words if level.block == 1 else np.ceil(words / level.block)


def _charge_pj(charge: Charge, access: Accesses, instances: AnyArray) -> AnyArray:
    """Of several multicast groups only the last one with any words is charged."""
    crossing = np.zeros(instances.shape)
    destinations = np.zeros(instances.shape)
    for words, sizes in zip(access.traffic.words, access.traffic.destinations, strict=True):
        destinations = np.where(words > 0, sizes, destinations)
        crossing = np.where(words > 0, words, crossing)
    price = np.zeros(instances.shape)
    for factor, price_pj in charge.prices:
        price = np.where((destinations == factor) | (factor is None), price_pj, price)
    return np.asarray(price * crossing * instances)
