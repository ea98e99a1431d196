"""The points of a grid: all combinations of what a command line gives, in order, each with every configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig
from optuna.trial import FrozenTrial, Trial

from launcher.errors import ConfigurationError
from launcher.sweeping.points.configurations import Configuration, configurations_of
from launcher.sweeping.points.interface import Point
from launcher.sweeping.points.vocabulary import Vocabulary

_PLUMBING = ("hydra", "tracking", "sweep", "cache", "verbosity")
"""Groups that say nothing about what a trial finds."""

_MOST_NAMED = 100
"""Values of a key that are spelled out."""


@dataclass(frozen=True)
class GridPoints:
    """A trial's number in its study is the place of its point, so that no two processes take the same one.

    Attributes:
        trials: overrides of every trial.
        fixed: those that all have in common.
        first: what the first of them is called; the others follow.
    """

    trials: Sequence[Sequence[str]]
    fixed: Sequence[str]
    first: int = 0

    @cached_property
    def names(self) -> Sequence[str]:
        common = {_pair(item)[0] for item in self.fixed}
        keys = dict.fromkeys(_pair(item)[0] for trial in self.trials for item in trial)
        return [key for key in keys if key not in common and key.partition(".")[0] not in _PLUMBING]

    @cached_property
    def _values(self) -> Mapping[str, Sequence[str]]:
        """Each key's values; a trial that does not set it has an empty one."""
        values: dict[str, dict[str, None]] = {name: {} for name in self.names}
        for trial in self.trials:
            given = dict(map(_pair, trial))
            for name, found in values.items():
                found[given.get(name, "")] = None
        return {name: list(found) for name, found in values.items()}

    @cached_property
    def columns(self) -> Sequence[str]:
        return [name for name, values in self._values.items() if len(values) > 1] or self.names

    @cached_property
    def identity(self) -> Mapping[str, str]:
        names = set(self.names)
        summary = hashlib.sha256()
        for trial in self.trials:  # their order counts: a trial's number says which point it is
            summary.update("\0".join(item for item in trial if _pair(item)[0] in names).encode() + b"\n")
        written = {name: ",".join(values[:_MOST_NAMED]) for name, values in self._values.items()}
        began = {"first": str(self.first)} if self.first else {}
        return {**written, **began, "points": summary.hexdigest()[:12]}

    @property
    def total(self) -> int:
        return len(self.trials)

    @property
    def size(self) -> int | None:
        return None

    def number_of(self, trial: Trial | FrozenTrial) -> int:
        return self.first + trial.number

    def choose(self, trial: Trial) -> Point:
        return self.point_of(trial)

    def point_of(self, trial: Trial | FrozenTrial) -> Point:
        # A process that was killed may have left one trial too many, until it is dropped.
        given = dict(map(_pair, self.trials[trial.number % self.total]))
        return {name: _unquoted(given[name]) for name in self.names if name in given}

    def overrides(self, trial: Trial | FrozenTrial) -> Sequence[str]:
        return self.trials[trial.number]


def grid_points(
    config: DictConfig, overrides: Sequence[Override], arch_node: Callable[[str], DictConfig], first: int = 0
) -> GridPoints:
    """The grid that a command line asks for.

    Args:
        config: the multirun's configuration, swept values left out.
        overrides: of the command line, and of ``hydra.sweeper.params``.
        arch_node: composes the part of the configuration that an architecture's name stands for.
        first: number of the trial to begin with, from 0; those before it are left out.

    Raises:
        ConfigurationError: the configurations make no sense, or there is no such trial.
    """
    (combinations,) = BasicSweeper.split_arguments(list(overrides), None)
    trials = each_configuration(config, configurations_of(config), combinations, arch_node)
    swept = {one.get_key_element() for one in overrides if one.is_sweep_override()}
    fixed = [item for item in combinations[0] if item.partition("=")[0] not in swept]
    if first >= len(trials):
        raise ConfigurationError(
            f"sweep.first={first}, and the trials of this grid are 0 to {len(trials) - 1}",
            expected=f"a number from 0 to {len(trials) - 1}",
        )
    return GridPoints(trials[first:], fixed, first)


def each_configuration(
    config: DictConfig,
    configurations: Sequence[Configuration],
    combinations: Sequence[Sequence[str]],
    arch_node: Callable[[str], DictConfig],
) -> list[list[str]]:
    """Overrides of every trial.

    Args:
        config: the multirun's configuration, swept values left out.
        configurations: none of them leaves the combinations as they are.
        combinations: overrides that the command line asks for.
        arch_node: see :func:`grid_points`.

    Raises:
        ConfigurationError: a configuration sets what the command line sets as well.
    """
    if not configurations:
        return [list(overrides) for overrides in combinations]
    choice = str(config.hydra.runtime.choices["arch"])
    known = {choice: Vocabulary.of(choice, config.arch)}
    trials = []
    for overrides in combinations:
        given = dict(map(_pair, overrides))
        for one in configurations:
            arch = str(one.values.get("arch", given.get("arch", choice)))
            if arch not in known:
                known[arch] = Vocabulary.of(arch, arch_node(arch))
            own = one.overrides(known[arch])
            twice = [key for key, _ in map(_pair, own) if key in given]
            if twice:
                raise ConfigurationError(
                    f"{twice[0]} is set by the command line and by {one.where}",
                    hint=f"leave {twice[0]} out of one of them",
                )
            trials.append([*overrides, *own])
    return trials


def _unquoted(value: str) -> str:
    """A value without the quotation marks that Hydra's syntax may want around it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1].replace(f"\\{value[0]}", value[0])
    return value


def _pair(item: str) -> tuple[str, str]:
    """Key and value of an override, as they are written."""
    key, _, value = item.partition("=")
    return key.lstrip("+~"), value
