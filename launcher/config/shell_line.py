"""What to type, for hints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable


def launch_line(arguments: Iterable[str]) -> str:
    """``python launch.py`` with arguments, quoted where a shell wants it."""
    return " ".join(["python launch.py", *map(quoted, arguments)])


def quoted(argument: str) -> str:
    """One argument; commas, equal signs and plus signs need no quotes."""
    return argument if re.fullmatch(r"[\w@%+=:,./-]+", argument) else shlex.quote(argument)
