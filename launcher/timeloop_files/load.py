"""Safe reading of YAML text: plain data with line numbers and tags, bounded in size, depth and alias expansion.

Nothing is constructed but mappings, lists, strings, numbers, booleans and null. Scalars follow YAML 1.2's core schema
(as Timeloop's own parser does), so ``1e-9`` is a number and ``no`` is a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import yaml

from launcher.errors import SpecificationError
from launcher.plain_text import is_plain_text, plain
from launcher.timeloop_files.load_types import YamlList, YamlMap
from launcher.timeloop_files.merge import MERGE_KEYS, merge_into
from launcher.timeloop_files.templates import Rendered, is_template, render

MAX_BYTES = 32 * 2**20
"""Largest file that is read."""

MAX_DEPTH = 64
"""Deepest nesting of lists and mappings."""

_TOO_DEEP = "lists and mappings are nested too deeply"

MAX_NODES = 800_000
"""Most nodes of one file, aliases expanded."""

MAX_KEY_LENGTH = 200
"""Longest key of a mapping, in characters."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,64}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
}
_OLD_SPELLINGS = {
    name.replace("_", "-"): name
    for name in (
        *("word_bits", "block_size", "cluster_size", "cluster_area", "num_banks", "num_ports", "network_word_bits"),
        *("multiple_buffering", "min_utilization", "vector_access_energy", "addr_gen_energy", "metadata_word_bits"),
        *("network_type", "router_energy", "wire_energy", "energy_per_hop", "tile_width", "read_write", "data_spaces"),
    )
}
"""Keys that older files write with hyphens; Timeloop reads them so, too."""

_LOADED = "!include_loaded"
_SCALAR_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
_COLLECTION_TAGS = frozenset(("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"))


class Quoted(str):
    """A string that stood in quotes: never an expression."""

    __slots__ = ()


