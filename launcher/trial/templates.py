"""Templates that are kept compiled as long as their files stay as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import jinja2
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from launcher.config.files_stamp import file_stamp

_ONE_AT_A_TIME = threading.Lock()


def rendered_text(
    name: str, values: Mapping[str, object], functions: Mapping[str, object], folders: tuple[str, ...]
) -> str:
    """What a template says.

    Args:
        name: of its file, looked up in ``folders``.
        values: what it may use; what it imports sees them if imported ``with context``.
        functions: what it and everything that it imports may call.
        folders: the first that has the file counts.

    Raises:
        jinja2.TemplateError: there is no such template, or it is broken.
    """
    with with_functions(folders, functions) as environment:
        return environment.get_template(name).render(values)


@contextmanager
def with_functions(folders: tuple[str, ...], functions: Mapping[str, object]) -> Iterator[SandboxedEnvironment]:
    """The folders' environment, in which templates and all that they import may call these functions meanwhile."""
    environment = environment_of(folders)
    with _ONE_AT_A_TIME:
        environment.globals.update(functions)
        yield environment


@lru_cache(maxsize=64)
def environment_of(folders: tuple[str, ...]) -> SandboxedEnvironment:
    """The sandbox of the templates in some folders."""
    environment = SandboxedEnvironment(
        loader=_Loader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # YAML, not HTML
    )
    environment.template_class = _Template
    return environment


class _Template(jinja2.Template):
    """A template whose imported macros are made anew: they may have called functions, which change."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        self._module = None
        return super()._get_default_module(ctx)


class _Loader(jinja2.FileSystemLoader):
    """Notices a file that changed, and one that now comes before it."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        seen = self._seen(template)
        text, file, _ = super().get_source(environment, template)
        return text, file, lambda: self._seen(template) == seen

    def _seen(self, template: str) -> object:
        """Which file it is, and what it was like."""
        files = (Path(folder) / template for folder in self.searchpath)
        return next(((str(file), stamp) for file in files if (stamp := file_stamp(file))), None)
