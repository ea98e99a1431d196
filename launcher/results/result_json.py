"""A result as one JSON object, and back: dataclasses to plain values, driven by their type hints."""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from launcher.errors import LauncherError
from launcher.figures import DETAILS
from launcher.results.proof import Proof
from launcher.results.result import Result

_AS_THEY_ARE = frozenset((str, int, bool, type(None)))


def encode(value: object) -> Any:
    """``value`` as JSON values. Fields that hold their default are left out, so that only what was said is kept.

    Infinite and undefined numbers, which JSON does not have, become the strings ``inf``, ``-inf`` and ``nan``.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if is_dataclass(kind):
        return {name: encode(item) for name, item in _said(value, kind)}
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
    return _decoder(kind)(value)


_Decoder = Callable[[Any], Any]


@cache
def _decoder(kind: Any) -> _Decoder:
    """What turns JSON values into a ``kind``. Type hints are looked at once per type, not once per value."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = _decoder(next(a for a in arguments if a is not types.NoneType))
        return lambda value: None if value is None else inner(value)
    if origin is None or origin is Literal:
        return float if kind is float else _as_it_is
    return _collection_decoder(origin, arguments)


def _dataclass_decoder(kind: type) -> _Decoder:
    decoders: dict[str, _Decoder] = {}

    def decode_fields(value: Any) -> Any:
        if not decoders:  # not before: a type may refer to itself
            decoders.update({name: _decoder(hint) for name, hint in _hints(kind).items()})
        return kind(**{name: decoders[name](item) for name, item in value.items()})

    return decode_fields


def _collection_decoder(origin: type, arguments: tuple[Any, ...]) -> _Decoder:
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin is frozenset:
        member = _decoder(arguments[0])
        return lambda value: frozenset(member(item) for item in value)
    if issubclass(origin, Mapping):
        content = _decoder(arguments[1])
        return lambda value: {key: content(item) for key, item in value.items()}
    raise TypeError(f"no rule for {origin}")


def _tuple_decoder(arguments: tuple[Any, ...]) -> _Decoder:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        member = _decoder(arguments[0])
        return lambda value: tuple([member(item) for item in value])
    members = [_decoder(kind) for kind in arguments]
    return lambda value: tuple(decode_one(item) for decode_one, item in zip(members, value, strict=True))


def _as_it_is(value: Any) -> Any:
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _said(value: object, kind: type) -> Iterator[tuple[str, object]]:
    """Names and values of the fields that do not hold their default."""
    for name, default, factory in _defaults(kind):
        item = getattr(value, name)
        usual = default if factory is MISSING else factory()
        if usual is MISSING or item != usual:
            yield name, item


@cache
def _defaults(kind: type) -> list[tuple[str, Any, Any]]:
    return [(item.name, item.default, item.default_factory) for item in fields(kind)]


FORMAT = 1
"""Version of the layout of result.json."""


def result_to_dict(result: Result) -> dict[str, Any]:
    """A result as JSON values: the headline figures first, everything else below.

    The headline (the figures of :data:`launcher.figures.DETAILS` and ``area_by_component_um2``; null when there is no
    mapping) repeats what the parts below say, for people and for ``jq``. The parts are the result's own fields, as
    :func:`encode` writes them: fields that hold their default are left out. ``sha256`` is a digest of all the rest.

    Left out: the proof, which has a file of its own. ``specification`` holds the architecture, the problem, the
    constraints and the energy and area tables.
    """
    parts = encode(replace(result, proof=None))
    if result.proof is not None:
        parts["proof_sha256"] = sha256(proof_text(result.proof))
    head = {name: parts.pop(name, None) for name in ("name", "status", "reason")}
    tail = {name: parts.pop(name) for name in ("evaluation", "mapping", "specification") if name in parts}
    content = {"format": FORMAT, **head, **_headline(result), **parts, **tail}
    return {**content, "sha256": sha256(json.dumps(content, sort_keys=True))}


def proof_text(proof: Proof) -> str:
    """A proof as one line of JSON."""
    return json.dumps(encode(proof)) + "\n"


def proof_from_text(text: str) -> Proof:
    """The proof that :func:`proof_text` wrote.

    Raises:
        LauncherError: it was not written by this version of the launcher.
    """
    try:
        proof: Proof = decode(Proof, json.loads(text))
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise LauncherError(f"a recorded proof is damaged: {error}", expected="what proof.json holds") from error
    return proof


def sha256(text: str) -> str:
    """A digest, so that a change by hand shows."""
    return hashlib.sha256(text.encode()).hexdigest()


def result_from_dict(content: Any) -> Result:
    """The result that :func:`result_to_dict` wrote; ``result_from_dict(result_to_dict(r)) == r``.

    Exceptions to equality: in parameters and attributes, which may hold anything, tuples come back as lists and
    infinite numbers as strings.

    Raises:
        LauncherError: the content was not written by this version of the launcher.
    """
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise LauncherError(
            f"unknown format {found!r} of a recorded result",
            expected=f"format: {FORMAT}",
            hint="run the trial again with this version of the launcher",
        )
    names = Result.__dataclass_fields__.keys() & content.keys()
    try:
        result: Result = decode(Result, {name: content[name] for name in names})
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise LauncherError(f"a recorded result is damaged: {error}", expected="what result.json holds") from error
    return result


def _headline(result: Result) -> dict[str, Any]:
    figures = {figure.key: figure.exact(result) for figure in DETAILS}
    return {**figures, "area_by_component_um2": result.area_by_component_um2}
