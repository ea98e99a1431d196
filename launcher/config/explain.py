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

from launcher.config.mistaken_values import told_value
from launcher.config.other_architectures import PLUMBING, owners, same_part
from launcher.config.shell_line import closed, launch_line, quoted
from launcher.config.sweep_schema import sampler_named
from launcher.errors import ConfigurationError, LauncherError
from launcher.figures import criterion_named

_EXTRAS = {
    "hydra/launcher/submitit_slurm": "pip install 'timeloop-launcher[slurm]'",
    "hydra/launcher/submitit_local": "pip install 'timeloop-launcher[slurm]'",
    "hydra/launcher/ray": "pip install 'timeloop-launcher[ray]'",
}
"""Choices that come with an extra."""

_OTHER_NAMES = {
    "bayes": "optuna",
    "bayesian": "optuna",
    "tpe": "optuna",
    "all": "exhaustive",
    "bruteforce": "exhaustive",
}
"""What others call a choice of a sweeper."""

EXPECTED = "group=choice, key=value, or with -m: key=value,value"
"""What an argument is."""

_MOST_LISTED = 24
_HYDRAS = {"sweeper": "hydra/sweeper", "launcher": "hydra/launcher"}
_HELP = "python launch.py --help lists groups, choices and keys"


_RESOLVING = re.compile(r"^ConfigurationError raised while resolving interpolation: ")
"""What OmegaConf puts in front of what our own resolvers say."""


class CommandLineError(ConfigurationError):
    """The command line itself cannot be read; the exit status is 2."""


def explain(error: BaseException, typed: Sequence[str] = ()) -> LauncherError:
    """A short message for an error of the composition; the original stays its cause.

    Args:
        error: Hydra's, OmegaConf's, YAML's, or ours.
        typed: the arguments of the command line, for hints that repeat them.
    """
    chain = list(_causes(error))
    for link in chain:
        if isinstance(link, LauncherError):
            return _as_typed(link, typed)
        if isinstance(link, MissingConfigException):
            return _as_typed(_unknown_choice(link), typed)
        if isinstance(link, OverrideParseException):
            return _unreadable(str(link.override), typed)
        if isinstance(link, MarkedYAMLError):
            return _broken_yaml(link)
        if isinstance(link, OmegaConfBaseException):
            return _bad_value(link, typed)
    return _general(error, typed)


def _unreadable(argument: str, typed: Sequence[str]) -> LauncherError:
    """An argument that Hydra's grammar does not know."""
    if argument.startswith("-"):
        what = f"{argument} is an option of the command line, and no override"
        return CommandLineError(what, expected=EXPECTED, hint="leave it out; launcher.sweep(...) is what -m does")
    right = closed(argument)
    if right is None:
        return CommandLineError(f"cannot read the argument {argument!r}", expected=EXPECTED, hint=_HELP)
    return CommandLineError(
        f"a quote or bracket of {argument} has no partner",
        expected=EXPECTED,
        hint=launch_line([right if one == argument else one for one in typed]) if argument in typed else quoted(right),
    )


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
    close = _close_choice(choice, options)
    shown = options if len(options) <= _MOST_LISTED else [*options[:_MOST_LISTED], f"... ({len(options)})"]
    hint = f"{'+' if group == 'experiment' else ''}{group}={close}" if close else None
    if group == "fusion" and close is None:
        hint = f"fusion.level={choice} where {choice} is a storage level; fusion=best tries them all"
    return ConfigurationError(
        f"{group}={choice}: there is no such choice",
        expected=f"one of {', '.join(shown)}",
        hint=_EXTRAS.get(missing) or hint or ("python launch.py --help lists them" if shown is not options else None),
    )


def _close_choice(choice: str, options: Sequence[str]) -> str | None:
    """The choice that was meant: written in other letters, its beginning, or with a slip."""
    plain = {_letters(one): one for one in reversed(options)}
    begins = [one for one in options if _letters(one).startswith(_letters(choice))]
    other = _OTHER_NAMES.get(choice.lower())
    same = [one for one in plain if sorted(one) == sorted(_letters(choice))]  # two letters changed places
    close = same or difflib.get_close_matches(_letters(choice), plain, 1)
    found = plain.get(_letters(choice)) or (other if other in options else None)
    return found or (begins[0] if begins else plain[close[0]] if close else None)


def _as_typed(error: LauncherError, typed: Sequence[str]) -> LauncherError:
    """An unknown choice among several of one argument: the whole argument with the right one."""
    wrong = re.match(r"(\w+)=(\S+): there is no such choice", error.what)
    right = re.fullmatch(r"\+?\w+=(\w+)", error.hint or "")
    if wrong and right:
        word = re.compile(rf"(?<![\w.]){re.escape(wrong[2])}(?![\w.])")
        for one in typed:
            key, _, value = one.partition("=")
            if key.lstrip("+") == wrong[1] and value != wrong[2] and word.search(value):
                error.hint = quoted(f"{key}={word.sub(right[1], value)}")
    return error


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _broken_yaml(error: MarkedYAMLError) -> LauncherError:
    mark = error.problem_mark or error.context_mark
    where = f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else None
    return ConfigurationError(f"broken YAML: {error.problem or error.context}", where=where)


