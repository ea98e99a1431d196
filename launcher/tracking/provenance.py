"""Who ran what, from which state of the code."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_UNRELATED = ("tracking.", "hydra.")
_GIT_TIMEOUT_S = 5
_NOTHING_OF_ITS_OWN = tuple(
    word
    for setting in (
        "core.fsmonitor=false",
        f"core.hooksPath={os.devnull}",
        "core.untrackedCache=false",
        "core.sshCommand=false",
        "core.gitProxy=false",
        "core.pager=cat",
        "diff.external=",
        "submodule.recurse=false",
        "protocol.allow=never",
    )
    for word in ("-c", setting)
)
_NO_QUESTIONS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ASKPASS": "false",
}


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

    Empty outside a git checkout, or without git. The checkout may be anybody's: no program that its own configuration
    names is run.
    """
    commit = _git(directory, "rev-parse", "HEAD")
    if not commit:
        return {}
    status = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    harmless = _without_filters(directory)
    changed = harmless is None or _git(directory, *harmless, *status) != ""
    return {"commit": commit.strip(), "dirty": "true" if changed else "false"}


def _without_filters(directory: Path) -> list[str] | None:
    """Settings that take back the filters of files that a checkout's own configuration names; None where none can."""
    found: list[str] = []
    for where in ("--local", "--worktree"):
        names = _git(directory, "config", where, "--includes", "--null", "--name-only", "--get-regexp", "^filter\\.")
        for key in dict.fromkeys((names or "").split("\0")):
            kind = key.rpartition(".")[2]
            if kind in ("clean", "smudge", "process", "required") and "=" not in key:
                found += ["-c", f"{key}={'false' if kind == 'required' else ''}"]
            elif key:  # git would split it elsewhere
                return None
    return found


def _git(directory: Path, *arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    command = [program, "-C", str(directory), *_NOTHING_OF_ITS_OWN, *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_TIMEOUT_S,
            check=False,
            env={**environment, **_NO_QUESTIONS},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
