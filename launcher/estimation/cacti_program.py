"""Whether a CACTI program runs on this machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_PATIENCE_S = 10


def why_cacti_cannot_run(program: Path) -> str | None:
    """What ``program`` lacks here, in a few words; None when it starts."""
    try:
        # Without an argument it only says how it is called.
        started = subprocess.run(  # noqa: S603 - a list, no shell
            [str(program)], cwd=program.parent, capture_output=True, timeout=_PATIENCE_S, check=False, text=True
        )
    except subprocess.TimeoutExpired:
        return f"it does not answer within {_PATIENCE_S} s"
    except OSError as error:
        return f"{program}: {error.strerror}"
    wanted = re.findall(r"version `GLIBC_([0-9.]+)' not found", started.stderr)
    if wanted:
        newest = max(wanted, key=lambda one: tuple(map(int, one.split("."))))
        return f"it needs glibc {newest} and this system has {os.confstr('CS_GNU_LIBC_VERSION') or 'another C library'}"
    if started.returncode in (126, 127):
        return started.stderr.strip().splitlines()[-1] if started.stderr.strip() else f"status {started.returncode}"
    return None
