"""Changing some values of a configuration that was checked, without resolving and checking all others again.

OmegaConf takes a millisecond for the values of an architecture, and as long to resolve a reference such as
``${.rows}x${.cols}``. Here its typed leaves are set and read one by one; nodes that are more than that are left to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from omegaconf import AnyNode, DictConfig, ListConfig, Node, OmegaConf, StringNode, ValueNode

from launcher.config.typed import SINGLE, TYPED, TrialParts, plain_values, sizes_of

_REFERENCE = re.compile(r"\$\{(\.*)([A-Za-z_]\w*(?:\.\w+)*)\}")
_ELSEWHERE = re.compile(r"\$\{(?!oc\.(env|decode):)")
"""Anything but the environment, which does not change with a value."""

_Path = tuple[str, ...]
_Read = Callable[[], Any]


class NotQuickError(Exception):
    """These values need everything to be checked again."""


class QuickParts:
    """The parts of a trial whose values of some keys change."""

    def __init__(self, config: DictConfig, keys: Sequence[str], parts: TrialParts) -> None:
        """How they are made.

        Args:
            config: has a value for each key, and is changed from now on.
            keys: whose values change.
            parts: of ``config`` as it is.

        Raises:
            NotQuickError: a key is more than a single value.
        """
        self._config = config
        self._parts = parts
        paths = {key: path_of(key) for key in keys}
        self._leaves = {key: leaf_of(config, path) for key, path in paths.items()}
        self._from_file = {key for key, path in paths.items() if path[0] == "model" and "path" in config.model}
        if ("model", "path") in paths.values():
            raise NotQuickError
        self._reads: dict[str, dict[str, _Read]] = {}
        self._whole: set[str] = set()
        for key, path in paths.items():
            self._read_later(path, self._leaves[key]._value)
        changing = list(self._leaves.values())
        for path, leaf in _references(config):
            self._refer(path, leaf, changing)

    def parts(self, values: Mapping[str, Any]) -> TrialParts:
        """The parts with these values.

        Raises:
            NotQuickError: a value that is no plain one, or decides what is read from a model's file.
            LauncherError: a value out of range.
            OmegaConfBaseException: a value of a wrong type.
        """
        for key, value in values.items():
            if not is_plain(value) or (key in self._from_file and value is None):
                raise NotQuickError
            self._leaves[key]._set_value(value)
        typed, plain, single = dict(self._parts.typed), dict(self._parts.plain), dict(self._parts.single)
        for key in TYPED:
            if key in self._whole:
                typed[key] = OmegaConf.to_object(self._config[key])
                plain[key] = plain_values(self._config[key])
            elif key in self._reads:
                new = {name: read() for name, read in self._reads[key].items()}
                typed[key] = {**typed[key], **new} if isinstance(typed[key], dict) else replace(typed[key], **new)
                plain[key] = {**plain.get(key, {}), **{name: plainly(value) for name, value in new.items()}}
        single |= {key: self._config[key] for key in SINGLE if key in self._whole}
        single |= {key: read() for key, read in self._reads.get("", {}).items()}
        resized = {"model", "layer"} & (self._whole | self._reads.keys())
        sizes = sizes_of(typed["layer"], typed["model"]) if resized else self._parts.sizes
        return TrialParts(typed, plain, single, sizes)

    def _read_later(self, path: _Path, read: _Read) -> None:
        if len(path) == 1:
            self._reads.setdefault("", {})[path[0]] = read
        elif len(path) == 2:
            self._reads.setdefault(path[0], {})[path[1]] = read
        else:
            self._whole.add(path[0])

    def _refer(self, path: _Path, leaf: Node, changing: Sequence[Node]) -> None:
        """A value that refers to others changes with them."""
        text = str(leaf._value())
        if not _ELSEWHERE.search(text):
            return
        pieces = _pieces(self._config, path, text)
        read = _reader(leaf, pieces) if pieces else None
        if pieces is None or read is None:
            self._whole.add(path[0])
        elif any(piece is one for piece in pieces for one in changing):
            self._read_later(path, read)


def path_of(key: str) -> tuple[str, ...]:
    """The names in a dotted key, which may be marked as an addition."""
    return tuple(key.lstrip("+").split("."))


def leaf_of(config: DictConfig, path: _Path) -> ValueNode:
    """The node of a single value.

    Raises:
        NotQuickError: it is more than that, or refers to others.
    """
    node: Any = config
    for name in path:
        node = node._get_node(name) if isinstance(node, DictConfig) and not node._is_none() else None
    if not isinstance(node, ValueNode) or node._is_interpolation() or (len(path) == 1 and path[0] not in SINGLE):
        raise NotQuickError
    return node


def _references(config: DictConfig) -> Iterator[tuple[_Path, Node]]:
    for key in (*TYPED, *SINGLE):
        yield from _below((key,), config._get_node(key))


def _below(path: _Path, node: Any) -> Iterator[tuple[_Path, Node]]:
    if not isinstance(node, Node):
        return
    if node._is_interpolation():
        yield path, node
    elif isinstance(node, DictConfig | ListConfig) and not node._is_none() and not node._is_missing():
        names: Iterable[Any] = node.keys() if isinstance(node, DictConfig) else range(len(node))
        for name in names:
            yield from _below((*path, str(name)), node._get_node(name))


def _pieces(config: DictConfig, path: _Path, text: str) -> list[str | ValueNode] | None:
    """A text's words and the values between them; None when it is more than words and values."""
    pieces: list[str | ValueNode] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        dots = len(found[1])
        names = (*(path[:-dots] if dots else ()), *found[2].split("."))
        try:
            pieces += [text[end : found.start()], leaf_of(config, names)]
        except NotQuickError:
            return None
        end = found.end()
    pieces.append(text[end:])
    words = "".join(piece for piece in pieces if isinstance(piece, str))
    return None if set(words) & set("$\\{}") else pieces


def _reader(leaf: Node, pieces: Sequence[str | ValueNode]) -> _Read | None:
    """What reads a value from its pieces; None when its type may make something else of it."""
    values = [piece for piece in pieces if not isinstance(piece, str)]
    words = [piece for piece in pieces if isinstance(piece, str) and piece]
    if not words and len(values) == 1:
        return values[0]._value if isinstance(leaf, AnyNode) or type(leaf) is type(values[0]) else None
    if not isinstance(leaf, StringNode | AnyNode):
        return None
    return lambda: "".join(piece if isinstance(piece, str) else str(piece._value()) for piece in pieces)


def is_plain(value: object) -> bool:
    """Whether a value stands for itself: no reference, and not the mark of one that is missing."""
    return "${" not in value and value != "???" if isinstance(value, str) else True


def plainly(value: object) -> object:
    """A value as YAML has it."""
    return value.name if isinstance(value, Enum) else value
