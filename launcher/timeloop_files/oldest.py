"""The oldest form of Timeloop's architectures: ``arithmetic``, and a list ``storage`` from the innermost level on.

arch:
  arithmetic: {name: MACs, instances: 16, word_bits: 8}
  storage:
  - {name: Buffer, instances: 1, entries: 1024, word_bits: 8}
  - {name: DRAM, technology: DRAM, instances: 1, word_bits: 8}
"""

from __future__ import annotations

from launcher.specification.architecture import Architecture
from launcher.timeloop_files.attributes import evaluate_attributes
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.processed import Parts

_NOT_ATTRIBUTES = ("name", "class", "subclass", "required_actions", "energy_scale", "area_scale")
_ARITHMETIC_NAME = "__ARITH__"  # what Timeloop calls units without a name


def is_oldest(node: YamlNode) -> bool:
    """Whether an architecture has the oldest form."""
    return node.get("arithmetic", "storage") is not None


def read_oldest(node: YamlNode) -> Architecture:
    """The machine: attributes stand beside the name, and every component says how many ``instances`` it has.

    Such files have no classes: what is ``technology: DRAM`` is a DRAM, and every other level is an SRAM.

    Raises:
        SpecificationError: a key that is missing, sizes that do not fit each other.
    """
    node.check_keys(("arithmetic", "storage", "version", "name"), "an architecture of the oldest form")
    parts = Parts()
    for item in reversed(node.require("storage").list()):
        technology = item.get("technology")
        is_dram = technology is not None and technology.value == "DRAM"
        _add(parts, item, item.require("name").text(), "DRAM" if is_dram else "SRAM")
    arithmetic = node.require("arithmetic")
    name = arithmetic.get("name")
    _add(parts, arithmetic, name.text() if name else _ARITHMETIC_NAME, "intmac")
    return parts.architecture("system", {}, node)


def _add(parts: Parts, item: YamlNode, name: str, component_class: str) -> None:
    values = item.value if isinstance(item.value, dict) else {}
    attributes = item.with_values({key: value for key, value in values.items() if key not in _NOT_ATTRIBUTES})
    own = evaluate_attributes(attributes, item.names)
    item.require("instances")
    parts.add(item.with_values({**values, "class": component_class}), name, own, {}, 1)
