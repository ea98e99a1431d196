"""Writing specifications in the processed form, which the Timeloop programs read directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import yaml

from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture, Component, ComputeLevel, Network, StorageLevel
from launcher.specification.constraints import BlockConstraint, FactorBounds
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification
from launcher.timeloop_files.factors import permutation_text
from launcher.timeloop_files.levels import BLOCK_SIZE, DEPTH, WIDTH, WORD_BITS, compute_level, storage_level
from launcher.timeloop_files.load import Quoted, resolve_scalar
from launcher.timeloop_files.node import Place, YamlNode

_FIELD_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "multiple_buffering": ("multiple_buffering",),
    "min_utilization": ("min_utilization",),
    "read_bandwidth": ("read_bandwidth", "bandwidth"),
    "write_bandwidth": ("write_bandwidth", "bandwidth"),
    "shared_bandwidth": ("shared_bandwidth",),
    "value_bits": ("data_space_bits",),
    "bandwidth_scale": ("per_dataspace_bandwidth_consumption_scale",),
    "network_fill_latency": ("network_fill_latency",),
    "network_drain_latency": ("network_drain_latency",),
    "read_network": ("network_read",),
    "update_network": ("network_update",),
    "reduction_supported": ("reduction_supported",),
    "power_gated_at": ("power_gated_at",),
    "vector_access_energy_pj": ("vector_access_energy",),
    "addr_gen_energy_pj": ("addr_gen_energy",),
}


@dataclass(frozen=True)
class Tagged:
    """A mapping with a YAML tag, e.g. ``!Component``."""

    tag: str
    content: Mapping[str, object]


_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TEXT = "tag:yaml.org,2002:str"


def to_text(value: object) -> str:
    """YAML text: short lists in one line, keys in their order.

    Strings that a reader could take for a number or an expression stand in quotes.
    """
    return yaml.serialize(_node(value), Dumper=_DUMPER, width=120)


def _node(value: object) -> yaml.Node:
    """Made here, since PyYAML's own way from values to nodes takes three times as long."""
    if isinstance(value, str):
        return yaml.ScalarNode(_TEXT, str(value), style='"' if isinstance(value, Quoted) else _style(value))
    if isinstance(value, Mapping):
        return _mapping("tag:yaml.org,2002:map", value)
    if isinstance(value, Tagged):
        return _mapping(value.tag, value.content)
    if isinstance(value, list | tuple):
        items = [_node(item) for item in value]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=all(map(_is_plain, items)))
    return yaml.ScalarNode(*_number(value, repr(value)))  # a node that is shared would become an alias


def _mapping(tag: str, content: Mapping[str, object]) -> yaml.Node:
    pairs = [(_node(key), _node(item)) for key, item in content.items()]
    return yaml.MappingNode(tag, pairs, flow_style=all(_is_plain(key) and _is_plain(item) for key, item in pairs))


