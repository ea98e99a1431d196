"""Templates in parts, each with the values of the architecture on which it may depend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import jinja2
from jinja2 import nodes

from launcher.config.files_stamp import file_stamp
from launcher.trial.fitting import Fitting
from launcher.trial.template_functions import functions_of
from launcher.trial.template_reads import UnknownReadsError, inlined, reads_of_parts
from launcher.trial.templates import environment_of, with_functions

_END = "\0"
"""Between parts; no YAML holds it."""


class PartError(Exception):
    """A part cannot be rendered: which one, and why."""

    def __init__(self, place: int, why: Exception) -> None:
        super().__init__(str(why))
        self.place, self.why = place, why


@dataclass(frozen=True)
class TemplateParts:
    """A template in parts.

    Attributes:
        reads: for each part, keys of the architecture on which its text, or its failing, may depend; ``bits`` are
            another.
        constant: for each part, whether it is a piece of the template's own text.
    """

    reads: tuple[frozenset[str], ...]
    constant: tuple[bool, ...]
    _template: jinja2.Template
    _folders: tuple[str, ...]

    def texts(self, values: Mapping[str, object], fitting: Fitting) -> list[str]:
        """What each part says; see ``templates.rendered_text``.

        Raises:
            PartError: one cannot be rendered.
        """
        pieces: list[str] = []
        with with_functions(self._folders, functions_of(fitting)):
            try:
                for piece in self._template.generate(values):
                    pieces.append(piece)
            except Exception as error:
                raise PartError("".join(pieces).count(_END), error) from error
        return "".join(pieces).split(_END)[:-1]


def local_parts(name: str, folders: tuple[str, ...], functions: frozenset[str]) -> TemplateParts | None:
    """A template in parts; None where it cannot be told what they depend on.

    Args:
        name: of its file, looked up in ``folders``.
        folders: the first that has the file counts.
        functions: what the template may call.
    """
    files = sorted(file for folder in folders for file in Path(folder).glob("*.j2"))
    return _parts(name, folders, functions, tuple((str(file), file_stamp(file)) for file in files))


@lru_cache(maxsize=64)
def _parts(name: str, folders: tuple[str, ...], functions: frozenset[str], stamp: object) -> TemplateParts | None:
    """``stamp``: of all files, any of which may be imported."""
    environment = environment_of(folders)
    try:
        statements = [part for one in inlined(environment, name) for part in _separate(one)]
        reads = reads_of_parts(environment, statements, dict.fromkeys(functions))
    except UnknownReadsError:
        return None
    constant = tuple(_is_text(one) for one in statements)
    return TemplateParts(tuple(reads), constant, _compiled(environment, name, statements), folders)


def _separate(statement: nodes.Node) -> Sequence[nodes.Node]:
    if not isinstance(statement, nodes.Output):
        return [statement]
    return [nodes.Output([one], lineno=statement.lineno) for one in statement.nodes]


def _is_text(statement: nodes.Node) -> bool:
    return isinstance(statement, nodes.Output) and isinstance(statement.nodes[0], nodes.TemplateData)


def _compiled(environment: jinja2.Environment, name: str, statements: Sequence[nodes.Node]) -> jinja2.Template:
    body: list[nodes.Node] = []
    for one in statements:
        body += [one, nodes.Output([nodes.TemplateData(_END)], lineno=one.lineno)]
    tree = nodes.Template(body, lineno=1)
    tree.set_environment(environment)
    code = environment.compile(tree, name, name)
    return environment.template_class.from_code(environment, code, environment.globals)
