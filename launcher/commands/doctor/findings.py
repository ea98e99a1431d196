"""Everything that is looked for, in the order in which it is shown."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from launcher.cache_place import cache_folder
from launcher.commands.doctor import programs
from launcher.commands.doctor.programs import Finding
from launcher.errors import LauncherError
from launcher.estimation.hardware_packages import cacti_problem
from launcher.installed import DISTRIBUTION, install_command, package_version
from launcher.paths import data_folder
from launcher.tracking.location import check_usable, locate
from launcher.tracking.tracker import TrackingSettings

_DATA = ("conf", "arch_templates", "workloads", "tables")
_OLDEST, _NEWEST = (3, 11), (3, 13)
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+).*?extra == ['\"]([^'\"]+)['\"]")
_WITHOUT_EXTRA = {
    "dev": "everything but the tests",
    "slurm": "hydra/launcher=basic and joblib run sweeps on this machine",
    "ray": "hydra/launcher=basic and joblib run sweeps on this machine",
    "hwcomponents": "energy and area come from the project's tables (estimator=tables)",
}


def examine(
    bin_dir: Path | None = None, accelergy: str = "accelergy", tracking_uri: str | None = None
) -> list[Finding]:
    """Look for everything. It uses no network unless the tracking store is a server or a database elsewhere.

    Args:
        bin_dir: folder of Timeloop's programs; None looks on the PATH.
        accelergy: Accelergy's program.
        tracking_uri: the MLflow store; None means what a run would take.
    """
    return [
        _python(),
        _own_files(),
        _cache(),
        *programs.timeloop(bin_dir),
        *programs.accelergy(accelergy),
        *programs.containers(),
        _mlflow(tracking_uri),
        *_extras(),
    ]


def _python() -> Finding:
    running = sys.version_info[:2]
    status = "ok" if _OLDEST <= running <= _NEWEST else "broken"
    wanted = "nothing: Python 3.11 to 3.13 is required"
    if status == "broken":
        return Finding("Python", "broken", programs.interpreter(), wanted, "pyenv install 3.12", required=True)
    return Finding("Python", "ok", programs.interpreter(), wanted, required=True)


def _own_files() -> Finding:
    without, install = "nothing: the launcher reads them", f"pip install --force-reinstall {DISTRIBUTION}"
    try:
        folders = [data_folder(name) for name in _DATA]
    except FileNotFoundError as error:
        return Finding("launcher", "broken", str(error), without, install, required=True)
    return Finding(
        "launcher",
        "ok",
        f"{package_version(DISTRIBUTION) or 'a checkout'}, {folders[0].parent}",
        without,
        required=True,
    )


def _cache() -> Finding:
    folder = cache_folder()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    without = "every process compiles the search again, about 10 s"
    if os.access(existing, os.W_OK):
        return Finding("cache folder", "ok", str(folder), without)
    return Finding("cache folder", "broken", f"{folder} cannot be written", without, "export LAUNCHER_CACHE_DIR=FOLDER")


def _mlflow(tracking_uri: str | None) -> Finding:
    without = "tracking=none runs the same and records nothing"
    if not package_version("mlflow"):
        return Finding("MLflow", "missing", "the package is not installed", without, "pip install 'mlflow>=3.17,<4'")
    settings = TrackingSettings(uri=tracking_uri)
    try:
        location = locate(settings)
        # A database file that is not there yet is made by the first run, not by looking.
        if location.file is None or location.file.exists():
            check_usable(location, settings.timeout_s)
    except LauncherError as error:
        return Finding("MLflow", "broken", error.what, without, error.hint or "mlflow server --port 5000")
    kind = "server answers at" if location.is_server else "records in"
    return Finding("MLflow", "ok", f"{package_version('mlflow')}, {kind} {location.printable_uri}", without)


def _extras() -> list[Finding]:
    """The optional dependencies that the package declares."""
    wanted: dict[str, list[str]] = {}
    try:
        declared = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    for requirement in declared:
        match = _REQUIREMENT.match(requirement)
        if match is not None:
            wanted.setdefault(match.group(2), []).append(match.group(1))
    return [_extra(name, packages) for name, packages in wanted.items()]


def _extra(name: str, packages: list[str]) -> Finding:
    without = _WITHOUT_EXTRA.get(name, "everything else")
    install = install_command(name)
    missing = [package for package in packages if not package_version(package)]
    if missing:
        found = f"lacks {', '.join(missing)}"
        if name == "hwcomponents" and sys.version_info < (3, 12):
            found = "needs Python 3.12"
        return Finding(f"extra [{name}]", "missing", found, without, install)
    problem = cacti_problem() if name == "hwcomponents" else None
    if problem is not None:
        return Finding(f"extra [{name}]", "broken", problem.what, without, problem.mend)
    shown = ", ".join(f"{package} {package_version(package)}" for package in packages)
    return Finding(f"extra [{name}]", "ok", shown, without)
