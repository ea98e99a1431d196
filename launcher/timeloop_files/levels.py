"""From a component's class and attributes to what the model needs: the rules by which Timeloop reads them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal

from launcher.specification.architecture import (
    MESH_CLASSES,
    MULTICAST_CLASS,
    TREE_CLASS,
    ComputeLevel,
    Network,
    StorageLevel,
)
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.notes import note

Kind = Literal["storage", "compute", "network"]

_CLASSES: dict[Kind, tuple[str, ...]] = {
    "storage": ("DRAM", "SRAM", "regfile", "smartbuffer", "storage"),
    "compute": ("mac", "intmac", "fpmac", "compute"),
    "network": (*MESH_CLASSES, TREE_CLASS, MULTICAST_CLASS),
}
_DEFAULT_WORD_BITS = 16

WORD_BITS = ("word_bits", "word_width", "datawidth")
BLOCK_SIZE = ("block_size", "n_words")
WIDTH = ("width", "memory_width", "data_storage_width")
DEPTH = ("depth", "memory_depth", "data_storage_depth")

WHOLE_ATTRIBUTES = frozenset(
    (
        *(*WORD_BITS, *BLOCK_SIZE, *WIDTH, *DEPTH, "cluster_size", "entries", "sizeKB", "instances", "meshX", "meshY"),
        *("network_fill_latency", "network_drain_latency", "fill_latency", "drain_latency", "n_banks", "num_banks"),
    )
)
"""Attributes that Timeloop reads as whole numbers."""

MEANINGFUL_ATTRIBUTES = WHOLE_ATTRIBUTES | {
    *("multiple_buffering", "min_utilization", "bandwidth", "read_bandwidth", "write_bandwidth", "shared_bandwidth"),
    *("per_dataspace_bandwidth_consumption_scale", "network_read", "network_fill", "network_drain", "network_update"),
    *("network_operand", "network_result", "power_gated_at", "reduction_supported", "vector_access_energy"),
    *("addr_gen_energy", "action_name", "multicast_factor_argument", "per_datatype_ERT", "technology"),
    *("network_type", "router_energy", "wire_energy", "energy_per_hop", "energy-per-ingress", "tile_width"),
    *("network_word_bits", "allow_overbooking", "tile_partition_supported", "has_power_gating", "data_space_bits"),
}
"""Attributes that Timeloop reads, and ``data_space_bits`` of this program; any other one is for the estimator."""

_HARMLESS_LOOKALIKES = frozenset(
    (
        *("num_ports", "n_ports", "nports", "cluster_area", "network_kind"),
        *("metadata_block_size", "metadata_datawidth", "metadata_word_bits", "metadata_storage_width"),
        *("metadata_width", "metadata_storage_depth", "metadata_depth"),
    )
)
"""Attributes without a meaning for dense data that resemble those with one."""


_IGNORED_LOOKALIKES = {
    **dict.fromkeys(("nbanks", "bank", "banks", "nBanks", "n_bank"), "n_banks"),
    **dict.fromkeys(("data_width", "data-width", "dataWidth"), "datawidth"),
}
"""Attributes that public files have and that no program reads -> the one that it would read."""


def kind_of(component_class: str) -> Kind | None:
    """Whether a class is storage, compute or a network to Timeloop; None when Timeloop ignores it."""
    for kind, parts in _CLASSES.items():
        if any(part in component_class for part in parts):
            return kind
    return None


def check_attributes(attributes: YamlNode) -> None:
    """Refuse what is not supported, and names that look like a misspelt meaningful attribute."""
    for key, child in attributes.items():
        if key in _IGNORED_LOOKALIKES:
            note(f"attribute '{key}' has no effect; Timeloop reads '{_IGNORED_LOOKALIKES[key]}'")
        if key in MEANINGFUL_ATTRIBUTES or key in _HARMLESS_LOOKALIKES or key in _IGNORED_LOOKALIKES:
            continue
        meant = _misspelt(key)
        if meant is not None:
            raise child.error(f"unknown attribute '{key}'", hint=f"did you mean '{meant}'?")
    attributes.refuse("allow_overbooking", "overbooked buffers")
    attributes.refuse("tile_partition_supported", "run-time tile partitions")


@cache
def _misspelt(key: str) -> str | None:
    """The meaningful attribute that ``key`` looks like: one letter more or less may differ more than two."""
    folded = {name.lower(): name for name in sorted(MEANINGFUL_ATTRIBUTES)}
    key = key.lower().replace("-", "_")
    similar = get_close_matches(key, folded, n=1, cutoff=0.8)
    if similar and (abs(len(similar[0]) - len(key)) <= 1 or get_close_matches(key, similar, cutoff=0.88)):
        return folded[similar[0]]
    return None


def storage_level(name: str, component_class: str, own: YamlNode, instances: int, **common: Any) -> StorageLevel:
    """A storage level from its attributes.

    Args:
        name, component_class: of the level.
        own: its own attributes, evaluated.
        instances: how many there are unless an attribute says so.
        common: further fields of the level (``attributes``, ``required_actions``, ``subclass``).

    Raises:
        SpecificationError: sizes that do not fit each other, a negative bandwidth, an unsupported attribute.
    """
    check_attributes(own)
    technology = own.get("technology")
    is_dram = "DRAM" in component_class or (technology is not None and technology.value == "DRAM")
    word_bits = _whole(own, *WORD_BITS, default=_DEFAULT_WORD_BITS, minimum=1)
    block_size, cluster_size = _block_and_cluster(own, word_bits)
    if is_dram and cluster_size != 1:
        raise own.error(f"'{name}' is a DRAM with clusters of {cluster_size}", "cluster_size: 1")
    capacity = _capacity(own, word_bits, block_size)
    instances, mesh_x, mesh_y = mesh(own, instances)
    min_utilization = _real(own, "min_utilization", 0.0, minimum=0) or 0.0
    if min_utilization and capacity is None:
        raise own.error("'min_utilization' needs a size", "entries, depth or sizeKB")
    reduction = own.get("reduction_supported")
    gate = _word(own, "power_gated_at")
    return StorageLevel(
        name=name,
        component_class=component_class,
        instances=instances,
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        word_bits=word_bits,
        value_bits=_value_bits(own),
        block_size=block_size,
        cluster_size=cluster_size,
        capacity_words=capacity,
        multiple_buffering=_real(own, "multiple_buffering", 1.0, above=0) or 1.0,
        min_utilization=min_utilization,
        **_bandwidths(own),
        network_fill_latency=_whole(own, "network_fill_latency", default=0),
        network_drain_latency=_whole(own, "network_drain_latency", default=0),
        read_network=_word(own, "network_read"),
        update_network=_word(own, "network_update"),
        reduction_supported=reduction.boolean() if reduction else not is_dram,
        power_gated_at=None if gate in (None, "null", name) else gate,
        vector_access_energy_pj=_real(own, "vector_access_energy", None, minimum=0),
        addr_gen_energy_pj=_real(own, "addr_gen_energy", None),
        **common,
    )


def compute_level(name: str, component_class: str, own: YamlNode, instances: int, **common: Any) -> ComputeLevel:
    """The arithmetic units from their attributes; see ``storage_level``."""
    check_attributes(own)
    instances, mesh_x, mesh_y = mesh(own, instances)
    return ComputeLevel(
        name=name,
        component_class=component_class,
        instances=instances,
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        word_bits=_whole(own, "word_bits", "datawidth", default=_DEFAULT_WORD_BITS, minimum=1),
        **common,
    )


def network(name: str, component_class: str, own: YamlNode, instances: int, **common: Any) -> Network:
    """An explicit network.

    Raises:
        SpecificationError: a class that is not exactly one of Timeloop's, distributed multicast, a tree that costs
            energy, an attribute that is missing.
    """
    known = (*MESH_CLASSES, TREE_CLASS, MULTICAST_CLASS)
    if component_class not in known:
        raise own.error(f"network '{name}' has the unknown class '{component_class}'", f"one of: {', '.join(known)}")
    check_attributes(own)
    latency = _whole(own, "fill_latency", default=0)
    if component_class != MULTICAST_CLASS:
        _check_free_or_mesh(name, component_class, own)
        return Network(name, component_class, instances=instances, fill_latency=latency, **common)
    per_space = own.get("per_datatype_ERT")
    if per_space is not None:
        per_space.boolean()  # must be one, but Timeloop takes `false` for `true`: it only asks whether the key is there
    return Network(
        name=name,
        component_class=component_class,
        instances=instances,
        action_name=own.require("action_name").text(),
        per_data_space_actions=per_space is not None,
        multicast_argument=_word(own, "multicast_factor_argument") or "none",
        fill_latency=latency,
        **common,
    )


def _check_free_or_mesh(name: str, component_class: str, own: YamlNode) -> None:
    kind = own.get("network_type")
    if kind is not None and kind.value == "M:N":
        raise kind.error(f"network '{name}' asks for distributed multicast, which is not supported", "1:1 or 1:N")
    for key in ("adder_energy", "wire_energy") if component_class == TREE_CLASS else ():
        energy = own.get(key)
        if energy is not None and energy.number() != 0:
            raise energy.error(f"reduction trees that cost energy ('{key}') are not supported", f"{key}: 0")


def mesh(attributes: YamlNode, instances: int) -> tuple[int, int, int]:
    """(instances, meshX, meshY): a missing mesh side follows from the others; both missing: all along X."""
    count = _whole(attributes, "instances", default=instances, minimum=1)
    given_x, given_y = attributes.get("meshX"), attributes.get("meshY")
    x = given_x.integer(minimum=1) if given_x else None
    y = given_y.integer(minimum=1) if given_y else None
    if x is None:
        x = count // y if y else count
    if y is None:
        y = count // x
    if x * y != count:
        raise attributes.error(f"meshX {x} x meshY {y} does not give {count} instances", "meshX * meshY == instances")
    return count, x, y


def _block_and_cluster(attributes: YamlNode, word_bits: int) -> tuple[int, int]:
    block, cluster, width = attributes.get(*BLOCK_SIZE), attributes.get("cluster_size"), attributes.get(*WIDTH)
    block_size = block.integer(minimum=1) if block else 1
    cluster_size = cluster.integer(minimum=1) if cluster else 1
    if width is None:
        return block_size, cluster_size
    bits = width.integer(minimum=1)
    if bits % (word_bits * block_size):
        raise width.error(f"width {bits} is not a multiple of {block_size} words of {word_bits} bits")
    if block and cluster:
        if block_size * word_bits * cluster_size != bits:
            raise width.error(
                f"width {bits} is not block_size {block_size} x word_bits {word_bits} x cluster_size {cluster_size}"
            )
    elif block:
        cluster_size = bits // (word_bits * block_size)
    else:
        block_size = bits // cluster_size // word_bits
        if block_size == 0:
            raise width.error(f"width {bits} holds no word of {word_bits} bits in a cluster of {cluster_size}")
    return block_size, cluster_size


def _capacity(attributes: YamlNode, word_bits: int, block_size: int) -> int | None:
    entries, depth, size_kb = attributes.get("entries"), attributes.get(*DEPTH), attributes.get("sizeKB")
    if size_kb and (entries or depth):
        raise size_kb.error("'sizeKB' stands beside 'entries' or 'depth'", "one of them")
    if entries:
        return entries.integer()
    if depth:
        return depth.integer() * block_size
    return size_kb.integer() * 8192 // word_bits if size_kb else None


def _bandwidths(attributes: YamlNode) -> dict[str, Any]:
    both = _real(attributes, "bandwidth", None, above=0)
    half = None if both is None else both / 2
    scales = attributes.get("per_dataspace_bandwidth_consumption_scale")
    return {
        "read_bandwidth": _real(attributes, "read_bandwidth", half, above=0),
        "write_bandwidth": _real(attributes, "write_bandwidth", half, above=0),
        "shared_bandwidth": _real(attributes, "shared_bandwidth", None, above=0),
        "bandwidth_scale": {key: float(child.number(minimum=0)) for key, child in scales.items()} if scales else {},
    }


def _value_bits(attributes: YamlNode) -> dict[str, int]:
    """Data space -> bits of one of its values, where it is not as wide as a word."""
    widths = attributes.get("data_space_bits")
    return {key: child.integer(minimum=1) for key, child in widths.items()} if widths else {}


def _whole(attributes: YamlNode, *keys: str, default: int, minimum: int = 0) -> int:
    child = attributes.get(*keys)
    return child.integer(minimum=minimum) if child else default


def _real(
    attributes: YamlNode, key: str, default: float | None, *, minimum: float | None = None, above: float | None = None
) -> float | None:
    child = attributes.get(key)
    return float(child.number(minimum, above=above)) if child else default


def _word(attributes: YamlNode, key: str) -> str | None:
    child = attributes.get(key)
    return child.text() if child else None


def common_fields(component: YamlNode, attributes: Mapping[str, object]) -> dict[str, Any]:
    """Fields of every component: its attributes, the actions it must have, and its subclass."""
    actions, subclass = component.get("required_actions"), component.get("subclass")
    kept = {key: value for key, value in attributes.items() if key not in ("instances", "meshX", "meshY")}
    for key in ("energy_scale", "area_scale"):
        scale = component.get(key)
        if scale is not None:
            kept[key] = scale.number()
    return {
        "attributes": kept,
        "required_actions": actions.words() if actions else (),
        "subclass": subclass.text() if subclass else None,
    }
