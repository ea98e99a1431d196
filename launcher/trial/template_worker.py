"""Renders templates of a user's own; a program of its own, which time and memory can be taken from.

It reads questions from standard input, each a pickled dictionary after its length in four bytes, and writes answers in
JSON the same way. It is started by ``template_client.py`` alone; what it writes is never unpickled.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from launcher.errors import LauncherError
from launcher.trial.template_failures import failure_of, place, too_much
from launcher.trial.template_functions import functions_of
from launcher.trial.template_parts import PartError, TemplateParts, local_parts
from launcher.trial.templates import rendered_text

try:
    import resource
except ImportError:  # Windows: neither time nor memory is limited
    resource = None  # type: ignore[assignment]

MAX_SECONDS = 2.0
"""Processor time of one answer."""

MAX_BYTES = 8 * 2**20
"""Most that a template may render to."""

MAX_MEMORY = 512 * 2**20
"""Address space beside what the program itself takes."""


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """What is written for a question: what was asked for, or ``failure`` or ``error``."""
    name, folders = question["name"], question["folders"]
    try:
        return _KINDS[question["kind"]](question)
    except LauncherError as error:
        place(error, name, folders)
        words = {"what": error.what, "where": error.where, "expected": error.expected, "hint": error.hint}
        return {"error": words}
    except PartError as error:
        return {"part": error.place, "why": str(error)}
    except Exception as error:
        return {"failure": asdict(failure_of(error, name, folders))}


def _text(question: Mapping[str, Any]) -> dict[str, Any]:
    functions = functions_of(question["fitting"])
    text = rendered_text(question["name"], question["values"], functions, question["folders"])
    if len(text) > MAX_BYTES:
        what = f"it renders to more than {MAX_BYTES // 2**20} MiB"
        return {"failure": asdict(too_much(question["name"], question["folders"], what))}
    return {"text": text}


def _reads(question: Mapping[str, Any]) -> dict[str, Any]:
    parts = _parts(question)
    if parts is None:
        return {"parts": None}
    return {"parts": {"reads": [sorted(one) for one in parts.reads], "constant": parts.constant}}


def _texts(question: Mapping[str, Any]) -> dict[str, Any]:
    parts = _parts(question)
    assert parts is not None, "asked for texts of a template that has no parts"
    return {"texts": parts.texts(question["values"], question["fitting"])}


def _parts(question: Mapping[str, Any]) -> TemplateParts | None:
    return local_parts(question["name"], question["folders"], frozenset(functions_of(question["fitting"])))


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"text": _text, "reads": _reads, "texts": _texts}


def _limit_memory() -> None:
    try:
        own = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return
    if resource is not None:
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (own + MAX_MEMORY, most))


def _limit_time(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)  # whose signal ends a process


def main() -> None:
    """Answer questions until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory()
    _write(answers, {"ready": True})
    while len(size := sys.stdin.buffer.read(4)) == 4:
        # From the launcher that started us.
        question = pickle.loads(sys.stdin.buffer.read(int.from_bytes(size, "big")))  # noqa: S301
        _limit_time(MAX_SECONDS)
        found = answer(question)
        _limit_time(0)
        _write(answers, found)


def _write(answers: Any, content: Mapping[str, Any]) -> None:
    data = json.dumps(content).encode()
    answers.write(len(data).to_bytes(4, "big") + data)
    answers.flush()


if __name__ == "__main__":
    main()
