"""Energy of networks per word that a level hands to the network below it."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import FloatArray
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.kernels.search_tables import OWN_RANK
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.engines.native.network_costs import Connection, connections, transfer_pj, transfer_prices
from launcher.errors import SpecificationError
from launcher.specification.specification import Specification


def layout_levels(specification: Specification, machine: Machine) -> set[int]:
    """Levels at which it matters along which axis a dimension lies: where hops cost energy, or neighbours help."""
    levels = {c.index for c in connections(specification) if c.mesh.hop_pj or c.mesh.router_pj}
    if np.prod(specification.architecture.fanout(0)) > 1 and (machine.links[0] & ~machine.boxes).any():
        levels.add(0)
    return levels


def has_exact_networks(specification: Specification, *, linked: bool) -> bool:
    """Whether ``network_energies`` is exact, rather than a lower bound, for data spaces whose tiles cannot overlap.

    Args:
        specification: what is mapped.
        linked: whether compute units can help each other.
    """
    return not any(c.mesh.hop_pj or c.mesh.router_pj or (c.index == 0 and linked) for c in connections(specification))


def network_energies(
    space: SearchSpace, machine: Machine, spatial: SpatialAssignments, instances: FloatArray, new: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Energy per word, and what to take off once per data space: both (assignments, levels, data spaces).

    ``new`` are the words that each instance touches for a first time (compute units first).
    Lower bounds for data spaces whose tiles can overlap, and below level 0 when compute units help each other.
    Hops and routers are left out: what they cost depends on the tiles of levels that keep nothing, too.
    """
    shape = (len(spatial.factors), len(space.levels), len(machine.tensors))
    energies, rebates = np.zeros(shape), np.zeros(shape)
    for connection in connections(space.specification):
        level = connection.index
        if level == 0 and (machine.links[0] & (spatial.factors[:, 0].prod(axis=1) > 1).any()).any():
            continue  # what a word costs depends on how many neighbours help
        for p in range(shape[2]):
            if connection.network is not None:
                energies[:, level, p] += _multicast(space, machine, spatial, connection, p) * instances[:, level]
                continue
            ingress_pj = connection.mesh_of(machine.tensors[p].name).ingress_pj * instances[:, level]
            if connection.doubles_updates and machine.read_write[p]:
                # Partial results go down and up again, each word's first time left out.
                energies[:, level, p] += 2 * ingress_pj
                rebates[:, level, p] += ingress_pj * new[:, level + 1, p]
            else:
                energies[:, level, p] += ingress_pj
    return energies, rebates


def _multicast(
    space: SearchSpace, machine: Machine, spatial: SpatialAssignments, connection: Connection, p: int
) -> FloatArray:
    assert connection.network is not None
    network, level = connection.network, connection.index
    name = space.specification.problem.data_space_names[p]
    factors = spatial.factors[:, level, :]
    own = np.where(machine.relevant[p], factors, 1).prod(axis=1)
    destinations = factors.prod(axis=1) // own if machine.multicast[level, p] else np.ones(len(factors))
    prices = transfer_pj(transfer_prices(space.specification, network, name), destinations)
    if machine.boxes[p]:
        # Where children slide along one rank, words go to different numbers of them, and not all are charged.
        shared = machine.relevant[p] & (machine.motion[p] != OWN_RANK)
        prices = np.where((factors[:, shared] > 1).any(axis=1), 0.0, prices)
    return prices


def word_prices(specification: Specification, machine: Machine) -> FloatArray:
    """(levels, P, 2) pJ per word that crosses the network below a level, and to take off per first touch.

    Raises:
        SpecificationError: what a word costs depends on how far it goes, or on how many get it.
    """
    levels = len(specification.architecture.levels)
    prices = np.zeros((levels, len(machine.tensors), 2))
    for connection in connections(specification):
        if connection.mesh.hop_pj or connection.mesh.router_pj:
            raise _uncounted(connection.name, "hops")
        for p, tensor in enumerate(machine.tensors):
            if connection.network is not None:
                prices[connection.index, p, 0] += _any_transfer_pj(specification, connection, tensor.name)
                continue
            doubles = connection.doubles_updates and tensor.read_write
            ingress_pj = connection.mesh_of(tensor.name).ingress_pj
            prices[connection.index, p] += ingress_pj * np.array([1 + doubles, doubles])
    return prices


def _any_transfer_pj(specification: Specification, connection: Connection, space: str) -> float:
    assert connection.network is not None
    prices = transfer_prices(specification, connection.network, space)
    if any(count is not None for count, _ in prices):
        raise _uncounted(connection.name, "transfers by number of destinations")
    return prices[0][1] if prices else 0.0


def _uncounted(network: str, what: str) -> SpecificationError:
    return SpecificationError(
        f"network {network!r} charges {what}, which the mapper does not count for imperfect factors",
        where="mapspace.factors",
        expected="mapspace.factors=perfect, or a network with one price per word",
    )