def _is_plain(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style


@lru_cache(maxsize=4096)
def _style(text: str) -> str | None:
    return '"' if resolve_scalar(text) != text else None


@lru_cache(maxsize=4096, typed=True)  # 1, 1.0 and True are equal, and so are 0.0 and -0.0, whose texts differ
def _number(value: Any, text: str) -> tuple[str, str]:
    node = _REPRESENTER.represent_data(value)
    return node.tag, node.value


_REPRESENTER = yaml.representer.SafeRepresenter()


def architecture_to_yaml(architecture: Architecture) -> dict[str, object]:
    """The ``architecture`` key: one subtree, its ``local`` list outermost first."""
    local = [
        component_to_yaml(
            one, f"{one.name}[1..{one.instances}]" if one.instances != 1 else one.name, network_attributes(one)
        )
        for one in architecture.networks.values()
    ]
    outermost_first: list[StorageLevel | ComputeLevel] = [*reversed(architecture.levels), architecture.compute]
    outer: StorageLevel | None = None
    for level in outermost_first:
        attributes = level_attributes(level)
        name_networks(attributes, level, outer)
        local.append(component_to_yaml(level, f"{level.name}[1..{level.instances}]", attributes))
        outer = level if isinstance(level, StorageLevel) else None
    tree: dict[str, object] = {"name": architecture.name}
    if architecture.attributes:
        tree["attributes"] = quoted(architecture.attributes)
    tree["local"] = local
    return {"version": "0.4", "subtree": [tree]}


def component_to_yaml(component: Component, name: str, attributes: Mapping[str, object]) -> dict[str, object]:
    """A component with its attributes, whose texts stand in quotes: unquoted ones would be read as expressions."""
    entry: dict[str, object] = {"name": name, "class": component.component_class}
    if component.subclass is not None:
        entry["subclass"] = component.subclass
    entry["attributes"] = quoted(attributes)
    if component.required_actions:
        entry["required_actions"] = list(component.required_actions)
    return entry


def quoted(value: Any) -> Any:
    """The value with all texts in quotes."""
    if isinstance(value, str):
        return Quoted(value)
    if isinstance(value, Mapping):
        return {key: quoted(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [quoted(child) for child in value]
    return value


def network_attributes(network: Network) -> dict[str, object]:
    """The attributes of an explicit network, as Timeloop reads them."""
    attributes = dict(network.attributes)
    if not network.has_actions:
        return attributes
    attributes["action_name"] = network.action_name
    if network.multicast_argument != "none":
        attributes["multicast_factor_argument"] = network.multicast_argument
    # Timeloop asks only whether the key exists, not whether it is true.
    attributes.pop("per_datatype_ERT", None)
    if network.per_data_space_actions:
        attributes["per_datatype_ERT"] = True
    if network.fill_latency or "fill_latency" in attributes:
        attributes["fill_latency"] = network.fill_latency
    return attributes


def level_attributes(level: StorageLevel | ComputeLevel) -> dict[str, object]:
    """The attributes as they were, and whatever more Timeloop needs to arrive at the same level."""
    attributes = dict(level.attributes)
    attributes["meshX"], attributes["meshY"] = level.mesh_x, level.mesh_y
    if isinstance(level, ComputeLevel):
        if _reread_compute(level, attributes).word_bits != level.word_bits:
            attributes["word_bits"] = level.word_bits
        return attributes
    reread = _with_right_sizes(level, attributes)
    for name, keys in _FIELD_ATTRIBUTES.items():
        value = getattr(level, name)
        if getattr(reread, name) != value:
            for key in keys[1:]:
                attributes = _without(attributes, key, reread)
            attributes.pop(keys[0], None)
            if value not in (None, {}):
                attributes[keys[0]] = dict(value) if isinstance(value, Mapping) else value
    return attributes


def _without(attributes: dict[str, object], key: str, reread: StorageLevel) -> dict[str, object]:
    """Replace ``bandwidth`` by the two bandwidths it stands for."""
    if key not in attributes:
        return attributes
    kept = {name: value for name, value in attributes.items() if name != key}
    kept.setdefault("read_bandwidth", reread.read_bandwidth)
    kept.setdefault("write_bandwidth", reread.write_bandwidth)
    return kept


def _with_right_sizes(level: StorageLevel, attributes: dict[str, object]) -> StorageLevel:
    """The level that Timeloop makes of the attributes, which are changed until its sizes are right."""
    sizes = ("word_bits", "block_size", "cluster_size", "capacity_words")
    reread = _tried(level, attributes)
    if reread is not None and _same(level, reread, sizes):
        return reread
    if reread is not None and _same(level, reread, sizes[:3]):
        _set_capacity(level, attributes)
        return _reread_storage(level, attributes)
    for key in (*WORD_BITS, *BLOCK_SIZE, *WIDTH):
        attributes.pop(key, None)
    attributes["word_bits"] = level.word_bits
    attributes["block_size"] = level.block_size
    attributes["cluster_size"] = level.cluster_size
    attributes["width"] = level.word_bits * level.block_size * level.cluster_size
    reread = _tried(level, attributes)
    if reread is None or not _same(level, reread, sizes):
        _set_capacity(level, attributes)
    return _reread_storage(level, attributes)


def _set_capacity(level: StorageLevel, attributes: dict[str, object]) -> None:
    attributes.pop("sizeKB", None)
    if level.capacity_words is None:
        for key in (*DEPTH, "entries"):
            attributes.pop(key, None)
    else:
        attributes["entries"] = level.capacity_words


def _same(level: StorageLevel, reread: StorageLevel, names: tuple[str, ...]) -> bool:
    return all(getattr(reread, name) == getattr(level, name) for name in names)


def _tried(level: StorageLevel, attributes: Mapping[str, object]) -> StorageLevel | None:
    try:
        return _reread_storage(level, attributes)
    except SpecificationError:
        return None


def _reread_storage(level: StorageLevel, attributes: Mapping[str, object]) -> StorageLevel:
    node = YamlNode(dict(attributes), Place(f"level '{level.name}'"))
    return storage_level(level.name, level.component_class, node, level.instances)


def _reread_compute(level: ComputeLevel, attributes: Mapping[str, object]) -> ComputeLevel:
    node = YamlNode(dict(attributes), Place(f"level '{level.name}'"))
    return compute_level(level.name, level.component_class, node, level.instances)


def name_networks(
    attributes: dict[str, object], level: StorageLevel | ComputeLevel, outer: StorageLevel | None
) -> None:
    """Name the networks above ``level`` in its attributes: Timeloop wants explicit ones named at both their ends."""
    inner_keys = (
        ("network_fill", "network_drain") if isinstance(level, StorageLevel) else ("network_operand", "network_result")
    )
    names = (outer.read_network, outer.update_network) if outer else (None, None)
    for key, name in zip(inner_keys, names, strict=True):
        attributes.pop(key, None)
        if name is not None:
            attributes[key] = name


def constraints_to_yaml(specification: Specification, remainders: Mapping[str, int] | None = None) -> dict[str, object]:
    """The ``architecture_constraints`` key.

    Args:
        specification: has the constraints.
        remainders: level -> largest last iteration of an imperfect spatial factor there, for Timeloop's ruby mapspace.
    """
    constraints, problem = specification.constraints, specification.problem
    targets: list[dict[str, object]] = []
    bounds = remainders or {}
    for name in dict.fromkeys((*constraints.levels, *bounds)):
        level = constraints.at(name)
        spaces: dict[str, object] = {
            key: problem.in_order(getattr(level, key))
            for key in ("keep", "bypass", "no_coalesce")
            if getattr(level, key)
        }
        if spaces:
            targets.append({"target": name, "type": "bypass", **spaces})
        for kind, block in (("spatial", level.spatial), ("temporal", level.temporal)):
            imperfect = {"remainders": bounds[name]} if kind == "spatial" and name in bounds else {}
            if block != BlockConstraint() or imperfect:
                targets.append({"target": name, "type": kind, **block_to_yaml(block, problem), **imperfect})
    if constraints.least_parallelism:
        innermost = specification.architecture.levels[0].name
        targets.append({"target": innermost, "type": "parallelism", "min": constraints.least_parallelism})
    return {"version": "0.4", "targets": targets}


def block_to_yaml(block: BlockConstraint, problem: Problem) -> dict[str, object]:
    """The keys of one temporal or spatial constraint."""
    result: dict[str, object] = {}
    if block.factors:
        result["factors"] = ",".join(text for item in block.factors.items() for text in _factor(*item))
    if block.permutation:
        result["permutation"] = permutation_text(block.permutation)
    if block.maximize:
        result["maximize_dims"] = [[dimension] for dimension in block.maximize]
    for key, value in (
        ("default_max_factor", block.default_max_factor),
        ("maximize_dims_capacity", block.maximize_capacity_words),
        ("split", block.split),
    ):
        if value is not None:
            result[key] = value
    for key in ("no_reuse", "rmw_first_update", "no_link_transfer"):
        if getattr(block, key):
            result[key] = problem.in_order(getattr(block, key))
    return result


def _factor(dimension: str, bounds: FactorBounds) -> list[str]:
    signs = {"exact": "=", "least": ">=", "most": "<="}
    return [
        f"{dimension}{signs[bound.name]}{getattr(bounds, bound.name)}"
        for bound in fields(bounds)
        if getattr(bounds, bound.name) is not None
    ]
