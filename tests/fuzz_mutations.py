"""Damage, drawn at random: of JSON values, of texts, and of overrides."""

from __future__ import annotations

import copy
import json
import random
import re
import sys
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2.5, 10**400, 2**63, 2**31, -(10**20), 1e308, 1e-320, float("inf"), float("nan")),
    *("", "text", "\x1b[31mred", "\u202ereversed", "${oc.env:HOME}", "[/red]", "=1+1", "../../etc/passwd", "inf"),
    *([], {}, [[]], {"a": 1}, [1, 2], "nan", "1e999", "'", '"', "a" * 3000),
)
"""What nobody expects."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_ODD_NUMBERS = ("0", "-1", "1e-320", "1e300", "99999999999999999999", "2.5", "nan", "inf", "1e999", "16777216", "null")
_ODD_TEXTS = (
    "",
    "~",
    "[",
    "{",
    "}",
    ":",
    "- ",
    "*x",
    "&x ",
    "!!python/object:os.system ",
    "\t",
    "\x1b[1m",
    "é",
    "#",
    "'",
)


_DEEP = "lists in lists"
_LARGEST_FLOAT = sys.float_info.max


def written(value: Any, rng: random.Random) -> str:
    """A value as JSON; some of what was damaged is nested deeper than Python itself could write it."""
    levels = rng.choice((20, 300, 3000, 100000))
    return json.dumps(value).replace(json.dumps(_DEEP), "[" * levels + "]" * levels)


def changed(value: Any, rng: random.Random) -> Any:
    """A JSON value with one or a few places damaged."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        parent, key = _place(value, rng)
        if parent is not None:
            _damage(parent, key, rng)
    return value


def _place(value: Any, rng: random.Random) -> tuple[Any, Any]:
    """A random place in a value, at any depth."""
    parent, key = None, None
    while isinstance(value, dict | list) and value and (parent is None or rng.random() < 0.85):
        parent = value
        key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        value = value[key]
    return parent, key


def _damage(parent: Any, key: Any, rng: random.Random) -> None:
    how, old = rng.random(), parent[key]
    if how < 0.2:
        del parent[key]
    elif how < 0.3 and isinstance(parent, dict):
        parent[rng.choice((f"{key}x", "", "\x1b[31m", str(key).upper()))] = parent.pop(key)
    elif how < 0.4:
        parent[key] = [old]
    elif how < 0.5 and isinstance(old, int | float):
        factor = rng.choice((-1, 0, 3, 0.5, 1e200, 1e-300, 2**40))
        parent[key] = old if isinstance(factor, float) and abs(old) > _LARGEST_FLOAT else old * factor
    elif how < 0.55:
        parent[key] = _DEEP
    elif how < 0.65 and isinstance(parent, list):
        parent.insert(key, old)
    elif how < 0.7 and isinstance(old, str):
        parent[key] = old[: rng.randrange(len(old) + 1)] + rng.choice(("", "x", "[0]", "/"))
    else:
        parent[key] = rng.choice(ODD)


def changed_text(text: str, rng: random.Random) -> str:
    """A text with a few characters, numbers or lines damaged."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        text = _text_damage(text, rng)
    return text


def _text_damage(text: str, rng: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at, place = rng.randrange(len(lines)), rng.randrange(len(text) + 1)
    how = rng.random()
    numbers = list(_NUMBER.finditer(text))
    if how < 0.4 and numbers:
        found = rng.choice(numbers)
        return text[: found.start()] + rng.choice(_ODD_NUMBERS) + text[found.end() :]
    if how < 0.5:
        return "".join(lines[:at] + lines[at + 1 :])
    if how < 0.6:
        return "".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])
    if how < 0.65:
        return text[:place]
    if how < 0.75:
        return text[:place] + text[place + rng.choice((1, 2, 10)) :]
    if how < 0.85:
        return "".join([*lines[:at], "  " + lines[at], *lines[at + 1 :]])
    return text[:place] + rng.choice(_ODD_TEXTS) + text[place:]
