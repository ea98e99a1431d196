"""Energy per action, read from the energy reference table the way Timeloop reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from launcher.engines.native.recent import Recent
from launcher.errors import SpecificationError
from launcher.specification.architecture import StorageLevel
from launcher.specification.built_in_energy import built_in_energy_pj
from launcher.specification.energy import ActionEnergy
from launcher.specification.specification import Specification

_READ_ACTIONS = ("random_read", "read")
_FILL_ACTIONS = ("random_fill", "random_write", "fill", "write")
_UPDATE_ACTIONS = ("random_update", "random_write", "update", "write")
_LEAK_ACTIONS = ("leak",)
_COMPUTE_ACTIONS = ("mac_random", "mult_random", "mac", "mult", "compute")
"""Names under which Timeloop looks an operation up in the table; the first one that exists is used."""


@dataclass(frozen=True)
class AccessEnergies:
    """Energy of one access to a storage level: one access moves one block of words.

    Attributes:
        read_pj, fill_pj, update_pj: pJ per block read, written from above, written from below.
        leak_pj_per_cycle: pJ per cycle and instance.
    """

    read_pj: float
    fill_pj: float
    update_pj: float
    leak_pj_per_cycle: float = 0.0


_RECENT: Recent[tuple[AccessEnergies, ...]] = Recent()


def level_energies(specification: Specification) -> tuple[AccessEnergies, ...]:
    """Energies of every storage level, innermost first.

    Each figure is the largest one listed under the first of Timeloop's names for the operation (see the constants of
    this module). ``vector_access_energy`` of a level beats its whole table entry, leakage included. Leakage that
    the table does not list is 0; that of the outermost level includes the specification's price of a cycle. A level
    that only stands for a container's fan-out may be missing from the table; should a mapping keep something there, it
    costs what Timeloop's built-in fit gives.

    Raises:
        SpecificationError: there is no table, or it lacks a level or one of its actions.
    """
    levels = specification.architecture.levels
    energies = _RECENT.of(
        (specification.energy, levels), lambda: tuple(_energies_of(specification, level) for level in levels)
    )
    if not specification.cycle_pj:
        return energies
    # Of the outermost level one instance is in use whatever the mapping.
    outermost = energies[-1]
    return (*energies[:-1], replace(outermost, leak_pj_per_cycle=outermost.leak_pj_per_cycle + specification.cycle_pj))


def compute_energy_pj(specification: Specification) -> float:
    """Energy of one compute operation in pJ. Leakage of compute units is ignored, as Timeloop ignores it.

    Raises:
        SpecificationError: there is no table, or it lacks the compute unit or its action.
    """
    name = specification.architecture.compute.name
    return _lookup(name, component_actions(specification, name), _COMPUTE_ACTIONS, "compute")


def level_entry(energies: AccessEnergies) -> dict[str, tuple[ActionEnergy, ...]]:
    """The table's entry of a level with these energies."""
    return {
        _READ_ACTIONS[0]: (ActionEnergy(energies.read_pj),),
        _FILL_ACTIONS[0]: (ActionEnergy(energies.fill_pj),),
        _UPDATE_ACTIONS[0]: (ActionEnergy(energies.update_pj),),
        _LEAK_ACTIONS[0]: (ActionEnergy(energies.leak_pj_per_cycle),),
    }


def compute_entry(energy_pj: float) -> dict[str, tuple[ActionEnergy, ...]]:
    """The table's entry of compute units with this energy of one operation."""
    return {_COMPUTE_ACTIONS[0]: (ActionEnergy(energy_pj),)}


def component_actions(specification: Specification, name: str) -> Mapping[str, tuple[ActionEnergy, ...]]:
    """The table's entry of one component.

    Raises:
        SpecificationError: there is no table or no such entry.
    """
    components = _table(specification)
    if name not in components:
        raise SpecificationError(
            f"the energy table has no entry for {name!r}",
            where=f"ERT, component {name}",
            expected=f"an entry per storage and compute component; it has: {', '.join(sorted(components)) or 'none'}",
            hint="estimate the architecture's energies first, or add the component to the ERT",
        )
    return components[name]


def largest_energy_pj(entries: tuple[ActionEnergy, ...]) -> float:
    """What Timeloop takes when an action is listed several times (for other addresses or data): the largest figure."""
    return max(0.0, *(entry.energy_pj for entry in entries))


def _table(specification: Specification) -> Mapping[str, Mapping[str, tuple[ActionEnergy, ...]]]:
    if specification.energy is None:
        raise SpecificationError(
            "the specification has no energy table (ERT)",
            expected="energy per action of every component",
            hint="run an estimator on it, or give an ERT",
        )
    return specification.energy.components


def _energies_of(specification: Specification, level: StorageLevel) -> AccessEnergies:
    if level.vector_access_energy_pj is not None:
        energy = level.vector_access_energy_pj
        return AccessEnergies(energy, energy, energy)
    if level.is_dummy and level.name not in _table(specification):
        energy = built_in_energy_pj(level)
        return AccessEnergies(energy, energy, energy)
    actions = component_actions(specification, level.name)
    return AccessEnergies(
        read_pj=_lookup(level.name, actions, _READ_ACTIONS, "read"),
        fill_pj=_lookup(level.name, actions, _FILL_ACTIONS, "fill"),
        update_pj=_lookup(level.name, actions, _UPDATE_ACTIONS, "update"),
        leak_pj_per_cycle=_lookup(level.name, actions, _LEAK_ACTIONS, None),
    )


def _lookup(
    component: str, actions: Mapping[str, tuple[ActionEnergy, ...]], names: tuple[str, ...], needed_as: str | None
) -> float:
    for name in names:
        if actions.get(name):
            return largest_energy_pj(actions[name])
    if needed_as is None:
        return 0.0
    raise SpecificationError(
        f"the energy table has no {needed_as} action for {component!r}",
        where=f"ERT, component {component}",
        expected=f"one of the actions {', '.join(names)}; it has: {', '.join(actions) or 'none'}",
    )
