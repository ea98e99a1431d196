"""What running other people's programs takes, whichever they are."""

from __future__ import annotations

import os
import site
from pathlib import Path


def environment_at(home: Path) -> dict[str, str]:
    """The environment of a program that writes to no home directory but ``home``."""
    return {
        **os.environ,
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Another HOME must not hide what `pip install --user` put below the real one.
        "PYTHONUSERBASE": os.environ.get("PYTHONUSERBASE") or site.getuserbase(),
    }


def last_words(said: str) -> str:
    """The last line of an output that is not blank."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
