"""Who ran what, from which state of the code."""

from __future__ import annotations

import getpass
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_UNRELATED = ("tracking.", "hydra.")
_GIT_TIMEOUT_S = 5


def user_name() -> str:
    """Who runs this; ``unknown`` where the machine does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in a container
        return "unknown"


def source_name() -> str:
    """The script that was started."""
    return sys.argv[0] or "python"


def config_hash(parameters: Mapping[str, object]) -> str:
    """Twelve hexadecimal digits that are equal when two trials were asked for the same thing.

    Where and how a trial is recorded does not count.
    """
    counted = {name: value for name, value in parameters.items() if not name.startswith(_UNRELATED)}
    text = json.dumps(counted, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache(maxsize=4)
def git_state(directory: Path) -> dict[str, str]:
    """``commit`` and ``dirty`` (``true`` when tracked files were changed) of the checkout around ``directory``.

    Empty outside a git checkout, or without git.
    """
    commit = _git(directory, "rev-parse", "HEAD")
    if not commit:
        return {}
    changes = _git(directory, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit.strip(), "dirty": "true" if changes else "false"}


def _git(directory: Path, *arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    command = [program, "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
