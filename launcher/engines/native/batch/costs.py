"""Cycles and energy for all mappings of a batch. Arrays run over mappings last."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.batch.data_movement import Accesses
from launcher.engines.native.batch.nest_arrays import Nests
from launcher.engines.native.batch.specification_tables import Charge, LevelTable, Tables
from launcher.engines.native.formulas import access_energy, block_count, leakage, slowdowns, words_per_cycle
from launcher.engines.native.network_costs import transfer_pj


def busy_cycles(tables: Tables, nests: Nests, accesses: list[list[Accesses]]) -> AnyArray:
    """(M,) cycles without network latency; ``accesses`` are by data space and level."""
    iterations = nests.repeats[0] * tables.times
    busy = iterations
    for index, level in enumerate(tables.levels):
        if any(bandwidth is not None for bandwidth in level.bandwidths):
            busy = np.maximum(busy, _cycles(level, [space[index] for space in accesses], iterations))
    return np.asarray(busy).astype(np.int64)


def _cycles(level: LevelTable, accesses: list[Accesses], iterations: AnyArray) -> AnyArray:
    read: AnyArray | float = 0.0
    write: AnyArray | float = 0.0
    for access, scale in zip(accesses, level.scales, strict=True):
        read = read + words_per_cycle(access.reads, iterations, scale)
        write = write + words_per_cycle(access.fills + access.updates, iterations, scale)
    slowest = np.ones(iterations.shape)
    for available, need in zip(level.bandwidths, (read, write, write + read), strict=True):
        if available is not None:
            slowest = np.minimum(slowest, slowdowns(available, need))
    return np.asarray(np.ceil(iterations / slowest))


def energy_pj(tables: Tables, nests: Nests, accesses: list[list[Accesses]], cycles: AnyArray) -> AnyArray:
    """(M,) energy of runs of ``cycles``; ``accesses`` are by data space and level."""
    energy = nests.repeats[0] * tables.times * nests.instances[0] * tables.compute_pj
    for index, level in enumerate(tables.levels):
        gates = nests.instances[level.gate + 1]
        leakage_pj = leakage(level.energies.leak_pj_per_cycle, cycles, level.gate_share, gates)
        of_level = [space[index] for space in accesses]
        energy = energy + _level_pj(tables, index, of_level, nests.instances[index + 1], leakage_pj)
    for charges in tables.networks:
        total: AnyArray | float = 0.0
        for charge in charges:
            instances = nests.instances[charge.level + 1]
            total = total + _charge_pj(charge, accesses[charge.space][charge.level], instances)
        energy = energy + total
    return np.asarray(energy)


def _level_pj(
    tables: Tables, index: int, accesses: list[Accesses], instances: AnyArray, leakage_pj: AnyArray
) -> AnyArray:
    level = tables.levels[index]
    clusters = np.minimum(instances, level.clusters)
    utilization = instances / clusters
    total: AnyArray | float = 0.0
    for access, tensor, row in zip(accesses, tables.tensors, level.rows, strict=True):
        read = _blocks(access.reads, row) * level.energies.read_pj
        fill = _blocks(access.fills, row) * level.energies.fill_pj
        update = _blocks(access.updates, row) * level.energies.update_pj
        address: AnyArray | float = 0.0
        if level.address_pj:
            addresses = access.fills + (access.updates if tensor.read_write else access.reads)
            address = addresses * level.address_pj * clusters
        energy = access_energy(read, fill, update, utilization, instances, address)
        total = total + (energy + leakage_pj / len(accesses))
    return np.asarray(total)


def _blocks(words: AnyArray | float, row: tuple[int, int]) -> AnyArray | float:
    return words if row == (1, 1) else block_count(words, *row)


def _charge_pj(charge: Charge, access: Accesses, instances: AnyArray) -> AnyArray:
    """Of several multicast groups only the last one with any words is charged."""
    crossing = np.zeros(instances.shape)
    destinations = np.zeros(instances.shape)
    for words, sizes in zip(access.traffic.words, access.traffic.destinations, strict=True):
        destinations = np.where(words > 0, sizes, destinations)
        crossing = np.where(words > 0, words, crossing)
    return np.asarray(transfer_pj(charge.prices, destinations) * crossing * instances)
