"""Compositions of this process that are used again while no file of a configuration changes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from omegaconf import DictConfig

from launcher.config.compose import composition, configuration, own_folders
from launcher.config.composition import ComposedExperiment, Value
from launcher.config.files_stamp import FilesStamp, files_stamp
from launcher.config.trial import Trial

_VALUE = re.compile(
    r"(?P<key>\+{0,2}(?!hydra\.)(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|configuration))="
    r"(?:(?P<whole>-?(?:0|[1-9]\d*))|(?P<real>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?P<word>[A-Za-z_]\w*))"
)
"""``arch.rows=16`` and the like; what is written otherwise is left to Hydra, with every trial."""

_WORDS: dict[str, Value] = {"null": None, "true": True, "false": False}
_NOT_WORDS = ("nan", "inf")
_MOST = 32

T = TypeVar("T")


@dataclass
class _Store(Generic[T]):
    """What was composed of overrides, until a file that it was made of changes.

    Attributes:
        make: composes.
        folders: of what was composed the folders with files of the user's own.
    """

    make: Callable[[Sequence[str], Path | None], T]
    folders: Callable[[T], Sequence[Path]]
    _kept: dict[tuple[tuple[str, ...], Path | None], tuple[FilesStamp, T]] = field(default_factory=dict)
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock)

    def get(self, overrides: Sequence[str], config_dir: Path | None) -> T:
        key = (tuple(overrides), config_dir.resolve() if config_dir else None)
        with self._one_at_a_time:
            kept = self._kept.pop(key, None)
            if kept is None or kept[0] != files_stamp(self.folders(kept[1])):
                made = self.make(overrides, config_dir)
                kept = files_stamp(self.folders(made)), made
            self._kept[key] = kept  # the last used is the last dropped
            if len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]
            return kept[1]


_compositions = _Store(composition, lambda made: made.sources)
_configurations = _Store(configuration, lambda made: own_folders(made.hydra))
_one_at_a_time = threading.RLock()


def recompose(overrides: Sequence[str], config_dir: Path | None = None) -> Trial:
    """As :func:`launcher.config.compose.compose`, which takes a few hundred times as long for the same but for values.

    Args:
        overrides: e.g. ``["arch=gemmini", "layer=KQV", "arch.rows=32"]``.
        config_dir: a folder with groups of your own.

    Raises:
        ConfigurationError: an unknown choice, key or type, or a value out of range.
    """
    common, values = parted(overrides)
    with _one_at_a_time:
        return kept_composition(common, config_dir).at(values)


def kept_composition(overrides: Sequence[str], config_dir: Path | None = None) -> ComposedExperiment:
    """As :func:`launcher.config.compose.composition`, used again while no file of it changes.

    Args:
        overrides: what all trials have in common.
        config_dir: a folder with groups of your own.

    Raises:
        ConfigurationError: an unknown choice or key, or a value of a wrong type.
    """
    return _compositions.get(overrides, config_dir)


def kept_configuration(overrides: Sequence[str], config_dir: Path | None = None) -> DictConfig:
    """As :func:`launcher.config.compose.configuration`, in the same way; it is not to be changed."""
    return _configurations.get(overrides, config_dir)


def parted(overrides: Sequence[str]) -> tuple[list[str], dict[str, Value]]:
    """Overrides that decide what is composed, and values that may change afterwards: those of keys set just once.

    ``+`` and ``++`` stay with a key, as in :meth:`~launcher.config.composition.ComposedExperiment.at`.
    """
    found = {override: match for override in overrides if (match := _VALUE.fullmatch(override))}
    common = [override for override in overrides if override not in found]
    values = {match["key"]: _value(match) for match in found.values()}
    set_elsewhere = [override.lstrip("+~").partition("=")[0] for override in common]
    once = len({key.lstrip("+") for key in values}) + len(common) == len(overrides)
    apart = all(not _overlap(key, other) for key in values for other in set_elsewhere if "." in other)
    plain = not any(isinstance(value, str) and value.lower() in _NOT_WORDS for value in values.values())
    return (common, values) if once and apart and plain else (list(overrides), {})


def _value(match: re.Match[str]) -> Value:
    if match["whole"]:
        return int(match["whole"])
    if match["real"]:
        return float(match["real"])
    word = match["word"]
    return _WORDS.get(word.lower(), word)


def _overlap(one: str, other: str) -> bool:
    """Whether two keys are the same, or one holds the other."""
    one, other = one.lstrip("+"), other.lstrip("+")
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
