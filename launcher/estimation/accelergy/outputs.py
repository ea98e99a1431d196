"""What Accelergy wrote: energy and area of every component, and which plug-in they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from launcher.errors import SpecificationError
from launcher.estimation.accelergy.inputs import Described
from launcher.estimation.accelergy.program import Run
from launcher.specification.energy import ActionEnergy
from launcher.timeloop_files.load import Document
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.tables import component_name, read_area_table, read_energy_table

_TABLES = "table-based-plug-ins"
BY_TABLES = "tables"
# Accelergy repeats these attributes of the component in the arguments of its actions.
_REPEATED = {"technology", "global_cycle_seconds", "cycle_seconds", "action_latency_cycles", "n_instances"}


@dataclass(frozen=True)
class Figures:
    """Accelergy's figures of one component.

    Attributes:
        version: Accelergy's.
        actions: action -> its energies in pJ, one per set of arguments.
        area_um2: of one instance.
        plug_ins: part -> the plug-in that estimated it; ``tables`` for the project's tables.
    """

    version: str
    actions: Mapping[str, tuple[ActionEnergy, ...]]
    area_um2: float
    plug_ins: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        actions = {
            action: [[one.energy_pj, dict(one.arguments)] for one in entries]
            for action, entries in self.actions.items()
        }
        return {
            "version": self.version,
            "actions": actions,
            "area_um2": self.area_um2,
            "plug_ins": dict(self.plug_ins),
        }

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> Figures:
        actions = {
            str(action): tuple(ActionEnergy(float(energy), dict(arguments)) for energy, arguments in entries)
            for action, entries in content["actions"].items()
        }
        return Figures(str(content["version"]), actions, float(content["area_um2"]), {**content["plug_ins"]})


def read_outputs(run: Run, components: Sequence[Described]) -> dict[str, Figures]:
    """Figures by the component's name.

    Raises:
        LauncherError: a file is missing, cut off or malformed, or a component is not in it.
    """
    energy_table, area_table = (_document(run, name) for name in ("ERT", "ART"))
    energies = read_energy_table(energy_table).components
    areas = read_area_table(area_table).components
    plug_ins: dict[str, dict[str, str]] = {}
    for name, key in (("ERT_summary", "primitive_estimation(s)"), ("ART_summary", "primitive_estimations")):
        for table in _document(run, name).require("table_summary").list():
            found = _plug_ins(table, key)
            plug_ins[component_name(table.require("name").text())] = found | plug_ins.get(
                component_name(table.require("name").text()), {}
            )
    figures = {}
    for one in components:
        if one.name not in energies or one.name not in areas:
            raise SpecificationError(f"Accelergy's tables lack component {one.name!r}", where=str(run.output))
        actions = {action: tuple(map(_plain, entries)) for action, entries in energies[one.name].items()}
        version = energy_table.require("version").text()
        figures[one.name] = Figures(version, actions, areas[one.name], plug_ins.get(one.name, {}))
    return figures


def _document(run: Run, name: str) -> YamlNode:
    path = run.output / f"{name}.yaml"
    if not path.is_file():
        raise SpecificationError(f"Accelergy wrote no {path.name}", where=str(path))
    return YamlNode.of(Document.from_file(path)).require(name)


def _plain(entry: ActionEnergy) -> ActionEnergy:
    return ActionEnergy(entry.energy_pj, {key: value for key, value in entry.arguments.items() if key not in _REPEATED})


def _plug_ins(table: YamlNode, key: str) -> dict[str, str]:
    estimations = table.get(key)
    if estimations is None:
        return {}
    if not isinstance(estimations.value, list):
        return {"whole": _short(estimations.text())}
    return {one.require("name").text(): _short(one.require("estimator").text()) for one in estimations.list()}


def _short(plug_in: str) -> str:
    return BY_TABLES if _TABLES in plug_in else plug_in
