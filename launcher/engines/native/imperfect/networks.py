"""Energy of the networks between levels under an imperfect mapping."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.imperfect.counts import CountedTensor
from launcher.engines.native.network_costs import (
    Connection,
    TransferPrices,
    connections,
    transfer_pj,
    transfer_prices,
)
from launcher.errors import SpecificationError
from launcher.specification.problem import DataSpace
from launcher.specification.specification import Specification
from launcher.summing import sum_in_order


def imperfect_network_energies_pj(specification: Specification, counted: tuple[CountedTensor, ...]) -> dict[str, float]:
    """Energy of every network that can cost any, by name.

    An explicit network charges each transfer by its own number of destinations, which is smaller where the last
    iteration of a fan-out is cut short. A mesh charges each word that enters it.

    Raises:
        SpecificationError: hops or routers of a mesh cost energy: their number is not counted.
    """
    energies: dict[str, float] = {}
    for connection in connections(specification):
        total = 0.0
        for space, one in zip(specification.problem.data_spaces, counted, strict=True):
            if connection.network is None:
                total += _ingress_pj(connection, space, one)
            else:
                total += _transfers_pj(transfer_prices(specification, connection.network, space.name), connection, one)
        energies[connection.name] = total
    return energies


def _transfers_pj(prices: TransferPrices, connection: Connection, counted: CountedTensor) -> float:
    crossing = counted.crossings[connection.index]
    if crossing is None or not prices:
        return 0.0
    if len(prices) == 1 and prices[0][0] is None:
        return prices[0][1] * counted.traffic.words(crossing)
    transfers = counted.traffic.transfers(crossing)
    return sum_in_order(
        float(transfer_pj(prices, np.asarray(destinations))) * transfers[destinations]
        for destinations in sorted(transfers)
    )


def _ingress_pj(connection: Connection, space: DataSpace, counted: CountedTensor) -> float:
    mesh, crossing = connection.mesh_of(space.name), counted.crossings[connection.index]
    if mesh.hop_pj or mesh.router_pj:
        raise SpecificationError(
            f"hops of imperfect mappings are not counted, but network {connection.name!r} has energy per hop or router",
            where=f"network {connection.name}",
            expected="perfect factors, or a mesh without energy per hop and router",
        )
    if crossing is None:
        return 0.0
    words = counted.traffic.words(crossing)
    if space.read_write and connection.doubles_updates:
        # A level that the tensor bypasses is responsible for none of its words.
        words = 2 * words - counted.accesses[connection.index].first_words
    return words * mesh.ingress_pj
