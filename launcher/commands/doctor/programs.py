"""Programs that are not Python packages: Timeloop's, Accelergy, container runtimes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from launcher.engines.timeloop.front_end import FRONT_ENDS
from launcher.engines.timeloop.programs import MAPPER, MODEL, ThisMachine
from launcher.errors import LauncherError
from launcher.estimation.accelergy.program import INSTALL, Program, find_program
from launcher.estimation.cacti_program import why_cacti_cannot_run
from launcher.installed import package_version
from launcher.programs import last_words

_PATIENCE_S = 10
_LONG_PATIENCE_S = 60
_ANSWER = "cannot access output directory"
_BUILD_TIMELOOP = (
    "sudo apt install git g++ make scons autoconf automake libtool pkg-config libboost-all-dev libconfig++-dev "
    "libyaml-cpp-dev libncurses-dev libgpm-dev libgmp-dev libntl-dev "
    "&& git clone https://repo.or.cz/barvinok.git && (cd barvinok && ./get_submodules.sh && ./autogen.sh "
    "&& ./configure --with-pet=no --enable-shared-barvinok && make -j4 && sudo make install && sudo ldconfig) "
    "&& git clone https://github.com/NVlabs/timeloop && (cd timeloop && ln -s ../pat-public/src/pat src/pat "
    "&& scons -j4 --accelergy)  # on Debian and Ubuntu; then put timeloop/build on the PATH"
)
"""Packages, the library barvinok, which no distribution has, and Timeloop with the model of area that it wants."""

_PLUG_INS = (
    ("accelergy-table-based-plug-ins", "estimator=accelergy cannot read the project's tables"),
    ("accelergy-cacti-plug-in", "memories come from the project's tables, which are CACTI's as well"),
    ("accelergy-library-plug-in", "adders, multipliers and registers come from the project's tables"),
    ("accelergy-aladdin-plug-in", "the library plug-in and the tables have its figures"),
)
_OTHER_NAMES = {"accelergy-library-plug-in": "accelergy-library-plugin"}
_CACTI_PLUG_IN = "accelergy-cacti-plug-in"


Status = Literal["ok", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing, and what to do about it.

    Attributes:
        name: of the thing.
        status: ``broken`` is there but cannot be used.
        found: version and place, or what is wrong.
        without: one line on what works without it.
        install: the command that would install or mend it; empty where there is nothing to do.
        required: nothing works without it.
    """

    name: str
    status: Status
    found: str
    without: str
    install: str = ""
    required: bool = False

    @property
    def is_fatal(self) -> bool:
        return self.required and self.status != "ok"


