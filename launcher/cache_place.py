"""Where things that can be made again are kept, and that nobody else can put something there.

What is loaded from it can run code (compiled kernels have a pickled index), and is believed (results).
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from launcher.errors import LauncherError

_VARIABLE = "LAUNCHER_CACHE_DIR"
_OTHERS_WRITE = 0o022
_OURS_ALONE = 0o700


def cache_folder() -> Path:
    """The folder ``LAUNCHER_CACHE_DIR``, or the user's cache folder; made when it is not there.

    Raises:
        LauncherError: others can write to the folder that the variable names.
    """
    chosen = os.environ.get(_VARIABLE)
    if chosen:
        return _safe(Path(chosen).expanduser().absolute(), chosen=True)
    return _safe(user_cache_path("timeloop-launcher", appauthor=False), chosen=False)


def compiled_folder() -> Path:
    """Where compiled kernels are kept; errors as of :func:`cache_folder`."""
    return cache_folder() / "compiled"


@cache
def _safe(folder: Path, *, chosen: bool) -> Path:
    if not hasattr(os, "getuid"):  # Windows keeps such rights elsewhere
        return folder
    try:
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=_OURS_ALONE, exist_ok=True)
        seen = folder.stat()
        ours = seen.st_uid in (os.getuid(), 0)
        if ours and seen.st_mode & _OTHERS_WRITE and not chosen:
            folder.chmod(_OURS_ALONE)  # an earlier version made it where new folders are the group's, too
            seen = folder.stat()
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False) and entry.stat().st_mode & _OTHERS_WRITE:
                Path(entry.path).chmod(_OURS_ALONE)
    except OSError:  # who uses it does without
        return folder
    if not ours or seen.st_mode & _OTHERS_WRITE:
        raise LauncherError(
            "the cache's folder can be written by others, who could put code into it that runs here",
            where=f"{_VARIABLE}={folder}" if chosen else str(folder),
            expected="a folder of your own that only you can write",
            hint=f"chmod go-w {folder}" if ours else f"{_VARIABLE}=~/another-folder",
        )
    return folder
