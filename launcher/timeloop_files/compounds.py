"""Compound components (Accelergy's v0.3 and v0.4): classes that an input defines by parts of other classes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from launcher.errors import SpecificationError
from launcher.specification.compound import CompoundAction, CompoundClass, CompoundPart, PartAction
from launcher.timeloop_files.load import Quoted
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.notes import note

_RANGE = re.compile(r"\[(.*)\]$")
_LOGARITHM = re.compile(r"\blog\(")
_LOGARITHM_OF_BASE_2 = ("0.2", "0.3")
_ENERGY_SCALES = (
    *("energy_scale", "energy_share", "action_share", "action_scale", "repeat"),
    *("energy-scale", "energy-share", "action-share", "action-scale"),
)
_AREA_SCALES = ("area_scale", "area_share", "area-scale", "area-share")


def read_compounds(nodes: Iterable[YamlNode]) -> dict[str, CompoundClass]:
    """The classes under ``compound_components`` (or ``components``), by name; the first of a name counts.

    A class that cannot be read is left out with a note: only a component of that class would need it.
    """
    found: dict[str, CompoundClass] = {}
    for node in nodes:
        classes = node.get("classes") if node.is_map else node if node.is_list else None
        version = node.get("version") if node.is_map else None
        logarithm = version is not None and str(version.value) in _LOGARITHM_OF_BASE_2
        for item in classes.list() if classes is not None and classes.is_list else ():
            try:
                one = _compound(_with_base_2(item) if logarithm else item)
            except SpecificationError as error:
                note(f"a compound component is left out: {error.args[0]} ({item.place})")
            else:
                found.setdefault(one.name, one)
    return found


def _with_base_2(node: YamlNode) -> YamlNode:
    """The same class with ``log2`` for ``log``: files of that version count address bits with it."""
    return YamlNode(_replaced(node.value), node.place, node.names)


def _replaced(value: object) -> object:
    if isinstance(value, dict):
        return {key: _replaced(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(child) for child in value]
    return _LOGARITHM.sub("log2(", value) if isinstance(value, str) and not isinstance(value, Quoted) else value


def _compound(node: YamlNode) -> CompoundClass:
    name, attributes = node.require("name").text(), node.get("attributes")
    parts = [_part(item) for item in _list(node.get("subcomponents"))]
    actions = {item.require("name").text(): _action(item) for item in _list(node.get("actions"))}
    return CompoundClass(name, _plain(attributes), {part.name: part for part in parts}, actions, str(node.place))


def _part(node: YamlNode) -> CompoundPart:
    name, count = _counted(node.require("name"))
    return CompoundPart(
        name,
        node.require("class").text(),
        1 if count is None else count,
        _plain(node.get("attributes")),
        _scales(node, _AREA_SCALES),
        _scales(node, _ENERGY_SCALES),
    )


def _action(node: YamlNode) -> CompoundAction:
    steps = []
    for item in _list(node.get("subcomponents")):
        part, count = _counted(item.require("name"))
        for action in _list(item.get("actions")):
            steps.append(PartAction(part, action.require("name").text(), count, _scales(action, _ENERGY_SCALES)))
    return CompoundAction(tuple(steps), {key: _largest(value) for key, value in _plain(node.get("arguments")).items()})


def _counted(node: YamlNode) -> tuple[str, object | None]:
    """(name, how many) of ``name[a..b]``, whose ends may be expressions; ``name[a]`` is one, a plain name None."""
    text = node.text()
    match = _RANGE.search(text)
    if match is None:
        return text, None
    low, dots, high = match[1].partition("..")
    return text[: match.start()], f"({high}) - ({low}) + 1" if dots else 1


def _largest(value: object) -> object:
    """The upper end of an argument's range ``a..b``: of several energies Timeloop takes the largest."""
    return value.partition("..")[2] or value if isinstance(value, str) else value


def _scales(node: YamlNode, keys: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(child.value for key in keys if (child := node.get(key)) is not None)


def _list(node: YamlNode | None) -> list[YamlNode]:
    return node.list() if node is not None and node.value != {} else []


def _plain(node: YamlNode | None) -> dict[str, object]:
    return {key: child.value for key, child in node.items()} if node is not None and node.is_map else {}
