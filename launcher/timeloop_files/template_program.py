"""Renders one template of Timeloop's front end; a program of its own, so that a limit on time and memory can end it.

It reads a JSON object from standard input (``path``; ``data``: what the template's variables are; ``bytes``,
``memory``, ``seconds``: limits) and writes one. That has ``text``, and ``included``: for every ``!include_loaded
<number>`` in a text the files it stands for, each with ``path`` and ``text``; or it has ``error``, the words of a
message.

It must not import the project: it is started as a file.
"""

from __future__ import annotations

import glob
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

try:
    import resource
except ImportError:  # Windows: only the time is limited, by who starts us
    resource = None  # type: ignore[assignment]

_SUFFIXES = frozenset((".yaml", ".yml", ".jinja", ".jinja2", ".j2"))
_DEEPEST = 20
_WHOLE_INCLUDE = re.compile(r"^!include[ \t]+(\S+)[ \t]*$", re.MULTILINE)
_INCLUDE = re.compile(r"(?<=[\s,\[{])!include[ \t]+([^\s,\]}]+)")


class RefusedError(Exception):
    """What a template must not do: (what, expected, hint)."""


@dataclass
class Renderer:
    """Renders a file and those it includes.

    Attributes:
        path: the file that was named; templates read files in its folder, and YAML files and templates beside it.
        data: what the variables of all of them are.
        most_bytes: that all of them and what they render to may have.
        included: for every inclusion, the files and what they render to.
        stack: files being rendered, the innermost last.
        bytes_left: of ``most_bytes``.
    """

    path: Path
    data: Mapping[str, object]
    most_bytes: int
    included: list[list[dict[str, str]]] = field(default_factory=list)
    stack: list[Path] = field(default_factory=list)
    bytes_left: int = 0

    def render(self, path: Path, folders: list[Path]) -> str:
        """The text of one file; ``folders`` are searched after its own."""
        if len(self.stack) >= _DEEPEST or path in self.stack:
            what = "includes itself" if path in self.stack else f"is included {_DEEPEST} files deep"
            raise RefusedError(f"'{path.name}' {what}", "files that end", None)
        self.stack.append(path)
        environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, loader=jinja2.FunctionLoader(self.load))
        environment.globals.update(self.functions(path.parent, list(folders)))
        text = self.take(environment.get_template(str(path)).render(dict(self.data)))
        self.stack.pop()
        return text

    def load(self, name: str) -> tuple[str, str, None]:
        """The source of a template; ``name`` is its path, or relative to the file being rendered."""
        path = self.confined(self.stack[-1].parent / name)
        text = self.take(path.read_text(encoding="utf-8"))
        # A value with this tag is a file's content; old front ends put whole files where such a line stands.
        text = _WHOLE_INCLUDE.sub(lambda match: f"{{{{include_text({json.dumps(match[1])})}}}}", text)
        text = _INCLUDE.sub(lambda match: f"{{{{include({json.dumps(match[1])})}}}}", text)
        return text, str(path), None

    def take(self, text: str) -> str:
        self.bytes_left -= len(text)
        if self.bytes_left < 0:
            raise RefusedError("the template renders to too much", f"at most {self.most_bytes // 2**20} MiB", None)
        return text

    def functions(self, folder: Path, folders: list[Path]) -> dict[str, Callable[..., object]]:
        """What a template may call. ``folders`` grows by ``add_to_path``."""

        def find(name: str) -> list[Path]:
            return self.find(str(name), [folder, *folders])

        def one(name: str) -> Path:
            found = find(name)
            if not found:
                searched = ", ".join(map(str, dict.fromkeys((folder, *folders))))
                raise RefusedError(f"there is no file '{name}'", f"a file in one of: {searched}", None)
            return found[0]

        def add(name: str) -> str:
            folders.append(one(name))
            return ""

        def include(names: list[Path], keys: str) -> str:
            loaded = [{"path": str(path), "text": self.render(path, folders)} for path in names]
            self.included.append(loaded)
            return ".".join((f"!include_loaded {len(self.included) - 1}", *filter(None, keys.lstrip(".").split("."))))

        return {
            "cwd": lambda: str(folder),
            "add_to_path": add,
            "include": lambda name, keys="": include([one(name)], keys),
            "include_all": lambda name, keys="": include([one(name), *find(name)[1:]], keys),
            "include_text": lambda name: "\n".join(self.render(path, folders) for path in [one(name), *find(name)[1:]]),
            "find_path": lambda name: str(one(name)),
            "find_paths": lambda name: [str(path) for path in find(name)],
            "path_exists": lambda name: bool(find(name)),
            "setenv": _refuse_setenv,
        }

    def find(self, name: str, folders: list[Path]) -> list[Path]:
        """Files of a name, which may hold wildcards, in every one of the folders."""
        found: dict[Path, None] = {}
        for folder in folders:
            pattern = folder / name
            self.confined(Path(str(pattern).split("*", 1)[0].split("?", 1)[0].split("[", 1)[0]), name)
            for path in sorted(glob.glob(str(pattern))):  # noqa: PTH207 - the name may be absolute
                found[self.confined(Path(path), name)] = None
        return list(found)

    def confined(self, path: Path, name: str | None = None) -> Path:
        """The real path, unless it leaves the folder of the file that was named and the one above."""
        path, folder = path.resolve(), self.path.parent
        inside = path.is_relative_to(folder)
        allowed = inside or not path.is_file() or path.suffix in _SUFFIXES
        top = folder if inside else folder.parent
        if not (allowed and path.is_relative_to(top)) or any(part[0] == "." for part in path.relative_to(top).parts):
            raise RefusedError(
                f"'{name or path}' lies outside the template's folders",
                f"files in {folder}, or YAML files and templates in {folder.parent}",
                "name the file on the command line",
            )
        return path


