"""Runs Accelergy in a folder of its own: nothing is written to the home directory or beside its plug-ins."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

from launcher.cache_place import cache_folder
from launcher.errors import EstimationError
from launcher.estimation.links import files_in, link_files
from launcher.programs import environment_at

_CONFIG = Path(".config/accelergy/accelergy_config.yaml")
_LARGEST_READ_FILE = 1 << 20
INSTALL = "pip install git+https://github.com/Accelergy-Project/{name}"


@dataclass(frozen=True)
class Run:
    """What a run of Accelergy left behind."""

    folder: Path
    status: int | None
    log: str

    @property
    def output(self) -> Path:
        return self.folder / "out"


@dataclass(frozen=True)
class Program:
    """An installed Accelergy and its configuration: where its plug-ins, tables and classes lie."""

    path: Path
    config: Mapping[str, object]

    def folders(self, key: str) -> list[Path]:
        """The paths that the configuration lists under ``key``."""
        listed = self.config.get(key) or []
        if isinstance(listed, Mapping):
            listed = listed.get("roots") or []
        return [Path(str(one)).expanduser() for one in listed] if isinstance(listed, list) else []

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that change with the program, its plug-ins, tables and classes."""
        digest = sha256(str(self.path).encode())
        for key in ("estimator_plug_ins", "python_plug_ins", "table_plug_ins", "primitive_components"):
            for folder in self.folders(key):
                for file in files_in(folder):
                    digest.update(str(file).encode() + b"\0")
                    size = file.stat().st_size
                    # CACTI's program and the like: their size must do.
                    digest.update(file.read_bytes() if size <= _LARGEST_READ_FILE else str(size).encode())
        return digest.hexdigest()[:8]

    def plug_ins(self) -> dict[str, Path]:
        """Names of the plug-ins, e.g. ``accelergy-cacti-plug-in``, and the folders that are called so."""
        files = [file for root in self.folders("estimator_plug_ins") for file in files_in(root)]
        return {file.parent.name: file.parent for file in sorted(files) if file.name.endswith(".estimator.yaml")}


def find_program(name: str) -> Program:
    """The Accelergy called ``name``: on the PATH, beside the running Python, or a path.

    Raises:
        EstimationError: it is not there, or cannot be started.
    """
    beside = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))
    found = shutil.which(str(Path(name).expanduser()), path=beside)
    if found is None:
        raise EstimationError(
            f"Accelergy is not installed: there is no program {name!r}",
            where="estimator.program",
            expected="a program on the PATH, or its path",
            hint=f"{INSTALL.format(name='accelergy')} and its plug-ins (python -m launcher doctor lists them), "
            "or estimator=tables, which needs nothing",
        )
    path = Path(found).absolute()
    own = Path.home() / _CONFIG
    return Program(path, _read_config(own if own.is_file() else _default_config(path)))


def run(program: Program, folder: Path, files: Sequence[Path], timeout_s: float) -> Run:
    """Run Accelergy on input files in ``folder``, which holds ``tables/`` and takes everything that is written.

    Returns:
        The run; its status is None when the time limit ended it.
    """
    _write_config(program, folder)
    (folder / "out").mkdir()
    outputs = ("ERT", "ERT_summary", "ART", "ART_summary")
    command = [str(program.path), *map(str, files), "-o", str(folder / "out"), "-p", "15", "-f", *outputs]
    return _start(command, folder, timeout_s)


def _read_config(path: Path) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise EstimationError(f"Accelergy's configuration cannot be read: {error}", where=str(path)) from error
    if not isinstance(content, dict):
        raise EstimationError("Accelergy's configuration is not a mapping", where=str(path))
    return content


def _default_config(program: Path) -> Path:
    """The configuration that Accelergy writes when there is none; it is made once, in our cache."""
    stamp = sha256(f"{program}\0{program.stat().st_mtime_ns}".encode()).hexdigest()[:16]
    home = cache_folder() / "accelergy" / f"config-{stamp}"
    if not (home / _CONFIG).is_file():
        making = home.with_name(f".{home.name}.{os.getpid()}")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        started = _start([str(program)], making, 60.0, home=making)
        if not (making / _CONFIG).is_file():
            raise EstimationError(
                f"Accelergy cannot be started (status {started.status}): {last_line(started.log)}",
                where=str(making / "stderr.txt"),
                hint=f"run {program} by itself; if its package is broken, install it again",
            )
        with contextlib.suppress(OSError):  # another process was faster
            making.rename(home)
        shutil.rmtree(making, ignore_errors=True)
    return home / _CONFIG


def _write_config(program: Program, folder: Path) -> None:
    """Accelergy looks in the working directory, its table plug-in below the home directory."""
    for key in ("estimator_plug_ins", "python_plug_ins"):
        for number, root in enumerate(program.folders(key)):
            # What a plug-in writes beside itself (CACTI's does) stays in our folder.
            link_files(root, folder / key / str(number))
    content = {
        **program.config,
        "estimator_plug_ins": [str(folder / "estimator_plug_ins")],
        "python_plug_ins": [str(folder / "python_plug_ins")] if program.folders("python_plug_ins") else [],
        # The last set of tables that matches wins, see its plug-in.
        "table_plug_ins": {"roots": [*map(str, program.folders("table_plug_ins")), str(folder / "tables")]},
    }
    for path in (folder / _CONFIG.name, folder / "home" / _CONFIG):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")


def _start(command: Sequence[str], folder: Path, timeout_s: float, home: Path | None = None) -> Run:
    with (folder / "stdout.txt").open("wb") as out, (folder / "stderr.txt").open("wb") as err:
        process = subprocess.Popen(  # noqa: S603 - a list, no shell
            command,
            cwd=folder,
            env=environment_at(home or folder / "home"),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    log = (folder / "stderr.txt").read_text(errors="replace") + (folder / "stdout.txt").read_text(errors="replace")
    return Run(folder, status, log)


def last_line(log: str) -> str:
    """The last line that says something."""
    lines = [line.strip(" |") for line in log.splitlines()]
    return next((line for line in reversed(lines) if line.strip("= ")), "no message")
