"""The hwcomponents packages: whether they are there and whole, and whether their CACTI program runs here."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from launcher.cache_place import cache_folder
from launcher.errors import EstimationError
from launcher.estimation.cacti_program import why_cacti_cannot_run
from launcher.estimation.links import link_files
from launcher.installed import OLDEST_PYTHON_OF_HWCOMPONENTS, install_command

_CACTI = "hwcomponents_cacti"


@dataclass(frozen=True)
class CactiProblem:
    """Why the CACTI program of hwcomponents-cacti cannot run, and the command that mends it."""

    what: str
    mend: str


def import_hwcomponents() -> Any:
    """The package.

    Raises:
        EstimationError: it is not installed, or this Python is too old for it.
    """
    _keep_out_of_site_packages()
    try:
        return import_module("hwcomponents")
    except ImportError as error:
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        old = sys.version_info < OLDEST_PYTHON_OF_HWCOMPONENTS
        raise EstimationError(
            f"estimator=hwcomponents is not installed ({error})"
            + (f"; it needs Python 3.12 and this is {running}" if old else ""),
            expected="the extra [hwcomponents] on Python 3.12 or 3.13",
            hint=f"{install_command('hwcomponents')}, or estimator=tables, which needs nothing",
        ) from None


def version() -> str:
    """Version of hwcomponents, and eight hexadecimal digits of those of its model packages."""
    versions = {str(one.metadata["Name"]).lower().replace("_", "-"): one.version for one in distributions()}
    ours = {name: found for name, found in versions.items() if name.startswith("hwcomponents")}
    digest = sha256(repr(sorted(ours.items())).encode()).hexdigest()[:8]
    return f"{ours.get('hwcomponents', 'unknown')}+{digest}"


def missing_package(error: ImportError) -> EstimationError:
    """A model package lacks another one that it does not ask for when it is installed."""
    lacking = (error.name or str(error)).partition(".")[0]
    return EstimationError(
        f"the installation of hwcomponents is broken: it lacks the Python package {lacking!r}",
        expected="all packages of the extra [hwcomponents]",
        hint=f"{install_command('hwcomponents')}, or estimator=tables, which needs nothing",
    )


def cacti_problem() -> CactiProblem | None:
    """What keeps the installed CACTI program from running; None when it starts, or when the package is not there."""
    folder = _cacti_package()
    if folder is None:
        return None
    why = why_cacti_cannot_run(folder / "cacti" / "cacti")
    if why is None:
        return None
    # Its sources lie beside it; without object files make builds all of it.
    mend = shlex.join(["make", "-C", str(folder / "cacti"), "opt"])
    return CactiProblem(f"the CACTI program inside hwcomponents-cacti cannot run here: {why}", mend)


def _cacti_package() -> Path | None:
    """Where the package really lies."""
    try:
        found = find_spec(_CACTI)
    except (ImportError, ValueError):
        return None
    return None if found is None or found.origin is None else Path(found.origin).resolve().parent


def _keep_out_of_site_packages() -> None:
    """Let the CACTI package be imported from a folder of links in our cache: it keeps its files beside itself."""
    real = _cacti_package()
    if real is None or _CACTI in sys.modules:
        return
    program = real / "cacti" / "cacti"
    changed = program.stat().st_mtime_ns if program.exists() else 0  # another program, other figures
    stamp = sha256(f"{real}\0{version()}\0{changed}".encode()).hexdigest()[:16]
    folder = cache_folder() / "hwcomponents" / stamp
    if not folder.is_dir():
        making = folder.with_name(f".{stamp}.{os.getpid()}")
        shutil.rmtree(making, ignore_errors=True)
        link_files(real, making / _CACTI)
        try:
            making.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(making, ignore_errors=True)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
