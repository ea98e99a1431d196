"""Programs that are not Python packages: Timeloop's, Accelergy, container runtimes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from launcher.doctor.finding import Finding
from launcher.errors import LauncherError
from launcher.estimation.accelergy.program import INSTALL, find_program

_PATIENCE_S = 10
_TIMELOOP = ("timeloop-mapper", "timeloop-model")
_FRONT_ENDS = (("timeloopfe.v4", "timeloopfe"), ("pytimeloop.timeloopfe.v4", "pytimeloop"))
_BUILD_TIMELOOP = (
    "git clone https://github.com/NVlabs/timeloop && cd timeloop && scons -j4 --accelergy"
    "  # its README lists what it needs; then put build/ on the PATH"
)
_PLUG_INS = (
    ("accelergy-table-based-plug-ins", "estimator=accelergy cannot read the project's tables"),
    ("accelergy-cacti-plug-in", "memories come from the project's tables, which are CACTI's as well"),
    ("accelergy-library-plug-in", "adders, multipliers and registers come from the project's tables"),
    ("accelergy-aladdin-plug-in", "the library plug-in and the tables have its figures"),
)
_OTHER_NAMES = {"accelergy-library-plug-in": "accelergy-library-plugin"}


def timeloop(bin_dir: Path | None) -> list[Finding]:
    """Timeloop's two programs, in ``bin_dir`` or on the PATH, and its Python front end."""
    without = "the native engine finds and evaluates mappings with Timeloop's own numbers"
    return [*(_timeloop_program(name, bin_dir, without) for name in _TIMELOOP), _front_end()]


def accelergy(program: str) -> list[Finding]:
    """Accelergy and its plug-ins."""
    without = "energy and area come from the project's tables (estimator=tables)"
    install = INSTALL.format(name="accelergy")
    try:
        found = find_program(program)
        plug_ins = found.plug_ins()
    except LauncherError as error:
        status = "missing" if "not installed" in error.what else "broken"
        return [Finding("Accelergy", "missing" if status == "missing" else "broken", error.what, without, install)]
    findings = [Finding("Accelergy", "ok", str(found.path), without)]
    for name, otherwise in _PLUG_INS:
        if name in plug_ins or _OTHER_NAMES.get(name) in plug_ins:
            findings.append(Finding(f"  {name}", "ok", "installed", otherwise))
        else:
            how = INSTALL.format(name=name)
            findings.append(Finding(f"  {name}", "missing", "not among Accelergy's plug-ins", otherwise, how))
    known = {*(name for name, _ in _PLUG_INS), *_OTHER_NAMES.values()}
    others = [name for name in plug_ins if name not in known]
    if others:
        findings.append(Finding("  other plug-ins", "ok", ", ".join(others), "nothing here needs them"))
    return findings


def containers() -> list[Finding]:
    """Docker and Podman, and whether this user may start containers."""
    return [_container(name) for name in ("docker", "podman")]


def _timeloop_program(name: str, bin_dir: Path | None, without: str) -> Finding:
    place = None if bin_dir is None else str(bin_dir.expanduser())
    path = shutil.which(name, path=place)
    if path is None:
        where = f"not in {bin_dir}" if bin_dir is not None else "not on the PATH"
        return Finding(name, "missing", where, without, _BUILD_TIMELOOP)
    try:
        # Without input it says what it wants and ends; a missing library or another machine's program shows here.
        started = subprocess.run([path], capture_output=True, timeout=_PATIENCE_S, check=False, text=True)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, "broken", f"{path}: {error}", without, _BUILD_TIMELOOP)
    said = started.stdout + started.stderr
    if started.returncode < 0 or started.returncode in (126, 127):
        return Finding(name, "broken", f"{path}: {_last(said)}", without, _BUILD_TIMELOOP)
    return Finding(name, "ok", path, without)


def _front_end() -> Finding:
    without = "engine.frontend=direct runs Timeloop's programs without it"
    for module, package in _FRONT_ENDS:
        try:
            there = find_spec(module) is not None
        except (ImportError, ValueError):
            there = False
        if there:
            return Finding("Timeloop front end", "ok", f"{module} {_version(package)}".strip(), without)
    install = INSTALL.format(name="timeloopfe")
    return Finding("Timeloop front end", "missing", "neither timeloopfe nor pytimeloop", without, install)


def _container(name: str) -> Finding:
    without = "programs on the PATH or in a folder need no container"
    path = shutil.which(name)
    if path is None:
        return Finding(name, "missing", "not on the PATH", without, f"apt install {_PACKAGE[name]}")
    try:
        asked = subprocess.run(  # noqa: S603 - a list, no shell
            [path, "info"], capture_output=True, timeout=_PATIENCE_S, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, "broken", f"{path}: {error}", without, _MEND[name])
    if asked.returncode != 0:
        return Finding(name, "broken", f"{path}: {_last(asked.stderr or asked.stdout)}", without, _MEND[name])
    return Finding(name, "ok", path, without)


_PACKAGE = {"docker": "docker.io", "podman": "podman"}
_MEND = {"docker": "sudo systemctl start docker && sudo usermod -aG docker $USER", "podman": "podman system migrate"}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def interpreter() -> str:
    """The running Python, and where it lies."""
    return f"{'.'.join(map(str, sys.version_info[:3]))}, {os.path.realpath(sys.executable)}"
