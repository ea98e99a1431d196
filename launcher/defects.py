"""The last guard: what nobody foresaw is one line for the person at the terminal, and a file for those who mend it."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence

from launcher.installed import own_version
from launcher.plain_text import plain, plain_line, without_passwords

_LONGEST = 200


def shown(error: object) -> str:
    """An error as a terminal may show it."""
    return plain(without_passwords(str(error)))


def told_defect(error: BaseException, arguments: Sequence[str]) -> str:
    """One line about an error that is no user's mistake as far as we know; the traceback is left in a file.

    Args:
        error: being handled.
        arguments: of the command.
    """
    what = plain_line(without_passwords(f"{type(error).__name__}: {error}"))[:_LONGEST]
    try:
        file = _written(error, arguments)
    except OSError:
        return f"error: this should not have happened: {what}"
    return f"error: this should not have happened: {what}; please send us {file}, which says where"


def _written(error: BaseException, arguments: Sequence[str]) -> str:
    handle, name = tempfile.mkstemp(prefix="timeloop-launcher-", suffix=".txt")
    command = " ".join(map(repr, arguments))
    trace = "".join(traceback.format_exception(error))
    text = f"version {own_version()}, Python {platform.python_version()}, {sys.platform}\n{command}\n\n{trace}"
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(plain(without_passwords(text)))
    return name
