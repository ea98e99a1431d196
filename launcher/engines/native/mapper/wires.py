"""Energy of networks per word that a level hands to the network below it."""

from __future__ import annotations

from math import floor

import numpy as np

from launcher.engines.native.energies import component_actions
from launcher.engines.native.mapper.machine import FloatArray, Machine
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.sharing import fan_out
from launcher.engines.native.mapper.spatial import SpatialAssignments
from launcher.engines.native.networks import Connection, connections
from launcher.specification.energy import ActionEnergy
from launcher.specification.specification import Specification


def layout_levels(specification: Specification, machine: Machine) -> set[int]:
    """Levels at which it matters along which axis a dimension lies: where hops cost energy, or neighbours help."""
    levels = {c.index for c in connections(specification) if c.mesh.hop_pj or c.mesh.router_pj}
    if np.prod(specification.architecture.fanout(0)) > 1 and (machine.links[0] & ~machine.boxes).any():
        levels.add(0)
    return levels


def network_energies(
    space: Mapspace, machine: Machine, spatial: SpatialAssignments, instances: FloatArray, part: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Energy per word, and what to take off once per data space: both (assignments, levels, data spaces).

    For a data space whose tiles can overlap, and where a mesh carries partial results twice through routers, the
    figures are lower bounds.
    """
    shape = (len(spatial.factors), len(space.levels), len(machine.tensors))
    energies, rebates = np.zeros(shape), np.zeros(shape)
    for connection in connections(space.specification):
        level = connection.index
        for p in range(shape[2]):
            if connection.network is not None:
                energies[:, level, p] += _multicast(space, machine, spatial, connection, p) * instances[:, level]
                continue
            doubles = connection.doubles_updates and machine.read_write[p]
            energies[:, level, p] += _mesh(space, machine, spatial, connection, p, doubles) * instances[:, level]
            if doubles:
                once = connection.mesh.ingress_pj + connection.mesh.router_pj
                rebates[:, level, p] += once * part[:, level + 1, p] * instances[:, level]
    return energies, rebates


def _multicast(
    space: Mapspace, machine: Machine, spatial: SpatialAssignments, connection: Connection, p: int
) -> FloatArray:
    assert connection.network is not None
    network, level = connection.network, connection.index
    name = space.specification.problem.data_space_names[p]
    action = f"{network.action_name}_{name}" if network.per_data_space_actions else network.action_name
    entries = component_actions(space.specification, network.name).get(action, ())
    factors = spatial.factors[:, level, :]
    if machine.boxes[p]:
        return np.full(len(factors), min((entry.energy_pj for entry in entries), default=0.0) * (len(entries) == 1))
    own = np.where(machine.relevant[p], factors, 1).prod(axis=1)
    destinations = factors.prod(axis=1) // own if machine.multicast[level, p] else np.ones(len(factors))
    return _transfers(entries, network.multicast_argument, destinations)


def _transfers(entries: tuple[ActionEnergy, ...], argument: str, destinations: FloatArray) -> FloatArray:
    if len(entries) == 1:
        return np.full(destinations.shape, entries[0].energy_pj)
    result = np.zeros(destinations.shape)
    for entry in entries:
        result[destinations == entry.arguments.get(argument)] = entry.energy_pj
    return result


def _mesh(
    space: Mapspace, machine: Machine, spatial: SpatialAssignments, connection: Connection, p: int, doubles: bool
) -> FloatArray:
    mesh, level = connection.mesh, connection.index
    energies = np.zeros(len(spatial.factors))
    known: dict[tuple[bytes, int], float] = {}
    for index in range(len(energies)):
        key = (spatial.factors[index, level].tobytes(), int(spatial.choice[index, level]))
        if key not in known:
            hops = 0.0
            if not machine.boxes[p] and (mesh.hop_pj or mesh.router_pj):
                delivery = fan_out(space, machine, spatial, index, level, p, hops=True).delivery
                hops = next(iter(delivery.hops.values()), 0.0)
            words = 2 if doubles else 1
            routers = words * (1 + floor(hops / words))
            known[key] = hops * mesh.hop_pj + routers * mesh.router_pj + words * mesh.ingress_pj
        energies[index] = known[key]
    return energies
