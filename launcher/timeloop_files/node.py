"""A value of a YAML file together with its place, so that every complaint names file, line, key and value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite
from types import MappingProxyType
from typing import NamedTuple

from launcher.errors import SpecificationError
from launcher.specification.expressions import evaluate_expression
from launcher.timeloop_files.load import Document
from launcher.timeloop_files.load_types import YamlList, YamlMap
from launcher.timeloop_files.notes import note

_TRUE = frozenset(("true", "yes", "on", "y", "1"))
_FALSE = frozenset(("false", "no", "off", "n", "0"))


_MISSPELT = 0.75
"""From this similarity on (1: equal) a key looks like a misspelt one."""
_SMALLEST, _LARGEST = 1e-30, 1e30
"""Of numbers: products of some of them must be numbers, too."""
_LONGEST_MESSAGE = 300
_LONGEST_LABEL = 60


class Place(NamedTuple):
    """Where a value stands: ``arch.yaml:12 (architecture.nodes[PE].attributes.width)``."""

    source: str
    path: str = ""
    line: int | None = None

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        return f"{self.source}{line}" + (f" ({self.path})" if self.path else "")

    def key(self, key: str, line: int | None) -> Place:
        """The place of a mapping's value."""
        return Place(self.source, f"{self.path}.{key}" if self.path else key, line or self.line)

    def item(self, label: object, line: int | None) -> Place:
        """The place of a list's item, by its number or its name."""
        return Place(self.source, f"{self.path}[{label}]", line or self.line)


