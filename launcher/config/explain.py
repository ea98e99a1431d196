"""What Hydra's, OmegaConf's and YAML's errors mean to the person who made the mistake."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from enum import Enum

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)
from yaml import MarkedYAMLError

from launcher.errors import ConfigurationError, LauncherError

_EXTRAS = {
    "hydra/launcher/submitit_slurm": "pip install 'timeloop-launcher[slurm]'",
    "hydra/launcher/submitit_local": "pip install 'timeloop-launcher[slurm]'",
    "hydra/launcher/ray": "pip install 'timeloop-launcher[ray]'",
}
"""Choices that come with an extra."""


_RESOLVING = re.compile(r"^ConfigurationError raised while resolving interpolation: ")
"""What OmegaConf puts in front of what our own resolvers say."""


class CommandLineError(ConfigurationError):
    """The command line itself cannot be read; the exit status is 2."""


def explain(error: BaseException) -> LauncherError:
    """A short message for an error of the composition; the original stays its cause."""
    chain = list(_causes(error))
    for link in chain:
        if isinstance(link, LauncherError):
            return link
        if isinstance(link, MissingConfigException):
            return _unknown_choice(link)
        if isinstance(link, OverrideParseException):
            return CommandLineError(
                f"cannot read the argument {link.override!r}",
                expected="group=choice, key=value, or with -m: key=value,value",
                hint=_first_line(link.__cause__ or link),
            )
        if isinstance(link, MarkedYAMLError):
            return _broken_yaml(link)
        if isinstance(link, OmegaConfBaseException):
            return _bad_value(link)
    return _general(error)


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _unknown_choice(error: MissingConfigException) -> LauncherError:
    missing = error.missing_cfg_file or ""
    group, _, choice = missing.rpartition("/")
    options = sorted(error.options or ())
    if not group or not options:
        return ConfigurationError(_first_line(error), hint="python launch.py --help lists groups and choices")
    close = difflib.get_close_matches(choice, options, 1)
    return ConfigurationError(
        f"{group}={choice}: there is no such choice",
        expected=f"one of {', '.join(options)}",
        hint=_EXTRAS.get(missing) or (f"{group}={close[0]}" if close else None),
    )


def _broken_yaml(error: MarkedYAMLError) -> LauncherError:
    mark = error.problem_mark or error.context_mark
    where = f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else None
    return ConfigurationError(f"broken YAML: {error.problem or error.context}", where=where)


def unknown_key(key: str, siblings: Sequence[str], elsewhere: Sequence[str] = ()) -> LauncherError:
    """``key`` (dotted) does not exist beside ``siblings``; ``elsewhere`` are keys of that name in groups beside it."""
    prefix, dot, last = key.rpartition(".")
    close = [f"{prefix}{dot}{name}" for name in difflib.get_close_matches(last, siblings, 1)]
    meant = [*elsewhere[:1], *close]
    return ConfigurationError(
        f"there is no key {key}",
        expected=f"one of {', '.join(siblings)}" if siblings and not meant else None,
        hint=f"did you mean {meant[0]}?" if meant else None,
    )


def _bad_value(error: OmegaConfBaseException) -> LauncherError:
    key = str(error.full_key or error.key or "")
    if isinstance(error, (ConfigKeyError, ConfigAttributeError)):
        parent = error.parent_node
        if not isinstance(parent, DictConfig):
            return unknown_key(key, [])
        return unknown_key(key, [str(name) for name in parent], _in_groups(key, parent))
    if isinstance(error, ValidationError) and isinstance(error.child_node, DictConfig):
        return _value_of_a_group(key, error.child_node, str(error))
    if isinstance(error, MissingMandatoryValue):
        return ConfigurationError(f"{key} has no value", hint=f"{key}=... on the command line, or in its file")
    told = _RESOLVING.sub("", _first_line(error))
    return ConfigurationError(f"{key}: {told}" if key else told)


def _in_groups(key: str, parent: DictConfig) -> list[str]:
    """Where the groups below ``parent`` have such a key; Hydra's own are not looked into."""
    groups = [str(name) for name in parent if name != "hydra" and not OmegaConf.is_missing(parent, name)]
    nodes = [(name, parent._get_node(name)) for name in groups]
    return [f"{name}.{key}" for name, node in nodes if isinstance(node, DictConfig) and key in node]


def _value_of_a_group(key: str, group: DictConfig, text: str) -> LauncherError:
    """``mapspace=spatial``: a value for a whole group of keys, where one of them is meant."""
    given = re.search(r"value: (\S+)", text)
    value = given.group(1) if given else ""
    words = {str(name): type(member).__members__ for name, member in group.items() if isinstance(member, Enum)}
    meant = [f"{key}.{name}={value}" for name, members in words.items() if value in members]
    return ConfigurationError(
        f"{key} is a group of keys and has no value of its own",
        expected=f"one of {', '.join(f'{key}.{name}' for name in map(str, group))}",
        hint=meant[0] if meant else None,
    )


def _general(error: BaseException) -> LauncherError:
    text = str(error)
    if "Ambiguous value" in text:
        argument = re.search(r"Ambiguous value for argument '(.*?)'", text)
        return CommandLineError(
            f"{argument.group(1) if argument else 'an argument'} has several values",
            hint="add -m to run them all: python launch.py -m ...",
        )
    return ConfigurationError(_first_line(error), hint="python launch.py --help lists groups, choices and keys")


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
