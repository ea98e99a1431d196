"""What a file of data may set: what describes hardware, models, layers and the search, and nothing that is opened."""

from __future__ import annotations

import re

from launcher.errors import ConfigurationError

_DESCRIBING = (
    *("arch", "model", "layer", "layers", "mapper", "mapspace", "constraints", "fusion", "network", "estimator"),
    *("engine", "experiment", "verify", "count_repeats", "configuration"),
)
"""Groups and keys that describe something."""

_OPENED = ("path", "importer", "template", "norm_template", "program", "components", "tables", "bin_dir", "container")
"""Last names of keys whose values are run or opened: files, folders, programs, modules."""

_CHOICE = re.compile(r"[\w-]+(?:,[\w-]+)*|\[[\w-]+(?:,[\w-]+)*\]|null")
_MODULE = "torch"


def check_data(key: str, value: object, where: str) -> None:
    """Refuse what a file of data must not set; whoever wants it types it.

    Args:
        key: dotted, as an override has it.
        value: as it stands in the file.
        where: file and entry, for the message.

    Raises:
        ConfigurationError: the key names something that is run, opened or written, or the value is not a plain one.
    """
    root, dot, _ = (bare := key.lstrip("+~")).partition(".")
    if root not in _DESCRIBING or bare.rpartition(".")[2] in _OPENED or (bare == "model" and str(value) == _MODULE):
        raise ConfigurationError(
            f"{bare} cannot be set by a file: it decides what is run, opened or written",
            where=where,
            expected="values of hardware, models, layers and the search",
            hint=f"{bare}=... on the command line, if you mean it",
        )
    if "${" in str(value):
        raise ConfigurationError(f"{bare}={value} refers to something", where=where, expected="a value of its own")
    if not dot and isinstance(value, str) and not _CHOICE.fullmatch(value):
        raise ConfigurationError(f"{bare}={value} is no name of a choice", where=where, expected="a name")


def as_it_is(value: object) -> object:
    """A value of a file of data as a configuration may hold it: a text that refers to nothing."""
    return value.replace("${", "$ {") if isinstance(value, str) else value


def check_data_override(override: str, where: str) -> None:
    """The same for a line such as ``arch.rows=16``."""
    key, _, value = override.partition("=")
    check_data(key, value, where)
