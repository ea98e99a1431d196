"""Templates of Timeloop's front end: Jinja2 in YAML, rendered in a process that time and memory can be taken from."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import SpecificationError

MAX_BYTES = 8 * 2**20
"""Most that a template and the files it includes may hold and render to."""

MAX_SECONDS = 1
"""Processor time of rendering; a second more passes until a message stands."""

MAX_MEMORY = 256 * 2**20
"""Address space of rendering."""

_PATIENCE_S = 20.0
"""Time by the clock, for the case that the processor is busy with other things."""

_PROGRAM = Path(__file__).with_name("template_program.py")
_MARK = re.compile(r"\{\{|\{%|\{#|(^|[\s,\[{])!include\s")
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Rendered:
    """A template as rendered.

    Attributes:
        text: YAML, in which ``!include_loaded 3.architecture.nodes`` stands for keys of the fourth inclusion.
        included: the files of each inclusion: (path, text).
    """

    text: str
    included: tuple[tuple[tuple[str, str], ...], ...] = ()


def is_template(text: str) -> bool:
    """Whether a YAML file has to be rendered first: marks in comments do not count."""
    return _MARK.search(text) is not None and _MARK.search(_COMMENT.sub("", text)) is not None


def render(path: Path, data: Mapping[str, object]) -> Rendered:
    """Render a file as Timeloop's front end does.

    Templates know ``add_to_path``, ``include``, ``include_all``, ``include_text``, ``find_path``, ``find_paths``,
    ``path_exists`` and ``cwd``, values may be ``!include FILE``, and all of it runs in Jinja2's sandbox. Templates read
    files in the folder of ``path`` and below, and YAML files and templates in the folder above.

    Args:
        path: the file.
        data: what its variables are.

    Raises:
        SpecificationError: the template is broken, needs a variable, leaves its folders, or needs too much time or
            memory.
    """
    asked = {"path": str(path.absolute()), "data": dict(data), "bytes": MAX_BYTES}
    asked |= {"memory": MAX_MEMORY, "seconds": MAX_SECONDS}
    # -P: the program's folder, which has an io.py, must not be searched for modules.
    command = [sys.executable, "-P", str(_PROGRAM)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, input=json.dumps(asked).encode(), capture_output=True, timeout=_PATIENCE_S, check=False
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        answer = {}
    if "error" in answer:
        raise SpecificationError(**answer["error"])
    if "text" not in answer:
        raise SpecificationError(
            "the template takes too long to render, or too much memory",
            where=str(path),
            expected=f"at most {MAX_SECONDS} s and {MAX_MEMORY // 2**20} MiB",
        )
    included = (tuple((one["path"], one["text"]) for one in files) for files in answer["included"])
    return Rendered(answer["text"], tuple(included))
