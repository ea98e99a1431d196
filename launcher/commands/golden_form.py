"""Mappings as the commands write them in JSON."""

from __future__ import annotations

from typing import Any

from launcher.specification.mapping import LevelMapping, Loop, Mapping


def levels_of(mapping: Mapping) -> list[dict[str, Any]]:
    """Per level, innermost first, what it keeps and its loops' bounds by dimension, X, Y and time apart."""
    return [_level(level, perfect=mapping.is_perfect) for level in mapping]


def _level(level: LevelMapping, *, perfect: bool) -> dict[str, Any]:
    return {
        "level": level.level,
        "keep": list(level.keep),
        "spatial_x": _factors(level.spatial_x, perfect=perfect),
        "spatial_y": _factors(level.spatial_y, perfect=perfect),
        "temporal": _factors(level.temporal, perfect=perfect),
        "temporal_order_innermost_first": [loop.dimension for loop in level.temporal],
    }


def _factors(loops: tuple[Loop, ...], *, perfect: bool) -> dict[str, int | list[int]]:
    """Bounds by dimension; in an imperfect mapping each with its residual."""
    return {loop.dimension: loop.bound if perfect else [loop.bound, loop.last] for loop in loops}
