"""Energy and latency of the networks between levels."""

from __future__ import annotations

from launcher.engines.native.accesses import LevelAccesses
from launcher.engines.native.energies import component_actions
from launcher.engines.native.nest import Nest
from launcher.specification.architecture import Architecture, Network
from launcher.specification.energy import ActionEnergy
from launcher.specification.specification import Specification


def network_latency_cycles(architecture: Architecture) -> int:
    """Cycles that filling and draining the networks adds, once.

    An explicit network counts its fill latency in both directions, as Timeloop does.
    """
    cycles = 0
    for level in architecture.levels:
        if level.read_network is not None:
            cycles += architecture.networks[level.read_network].fill_latency
        else:
            cycles += level.network_fill_latency
        if level.update_network is not None:
            cycles += architecture.networks[level.update_network].fill_latency
        else:
            cycles += level.network_drain_latency
    return cycles


def network_energies_pj(
    specification: Specification, nest: Nest, accesses: list[list[LevelAccesses]]
) -> dict[str, float]:
    """Energy of every explicit network that a level uses, by name."""
    architecture = specification.architecture
    energies: dict[str, float] = {}
    for index, level in enumerate(architecture.levels):
        for name in (level.read_network, level.update_network):
            if name is not None and name not in energies:
                network = architecture.networks[name]
                energies[name] = _multicast_energy_pj(
                    specification, network, nest.levels[index].instances, accesses[index]
                )
    return energies


def _multicast_energy_pj(
    specification: Specification, network: Network, instances: int, accesses: list[LevelAccesses]
) -> float:
    actions = component_actions(specification, network.name)
    total = 0.0
    for space, access in zip(specification.problem.data_space_names, accesses, strict=True):
        action = f"{network.action_name}_{space}" if network.per_data_space_actions else network.action_name
        entries = actions.get(action, ())
        if not access.traffic.accesses or not entries:
            continue
        (destinations, _), words = max(access.traffic.accesses.items())
        total += _transfer_energy_pj(entries, network.multicast_argument, destinations) * words * instances
    return total


def _transfer_energy_pj(entries: tuple[ActionEnergy, ...], argument: str, destinations: int) -> float:
    if len(entries) == 1:
        return entries[0].energy_pj
    for entry in entries:
        if entry.arguments.get(argument) == destinations:
            return entry.energy_pj
    return 0.0
