"""Mappings and lists of a YAML file, which remember where they stand."""

from __future__ import annotations

from typing import Any


class YamlMap(dict[str, Any]):
    """A mapping with the line it starts on, the lines of its keys, its tag (``!Component``) and its file if it has one.

    The file is given where it is not the one in which the enclosing value stands.
    """

    __slots__ = ("line", "lines", "source", "tag")

    def __init__(self, line: int, tag: str | None, source: str | None = None) -> None:
        super().__init__()
        self.line = line
        self.tag = tag
        self.source = source
        self.lines: dict[str, int] = {}

    def copy(self) -> YamlMap:
        result = YamlMap(self.line, self.tag, self.source)
        result.update(self)
        result.lines.update(self.lines)
        return result


class YamlList(list[Any]):
    """A list with the line it starts on, the lines of its items, its tag and its file if it has one."""

    __slots__ = ("line", "lines", "source", "tag")

    def __init__(self, line: int, tag: str | None, source: str | None = None) -> None:
        super().__init__()
        self.line = line
        self.tag = tag
        self.source = source
        self.lines: list[int] = []

    def joined(self, other: YamlList) -> YamlList:
        """The items of both."""
        result = YamlList(self.line, self.tag, self.source)
        for part in (self, other):
            result += part
            result.lines += part.lines
        return result
