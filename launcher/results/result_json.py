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
from launcher.plain_text import plain, plain_line
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

_LARGEST_WHOLE = 10**100
_WORDS_OF_NUMBERS = ("inf", "-inf", "nan")
_LONGEST_SHOWN = 60


class _MisfitError(ValueError):
    """A value that does not fit its type, and where it stands, the innermost name last."""

    def __init__(self, value: object, expected: str) -> None:
        super().__init__(expected)
        self.shown, self.expected = plain_line(repr(value)[:_LONGEST_SHOWN]), expected
        self.path: list[str] = []

    def __str__(self) -> str:
        return f"{'.'.join(reversed(self.path)) or 'it'} is {self.shown}, not {self.expected}"


@cache
def _decoder(kind: Any) -> _Decoder:
    """What turns JSON values into a ``kind``. Type hints are looked at once per type, not once per value."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value: kind(_text(value))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union_decoder(arguments)
    if origin is Literal:
        return lambda value: value if value in arguments else _misfit(value, f"one of {', '.join(arguments)}")
    if origin is None:
        return _SCALARS.get(kind, _as_it_is)
    return _collection_decoder(origin, arguments)


def _union_decoder(arguments: tuple[Any, ...]) -> _Decoder:
    kinds = [one for one in arguments if one is not types.NoneType]
    numbers = len(kinds) > 1 and set(kinds) <= {int, float}
    inner = _number if numbers else _decoder(kinds[0]) if len(kinds) == 1 else _as_it_is
    if len(kinds) == len(arguments):
        return inner
    return lambda value: None if value is None else inner(value)


def _dataclass_decoder(kind: type) -> _Decoder:
    decoders: dict[str, _Decoder] = {}

    def decode_fields(value: Any) -> Any:
        if not decoders:  # not before: a type may refer to itself
            decoders.update({name: _decoder(hint) for name, hint in _hints(kind).items()})
        if type(value) is not dict:
            raise _MisfitError(value, f"an object: {kind.__name__}")
        found: dict[str, Any] = {}
        for name, item in value.items():
            try:
                found[name] = decoders[name](item)
            except _MisfitError as error:
                error.path.append(name)
                raise
        return kind(**found)

    return decode_fields


def _collection_decoder(origin: type, arguments: tuple[Any, ...]) -> _Decoder:
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin is frozenset:
        member = _decoder(arguments[0])
        return lambda value: frozenset(member(item) for item in _items(value))
    if issubclass(origin, Mapping):
        return _mapping_decoder(_decoder(arguments[1]))
    raise TypeError(f"no rule for {origin}")


def _mapping_decoder(content: _Decoder) -> _Decoder:
    def decode_items(value: Any) -> Any:
        if type(value) is not dict:
            raise _MisfitError(value, "an object")
        found: dict[str, Any] = {}
        for key, item in value.items():
            try:
                found[_text(key)] = content(item)
            except _MisfitError as error:
                error.path.append(plain_line(key)[:_LONGEST_SHOWN])
                raise
        return found

    return decode_items


def _tuple_decoder(arguments: tuple[Any, ...]) -> _Decoder:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        member = _decoder(arguments[0])
        return lambda value: tuple([member(item) for item in _items(value)])
    members = [_decoder(kind) for kind in arguments]
    return lambda value: tuple(decode_one(item) for decode_one, item in zip(members, _items(value), strict=True))


def _items(value: Any) -> list[Any]:
    return value if type(value) is list else _misfit(value, "a list")


def _misfit(value: object, expected: str) -> Any:
    raise _MisfitError(value, expected)


def _text(value: Any) -> Any:
    return plain(value) if type(value) is str else _misfit(value, "a text")


def _truth(value: Any) -> Any:
    return value if type(value) is bool else _misfit(value, "true or false")


def _whole(value: Any) -> Any:
    sound = type(value) is int and -_LARGEST_WHOLE < value < _LARGEST_WHOLE
    return value if sound else _misfit(value, "a whole number")


def _real(value: Any) -> Any:
    if type(value) is float:
        return value
    if (type(value) is int and -_LARGEST_WHOLE < value < _LARGEST_WHOLE) or value in _WORDS_OF_NUMBERS:
        return float(value)
    return _misfit(value, "a number")


def _number(value: Any) -> Any:
    return _whole(value) if type(value) is int else _real(value)


def _as_it_is(value: Any) -> Any:
    """What may be anything: parameters, attributes."""
    if type(value) is str:
        return plain(value)
    if type(value) is dict:
        return {plain(key): _as_it_is(item) for key, item in value.items()}
    if type(value) is list:
        return [_as_it_is(item) for item in value]
    return _whole(value) if type(value) is int else value


_SCALARS: Mapping[Any, _Decoder] = {str: _text, bool: _truth, int: _whole, float: _real}


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


_UNSOUND = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError, LauncherError)
"""What a type raises that is made of values that are none of its."""


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def is_unchanged(content: Mapping[str, Any]) -> bool:
    """Whether what :func:`result_to_dict` wrote is as it was written."""
    rest = {name: value for name, value in content.items() if name != "sha256"}
    return content.get("sha256") == sha256(json.dumps(rest, sort_keys=True))


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
    except _UNSOUND as error:
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
    except _UNSOUND as error:
        raise LauncherError(
            f"a recorded result is damaged: {_why(error)}", expected="what result.json holds"
        ) from error
    return result


def _headline(result: Result) -> dict[str, Any]:
    figures = {figure.key: figure.exact(result) for figure in DETAILS}
    return {**figures, "area_by_component_um2": result.area_by_component_um2}
