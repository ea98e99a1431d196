"""Compiling the hot loops once, and keeping the compiled code where no other version of the sources finds it."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from launcher.paths import cache_folder

_SOURCES = Path(__file__).resolve().parent


def kernel(function: Callable[..., Any]) -> Any:
    """Compile ``function`` at its first call, or load what an earlier process compiled.

    numba looks only at the file that holds ``function`` to decide whether its compiled code is still good, but our
    kernels call helpers of other files. So the cache's folder is named after all sources of the engine.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_folder())
    try:
        return numba.njit(cache=True, nogil=True)(function)
    finally:
        numba.config.CACHE_DIR = before


def search_is_compiled(*, sliding: bool) -> bool:
    """Whether the mapper's kernels were compiled before, for this Python and these sources.

    Args:
        sliding: whether the problem has sliding windows, which need more of them.
    """
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    names = ["branch.explore", "completion.complete", *(["sliding.sliding_traffic"] if sliding else [])]
    return all(any(_folder().rglob(f"{name}-*.{version}.nbi")) for name in names)


@cache
def _folder() -> Path:
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(_SOURCES.rglob("*.py")):
        digest.update(source.read_bytes())
    folder = cache_folder() / f"compiled-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written: compile for this process only
        return Path(tempfile.mkdtemp(prefix="timeloop-launcher-"))
    return folder
