"""Why a template cannot be rendered: what is wrong, in which file, and at which line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jinja2

from launcher.errors import LauncherError

_NO_ATTRIBUTE = re.compile(r"has no attribute '([^']*)'")
_LINES_OF_AN_EXPRESSION = 4

Kind = Literal["missing", "syntax", "rendering"]


@dataclass(frozen=True)
class TemplateFailure:
    """What is wrong with a template.

    Attributes:
        kind: there is no such file; it cannot be read; or it cannot be rendered.
        what: the name of the file that is missing; or in words.
        file: in which it is, which may be one that is imported; None where that cannot be told.
        line: at which; None where that cannot be told.
    """

    kind: Kind
    what: str
    file: str | None = None
    line: int | None = None

    @property
    def lacking(self) -> tuple[str, str] | None:
        """What has no such attribute (``arch``, ``sizes``, ``coefficients``), and the attribute, where it is that."""
        missing = _NO_ATTRIBUTE.search(self.what)
        if missing is None or self.file is None or self.line is None:
            return None
        try:
            lines = Path(self.file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return None
        # The number is of one of an expression's lines, or of the macro's text when its header reads it.
        near = [*lines[self.line - 1 : self.line + _LINES_OF_AN_EXPRESSION], *lines]
        name = re.escape(missing[1])
        found = (re.search(rf"\b(arch|sizes|coefficients)(?:\.{name}\b|\[['\"]{name}['\"]\])", line) for line in near)
        return next(((one[1], missing[1]) for one in found if one), None)

    @property
    def place(self) -> str:
        """``file, line 3``."""
        return f"{self.file}, line {self.line}" if self.line else str(self.file)


class TemplateFailedError(Exception):
    """A template that cannot be rendered."""

    def __init__(self, failure: TemplateFailure) -> None:
        super().__init__(failure.what)
        self.failure = failure


def failure_of(error: BaseException, name: str, folders: Sequence[str]) -> TemplateFailure:
    """What an exception says that came up while a template was rendered.

    Args:
        error: whatever it was.
        name: of the template.
        folders: where templates are.
    """
    if isinstance(error, jinja2.TemplateNotFound):
        return TemplateFailure("missing", str(error.name))
    if isinstance(error, jinja2.TemplateSyntaxError):
        return TemplateFailure("syntax", error.message or "it cannot be read", error.filename or name, error.lineno)
    file, line = _place(error, folders)
    return TemplateFailure("rendering", _words(error), file or _file(name, folders), line)


def place(error: LauncherError, name: str, folders: Sequence[str]) -> None:
    """Give what a function says that a template called the place of the call, where it names none."""
    if error.where is None:
        error.where = failure_of(error, name, folders).place


def too_much(name: str, folders: Sequence[str], what: str) -> TemplateFailure:
    """A template that takes more than there is."""
    return TemplateFailure("rendering", what, _file(name, folders))


def _file(name: str, folders: Sequence[str]) -> str:
    """The file of a template, or its name where there is none."""
    return next((str(path) for folder in folders if (path := Path(folder, name)).is_file()), name)


def _words(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it calls itself without end, or is nested too deeply"
    if isinstance(error, MemoryError):
        return "it needs too much memory"
    if isinstance(error, UnicodeDecodeError):
        return "the file is no text"
    lines = str(error).strip().splitlines()
    said = lines[0][:300] if lines else type(error).__name__
    return said if isinstance(error, jinja2.TemplateError | TypeError) else f"{type(error).__name__}: {said}"


def _place(error: BaseException, folders: Sequence[str]) -> tuple[str | None, int | None]:
    """The innermost line of a template in a traceback, which Jinja2 gives its templates' names and lines."""
    file, line, trace = None, None, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(tuple(folders)):
            file, line = name, trace.tb_lineno
        trace = trace.tb_next
    return file, line
