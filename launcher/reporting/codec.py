"""Dataclasses to plain JSON values and back, driven by their type hints."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from math import isfinite
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def encode(value: object) -> Any:
    """``value`` as JSON values. Fields that hold their default are left out, so that only what was said is kept.

    Infinite and undefined numbers, which JSON does not have, become the strings ``inf``, ``-inf`` and ``nan``.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value) if not _is_default(f, value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(encode(item) for item in value)
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return _encode_scalar(value)


def _encode_scalar(value: object) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    # numpy's numbers and paths can reach us in attributes and parameters.
    return value.item() if hasattr(value, "item") else str(value)


def decode(kind: Any, value: Any) -> Any:
    """The inverse of :func:`encode`: an instance of the type ``kind``.

    Raises:
        TypeError, ValueError, KeyError: the value does not fit the type.
    """
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: decode(hints[name], item) for name, item in value.items()})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else decode(next(a for a in arguments if a is not types.NoneType), value)
    if origin is None or origin is Literal:
        return float(value) if kind is float else value
    return _decode_collection(origin, arguments, value)


def _decode_collection(origin: type, arguments: tuple[Any, ...], value: Any) -> Any:
    if origin is tuple:
        return _decode_tuple(arguments, value)
    if origin is frozenset:
        return frozenset(decode(arguments[0], item) for item in value)
    if issubclass(origin, Mapping):
        return {key: decode(arguments[1], item) for key, item in value.items()}
    raise TypeError(f"no rule for {origin}")


def _decode_tuple(arguments: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(decode(arguments[0], item) for item in value)
    return tuple(decode(kind, item) for kind, item in zip(arguments, value, strict=True))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _is_default(field: Field[Any], owner: object) -> bool:
    value = getattr(owner, field.name)
    if field.default is not MISSING:
        return bool(value == field.default)
    return field.default_factory is not MISSING and bool(value == field.default_factory())
