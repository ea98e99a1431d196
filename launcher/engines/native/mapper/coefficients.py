"""What a spatial assignment fixes: the factors between a tile's extents and the traffic, energy and cycles it causes.

With the spatial factors given, every cost of a mapping is local to one boundary between two levels that keep the same
data space (see ``docs/mapper.md``). This module computes the constants of those local costs for many spatial
assignments at once.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from launcher.engines.native.energies import component_actions, compute_energy_pj, level_energies
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.spatial import IntArray
from launcher.engines.native.networks import network_latency_cycles
from launcher.specification.architecture import StorageLevel
from launcher.specification.energy import ActionEnergy
from launcher.specification.specification import Specification

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Machine:
    """Constants of the architecture, innermost level first.

    Attributes:
        capacity, least_fill: words that kept tiles may and must have (infinity and 0 when nothing limits).
        block: words per access.
        bandwidth: (levels, 3): read, write, shared; infinity when unlimited.
        scale: (levels, data spaces): factor on the bandwidth consumption.
        latency: network cycles added once.
        read_write: per data space.
        relevant: (data spaces, dimensions).
    """

    capacity: FloatArray
    least_fill: FloatArray
    block: FloatArray
    bandwidth: FloatArray
    scale: FloatArray
    latency: int
    read_write: NDArray[np.bool_]
    relevant: NDArray[np.bool_]


@dataclass(frozen=True)
class Assignments:
    """Constants per spatial assignment (first axis).

    Attributes:
        spatial: (assignments, levels, dimensions) spatial factors.
        temporal: (assignments, dimensions) what is left for time.
        iterations: cycles of every compute unit without stalls.
        tile: (assignments, levels, data spaces) words of a tile per word of its temporal tile; also the words taken
            from an instance per word that one compute unit takes.
        part: same shape; words of the tensor that one instance is responsible for in total.
        read_pj, fill_pj, update_pj: (assignments, levels) energy of one access in all instances together.
        network_pj: (assignments, levels, data spaces) energy of explicit networks per word taken from the level.
        leak_pj: leakage of the whole machine per cycle.
        compute_pj: energy of arithmetic.
    """

    spatial: IntArray
    temporal: IntArray
    iterations: FloatArray
    tile: FloatArray
    part: FloatArray
    read_pj: FloatArray
    fill_pj: FloatArray
    update_pj: FloatArray
    network_pj: FloatArray
    leak_pj: FloatArray
    compute_pj: float


def machine_of(space: Mapspace) -> Machine:
    """Constants of the architecture."""
    specification = space.specification
    levels = specification.architecture.levels
    names = specification.problem.data_space_names
    capacities = [level.effective_capacity_words for level in levels]
    capacity = np.array([inf if words is None else float(words) for words in capacities])
    return Machine(
        capacity=capacity,
        least_fill=np.array(
            [
                0.0 if words is None else words * level.min_utilization
                for level, words in zip(levels, capacities, strict=True)
            ]
        ),
        block=np.array([float(level.block_size) for level in levels]),
        bandwidth=np.array([[inf if b is None else b for b in _bandwidths(level)] for level in levels]),
        scale=np.array([[level.bandwidth_scale.get(name, 1.0) for name in names] for level in levels]),
        latency=network_latency_cycles(specification.architecture),
        read_write=np.array([s.read_write for s in specification.problem.data_spaces]),
        relevant=np.array(space.relevant, np.bool_).reshape(len(names), len(space.dimensions)),
    )


def _bandwidths(level: StorageLevel) -> tuple[float | None, ...]:
    return level.read_bandwidth, level.write_bandwidth, level.shared_bandwidth


def coefficients_of(space: Mapspace, machine: Machine, spatial: IntArray) -> Assignments:
    """Constants of each spatial assignment; ``spatial`` as ``spatial_assignments`` returns it."""
    specification = space.specification
    temporal = np.array(space.extents, np.int64) // spatial.prod(axis=1)
    fanout = spatial.prod(axis=2).astype(float)
    groups = _relevant_products(machine, spatial)
    # Instances of a level: all fan-outs above it.
    above = _products_above(fanout)
    tensor = _relevant_products(machine, np.array(space.extents, np.int64)[None, None, :])
    return Assignments(
        spatial=spatial,
        temporal=temporal,
        iterations=temporal.prod(axis=1).astype(float),
        tile=np.cumprod(groups, axis=1),
        part=tensor / _products_above(groups),
        **_access_energies(specification, above),
        network_pj=_network_energies(specification, fanout, groups, above),
        leak_pj=_leakage(specification, above),
        compute_pj=specification.problem.computes * compute_energy_pj(specification),
    )


def _relevant_products(machine: Machine, factors: IntArray) -> FloatArray:
    """Products of the factors of each data space's own dimensions: (..., levels, data spaces)."""
    selected = np.where(machine.relevant, factors[:, :, None, :], 1)
    return np.asarray(selected.prod(axis=3), float)


def _products_above(factors: FloatArray) -> FloatArray:
    """Product of all levels further out, along axis 1."""
    inclusive = np.cumprod(factors[:, ::-1], axis=1)[:, ::-1]
    return inclusive / factors


def _access_energies(specification: Specification, instances: FloatArray) -> Dict[str, FloatArray]:
    levels = specification.architecture.levels
    energies = level_energies(specification)
    limits = np.array([float(level.instances // level.cluster_size) for level in levels])
    # Instances that share a physical row are accessed together.
    rows = np.minimum(instances, limits)
    scale = instances / (instances / rows)
    return {
        "read_pj": scale * np.array([e.read_pj for e in energies]),
        "fill_pj": scale * np.array([e.fill_pj for e in energies]),
        "update_pj": scale * np.array([e.update_pj for e in energies]),
    }


def _leakage(specification: Specification, instances: FloatArray) -> FloatArray:
    leak = np.array([e.leak_pj_per_cycle for e in level_energies(specification)])
    return np.asarray((leak * np.maximum(1.0, instances)).sum(axis=1))


def _network_energies(
    specification: Specification, fanout: FloatArray, groups: FloatArray, instances: FloatArray
) -> FloatArray:
    """Energy per word that a level hands to the network below it: (assignments, levels, data spaces)."""
    architecture = specification.architecture
    energies = np.zeros_like(groups)
    done: set[str] = set()
    for index, level in enumerate(architecture.levels):
        for name in (level.read_network, level.update_network):
            if name is None or name in done:
                continue
            done.add(name)
            network = architecture.networks[name]
            actions = component_actions(specification, name)
            for number, space in enumerate(specification.problem.data_space_names):
                action = f"{network.action_name}_{space}" if network.per_data_space_actions else network.action_name
                entries = actions.get(action, ())
                destinations = fanout[:, index] / groups[:, index, number]
                per_word = _transfer_energies(entries, network.multicast_argument, destinations)
                energies[:, index, number] += per_word * instances[:, index]
    return energies


def _transfer_energies(entries: tuple[ActionEnergy, ...], argument: str, destinations: FloatArray) -> FloatArray:
    if len(entries) == 1:
        return np.full(destinations.shape, entries[0].energy_pj)
    result = np.zeros(destinations.shape)
    for entry in reversed(entries):
        result[destinations == entry.arguments.get(argument)] = entry.energy_pj
    return result
