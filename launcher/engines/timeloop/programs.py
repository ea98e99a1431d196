"""Where Timeloop's programs are: on this machine, or in a container image."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from launcher.engines.timeloop.settings import CONTAINERS, TimeloopSettings
from launcher.errors import EngineError

MAPPER, MODEL = "timeloop-mapper", "timeloop-model"
_PATIENCE_S = 30
_LIBRARIES = "libtimeloop*.so*"


class ProgramPlace(Protocol):
    """Somewhere programs can be started."""

    @property
    def version(self) -> str:
        """What identifies Timeloop here; its programs carry no version of their own."""

    def command(self, program: str, arguments: list[str], folder: Path) -> list[str]:
        """What to start in ``folder``, the only one that is written to."""

    def kill(self, command: list[str]) -> None:
        """End what killing the started process leaves running."""


@dataclass(frozen=True)
class ThisMachine:
    """Programs on the PATH, or in a folder.

    Attributes:
        bin_dir: the folder; None means the PATH.
    """

    bin_dir: Path | None = None

    @property
    def version(self) -> str:
        return f"{_fingerprint(self.find(MODEL))}"

    def find(self, program: str) -> Path:
        """A program's path.

        Raises:
            EngineError: it is not there.
        """
        where = None if self.bin_dir is None else str(self.bin_dir.expanduser())
        found = shutil.which(program, path=where)
        if found is None:
            raise EngineError(
                f"Timeloop is not installed: there is no {program} "
                + ("on the PATH" if where is None else f"in {where}"),
                where="engine.bin_dir",
                expected="a folder with timeloop-mapper and timeloop-model",
                hint="python -m launcher doctor says how to install it; engine=native finds the proven best mapping "
                "with Timeloop's own numbers and needs nothing",
            )
        return Path(found).absolute()

    def command(self, program: str, arguments: list[str], folder: Path) -> list[str]:
        """The program itself."""
        return [str(self.find(program)), *arguments]

    def kill(self, command: list[str]) -> None:
        """Nothing is left: its process group has been killed."""


@dataclass(frozen=True)
class Container:
    """Programs in a container image, run as the calling user, without a network; only the run's folder is shared.

    Attributes:
        runtime: ``docker`` or ``podman``.
        image: with Timeloop's programs on its PATH.
    """

    runtime: str
    image: str

    @property
    def version(self) -> str:
        return f"{self.image}@{_image_id(self._runtime(), self.image)}"

    def command(self, program: str, arguments: list[str], folder: Path) -> list[str]:
        """Start ``program`` in a new container."""
        own = [f"--user={os.getuid()}:{os.getgid()}"]
        if self.runtime == "podman" and os.getuid() != 0:
            own.append("--userns=keep-id")  # otherwise files would belong to a user that does not exist outside
        return [
            *(self._runtime(), "run", "--rm", f"--name=timeloop-{uuid.uuid4().hex[:12]}", *own, "--network=none"),
            *(f"--volume={folder}:{folder}", f"--workdir={folder}", f"--env=HOME={folder}"),
            *(f"--entrypoint={program}", self.image, *arguments),
        ]

    def kill(self, command: list[str]) -> None:
        """The runtime's client is gone, the container may not be."""
        name = next(word.partition("=")[2] for word in command if word.startswith("--name="))
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # there is an error to be told already
            subprocess.run([self._runtime(), "kill", name], capture_output=True, check=False, timeout=_PATIENCE_S)  # noqa: S603

    def _runtime(self) -> str:
        found = shutil.which(self.runtime)
        if found is None:
            raise EngineError(
                f"{self.runtime} is not installed",
                where="engine.container",
                hint=f"install {self.runtime}, or leave engine.container out where Timeloop is on the PATH",
            )
        return found


def place_of(settings: TimeloopSettings) -> ProgramPlace:
    """Where the settings say that programs run.

    Raises:
        EngineError: a container without an image, or an unknown runtime.
    """
    if settings.container is None:
        return ThisMachine(settings.bin_dir)
    if settings.container not in CONTAINERS:
        raise EngineError(
            f"engine.container={settings.container} is not a container runtime", expected=" or ".join(CONTAINERS)
        )
    if not settings.image:
        raise EngineError(
            "engine.container is set, but no image", where="engine.image", expected="an image with Timeloop's programs"
        )
    return Container(settings.container, settings.image)


def installed_version(settings: TimeloopSettings) -> str:
    """What identifies the Timeloop that the settings name.

    Raises:
        EngineError: it is not there.
    """
    return place_of(settings).version


@cache
def _fingerprint(program: Path) -> str:
    """Eight hexadecimal digits of the program and its own libraries."""
    real = program.resolve()
    folders = (real.parent, real.parent.parent / "lib")
    digest = sha256(real.read_bytes())
    for library in sorted({one.resolve() for folder in folders for one in folder.glob(_LIBRARIES)}):
        digest.update(library.read_bytes())
    return digest.hexdigest()[:8]


@cache
def _image_id(runtime: str, image: str) -> str:
    try:
        asked = subprocess.run(  # noqa: S603 - a list, no shell
            [runtime, "image", "inspect", "--format={{.Id}}", image],
            capture_output=True,
            check=False,
            text=True,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{Path(runtime).name} does not answer: {error}", where="engine.container") from error
    if asked.returncode != 0:
        said = (asked.stderr or asked.stdout).strip().splitlines()
        raise EngineError(
            f"the image {image!r} cannot be used: {said[-1] if said else 'no message'}",
            where="engine.image",
            expected="an image that is on this machine",
            hint=f"{Path(runtime).name} pull {image}, if it is not there",
        )
    return asked.stdout.strip().removeprefix("sha256:")[:8]
