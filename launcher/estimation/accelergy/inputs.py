"""What Accelergy is given: components as v0.4 compound components, and the figures of their parts as table folders."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import EstimationError
from launcher.estimation.parts import Composition, Part
from launcher.specification.architecture import Component

MACHINE = "machine"
_VERSION = 0.4
_DEFAULT_CYCLE_S = 1e-9
# What Accelergy 0.4 adds to the arguments of every action; its table plug-in wants a column for each.
_ADDED = ("technology", "global_cycle_seconds", "cycle_seconds", "action_latency_cycles", "n_instances")


@dataclass(frozen=True)
class Described:
    """One component as Accelergy shall see it.

    Attributes:
        name: of the component.
        component_class: a compound class of ours, or one that the user's own files define.
        attributes: of the component.
        composition: its parts; None for a class of the user's own files, which says itself what it consists of.
    """

    name: str
    component_class: str
    attributes: Mapping[str, object]
    composition: Composition | None

    def content(self) -> object:
        """All that decides the figures, the component's own name aside."""
        if self.composition is None:
            return [self.component_class, dict(self.attributes)]
        parts = [
            [part.primitive, dict(part.attributes), dict(part.energy_pj), part.area_um2, part.uses, part.count]
            for part in self.composition.parts
        ]
        return [dict(self.attributes), self.composition.actions, parts]


def describe(component: Component, composition: Composition | None, own_class: str) -> Described:
    """A component as Accelergy shall see it.

    Args:
        component: with the architecture's attributes.
        composition: its parts, or None when the user's own files define ``own_class``.
        own_class: the class that the component names.
    """
    common = _common_attributes(component)
    if composition is None:
        own = {key: value for key, value in component.attributes.items() if isinstance(value, int | float | str)}
        return Described(component.name, own_class, {**own, **common}, None)
    return Described(component.name, f"{component.name}_{own_class}", common, composition)


def write_inputs(folder: Path, components: Sequence[Described], accuracy: int) -> list[Path]:
    """Write the architecture, its compound components and the tables.

    Args:
        folder: where; the tables go to ``tables/``.
        components: at least one.
        accuracy: of the tables in percent; Accelergy asks the most accurate plug-in first.

    Returns:
        The files to name on Accelergy's command line.
    """
    machine = {
        "name": MACHINE,
        "attributes": dict(components[0].attributes),
        "local": [
            {"name": one.name, "class": one.component_class, "attributes": dict(one.attributes)} for one in components
        ],
    }
    files = [_write(folder / "architecture.yaml", {"architecture": {"version": _VERSION, "subtree": [machine]}})]
    compound = [_compound_class(one, one.composition) for one in components if one.composition is not None]
    if compound:
        content = {"compound_components": {"version": _VERSION, "classes": compound}}
        files.append(_write(folder / "components.yaml", content))
    _write_tables(folder / "tables", components, accuracy)
    return files


def _common_attributes(component: Component) -> dict[str, object]:
    cycle = component.attributes.get("global_cycle_seconds")
    seconds = float(cycle) if isinstance(cycle, int | float) and not isinstance(cycle, bool) else _DEFAULT_CYCLE_S
    return {
        "technology": _technology(component.attributes.get("technology")),
        "global_cycle_seconds": seconds,
        "cycle_seconds": seconds,
        "action_latency_cycles": 1,
        "n_instances": 1,
    }


def _technology(given: object) -> str:
    """The table plug-in insists on one, where it means something and where it does not."""
    if given is None:
        return "any"
    return f"{given:g}nm" if isinstance(given, int | float) else str(given)


def _compound_class(described: Described, composition: Composition) -> dict[str, object]:
    parts = composition.parts
    return {
        "name": described.component_class,
        "attributes": dict(described.attributes),
        "subcomponents": [
            {
                "name": part.name,
                "class": part.primitive,
                "attributes": {**described.attributes, **part.attributes},
                "area_scale": part.count,
            }
            for part in parts
        ],
        "actions": [
            {"name": action, "subcomponents": [_use(part, action) for part in parts if part.uses.get(action)]}
            for action in composition.actions
        ],
    }


def _use(part: Part, action: str) -> dict[str, object]:
    return {
        "name": part.name,
        "actions": [{"name": own, "energy_scale": times} for own, times in part.uses[action].items()],
    }


def _write(path: Path, content: object) -> Path:
    """JSON is YAML, and Accelergy takes every text without quotation marks for an expression."""
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def _write_tables(folder: Path, components: Iterable[Described], accuracy: int) -> None:
    """One set of tables per technology, one table per class of part: what its actions cost, and its area."""
    tables: dict[tuple[str, str], dict[tuple[str, ...], dict[str, str]]] = {}
    for described in components:
        for part in described.composition.parts if described.composition else ():
            attributes = {key: str(value) for key, value in {**described.attributes, **part.attributes}.items()}
            rows = tables.setdefault((attributes["technology"], part.primitive), {})
            for action, energy in part.energy_pj.items():
                row = {**attributes, "action": action, "energy": repr(energy), "area": repr(part.area_um2)}
                rows[tuple(f"{key}={value}" for key, value in row.items())] = row
    for (technology, primitive), by_content in tables.items():
        _check_file_name(primitive)
        data = folder / technology / "data"
        data.mkdir(parents=True, exist_ok=True)
        _write_csv(data / f"{primitive}.csv", list(by_content.values()))
        about = {
            "version": _VERSION,
            "name": f"timeloop-launcher {technology}",
            "technology": technology,
            "accuracy": accuracy,
            "path_to_data_dir": "./data",
        }
        _write(data.parent / "launcher.table.yaml", about)


def _check_file_name(primitive: str) -> None:
    if Path(primitive).name != primitive:
        raise EstimationError(f"Accelergy cannot have a table for class {primitive!r}", expected="a class without '/'")


def _write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    own = sorted({key for row in rows for key in row} - {*_ADDED, "action", "energy", "area"})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*own, *_ADDED, "action", "energy", "area"))
        writer.writeheader()
        writer.writerows(rows)
