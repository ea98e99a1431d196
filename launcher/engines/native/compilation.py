"""Compiling the hot loops once, and keeping the compiled code where no other version of the sources finds it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from launcher.cache_place import compiled_folder
from launcher.fingerprint import fingerprint

_SEARCH = (
    ("launcher.engines.native.mapper.kernels.branch", "explore"),
    ("launcher.engines.native.mapper.kernels.completion", "complete"),
)
_SLIDING = (("launcher.engines.native.batch.sliding", "sliding_traffic"),)
_IMPERFECT = (
    ("launcher.engines.native.mapper.imperfect.branch", "explore"),
    ("launcher.engines.native.mapper.imperfect.completion", "complete"),
)
"""Module and name of the kernels that take long to compile: those of every search, of windows, of imperfect factors."""


helper = numba.njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)
"""For functions that only compiled code calls."""


procedure = numba.njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For longer functions that compiled code calls in many places: in line, they would take minutes to compile."""


def kernel(function: Callable[..., Any]) -> Any:
    """Compile ``function`` at its first call, or load what an earlier process compiled.

    numba looks only at the file that holds ``function`` to decide whether its compiled code is still good, but our
    kernels call helpers of other files. So the cache's folder is named after all sources that the kernel uses.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_folder(function.__module__))
    try:
        return numba.njit(cache=True, nogil=True)(function)
    finally:
        numba.config.CACHE_DIR = before


def search_is_compiled(*, sliding: bool, imperfect: bool = False) -> bool:
    """Whether the mapper's kernels were compiled before, for this Python and these sources.

    Args:
        sliding, imperfect: whether the problem has sliding windows, and the mapspace imperfect factors, which need more
            of them.
    """
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    needed = [*_SEARCH, *(_SLIDING if sliding else ()), *(_IMPERFECT if imperfect else ())]
    return all(any(_folder(module).rglob(f"*.{name}-*.{version}.nbi")) for module, name in needed)


@cache
def _folder(module: str) -> Path:
    folder = compiled_folder() / f"{fingerprint(module)}-numba-{numba.__version__}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written: compile for this process only
        return Path(tempfile.mkdtemp(prefix="timeloop-launcher-"))
    return folder
