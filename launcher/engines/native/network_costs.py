"""Energy and latency of the networks between levels.

Between two levels lies either an explicit network that the outer level names, or an inferred mesh, named
``outer <==> inner``. A mesh costs energy only where hops, routers or ingresses were given one: in the attributes of
the outer level (or of an explicit mesh), or as a ``wire`` entry of the energy table.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt

import numpy as np

from launcher.engines.native.accesses import LevelAccesses
from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.energies import component_actions, largest_energy_pj
from launcher.engines.native.lowering import Nest
from launcher.engines.native.recent import Recent
from launcher.errors import SpecificationError
from launcher.specification.architecture import (
    MESH_CLASSES,
    MULTICAST_CLASS,
    TREE_CLASS,
    Architecture,
    Component,
    Network,
    StorageLevel,
)
from launcher.specification.specification import Specification

WIRE_NAMES = ("wire", "Wire")
WIRE_ACTION = "transfer_random"

NETWORK_ATTRIBUTES = (
    *("network_type", "technology", "reduction_supported", "energy_per_hop", "router_energy", "energy-per-ingress"),
    *("wire_energy", "network_word_bits", "tile_width"),
)
"""Attributes of a level that decide what the network below it does and costs."""

TransferPrices = tuple[tuple[float | None, float], ...]
"""(destinations, pJ) per transfer, None for any number of them; the last one that holds counts."""


@dataclass(frozen=True)
class MeshEnergies:
    """What traffic on a mesh costs, in pJ per word.

    Attributes:
        hop_pj: over one link.
        router_pj: through one router.
        ingress_pj: into the network.
    """

    hop_pj: float = 0.0
    router_pj: float = 0.0
    ingress_pj: float = 0.0

    @property
    def is_free(self) -> bool:
        return not (self.hop_pj or self.router_pj or self.ingress_pj)


@dataclass(frozen=True)
class Connection:
    """A network, and the level on its outer side whose traffic it carries.

    Attributes:
        name: of the network.
        index, outer: number of the outer level, and the level.
        network: the explicit multicast network, or None for a mesh.
        mesh: what a mesh costs.
        doubles_updates: whether partial results travel down and up again because the outer level cannot add.
    """

    name: str
    index: int
    outer: StorageLevel
    network: Network | None = None
    mesh: MeshEnergies = MeshEnergies()
    doubles_updates: bool = False

    def mesh_of(self, space: str) -> MeshEnergies:
        """What a value of a data space costs on a mesh: its share of a word of the outer level."""
        share = self.outer.share_of(space)
        return MeshEnergies(self.mesh.hop_pj * share, self.mesh.router_pj * share, self.mesh.ingress_pj * share)


def network_latency_cycles(architecture: Architecture) -> int:
    """Cycles that filling and draining the networks adds, once.

    An explicit network counts its fill latency in both directions, as Timeloop does.
    """
    cycles = 0
    for level in architecture.levels:
        if level.read_network is None:
            cycles += level.network_fill_latency
        else:
            cycles += _network(architecture, level, level.read_network).fill_latency
        if level.update_network is None:
            cycles += level.network_drain_latency
        else:
            cycles += _network(architecture, level, level.update_network).fill_latency
    return cycles


_RECENT: Recent[tuple[Connection, ...]] = Recent()


def connections(specification: Specification) -> tuple[Connection, ...]:
    """Every network that can cost energy, innermost first. One that several levels name counts for the innermost.

    Raises:
        SpecificationError: a level names a network that does not exist or is of a class that is not supported
            (distributed multicast), or an energy attribute is not a number.
    """
    made_of = specification.architecture, specification.energy, specification.area
    return _RECENT.of(made_of, lambda: _connections(specification))


def _connections(specification: Specification) -> tuple[Connection, ...]:
    found: dict[str, Connection] = {}
    architecture = specification.architecture
    for index, level in enumerate(architecture.levels):
        _refuse_distributed_multicast(level)
        for name in (level.read_network, level.update_network):
            if name is not None and name not in found:
                connection = _explicit(specification, level, index, name)
                if connection.network is not None or not connection.mesh.is_free:
                    found[name] = connection
        # With an explicit update network the inferred one only reads, and reading never doubles.
        if level.read_network is None:
            mesh = _mesh_energies(specification, level, index)
            inner = architecture.levels[index - 1].name if index else architecture.compute.name
            name = f"{level.name} <==> {inner}"
            if not mesh.is_free:
                doubles = level.update_network is None and not _adds(level)
                found[name] = Connection(name, index, level, mesh=mesh, doubles_updates=doubles)
    return tuple(found.values())


def network_energies_pj(
    specification: Specification, nest: Nest, accesses: list[list[LevelAccesses]]
) -> dict[str, float]:
    """Energy of every network that can cost any, by name."""
    energies: dict[str, float] = {}
    for connection in connections(specification):
        instances = nest.levels[connection.index].instances
        crossing = accesses[connection.index]
        if connection.network is not None:
            energies[connection.name] = _multicast_pj(specification, connection.network, instances, crossing)
        else:
            energies[connection.name] = _mesh_pj(specification, connection, instances, crossing)
    return energies


def transfer_prices(specification: Specification, network: Network, space: str) -> TransferPrices:
    """What transfers of a data space's values on an explicit network cost, however wide they are.

    A single entry of the energy table holds for any number of destinations. A data space whose action the table does
    not have crosses the network for free.
    """
    action = f"{network.action_name}_{space}" if network.per_data_space_actions else network.action_name
    entries = component_actions(specification, network.name).get(action, ())
    if len(entries) == 1:
        return ((None, entries[0].energy_pj),)
    counts = [entry.arguments.get(network.multicast_argument) for entry in entries]
    return tuple((c, e.energy_pj) for c, e in zip(counts, entries, strict=True) if isinstance(c, int | float))


def transfer_pj(prices: TransferPrices, destinations: AnyArray) -> AnyArray:
    """Energy of one transfer to so many destinations each; nothing where there is no price for them."""
    energy = np.zeros(destinations.shape)
    for count, price_pj in prices:
        energy = np.where((destinations == count) | (count is None), price_pj, energy)
    return energy


def counts_hops(specification: Specification) -> set[int]:
    """Levels below which hops matter to some network's energy."""
    return {c.index for c in connections(specification) if c.network is None and (c.mesh.hop_pj or c.mesh.router_pj)}


