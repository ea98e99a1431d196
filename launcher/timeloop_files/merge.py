"""Merging mappings: ``<<`` as YAML has it, ``<<<`` as Timeloop's front end does it, into all that lies below."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.timeloop_files.load_types import YamlList, YamlMap

MERGE_KEYS = ("<<", "<<<")
_NO_MERGE = "!nomerge"


def merge_into(target: YamlMap, sources: Sequence[YamlMap], *, deep: bool) -> None:
    """Add to ``target`` what it lacks; of several sources, the first that has a key counts.

    Args:
        target: what stands in it is kept.
        sources: none of them is changed.
        deep: where both have a mapping, that is merged, too; of two lists, the source's is appended. A ``!nomerge``
            before the value in ``target`` prevents this.
    """
    combined = YamlMap(target.line, None)
    for source in sources:
        _merge(combined, source, deep=deep)
    _merge(target, combined, deep=deep)


def _merge(target: YamlMap, source: YamlMap, *, deep: bool) -> None:
    for key, value in source.items():
        if key not in target:
            target[key] = value
            target.lines[key] = source.lines.get(key, source.line)
        elif deep:
            target[key] = _both(target[key], value)


def _both(own: object, other: object) -> object:
    if isinstance(own, YamlMap) and isinstance(other, YamlMap) and own.tag != _NO_MERGE:
        result = own.copy()
        _merge(result, other, deep=True)
        return result
    if isinstance(own, YamlList) and isinstance(other, YamlList) and own.tag != _NO_MERGE:
        return own.joined(other)
    return own
