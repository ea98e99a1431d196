"""Reading the configurations of an exploration, and combining them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from launcher.config.data_only import check_data
from launcher.errors import ConfigurationError
from launcher.sweeping.points.hw_configs import HwConfigs, hw_configs_kind
from launcher.sweeping.points.interface import Value
from launcher.sweeping.points.vocabulary import Vocabulary

MOST = 100_000
"""Configurations of one exploration."""

_PLAIN = re.compile(r"[\w./+-]+")


@dataclass(frozen=True)
class Configuration:
    """Values that are set together.

    Attributes:
        name: how the file calls it; empty when it has no name.
        values: what the file calls a parameter -> value.
        where: file and entry, for messages.
        foreign: whose names the file has; None where they are this project's.
    """

    name: str
    values: Mapping[str, Value]
    where: str
    foreign: HwConfigs | None = None

    def overrides(self, vocabulary: Vocabulary) -> list[str]:
        """As a command line would set the values.

        Raises:
            ConfigurationError: a name means nothing to the architecture, or two mean the same.
        """
        values = self.values
        if self.foreign is not None:
            values = self.foreign.read(values, vocabulary.parameters, self.where)
        set_values: dict[str, Value] = {}
        for name, value in values.items():
            key = vocabulary.key_of(name, self.where)
            check_data(key, value, self.where)
            if key in set_values:
                raise ConfigurationError(f"{name} sets {key}, which is set already", where=self.where)
            set_values[key] = value
        named = {"configuration": self.name} if self.name else {}
        return [f"{key}={written(value)}" for key, value in {**named, **set_values}.items()]


def configurations_of(config: DictConfig) -> tuple[Configuration, ...]:
    """The configurations that ``configs`` and ``mixup`` of a multirun ask for; none when there is no ``configs``.

    Raises:
        ConfigurationError: the file cannot be read, an entry is no object, or a name is missing in one.
    """
    given = config.configs
    if given is None:
        if config.mixup:
            raise ConfigurationError("mixup=true combines configurations, and there are none", hint="configs=FILE.json")
        return ()
    if isinstance(given, str):
        entries, where = _read(Path(given)), given
    else:
        entries, where = _named(OmegaConf.to_container(given, resolve=True), "configs"), "configs"
    found = tuple(_configuration(name, number, entry, where) for number, (name, entry) in enumerate(entries, 1))
    foreign = hw_configs_kind((name for one in found for name in one.values), where)
    _check_same_names(found, where)
    found = tuple(replace(one, foreign=foreign) for one in found)
    return mixed(found) if config.mixup else found


def mixed(configurations: Sequence[Configuration]) -> tuple[Configuration, ...]:
    """Every combination of the values that the configurations give their names, in the order of first mention."""
    names = list(configurations[0].values)
    choices = [list(dict.fromkeys(one.values[name] for one in configurations)) for name in names]
    total = 1
    for values in choices:
        total *= len(values)
    if total > MOST:
        raise ConfigurationError(f"mixup=true makes {total:,} configurations", expected=f"at most {MOST:,}")
    where, foreign = "configs, combined by mixup", configurations[0].foreign
    return tuple(
        Configuration("", dict(zip(names, values, strict=True)), where, foreign) for values in product(*choices)
    )


def _read(path: Path) -> list[tuple[str, Any]]:
    try:
        document = json.loads(path.expanduser().read_text())
    except FileNotFoundError:
        raise ConfigurationError(
            f"configs={path}: there is no such file", hint="paths are relative to the folder you are in"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configs={path} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"configs={path} is not JSON: {error.msg}", where=f"{path}:{error.lineno}:{error.colno}"
        ) from error
    except RecursionError as error:
        raise ConfigurationError(f"configs={path} is not JSON of configurations: nested too deeply") from error
    return _named(document, str(path))


def _named(document: Any, where: str) -> list[tuple[str, Any]]:
    """Entries of a list, or of an object whose keys are the configurations' names."""
    if isinstance(document, Mapping):
        entries = [(str(name), entry) for name, entry in document.items()]
    elif isinstance(document, list):
        entries = [("", entry) for entry in document]
    else:
        entries = []
    if not entries or len(entries) > MOST:
        raise ConfigurationError(
            f"{where} holds {len(entries):,} configurations" if entries else f"{where} holds no configurations",
            expected=f"a list of objects, or an object of named objects; 1 to {MOST:,} of them",
        )
    return entries


def _configuration(name: str, number: int, entry: Any, file: str) -> Configuration:
    where = f"{file}, configuration {name or number}"
    if not isinstance(entry, Mapping) or not entry:
        raise ConfigurationError(
            f"{entry!r} is no configuration", where=where, expected="an object of names and values"
        )
    for key, value in entry.items():
        if not (value is None or isinstance(value, str | int | float | bool)):
            raise ConfigurationError(f"{key}={value!r} is no single value", where=where, expected="a number or a word")
    return Configuration(name, {str(key): value for key, value in entry.items()}, where)


def _check_same_names(configurations: Sequence[Configuration], where: str) -> None:
    """A name that only some entries have is more likely forgotten than meant."""
    everything = list(dict.fromkeys(name for one in configurations for name in one.values))
    for number, one in enumerate(configurations, 1):
        missing = [name for name in everything if name not in one.values]
        if missing:
            raise ConfigurationError(
                f"configuration {one.name or number} has no {', '.join(missing)}",
                where=where,
                expected=f"the same names in all {len(configurations)} configurations",
                hint="give it the value that is meant; conf/arch has the defaults",
            )


def written(value: Value) -> str:
    """A value as Hydra reads it back."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