def _refuse_setenv(*_: object) -> None:
    raise RefusedError("templates cannot set environment variables ('setenv')", None, "remove it")


def message(error: BaseException, renderer: Renderer) -> dict[str, str | None]:
    """The words for an error: what, where, expected, hint."""
    path = renderer.stack[-1] if renderer.stack else renderer.path
    line = getattr(error, "lineno", None) or _line(error, path)
    words: dict[str, str | None] = {"where": f"{path}:{line}" if line else str(path), "expected": None, "hint": None}
    if isinstance(error, RefusedError):
        words["what"], words["expected"], words["hint"] = error.args
    elif isinstance(error, jinja2.UndefinedError):
        words["what"] = f"the template cannot be rendered: {error}"
        words["hint"] = "give its variables: --data NAME=VALUE"
    elif isinstance(error, SecurityError):
        words["what"] = f"the template does what templates must not do: {error}"
    elif isinstance(error, RecursionError):
        words["what"] = "the template calls itself without end"
    elif isinstance(error, MemoryError):
        words["what"], words["expected"] = "the template needs too much memory", "a smaller result"
    elif isinstance(error, jinja2.TemplateSyntaxError):
        words["what"] = f"the template is broken: {error.message}"
    elif isinstance(error, UnicodeDecodeError):
        words["what"] = "the file is not text"
    else:
        words["what"] = f"the template cannot be rendered: {error or type(error).__name__}"
    return words


def _line(error: BaseException, path: Path) -> int | None:
    """Line of the template at which an error came up."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _limit(asked: Mapping[str, Any]) -> None:
    if resource is not None:
        for what, amount in ((resource.RLIMIT_AS, asked["memory"]), (resource.RLIMIT_CPU, asked["seconds"])):
            most = resource.getrlimit(what)[1]
            resource.setrlimit(what, (amount, most))


def answer(asked: Mapping[str, Any]) -> dict[str, object]:
    """What is written for what was asked."""
    path = Path(asked["path"]).resolve()
    renderer = Renderer(path, asked["data"], asked["bytes"], bytes_left=asked["bytes"])
    try:
        text = renderer.render(path, [])
    except (jinja2.TemplateError, RefusedError, OSError, UnicodeError, ValueError) as error:
        return {"error": message(error, renderer)}
    except (ArithmeticError, LookupError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        return {"error": message(error, renderer)}
    return {"text": text, "included": renderer.included}


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    _limit(asked)
    json.dump(answer(asked), sys.stdout)


if __name__ == "__main__":
    main()