def _explicit(specification: Specification, level: StorageLevel, index: int, name: str) -> Connection:
    network = _network(specification.architecture, level, name)
    if network.component_class == MULTICAST_CLASS:
        return Connection(name, index, level, network)
    if network.component_class in MESH_CLASSES:
        # A network that only reads never doubles. Without an update network the read network updates, too.
        doubles = level.update_network in {None, name} and not _adds(level)
        mesh = _mesh_energies(specification, network, index)
        return Connection(name, index, level, mesh=mesh, doubles_updates=doubles)
    if network.component_class == TREE_CLASS:
        if _number(network, "adder_energy") or _number(network, "wire_energy"):
            raise SpecificationError(
                f"network {name!r} is a reduction tree that costs energy, which is not supported",
                where=f"architecture, network {name}",
                expected="adder_energy and wire_energy of 0",
            )
        return Connection(name, index, level)
    raise SpecificationError(
        f"network {name!r} is of class {network.component_class!r}, which is not supported",
        where=f"architecture, network {name}",
        expected=f"one of {', '.join((MULTICAST_CLASS, *MESH_CLASSES, TREE_CLASS))}",
    )


def _network(architecture: Architecture, level: StorageLevel, name: str) -> Network:
    if name not in architecture.networks:
        raise SpecificationError(
            f"level {level.name!r} names a network {name!r} that does not exist",
            where=f"architecture, level {level.name}",
            expected=f"one of: {', '.join(architecture.networks) or 'no explicit network is defined'}",
        )
    return architecture.networks[name]


def _refuse_distributed_multicast(level: StorageLevel) -> None:
    if level.attributes.get("network_type") == "M:N":
        raise SpecificationError(
            f"level {level.name!r} asks for distributed multicast, which is not supported",
            where=f"architecture, level {level.name}, network_type: M:N",
            expected="1:1 or 1:N",
        )


def _adds(level: StorageLevel) -> bool:
    """Whether the level can add an update to what it holds. DRAM cannot unless the architecture says that it can."""
    is_dram = "DRAM" in level.component_class or level.attributes.get("technology") == "DRAM"
    return level.reduction_supported and (not is_dram or level.attributes.get("reduction_supported") is True)


