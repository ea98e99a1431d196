"""What templates say: the project's own are rendered here, those of a user in a process that can be ended.

A template can ask for more time and memory than there is with a few characters, and where it does so in compiled code
nothing in the same process can stop it.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol

from launcher.errors import ConfigurationError, LauncherError
from launcher.paths import data_folder
from launcher.trial.fitting import Fitting
from launcher.trial.template_failures import TemplateFailedError, TemplateFailure, failure_of, place, too_much
from launcher.trial.template_functions import functions_of
from launcher.trial.template_parts import PartError, local_parts
from launcher.trial.templates import rendered_text

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from launcher.trial.template_worker import main; main()"
_PATIENCE_S = 15.0
"""Time by the clock for an answer; the worker itself gives up after two seconds of processor time."""

_STARTING_S = 60.0
_OWN_FOLDERS = ("arch_templates", "workloads")


class PartsOfTemplate(Protocol):
    """See :class:`~launcher.trial.template_parts.TemplateParts`."""

    @property
    def reads(self) -> tuple[frozenset[str], ...]: ...

    @property
    def constant(self) -> tuple[bool, ...]: ...

    def texts(self, values: Mapping[str, object], fitting: Fitting) -> list[str]: ...


def template_text(name: str, values: Mapping[str, object], fitting: Fitting, folders: tuple[str, ...]) -> str:
    """What a template says.

    Args:
        name: of its file, looked up in ``folders``.
        values: what it may use.
        fitting: what its functions know of the layer.
        folders: the first that has the file counts.

    Raises:
        TemplateFailedError: there is no such template, it is broken, or it needs too much.
        LauncherError: what one of its functions says.
    """
    if _are_ours(folders):
        try:
            return rendered_text(name, values, functions_of(fitting), folders)
        except LauncherError as error:
            place(error, name, folders)
            raise
        except Exception as error:
            raise TemplateFailedError(failure_of(error, name, folders)) from error
    question = {"kind": "text", "name": name, "values": values, "fitting": fitting, "folders": folders}
    return str(_answered(question)["text"])


def template_parts(name: str, folders: tuple[str, ...], fitting: Fitting) -> PartsOfTemplate | None:
    """A template in parts; None where it cannot be told what they depend on."""
    if _are_ours(folders):
        return local_parts(name, folders, frozenset(functions_of(fitting)))
    question = {"kind": "reads", "name": name, "fitting": fitting, "folders": folders}
    try:
        found = _answered(question)["parts"]
    except TemplateFailedError:
        return None
    if found is None:
        return None
    return _ForeignParts(tuple(map(frozenset, found["reads"])), tuple(found["constant"]), name, folders)


@dataclass(frozen=True)
class _ForeignParts:
    reads: tuple[frozenset[str], ...]
    constant: tuple[bool, ...]
    name: str
    folders: tuple[str, ...]

    def texts(self, values: Mapping[str, object], fitting: Fitting) -> list[str]:
        question = {"kind": "texts", "name": self.name, "values": values, "fitting": fitting, "folders": self.folders}
        try:
            return [str(text) for text in _answered(question)["texts"]]
        except TemplateFailedError as error:
            raise PartError(0, error) from error


@lru_cache(maxsize=64)
def _ours(folder: str) -> bool:
    return any(Path(folder) == data_folder(name) for name in _OWN_FOLDERS)


def _are_ours(folders: Sequence[str]) -> bool:
    return all(_ours(folder) or not Path(folder).is_dir() for folder in folders)


def _answered(question: Mapping[str, Any]) -> dict[str, Any]:
    found = _asked(question)
    if "error" in found:
        raise ConfigurationError(**found["error"])
    if "part" in found:
        raise PartError(int(found["part"]), ConfigurationError(found["why"]))
    if "failure" in found:
        raise TemplateFailedError(TemplateFailure(**found["failure"]))
    return found


_one_at_a_time = threading.Lock()
_workers: dict[int, _Worker] = {}
"""Of this process, by its number: a child that was forked must not talk to its parent's."""


def _asked(question: Mapping[str, Any]) -> dict[str, Any]:
    with _one_at_a_time:
        worker = _workers.get(os.getpid()) or _Worker()
        _workers[os.getpid()] = worker
        try:
            found = worker.ask(pickle.dumps(question))
        except BaseException:  # a time limit of the trial, Ctrl-C: what it would answer then is nobody's
            _end_worker()
            raise
        if found is None:
            _end_worker()
            what = "it takes too long to render (more than 2 s), or too much memory (more than 512 MiB)"
            found = {"failure": asdict(too_much(question["name"], question["folders"], what))}
        return found


@atexit.register
def _end_worker() -> None:
    worker = _workers.pop(os.getpid(), None)
    if worker is not None:
        worker.end()


class _Worker:
    def __init__(self) -> None:
        command = [sys.executable, "-P", "-c", _PROGRAM.format(root=str(_ROOT))]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            raise LauncherError(f"the program that renders templates cannot be started: {error}") from error
        if self._read(_STARTING_S) is None:
            self.end()
            raise LauncherError("the program that renders templates does not start", where=" ".join(command[:2]))

    def ask(self, question: bytes) -> dict[str, Any] | None:
        """The answer; None where none comes."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(question).to_bytes(4, "big") + question)
            self._process.stdin.flush()
        except OSError:
            return None
        return self._read(_PATIENCE_S)

    def end(self) -> None:
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _read(self, seconds: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        until = time.monotonic() + seconds
        size = _bytes(self._process.stdout, 4, until)
        data = size and _bytes(self._process.stdout, int.from_bytes(size, "big"), until)
        return json.loads(data) if data else None


def _bytes(pipe: IO[bytes], count: int, until: float) -> bytes:
    """So many bytes of a pipe; none where it ends, or they do not come in time."""
    found = b""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while len(found) < count:
            if not ready.select(max(until - time.monotonic(), 0)):
                return b""
            piece = os.read(pipe.fileno(), count - len(found))
            if not piece:
                return b""
            found += piece
    return found