def unknown_key(
    key: str, siblings: Sequence[str], elsewhere: Sequence[str] = (), value: str | None = None
) -> LauncherError:
    """``key`` (dotted) does not exist beside ``siblings``; ``elsewhere`` are keys of that name in groups beside it."""
    prefix, dot, last = key.rpartition(".")
    close = [f"{prefix}{dot}{name}" for name in difflib.get_close_matches(last, siblings, 1)]
    meant = [*elsewhere[:1], *close]
    return ConfigurationError(
        f"there is no key {key}",
        expected=f"one of {', '.join(siblings)}" if siblings and not meant else None,
        hint=_did_you_mean(meant[0], value) if meant else None,
    )


def _did_you_mean(key: str, value: str | None) -> str:
    """With the value, where it is sure to be one that the key takes."""
    known = {"sweep.sampler": sampler_named, "mapper.objective": criterion_named, "hydra/sweeper": _sweeper}
    if value is not None and key in known:
        value = known[key](value)
    elif value is not None and not re.fullmatch(r"\d[\d.,]*", value):
        value = None
    return f"did you mean {key}?" if value is None else f"did you mean {key}={value}?"


def _sweeper(name: str) -> str | None:
    return _close_choice(name, ("exhaustive", "grid", "optuna"))


def _bad_value(error: OmegaConfBaseException, typed: Sequence[str]) -> LauncherError:
    key = str(error.full_key or error.key or "")
    if isinstance(error, (ConfigKeyError, ConfigAttributeError)):
        return _no_such_key(key, error.parent_node, typed)
    if isinstance(error, ValidationError) and isinstance(error.child_node, DictConfig):
        return _value_of_a_group(key, error.child_node, str(error))
    if isinstance(error, MissingMandatoryValue):
        return ConfigurationError(f"{key} has no value", hint=f"{key}=... on the command line, or in its file")
    told = told_value(key, error) if isinstance(error, ValidationError) and key else None
    first = _RESOLVING.sub("", _first_line(error))
    return told or ConfigurationError(f"{key}: {first}" if key else first)


def _no_such_key(key: str, parent: object, typed: Sequence[str]) -> LauncherError:
    value = _typed_value(key, typed)
    if not isinstance(parent, DictConfig):
        return unknown_key(key, [])
    group, _, name = key.rpartition(".")
    if group == "arch" and name not in parent and owners(name):
        return _of_another_architecture(name, parent, value)
    if key in _HYDRAS:
        return ConfigurationError(f"there is no key {key}", hint=_did_you_mean(_HYDRAS[key], value))
    siblings = [str(one) for one in parent if group != "arch" or one not in PLUMBING]
    return unknown_key(key, siblings, _in_groups(key, parent), value)


def _of_another_architecture(name: str, arch: DictConfig, value: str | None) -> LauncherError:
    """``arch.scratchpad_kib`` of pim, which has ``glb_kib`` in that place."""
    own, ours, theirs = arch.get("name") or "this architecture", same_part(name, arch), owners(name)
    if ours is not None:
        what = f"there is no key arch.{name}: {own} has {ours}"
        return ConfigurationError(what, hint=_did_you_mean(f"arch.{ours}", value))
    listed = ", ".join(f"arch={one}" for one in theirs)
    return ConfigurationError(
        f"there is no key arch.{name}: {own} has no such part",
        expected=f"one of {', '.join(str(one) for one in arch if one not in PLUMBING)}",
        hint=f"{listed} has it" if len(theirs) == 1 else f"those that have it: {listed}",
    )


def _typed_value(key: str, typed: Sequence[str]) -> str | None:
    """What stands behind ``key=`` on the command line; None where it would not stay as it is behind another key."""
    values = [one.partition("=")[2] for one in typed if one.lstrip("+").partition("=")[0] == key]
    return values[-1] if values and re.fullmatch(r"[\w.,+-]+", values[-1]) else None


def _in_groups(key: str, parent: DictConfig) -> list[str]:
    """Where the groups below ``parent`` have such a key, or one that begins so; Hydra's own are not looked into."""
    groups = [str(name) for name in parent if name != "hydra" and not OmegaConf.is_missing(parent, name)]
    nodes = [(name, parent._get_node(name)) for name in groups]
    keys = {f"{name}.{one}": one for name, node in nodes if isinstance(node, DictConfig) for one in map(str, node)}
    begun = [whole for whole, own in keys.items() if own.startswith(f"{key}_")]
    return [whole for whole, own in keys.items() if own == key] or begun[:1]


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


def _general(error: BaseException, typed: Sequence[str]) -> LauncherError:
    text = str(error)
    several = re.search(r"Ambiguous value for argument '(.*?)'", text) or re.search(
        r"Sweep parameters '(.*)' requires --multirun", text
    )
    if several:
        again = launch_line(["-m", *typed]) if typed else "python launch.py -m ..."
        return CommandLineError(f"{several[1]} has several values", hint=f"add -m to run them all: {again}")
    absent = re.search(r"Could not override '(\w+)'\. No match in the defaults list", text)
    if absent and absent[1] == "experiment":
        named = next((one for one in typed if one.startswith("experiment=")), "experiment=hwdse_gemmini")
        others = [one for one in typed if one not in (named, "-m", "--multirun")]
        return CommandLineError(
            "a preset is added to everything else, so its key begins with +",
            hint=launch_line(["-m", f"+{named}", *others]),
        )
    there = re.search(r"An item is already at '(.+?)'", text)
    if there:
        return ConfigurationError(
            f"+{there[1]}: there is such a key, and + adds one",
            hint=f"{there[1]}={_typed_value(there[1], typed) or '...'}",
        )
    return ConfigurationError(_first_line(error), hint=_HELP)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