def _mesh_energies(specification: Specification, component: Component, index: int) -> MeshEnergies:
    """Energies of a mesh whose outer side is level ``index``, from the attributes of ``component``."""
    per_hop = _number(component, "energy_per_hop")
    if per_hop is None:
        per_hop = _wire_hop_pj(specification, component, index)
    return MeshEnergies(
        per_hop, _number(component, "router_energy") or 0.0, _number(component, "energy-per-ingress") or 0.0
    )


def _wire_hop_pj(specification: Specification, component: Component, index: int) -> float:
    """Energy of one word over one hop: pJ per bit and mm, times the width of one inner tile.

    The width comes from the areas of everything inside; a component without an area counts as 0, as in Timeloop.
    """
    wire_pj = _table_wire_pj(specification) if isinstance(component, StorageLevel) else None
    if wire_pj is None:
        wire_pj = _number(component, "wire_energy")
    if not wire_pj:
        return 0.0
    bits = _number(component, "network_word_bits")
    if bits is None:
        bits = float(component.word_bits) if isinstance(component, StorageLevel) else _word_bits(component)
    width_um = _number(component, "tile_width")
    if width_um is None:
        width_um = sqrt(_inner_tile_area_um2(specification, index))
    return bits * (width_um / 1000) * wire_pj


def _word_bits(component: Component) -> float:
    for key in ("word_bits", "word_width", "datawidth"):
        value = _number(component, key)
        if value is not None:
            return value
    return 16.0


def _table_wire_pj(specification: Specification) -> float | None:
    """Energy per bit and mm of the table's ``wire`` entry (single precision, as Timeloop reads it)."""
    components = specification.energy.components if specification.energy else {}
    for name in WIRE_NAMES:
        entries = components.get(name, {}).get(WIRE_ACTION, ())
        energy = float(np.float32(largest_energy_pj(entries))) if entries else 0.0
        if energy:
            return energy
    return None


def _inner_tile_area_um2(specification: Specification, index: int) -> float:
    """Area of one instance of the level below ``index``, with everything inside it."""
    areas = specification.area.components if specification.area else {}
    architecture = specification.architecture
    area = 0.0
    inner_instances = 0
    for component in (architecture.compute, *architecture.levels[:index]):
        fanout = inner_instances // component.instances
        area = float(np.float32(areas.get(component.name, 0.0))) + area * fanout
        inner_instances = component.instances
    return area


def _number(component: Component, key: str) -> float | None:
    value = component.attributes.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SpecificationError(
            f"attribute {key!r} of {component.name!r} is {value!r}",
            where=f"architecture, {component.name}, {key}",
            expected="a number of at least 0",
        )
    return float(value)


def _mesh_pj(
    specification: Specification, connection: Connection, instances: int, accesses: list[LevelAccesses]
) -> float:
    total = 0.0
    for space, access in zip(specification.problem.data_spaces, accesses, strict=True):
        mesh = connection.mesh_of(space.name)
        wire_hops = ingresses = 0.0
        routers = 0
        for key, accessed in sorted(access.traffic.accesses.items()):
            words = accessed
            if space.read_write and connection.doubles_updates:
                words = 2 * accessed - access.partition_words
            ingresses += words
            if words > 0:
                hops = access.traffic.hops.get(key, 0.0) / words
                routers = int(routers + (1 + floor(hops)) * words)
                wire_hops += hops * words
        energy = wire_hops * mesh.hop_pj + routers * mesh.router_pj + mesh.ingress_pj * ingresses
        links = access.traffic.link_words * (mesh.hop_pj + 2 * mesh.router_pj)
        total += (links + energy) * instances
    return total


def _multicast_pj(
    specification: Specification, network: Network, instances: int, accesses: list[LevelAccesses]
) -> float:
    """Both directions and all data spaces are charged; of several multicast factors only the largest counts."""
    total = 0.0
    for space, access in zip(specification.problem.data_space_names, accesses, strict=True):
        prices = transfer_prices(specification, network, space)
        crossing = {key: words for key, words in access.traffic.accesses.items() if words > 0}
        if crossing:
            (destinations, _), words = max(crossing.items())
            total += float(transfer_pj(prices, np.asarray(destinations))) * words * instances
    return total
