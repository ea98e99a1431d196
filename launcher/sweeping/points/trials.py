"""The trials of an exploration: what a command line sweeps, with every configuration."""

from __future__ import annotations

from collections.abc import Sequence

from omegaconf import DictConfig

from launcher.errors import ConfigurationError
from launcher.sweeping.points.configurations import Configuration


def each_configuration(
    config: DictConfig, configurations: Sequence[Configuration], combinations: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Overrides of every trial.

    Args:
        config: the multirun's configuration, swept values left out.
        configurations: none of them leaves the combinations as they are.
        combinations: overrides that the command line asks for.

    Raises:
        ConfigurationError: a configuration sets what the command line sets as well.
    """
    if not configurations:
        return [list(overrides) for overrides in combinations]
    choice = str(config.hydra.runtime.choices["arch"])
    trials = []
    for overrides in combinations:
        given = dict(item.lstrip("+").partition("=")[::2] for item in overrides)
        arch = given.get("arch", choice)
        own_keys = [str(key) for key in config.arch] if arch == choice else []
        for one in configurations:
            own = one.overrides(arch, own_keys)
            twice = [key for key, _, _ in (item.partition("=") for item in own) if key in given]
            if twice:
                raise ConfigurationError(
                    f"{twice[0]} is set by the command line and by {one.where}",
                    hint=f"leave {twice[0]} out of one of them",
                )
            trials.append([*overrides, *own])
    return trials
