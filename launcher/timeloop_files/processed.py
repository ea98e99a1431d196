"""Architectures: the processed form of the Timeloop programs (``subtree``, ``local``), and what all forms share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from launcher.specification.architecture import Architecture, ComputeLevel, Network, StorageLevel
from launcher.timeloop_files.attributes import evaluate_attributes
from launcher.timeloop_files.dense import DENSE_HINT
from launcher.timeloop_files.levels import common_fields, compute_level, kind_of, network, storage_level
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.notes import note

_RANGE = re.compile(r"\[([0-9]{1,18})\.\.([0-9]{1,18})\]$")
_COMPONENT_KEYS = (
    *("name", "class", "subclass", "attributes", "required_actions", "enabled", "energy_scale", "area_scale"),
    *("constraints", "spatial", "sparse_optimizations"),
)
_SUBTREE_KEYS = ("name", "attributes", "local", "subtree", "version", "class", "subclass", "required_actions")


@dataclass
class Parts:
    """Components in the order of the files, OUTERMOST first."""

    storage: list[StorageLevel] = field(default_factory=list)
    compute: list[ComputeLevel] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    places: dict[str, YamlNode] = field(default_factory=dict)

    def add(
        self, component: YamlNode, name: str, own: Mapping[str, object], inherited: Mapping[str, object], instances: int
    ) -> None:
        """Add one component; classes that Timeloop does not know are left out, as Timeloop does.

        Args:
            component: its YAML.
            name: without a range.
            own: attributes that Timeloop reads.
            inherited: attributes of the enclosing containers, for the estimator only.
            instances: how many there are unless an attribute says so.
        """
        component_class = component.require("class").text()
        kind = kind_of(component_class)
        if kind is None:
            return
        if name in self.places:
            raise component.error(f"'{name}' is named twice in the architecture", "a name for each component")
        self.places[name] = component
        attributes = (component.get("attributes") or component).with_values(own)
        common: dict[str, Any] = common_fields(component, {**inherited, **own})
        if kind == "storage":
            self.storage.append(storage_level(name, component_class, attributes, instances, **common))
        elif kind == "compute":
            self.compute.append(compute_level(name, component_class, attributes, instances, **common))
        else:
            self.networks.append(network(name, component_class, attributes, instances, **common))

    def architecture(self, name: str, attributes: Mapping[str, object], node: YamlNode) -> Architecture:
        """The machine; checks that levels fit each other."""
        if not self.storage:
            raise node.error("the architecture has no storage level", "a DRAM at least")
        if len(self.compute) != 1:
            named = ", ".join(level.name for level in self.compute) or "none"
            raise node.error(f"the architecture has {len(self.compute)} compute levels ({named})", "exactly one")
        _check_meshes([*self.storage, self.compute[0]], self.places)
        networks = {network.name: network for network in self.networks}
        _check_references(self.storage, networks, self.places)
        return Architecture(name, tuple(reversed(self.storage)), self.compute[0], networks, dict(attributes))


def _check_meshes(levels: Sequence[StorageLevel | ComputeLevel], places: Mapping[str, YamlNode]) -> None:
    for outer, inner in pairwise(levels):
        for axis, out, inn in (("X", outer.mesh_x, inner.mesh_x), ("Y", outer.mesh_y, inner.mesh_y)):
            if inn % out:
                raise places[inner.name].error(
                    f"mesh{axis} {inn} of '{inner.name}' is not a multiple of mesh{axis} {out} of '{outer.name}' above"
                )


def _check_references(
    levels: Sequence[StorageLevel], networks: Mapping[str, Network], places: Mapping[str, YamlNode]
) -> None:
    names = {level.name for level in levels}
    for level in levels:
        for key, name in (("network_read", level.read_network), ("network_update", level.update_network)):
            if name is not None and name not in networks:
                raise places[level.name].error(
                    f"'{key}' of '{level.name}' names no network: '{name}'", f"one of: {', '.join(networks) or 'none'}"
                )
        if level.power_gated_at is not None and level.power_gated_at not in names:
            raise places[level.name].error(
                f"'power_gated_at' of '{level.name}' names no storage level: '{level.power_gated_at}'",
                f"one of: {', '.join(sorted(names))}",
            )


def split_name(node: YamlNode) -> tuple[str, int]:
    """(name, count) of ``name[a..b]``; a plain name counts as one."""
    text = node.text()
    match = _RANGE.search(text)
    if match is None:
        if "[" in text or "]" in text:
            raise node.error(f"'{text}' has a broken range", "name[1..16]")
        return text, 1
    count = int(match[2]) - int(match[1]) + 1
    if count < 1:
        raise node.error(f"'{text}' has an empty range", "name[1..16]")
    return text[: match.start()], count


def read_processed(node: YamlNode) -> Architecture:
    """The processed form: nested ``subtree`` lists of one, each with its ``local`` components, outermost first."""
    parts = Parts()
    name, attributes, instances = "system", dict[str, object](), 1
    inherited: dict[str, object] = {}
    level, depth = node, 0
    while (trees := level.get("subtree")) is not None:
        items = trees.list()
        if len(items) != 1:
            raise trees.error(f"'subtree' has {len(items)} entries", "exactly one, as Timeloop demands")
        level = items[0]
        level.check_keys(_SUBTREE_KEYS, "a subtree")
        own_name, count = split_name(level.require("name"))
        instances *= count
        own = _attributes(level, node.names)
        own.pop("version", None)
        if depth == 0:
            name, attributes = own_name, own
        else:
            inherited.update(own)
        _read_local(level, parts, inherited, instances, node.names)
        depth += 1
    if depth == 0:
        raise node.error(
            "the architecture has neither 'nodes' nor 'subtree'", "Timeloop v4 nodes or the processed form"
        )
    return parts.architecture(name, attributes, node)


def _read_local(
    level: YamlNode, parts: Parts, inherited: Mapping[str, object], instances: int, names: Mapping[str, object]
) -> None:
    local = level.get("local")
    for component in local.list() if local else ():
        component.check_keys(_COMPONENT_KEYS, "a component")
        component.refuse("sparse_optimizations", "sparse optimizations", DENSE_HINT)
        enabled = component.get("enabled")
        if enabled is not None and not enabled.boolean():
            continue
        name, count = split_name(component.require("name"))
        if component.get("class") is None:
            note(f"component '{name}' has no class: left out, as Timeloop leaves it out")
            continue
        parts.add(component, name, _attributes(component, names), inherited, instances * count)


def _attributes(component: YamlNode, names: Mapping[str, object]) -> dict[str, object]:
    attributes = component.get("attributes")
    return evaluate_attributes(attributes, names) if attributes else {}