@dataclass(frozen=True)
class Document:
    """One parsed file or text.

    Attributes:
        source: its name in messages.
        root: the top-level mapping.
    """

    source: str
    root: YamlMap

    @classmethod
    def from_text(cls, text: str, source: str) -> Document:
        """Parse YAML text. Raises SpecificationError with the line."""
        return cls(source, _parse(text, _Builder(source)))

    @classmethod
    def from_file(cls, path: Path, data: Mapping[str, object] | None = None) -> Document:
        """Parse a YAML file, rendered first where it is a template of Timeloop's front end.

        Args:
            path: the file.
            data: what the template's variables are.

        Raises:
            SpecificationError: it is missing, unreadable, too large or not YAML, or a template that cannot be rendered.
        """
        text = _read(path)
        if not is_template(text):
            return cls.from_text(text, str(path))
        rendered = render(path, data or {})
        source = f"{path} as rendered"
        return cls(source, _parse(rendered.text, _Builder(source, rendered)))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            # Pipes have no size, so the bound is on what is read.
            data = b"" if path.stat().st_size > MAX_BYTES else file.read(MAX_BYTES + 1)
        if not 0 < len(data) <= MAX_BYTES:
            what = "is too large" if data or path.stat().st_size else "is empty"
            raise SpecificationError(
                f"the file {what}", where=str(path), expected=f"YAML of at most {MAX_BYTES // 2**20} MiB"
            )
        return data.decode("utf-8")
    except OSError as error:
        raise SpecificationError(f"cannot read the file: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise SpecificationError("the file is not text", where=str(path), expected="YAML in UTF-8") from None


def _parse(text: str, builder: _Builder, depth: int = 0) -> YamlMap:
    source = builder.source
    if len(text) > MAX_BYTES:
        raise SpecificationError(f"the text has {len(text)} characters", where=source, expected=f"at most {MAX_BYTES}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return builder.document(yaml.parse(text, Loader=loader), depth)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
        where = f"{source}:{mark.line + 1}" if mark else source
        if "nesting depth" in problem:  # newer PyYAML gives up before our own limit is reached
            raise SpecificationError(_TOO_DEEP, where=where, expected=f"at most {MAX_DEPTH} levels") from None
        raise SpecificationError(f"broken YAML: {problem}", where=where, hint=_hint(text)) from None
    except SpecificationError as error:
        raise SpecificationError(
            error.what, where=error.where, expected=error.expected, hint=error.hint or _hint(text)
        ) from None


def _hint(text: str) -> str | None:
    if "{%" in text or "{{" in text:
        return "this looks like a Jinja2 template: give the rendered file"
    return None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _Builder:
    """Turns parser events into data, and stops as soon as a bound is exceeded."""

    def __init__(self, source: str, rendered: Rendered | None = None) -> None:
        self.source = source
        self.rendered = rendered or Rendered("")
        self.files: dict[int, tuple[list[YamlMap], int]] = {}
        self.latest = len(self.rendered.included)
        self.nodes = 0
        self.anchors: dict[str, tuple[object, int]] = {}
        self.events: Iterator[yaml.Event] = iter(())

    def document(self, events: Iterator[yaml.Event], depth: int = 0) -> YamlMap:
        self.events = events
        root: object = None
        seen = False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise self.error("a second document starts here", event, "one YAML document per file")
                seen = True
                root = self.node(next(events), depth)
        if not isinstance(root, YamlMap):
            what = "nothing" if root is None else "a list" if isinstance(root, list) else "a single value"
            raise SpecificationError(
                f"the file holds {what}", where=self.source, expected="keys such as 'architecture' or 'problem'"
            )
        return root

    def error(self, what: str, event: yaml.Event, expected: str | None = None) -> SpecificationError:
        line = _line(event)
        return SpecificationError(what, where=f"{self.source}:{line}", expected=expected)

    def count(self, nodes: int, event: yaml.Event) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise self.error("the file has too many values", event, f"at most {MAX_NODES}, aliases expanded")

    def node(self, event: yaml.Event, depth: int) -> object:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        before = self.nodes
        self.count(1, event)
        if depth > MAX_DEPTH:
            raise self.error(_TOO_DEEP, event, f"at most {MAX_DEPTH} levels")
        if isinstance(event, yaml.MappingStartEvent):
            value: object = self.mapping(event, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(event, depth)
        elif getattr(event, "tag", None) == _LOADED:
            value = self.loaded(event, depth)
        else:
            value = self.scalar(event)
        anchor: str | None = getattr(event, "anchor", None)
        if anchor:
            self.anchors[anchor] = (value, self.nodes - before)
        return value

    def alias(self, event: yaml.AliasEvent) -> object:
        if event.anchor not in self.anchors:
            raise self.error(f"alias '*{event.anchor}' has no anchor before it", event, "an anchor that is complete")
        value, size = self.anchors[event.anchor]
        self.count(size, event)
        return value

    def collection_tag(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> str | None:
        tag: str | None = event.tag
        if tag is None or tag in _COLLECTION_TAGS or tag == "!":
            return None
        if tag.startswith("tag:"):
            raise self.error(f"tag '{tag}' is not allowed", event, "plain data")
        return tag

    def mapping(self, event: yaml.MappingStartEvent, depth: int) -> YamlMap:
        result = YamlMap(_line(event), self.collection_tag(event), self.source)
        merged: list[YamlMap] = []
        deep = False
        while not isinstance(key_event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(key_event, yaml.ScalarEvent):
                raise self.error("a key is not a word", key_event, "plain keys")
            key = _OLD_SPELLINGS.get(key_event.value, key_event.value)
            self.check_text(key, key_event)
            if len(key) > MAX_KEY_LENGTH:
                raise self.error(f"a key has {len(key)} characters", key_event, f"at most {MAX_KEY_LENGTH}")
            value = self.node(next(self.events), depth + 1)
            if key in MERGE_KEYS:
                merged += self.merge_sources(value, key_event)
                deep = key == "<<<"
            elif key in result:
                raise self.error(f"key '{key}' appears twice", key_event, "each key once")
            else:
                result[key] = value
                result.lines[key] = _line(key_event)
        if merged:
            merge_into(result, merged, deep=deep)
        return result

    def merge_sources(self, value: object, event: yaml.Event) -> list[YamlMap]:
        sources = value if isinstance(value, YamlList) else [value]
        if not all(isinstance(source, YamlMap) for source in sources):
            raise self.error(
                f"'{getattr(event, 'value', '<<')}' does not name a mapping", event, "an alias of a mapping"
            )
        return list(sources)

    def sequence(self, event: yaml.SequenceStartEvent, depth: int) -> YamlList:
        result = YamlList(_line(event), self.collection_tag(event), self.source)
        while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
            value = self.node(item, depth + 1)
            # Timeloop's front end flattens lists in lists where files are included.
            values = value if getattr(item, "tag", None) == _LOADED and isinstance(value, YamlList) else [value]
            result += values
            result.lines += [_line(item)] * len(values)
        return result

    def loaded(self, event: yaml.Event, depth: int) -> object:
        """What ``!include_loaded 3.architecture.nodes`` stands for: these keys of the files of the fourth inclusion."""
        number, *keys = str(getattr(event, "value", "")).split(".")
        # An inclusion is numbered when its files are rendered, so these can only hold earlier ones.
        if not number.isdecimal() or not int(number) < self.latest:
            raise self.error(f"tag '{_LOADED}' is not allowed on a value", event, "plain data")
        picked = [self.picked(file, keys, event) for file in self.included(int(number), event, depth)]
        lists = [one for one in picked if isinstance(one, YamlList)]
        if len(picked) > 1 and len(lists) == len(picked):
            return reduce(YamlList.joined, lists)
        if len(picked) == 1:
            return picked[0]
        raise self.error("several files are included where one value stands", event, "lists, which are joined")

    def included(self, number: int, event: yaml.Event, depth: int) -> list[YamlMap]:
        """The files of an inclusion, parsed once; their values count each time."""
        if number in self.files:
            files, size = self.files[number]
            self.count(size, event)
            return files
        before, files = self.nodes, []
        for path, text in self.rendered.included[number]:
            builder = _Builder(path, self.rendered)
            builder.files, builder.latest, builder.nodes = self.files, number, self.nodes
            files.append(_parse(text, builder, depth))
            self.nodes = builder.nodes
        self.files[number] = files, self.nodes - before
        return files

    def picked(self, file: object, keys: Sequence[str], event: yaml.Event) -> object:
        for key in keys:
            if not isinstance(file, YamlMap) or key not in file:
                raise self.error(f"the included file has no '{'.'.join(keys)}'", event, "a key of the file")
            file = file[key]
        return file

    def check_text(self, text: str, event: yaml.Event) -> None:
        """Names end up in terminals and documents, so what these act on is no part of one."""
        if not is_plain_text(text):
            raise self.error(f"'{plain(text)[:60]}' holds control characters", event, "letters, digits and signs")

    def scalar(self, event: yaml.Event) -> object:
        if not isinstance(event, yaml.ScalarEvent):
            raise self.error("a value is missing", event)
        self.check_text(event.value, event)
        tag: str | None = event.tag
        text: str = event.value
        if tag is not None and tag != "!" and tag not in _SCALAR_TAGS:
            if text == "" and tag.startswith("!") and not tag.startswith("!!"):
                return YamlMap(_line(event), tag)
            raise self.error(f"tag '{tag}' is not allowed on a value", event, "plain data")
        if event.style in ("'", '"', "|", ">") or tag in ("!", "tag:yaml.org,2002:str"):
            return Quoted(text)
        return resolve_scalar(text)


def resolve_scalar(text: str) -> object:
    """Type of a plain scalar by YAML 1.2's core schema: null, boolean, integer, float or string."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        if _INTEGER.fullmatch(text):
            return int(text)
        if _HEXADECIMAL.fullmatch(text):
            return int(text, 16)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