class YamlNode(NamedTuple):
    """A value and its place; the accessors convert it or raise an error that names the place.

    Attributes:
        value: plain data.
        place: for messages.
        names: what names in arithmetic expressions stand for.
    """

    value: object
    place: Place
    names: Mapping[str, object] = MappingProxyType({})

    @classmethod
    def of(cls, document: Document) -> YamlNode:
        """The root of a document."""
        return cls(document.root, Place(document.source))

    def with_names(self, names: Mapping[str, object]) -> YamlNode:
        """The same node; expressions in and below it may use ``names``."""
        return YamlNode(self.value, self.place, names)

    def with_values(self, values: Mapping[str, object]) -> YamlNode:
        """A mapping of other values at the same place; keys that stand in the file keep their lines."""
        changed = YamlMap(self.place.line or 0, self.tag, getattr(self.value, "source", None))
        changed.update(values)
        if isinstance(self.value, YamlMap):
            changed.lines.update(self.value.lines)
        return YamlNode(changed, self.place, self.names)

    def error(self, what: str, expected: str | None = None, hint: str | None = None) -> SpecificationError:
        """An error at this place."""
        return SpecificationError(one_line(what), where=str(self.place), expected=expected, hint=hint)

    def wrong(self, expected: str) -> SpecificationError:
        """An error that shows this value and what was expected."""
        key = self.place.path.rsplit(".", 1)[-1]
        return self.error(f"'{key}' is {_shown(self.value)}", expected=expected)

    @property
    def inner(self) -> Place:
        """This place, in the file that the value's own content stands in: it may have been included."""
        source = getattr(self.value, "source", None)
        return self.place if source is None or source == self.place.source else self.place._replace(source=source)

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list | tuple)

    @property
    def tag(self) -> str | None:
        """The YAML tag, ``!Component`` for example."""
        return self.value.tag if isinstance(self.value, YamlMap | YamlList) else None

    def items(self) -> Iterator[tuple[str, YamlNode]]:
        """Keys and values of a mapping; null values are left out."""
        if not isinstance(self.value, dict):
            raise self.wrong("keys and values")
        for key in self.value:
            child = self.get(key)
            if child is not None:
                yield key, child

    def get(self, *keys: str) -> YamlNode | None:
        """The value under the first of ``keys`` that exists and is not null."""
        if not isinstance(self.value, dict):
            raise self.wrong("keys and values")
        lines = self.value.lines if isinstance(self.value, YamlMap) else {}
        for key in keys:
            value = self.value.get(key)
            if value is not None:
                return YamlNode(value, self.inner.key(key, lines.get(key)), self.names)
        return None

    def require(self, *keys: str) -> YamlNode:
        """As ``get``, but the key must be there."""
        child = self.get(*keys)
        if child is None:
            close = get_close_matches(keys[0], self.value, n=1) if isinstance(self.value, dict) else []
            hint = f"rename '{close[0]}' to '{keys[0]}'" if close else None
            raise self.error(f"'{keys[0]}' is missing", hint=hint)
        return child

    def list(self) -> list[YamlNode]:
        """The items of a list."""
        if not isinstance(self.value, list | tuple):
            raise self.wrong("a list")
        lines = self.value.lines if isinstance(self.value, YamlList) else [None] * len(self.value)
        return [
            YamlNode(value, self.inner.item(_label(i, value), line), self.names)
            for i, (value, line) in enumerate(zip(self.value, lines, strict=True))
        ]

    def text(self) -> str:
        """A word, or a number written as one."""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | float):
            raise self.wrong("a word")
        return str(self.value)

    def words(self) -> tuple[str, ...]:
        """A list of words; a single word, or words separated by commas or spaces, count as a list."""
        if isinstance(self.value, str):
            return tuple(self.value.replace(",", " ").split())
        return tuple(item.text() for item in self.list())

    def number(self, minimum: float | None = None, *, above: float | None = None) -> int | float:
        """A number, or an expression that yields one.

        Args:
            minimum: the least value allowed.
            above: a value that must be exceeded.
        """
        value = self.value
        if isinstance(value, str):
            value = evaluate_expression(value, self.names, str(self.place))
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.wrong("a number")
        if value and not _SMALLEST <= abs(value) <= _LARGEST:
            raise self.wrong(f"0, or a number from {_SMALLEST:g} to {_LARGEST:g}")
        if minimum is not None and value < minimum:
            raise self.wrong(f"a number of at least {minimum}")
        if above is not None and value <= above:
            raise self.wrong(f"a number above {above}")
        return value

    def integer(self, minimum: int = 0) -> int:
        """A whole number of at least ``minimum`` (and below 2^63)."""
        value = self.number()
        if value != value // 1 or not minimum <= value < 2**63:
            raise self.wrong(f"a whole number of at least {minimum}")
        return int(value)

    def boolean(self) -> bool:
        """True or false, also written as yes, no, on, off, 1 or 0, or an expression that yields one."""
        value = self.value
        if isinstance(value, str) and value.lower() not in _TRUE | _FALSE:
            value = evaluate_expression(value, self.names, str(self.place))
        word = str(value).lower()
        if word not in _TRUE | _FALSE:
            raise self.wrong("true or false")
        return word in _TRUE

    def check_keys(self, known: Collection[str], what: str, *, strict: bool = False) -> None:
        """Refuse keys that look like a misspelt known one; others have no effect, as in Timeloop, which is noted.

        Args:
            known: keys that mean something.
            what: whose keys, for messages.
            strict: whether to refuse every other key: nobody else reads this form.
        """
        if not isinstance(self.value, dict):
            raise self.wrong("keys and values")
        for key in self.value:
            if key in known:
                continue
            place = YamlNode(self.value[key], self.place.key(key, getattr(self.value, "lines", {}).get(key)))
            close = get_close_matches(key, known, n=1, cutoff=_MISSPELT)
            if not close and not strict:
                note(f"key '{key}' in {what} has no effect ({place.place})")
                continue
            raise place.error(
                f"unknown key '{key}' in {what}",
                expected=", ".join(sorted(known)) if len(known) <= 12 else None,
                hint=f"did you mean '{close[0]}'?" if close else None,
            )

    def refuse(self, key: str, why: str, hint: str | None = None) -> None:
        """Refuse a key that has a value which would matter."""
        child = self.get(key)
        if child is not None and child.value not in (False, "", {}, []):
            raise child.error(f"{why} ('{key}') are not supported", hint=hint or f"remove '{key}'")


def _label(index: int, value: object) -> object:
    """What people call a list's item: its name if it has one."""
    name = value.get("name") if isinstance(value, dict) else None
    return name.split("[")[0] if isinstance(name, str) and 0 < len(name) <= _LONGEST_LABEL else index


def one_line(text: str) -> str:
    """Text that fits into a message, whatever a file put into it."""
    short = text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "..."
    return " ".join(short.split())


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "empty" if value is None else repr(value)[:60]
