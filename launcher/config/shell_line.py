"""What to type, for hints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable


def launch_line(arguments: Iterable[str]) -> str:
    """``python launch.py`` with arguments, quoted where a shell wants it."""
    return " ".join(["python launch.py", *map(quoted, arguments)])


_PAIRS = {"[": "]", "(": ")", "{": "}"}


def closed(argument: str) -> str | None:
    """The argument with every quote and bracket in a pair; None where they are, or nobody knows what is meant."""
    key, _, value = argument.partition("=")
    bare = re.fullmatch(r"['\"]?([^'\"]*)['\"]?", value)
    if bare and bare[1] != value and value[:1] != value[-1:]:
        value = bare[1]  # a single quote; what it began needs none, or gets both below
        argument = f"{key}={value}"
        if re.fullmatch(r"[\w.,/ -]*", value):
            return argument
    opened: list[str] = []
    for sign in value:
        if sign in _PAIRS:
            opened.append(_PAIRS[sign])
        elif sign in _PAIRS.values():
            if not opened:
                if not value.endswith(sign) or value.count(sign) > 1:
                    return None
                begins = next(left for left, right in _PAIRS.items() if right == sign)
                return f"{key}={begins}{value}" if "," in value else f"{key}={value[:-1]}"
            if opened.pop() != sign:
                return None
    return argument + "".join(reversed(opened)) if opened else None


def quoted(argument: str) -> str:
    """One argument; commas, equal signs and plus signs need no quotes."""
    return argument if re.fullmatch(r"[\w@%+=:,./-]+", argument) else shlex.quote(argument)
