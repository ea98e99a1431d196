"""Overrides as Python's callers give them: a list, one string as on a command line, and named values."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.errors import ConfigurationError

_PLAIN = re.compile(r"[\w.,:+\-*%/()\[\]{}]+")
"""What Hydra reads as it stands: words, numbers, lists and choices such as ``8,16,32``."""

_NEVER_SWEPT = ("sweep.", "hydra.")
"""Keys of these say how to sweep; a list of theirs is one value."""


def spoken(overrides: str | Sequence[str], values: Mapping[str, object], *, swept: bool = False) -> list[str]:
    """What would stand behind ``python launch.py``.

    Args:
        overrides: ``"arch=gemmini layer=KQV"``, or ``["arch=gemmini", "layer=KQV"]``.
        values: ``{"arch": "gemmini", "arch.rows": 32}``.
        swept: whether a list of values means one trial for each; otherwise it is a single value, as it is of
            what says how to sweep (``sweep.objectives``).

    Raises:
        ConfigurationError: something that is no text, or a quote that is not closed.
    """
    if isinstance(overrides, str):
        try:
            given = shlex.split(overrides)
        except ValueError as error:
            raise ConfigurationError(f"{overrides!r}: {error}", expected='e.g. "arch=gemmini layer=KQV"') from error
    else:
        given = list(overrides)
        wrong = next((one for one in given if not isinstance(one, str)), None)
        if wrong is not None:
            raise ConfigurationError(f"{wrong!r} is no override", expected='texts, e.g. ["arch=gemmini", "layer=KQV"]')
    return given + [
        f"{key}={_choices(value) if swept and not _says_how_to_sweep(key, value) else _text(value)}"
        for key, value in values.items()
    ]


def _says_how_to_sweep(key: str, value: object) -> bool:
    """A list of ``sweep.objectives``; one in a further list, as other keys have it, is taken as well."""
    nested = isinstance(value, list | tuple) and any(isinstance(one, list | tuple) for one in value)
    return key.startswith(_NEVER_SWEPT) and not nested


def _choices(value: object) -> str:
    several = isinstance(value, list | tuple | range)
    return ",".join(map(_text, value)) if several else _text(value)  # type: ignore[call-overload]


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple | range):
        return "[" + ",".join(map(_text, value)) + "]"
    text = str(value)
    if isinstance(value, str | Path) and not _PLAIN.fullmatch(text):
        escaped = text.replace("'", "\\'")
        return f"'{escaped}'"
    return text