def timeloop(bin_dir: Path | None) -> list[Finding]:
    """Timeloop's two programs, in ``bin_dir`` or on the PATH, and its Python front end."""
    without = "the native engine finds and evaluates mappings with Timeloop's own numbers"
    return [*(_timeloop_program(name, bin_dir, without) for name in (MAPPER, MODEL)), _front_end()]


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
    problem = _why_accelergy_does_not_start(found)
    if problem is not None:
        return [Finding("Accelergy", "broken", f"{found.path}: {problem}", without, install)]
    findings = [Finding("Accelergy", "ok", str(found.path), without)]
    for name, otherwise in _PLUG_INS:
        if name == _CACTI_PLUG_IN and name in plug_ins:
            findings.append(_cacti_plug_in(plug_ins[name], otherwise))
        elif name in plug_ins or _OTHER_NAMES.get(name) in plug_ins:
            findings.append(Finding(_plug_in_name(name), "ok", "installed", otherwise))
        else:
            how = INSTALL.format(name=name)
            findings.append(Finding(_plug_in_name(name), "missing", "not among Accelergy's plug-ins", otherwise, how))
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
        with tempfile.TemporaryDirectory() as folder:
            # Without arguments it aborts, with input it runs; a folder that is not there it refuses in its own words.
            started = subprocess.run(  # noqa: S603 - a list, no shell
                [path, "-o", f"{folder}/none"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE_S,
                check=False,
                text=True,
                errors="replace",
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, "broken", f"{path}: {error}", without, _BUILD_TIMELOOP)
    said = started.stdout + started.stderr
    if _ANSWER in said:
        return Finding(name, "ok", f"{_fingerprint(bin_dir)}{path}", without)
    if "error while loading shared libraries" in said:
        mend = f"ldd {path} | grep 'not found'  # then export LD_LIBRARY_PATH=FOLDER that has them, or build it again"
        return Finding(name, "broken", f"{path}: {last_words(said)}", without, mend)
    found = f"{path} does not answer as Timeloop does (status {started.returncode}): {last_words(said)}"
    return Finding(name, "broken", found, without, _BUILD_TIMELOOP)


def _fingerprint(bin_dir: Path | None) -> str:
    """What results name as Timeloop's version, which the programs do not know themselves."""
    try:
        return f"timeloop {ThisMachine(bin_dir).version}, "
    except LauncherError:  # there is no timeloop-model
        return ""


def _front_end() -> Finding:
    """The first of the packages that has it; else what is wrong with the first that is there."""
    name, without = "Timeloop front end", "engine.frontend=direct runs Timeloop's programs without it"
    install = INSTALL.format(name="timeloopfe")
    wrong: list[Finding] = []
    for module in FRONT_ENDS:
        package = module.partition(".")[0]
        if find_spec(package) is None:
            continue
        shown = f"{package} {package_version(package)}".strip()
        problem = _why_not_imported(module)
        if problem is None:
            return Finding(name, "ok", f"{shown}, {module}", without)
        lacking = re.search(r"No module named '([^']+)'", problem)
        if lacking is not None and f"{module}.".startswith(f"{lacking.group(1)}."):
            problem = f"it lacks {lacking.group(1)}; an older version, most likely"
        wrong.append(Finding(name, "broken", f"{shown}: {problem}", without, f"{install} --upgrade"))
    return wrong[0] if wrong else Finding(name, "missing", "neither timeloopfe nor pytimeloop", without, install)


def _why_not_imported(module: str) -> str | None:
    """Import it in a process of its own: it brings half of Accelergy with it, and whatever may be wrong with that."""
    command = [sys.executable, "-c", f"import {module}"]
    try:
        started = subprocess.run(  # noqa: S603 - a list, no shell
            command, capture_output=True, timeout=_LONG_PATIENCE_S, check=False, text=True
        )
    except subprocess.TimeoutExpired:
        return f"importing it takes more than {_LONG_PATIENCE_S} s"
    return None if started.returncode == 0 else last_words(started.stderr)


def _why_accelergy_does_not_start(program: Program) -> str | None:
    try:
        with tempfile.TemporaryDirectory() as home:
            started = subprocess.run(  # noqa: S603 - a list, no shell
                [str(program.path), "--help"],
                env={**os.environ, "HOME": home, "PYTHONDONTWRITEBYTECODE": "1"},
                cwd=home,
                capture_output=True,
                timeout=_LONG_PATIENCE_S,
                check=False,
                text=True,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if started.returncode == 0 else f"status {started.returncode}, {last_words(started.stderr)}"


def _plug_in_name(plug_in: str) -> str:
    """Under "Accelergy", and short enough for a narrow terminal."""
    return f"  {plug_in.removeprefix('accelergy-')}"


def _cacti_plug_in(folder: Path, otherwise: str) -> Finding:
    """The plug-in comes without the program that it starts."""
    name = _plug_in_name(_CACTI_PLUG_IN)
    build = f"git clone https://github.com/HewlettPackard/cacti && make -C cacti && cp -r cacti '{folder}/'"
    program = next((one for one in (folder / "cacti" / "cacti", folder / "cacti") if one.is_file()), None)
    if program is None:
        return Finding(name, "broken", f"there is no CACTI program in {folder}", otherwise, build)
    why = why_cacti_cannot_run(program)
    if why is not None:
        return Finding(name, "broken", f"its CACTI program cannot run here: {why}", otherwise, build)
    return Finding(name, "ok", "installed, with CACTI's program", otherwise)


def _container(name: str) -> Finding:
    without = "programs on the PATH or in a folder need no container"
    path = shutil.which(name)
    if path is None:
        return Finding(name, "missing", "not on the PATH", without, f"apt install {_PACKAGE[name]}")
    try:
        asked = subprocess.run(  # noqa: S603 - a list, no shell
            [path, "info", "--format", _ASK_VERSION[name]],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, "broken", f"{path}: {error}", without, _MEND[name])
    if asked.returncode != 0:
        return Finding(name, "broken", f"{path}: {last_words(asked.stderr or asked.stdout)}", without, _MEND[name])
    return Finding(name, "ok", f"{asked.stdout.strip()}, {path}".removeprefix(", "), without)


_ASK_VERSION = {"docker": "{{.ServerVersion}}", "podman": "{{.Version.Version}}"}
_PACKAGE = {"docker": "docker.io", "podman": "podman"}
_MEND = {"docker": "sudo systemctl start docker && sudo usermod -aG docker $USER", "podman": "podman system migrate"}


def interpreter() -> str:
    """The running Python, and where it lies."""
    return f"{'.'.join(map(str, sys.version_info[:3]))}, {os.path.realpath(sys.executable)}"
