"""The dense part of a sparse input: the same without densities and without sparse optimizations."""

from __future__ import annotations

from dataclasses import replace

from launcher.timeloop_files.load import Document
from launcher.timeloop_files.load_types import YamlList, YamlMap

DENSE_HINT = "remove it; or take the dense part alone: evaluate and map do with --dense"
DENSE_NOTE = "the dense part alone: densities and sparse optimizations of the input are dropped (--dense)"

_SPARSE = ("sparse_optimizations", "densities", "commonDensity", "density")


def dense_part(document: Document) -> Document:
    """The document without anything that is about sparse data."""
    root = _without(document.root)
    return replace(document, root=root) if isinstance(root, YamlMap) else document


def _without(value: object) -> object:
    if isinstance(value, YamlMap):
        kept = YamlMap(value.line, value.tag, value.source)
        kept.update({key: _without(child) for key, child in value.items() if key not in _SPARSE})
        kept.lines.update(value.lines)
        return kept
    if isinstance(value, YamlList):
        items = YamlList(value.line, value.tag, value.source)
        items.extend(_without(child) for child in value)
        items.lines.extend(value.lines)
        return items
    return value
