"""Timeloop's ``map+stats.xml``: exact figures per level, data space and network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from launcher.errors import EngineError

_CLOSING = b"</boost_serialization>"


@dataclass(frozen=True)
class Node:
    """A level or network in the file.

    Attributes:
        name: of the level or network; empty for the compute level.
        element: what it holds.
        file: for messages.
        data_spaces: names, in the file's order.
    """

    name: str
    element: ElementTree.Element
    file: Path
    data_spaces: tuple[str, ...]

    def number(self, path: str) -> float:
        """A single figure.

        Raises:
            EngineError: it is not there.
        """
        return self._parsed(self.element.findtext(path), path)

    def per_data_space(self, path: str) -> dict[str, float]:
        """A figure of each data space.

        Raises:
            EngineError: some are not there.
        """
        items = self.element.findall(f"{path}/PerDataSpace/item")
        if len(items) < len(self.data_spaces):
            raise incomplete(self.file, f"{path} of {self.name or 'the compute level'} is not in it")
        texts = (item.text for item in items)
        return {name: self._parsed(text, path) for name, text in zip(self.data_spaces, texts, strict=False)}

    def _parsed(self, text: str | None, path: str) -> float:
        try:
            return float(text or "")
        except ValueError:
            raise incomplete(self.file, f"{path} of {self.name or 'the compute level'} is not in it") from None


@dataclass(frozen=True)
class XmlFile:
    """All of the file that is used.

    Attributes:
        compute: the arithmetic level.
        levels: storage levels, innermost first.
        networks: by name.
    """

    compute: Node
    levels: tuple[Node, ...]
    networks: Mapping[str, Node]


def read_xml(file: Path, data_spaces: tuple[str, ...]) -> XmlFile:
    """Read the file of one run.

    Args:
        file: ``timeloop-mapper.map+stats.xml`` or ``timeloop-model.map+stats.xml``.
        data_spaces: the problem's, in its order.

    Raises:
        EngineError: it is missing, truncated or something else.
    """
    try:
        content = file.read_bytes().rstrip()
        # timeloop-model reads the archive off before Boost has closed its root.
        closing = b"" if content.endswith(_CLOSING) else _CLOSING
        root = ElementTree.fromstring(content + closing)  # noqa: S314 - see above
    except OSError as error:
        raise incomplete(file, f"it cannot be read: {error.strerror}") from None
    except ElementTree.ParseError as error:
        raise incomplete(file, str(error)) from None
    topology = root.find("engine/topology_")
    if topology is None:
        raise incomplete(file, "no engine in it")
    levels = [_node(item.find("px"), file, data_spaces) for item in topology.findall("levels_/item")]
    if not levels:
        raise incomplete(file, "no levels in it")
    networks = {
        (item.findtext("first") or "").strip(): _node(item.find("second/px"), file, data_spaces)
        for item in topology.findall("networks_/item")
    }
    return XmlFile(levels[0], tuple(levels[1:]), networks)


def _node(element: ElementTree.Element | None, file: Path, data_spaces: tuple[str, ...]) -> Node:
    if element is None:
        raise incomplete(file, "a level or network is not in it")
    name = (element.findtext("specs_/name/t_") or element.findtext("specs_/NetworkSpecs/name") or "").strip()
    return Node(name, element, file, data_spaces)


def incomplete(file: Path, why: str) -> EngineError:
    """A file that is truncated, or not what it should be."""
    return EngineError(
        f"Timeloop's output is incomplete: {why}",
        where=str(file),
        hint="a full disk, or a program that was killed? Run again; stdout.txt and stderr.txt lie beside the file",
    )
