"""Choices of groups on a command line: a choice is a name, never a number, a list of lists or a path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException

from launcher.config.explain import EXPECTED, CommandLineError
from launcher.errors import ConfigurationError
from launcher.paths import data_folder
from launcher.plain_text import is_plain_text, plain

_NAME = re.compile(r"\w[\w.+ -]*")
_SEVERAL = ("layer", "experiment")
"""Groups of which a configuration may have several choices."""


def check_choices(overrides: Sequence[str]) -> None:
    """Refuse choices that Hydra takes for files outside their group, or fails of.

    Args:
        overrides: as they were typed; flags among them, and what Hydra cannot read, are left to it.

    Raises:
        CommandLineError: there is no key.
        ConfigurationError: a choice is no name, or there are several of a group that takes one.
    """
    groups = _groups()
    for text in overrides:
        key = text.lstrip("+~").partition("=")[0].partition("@")[0]
        if not key and "=" in text:
            raise CommandLineError(
                f"cannot read the argument {text!r}",
                expected=EXPECTED,
            )
        if not text.startswith("-") and "=" in text and (key in groups or "/" in key):
            _check(key, text)


def check_name(group: str, name: object) -> str:
    """A name of a choice.

    Raises:
        ConfigurationError: it is none.
    """
    text = name.text if isinstance(name, QuotedString) else name
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        shown = "null" if text is None else plain(str(text))[:60]
        raise ConfigurationError(
            f"{group}={shown}: this is no name of a choice",
            expected=f"a name: one of {', '.join(_names(group))}" if _names(group) else "a name",
        )
    return text


@cache
def _groups() -> frozenset[str]:
    folder = data_folder("conf")
    return frozenset(("hydra", *(path.name for path in folder.iterdir() if path.is_dir())))


@cache
def _names(group: str) -> tuple[str, ...]:
    names = choices_of(group) if _NAME.fullmatch(group) else ()
    return names if len(names) <= 12 else (*names[:12], "...")


@cache
def choices_of(group: str) -> tuple[str, ...]:
    """The names of a group's choices in ``conf/``, sorted."""
    return tuple(sorted(file.stem for file in (data_folder("conf") / group).glob("*.yaml")))


def read_override(text: str) -> Override | None:
    """An argument as Hydra reads it; None where it cannot."""
    try:
        override: Override = OverridesParser.create().parse_override(text)
    except (HydraException, RecursionError):
        return None
    return override


def _check(key: str, text: str) -> None:
    override = read_override(text)
    if override is None:
        return
    try:
        value = override.value()
    except (HydraException, RecursionError):
        return
    if isinstance(value, dict | Glob):
        return
    if override.is_delete() and isinstance(value, list):
        raise ConfigurationError(f"{text}: several choices cannot be taken out at once", hint=f"~{key}")
    if isinstance(value, list) and len(value) != 1 and key not in _SEVERAL and "/" not in key:
        names = ",".join(check_name(key, name) for name in value) or "A,B"
        raise ConfigurationError(
            f"{text}: a trial takes exactly one choice of {key}", hint=f"-m {key}={names} runs one trial for each"
        )
    for name in _chosen(value):
        check_name(key, name)


def _chosen(value: object) -> Iterator[object]:
    if isinstance(value, ChoiceSweep):
        for one in value.list:
            yield from one if isinstance(one, list) else [one]
    elif isinstance(value, RangeSweep | IntervalSweep):
        yield "a range of numbers/"
    elif isinstance(value, list):
        yield from value
    else:
        yield value


def check_typed(arguments: Sequence[str]) -> None:
    """Refuse arguments with control characters, or that are no text.

    Raises:
        ConfigurationError: there is one; tabs and line breaks are none.
    """
    for argument in arguments:
        if not is_plain_text(argument):
            raise ConfigurationError(
                f"the argument '{plain(argument)[:200]}' holds characters that are no text",
                expected="letters, digits and signs of UTF-8, without control characters",
            )
