"""Energy and area reference tables (Timeloop's ``ERT`` and ``ART``), read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from launcher.specification.architecture import Architecture, Component, ComputeLevel, Network, StorageLevel
from launcher.specification.built_in_energy import (
    built_in_compute_energy_pj,
    built_in_dram_energy_pj,
    built_in_energy_pj,
)
from launcher.specification.energy import ActionEnergy, AreaTable, AssumedEnergy, EnergyTable
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.notes import note

_RANGE = re.compile(r"\[[^\]]*\]")
_ACTION_KEYS = ("name", "arguments", "energy")
_NEEDED_STORAGE = {
    "read": ("read", "random_read"),
    "write": ("write", "fill", "random_write", "random_fill"),
    "update": ("update", "write", "random_update", "random_write"),
}
_NEEDED_COMPUTE = {"compute": ("compute", "mac", "mult", "mac_random", "mult_random")}


def component_name(path: str) -> str:
    """``weights`` from ``system.chip.weights[1..16]``."""
    return _RANGE.sub("", path).rsplit(".", 1)[-1]


def read_energy_table(node: YamlNode) -> EnergyTable:
    """The ERT: a list of tables, each with its actions; an action may have one energy per set of arguments.

    Raises:
        SpecificationError: a negative or missing energy, a key that is missing.
    """
    components: dict[str, dict[str, tuple[ActionEnergy, ...]]] = {}
    tables = node.require("tables")
    if tables.is_map:
        return _table_of_version_2(tables)
    paths: dict[str, str] = {}
    for table in tables.list():
        table.check_keys(("name", "actions", "primitive_estimations"), "a table of the ERT")
        actions = components.setdefault(_component(table, paths, "ERT"), {})
        for action in table.require("actions").list():
            action.check_keys(_ACTION_KEYS, "an action of the ERT")
            name = action.require("name").text()
            energy = float(action.require("energy").number(minimum=0))
            actions[name] = (*actions.get(name, ()), ActionEnergy(energy, _arguments(action)))
    return EnergyTable(components)


def _table_of_version_2(tables: YamlNode) -> EnergyTable:
    """The form of version 0.2: component -> action -> its energies, a list of them where it has arguments."""
    components: dict[str, dict[str, tuple[ActionEnergy, ...]]] = {}
    for path, table in tables.items():
        actions = components.setdefault(component_name(path), {})
        for name, action in table.items():
            entries = action.list() if action.is_list else [action]
            actions[name] = tuple(
                ActionEnergy(float(entry.require("energy").number(minimum=0)), _arguments(entry)) for entry in entries
            )
    return EnergyTable(components)


def _component(table: YamlNode, seen: dict[str, str], what: str) -> str:
    """The component that a table is about; ``seen`` are the names of those before it, and their paths."""
    path = table.require("name")
    name = component_name(path.text())
    if name in seen:
        if seen[name] == path.text():
            raise path.error(f"the {what} has two tables for '{name}'", "one for each component")
        note(f"the {what} has tables for {seen[name]} and {path.text()}, which are taken for one component")
    seen[name] = path.text()
    return name


def _arguments(entry: YamlNode) -> dict[str, object]:
    arguments = entry.get("arguments")
    return {key: child.value for key, child in arguments.items()} if arguments else {}


def read_area_table(node: YamlNode) -> AreaTable:
    """The ART: area of one instance of each component, in um^2."""
    areas: dict[str, float] = {}
    paths: dict[str, str] = {}
    for table in node.require("tables").list():
        table.check_keys(("name", "area", "primitive_estimations"), "a table of the ART")
        areas[_component(table, paths, "ART")] = float(table.require("area").number(minimum=0))
    return AreaTable(areas)


def check_energy_table(node: YamlNode, energy: EnergyTable, architecture: Architecture) -> None:
    """Refuse an ERT that lacks a component or an action whose energy the model needs.

    Levels that only stand for a fan-out may be missing, and so may levels with their own ``vector_access_energy``.
    """
    for level in architecture.levels:
        if not level.is_dummy and level.vector_access_energy_pj is None:
            _check_component(node, energy, level, _NEEDED_STORAGE)
    _check_component(node, energy, architecture.compute, _NEEDED_COMPUTE)


def _check_component(
    node: YamlNode, energy: EnergyTable, component: Component, needed: Mapping[str, tuple[str, ...]]
) -> None:
    tables = node.require("tables")
    actions = energy.components.get(component.name)
    if actions is None:
        raise tables.error(
            f"the ERT has no table for '{component.name}'", f"a table with the actions {', '.join(needed)}"
        )
    for action, names in needed.items():
        if not _has(actions, names):
            raise tables.error(
                f"the ERT lacks action '{action}' of '{component.name}'",
                f"one of: {', '.join(names)}; it has: {', '.join(actions) or 'none'}",
            )


def completed_energy_table(
    energy: EnergyTable, architecture: Architecture
) -> tuple[EnergyTable, tuple[AssumedEnergy, ...]]:
    """The table with what Timeloop itself takes for the components and actions that it lacks, and what that was.

    They get the figures that Timeloop is built with (checked against the program). Older files list one action
    ``access`` for all that a storage level does: that is what its accesses cost then.
    """
    components = dict(energy.components)
    assumed: list[AssumedEnergy] = []
    levels: list[StorageLevel | ComputeLevel] = [*reversed(architecture.levels), architecture.compute]
    for level in levels:
        if isinstance(level, StorageLevel) and (level.is_dummy or level.vector_access_energy_pj is not None):
            continue
        actions = components.get(level.name)
        needed = _NEEDED_STORAGE if isinstance(level, StorageLevel) else _NEEDED_COMPUTE
        missing = [action for action, names in needed.items() if actions is None or not _has(actions, names)]
        if not missing:
            continue
        built_in = _built_in(level)
        figure, how = built_in, "the figure that Timeloop is built with"
        if isinstance(level, StorageLevel) and actions and actions.get("access"):
            figure = max(entry.energy_pj for entry in actions["access"])
            how = f"its action 'access' (today's Timeloop takes the figure it is built with, {built_in:.6g} pJ)"
        components[level.name] = {**(actions or {}), **{action: (ActionEnergy(figure),) for action in missing}}
        reason = "the ERT has no such action" if actions else "the ERT has no table for it"
        taken = f"{figure:.6g} pJ, {how}"
        plain = {key: value for key, value in level.attributes.items() if isinstance(value, int | float | str)}
        assumed.append(
            AssumedEnergy(level.name, level.component_class, plain, tuple(missing), reason, taken, unknown=False)
        )
    return EnergyTable(components), tuple(assumed)


def _has(actions: Mapping[str, object], names: tuple[str, ...]) -> bool:
    return any(name in actions for name in names)


def _built_in(level: StorageLevel | ComputeLevel) -> float:
    if isinstance(level, ComputeLevel):
        return built_in_compute_energy_pj(level)
    is_dram = "DRAM" in level.component_class or level.attributes.get("technology") == "DRAM"
    return built_in_dram_energy_pj(level) if is_dram else built_in_energy_pj(level)


def energy_to_yaml(energy: EnergyTable, architecture: Architecture) -> dict[str, object]:
    """The ERT as Timeloop reads it."""
    tables = [
        {
            "name": table_name(architecture, name),
            "actions": [
                {"name": action, "arguments": dict(entry.arguments), "energy": entry.energy_pj}
                for action, entries in actions.items()
                for entry in entries
            ],
        }
        for name, actions in energy.components.items()
    ]
    return {"version": "0.4", "tables": tables}


def area_to_yaml(area: AreaTable, architecture: Architecture) -> dict[str, object]:
    """The ART as Timeloop reads it."""
    tables = [{"name": table_name(architecture, name), "area": value} for name, value in area.components.items()]
    return {"version": "0.4", "tables": tables}


def table_name(architecture: Architecture, name: str) -> str:
    """A component's full name in the tables, with the range of its instances."""
    instances = {c.name: c.instances for c in architecture.components if not isinstance(c, Network)}
    suffix = f"[1..{instances[name]}]" if name in instances else ""
    return f"{architecture.name}.{name}{suffix}"
