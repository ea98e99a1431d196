"""Energy and area reference tables (Timeloop's ``ERT`` and ``ART``), read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from launcher.specification.architecture import Architecture, Component, Network
from launcher.specification.energy import ActionEnergy, AreaTable, EnergyTable
from launcher.timeloop_files.node import YamlNode

_RANGE = re.compile(r"\[[^\]]*\]")
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
    for table in node.require("tables").list():
        table.check_keys(("name", "actions", "primitive_estimations"), "a table of the ERT")
        actions = components.setdefault(component_name(table.require("name").text()), {})
        for action in table.require("actions").list():
            name = action.require("name").text()
            arguments = action.get("arguments")
            plain = {key: child.value for key, child in arguments.items()} if arguments else {}
            energy = float(action.require("energy").number(minimum=0))
            actions[name] = (*actions.get(name, ()), ActionEnergy(energy, plain))
    return EnergyTable(components)


def read_area_table(node: YamlNode) -> AreaTable:
    """The ART: area of one instance of each component, in um^2."""
    areas: dict[str, float] = {}
    for table in node.require("tables").list():
        table.check_keys(("name", "area", "primitive_estimations"), "a table of the ART")
        areas[component_name(table.require("name").text())] = float(table.require("area").number(minimum=0))
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
        if not any(name in actions for name in names):
            table = next(t for t in tables.list() if component_name(t.require("name").text()) == component.name)
            raise table.require("actions").error(
                f"the ERT lacks action '{action}' of '{component.name}'",
                f"one of: {', '.join(names)}; it has: {', '.join(actions) or 'none'}",
            )


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
