"""What an exhaustive search is asked for: a finite space of hardware, and what is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf

from launcher.config.engine_schema import EngineMode
from launcher.config.limits import Limits
from launcher.config.sweep_schema import SweepSettings
from launcher.config.tensor_bits import KEYS
from launcher.config.trial import ALL
from launcher.errors import ConfigurationError
from launcher.reporting.numbers import short_seconds
from launcher.results.goals import Goals, parse_goals
from launcher.sweeping.exhaustive.figure_bounds import refused_metric
from launcher.sweeping.exhaustive.ledger import SUFFIX
from launcher.sweeping.exhaustive.space import FiniteSpace
from launcher.sweeping.points.space import Dimension, Space, parse_space
from launcher.trial.engine_choice import NATIVE

WIDTHS = frozenset(f"model.{key}" for key in KEYS)
"""Keys that do not belong to the hardware, and change nothing else."""

MOST_POINTS = 5_000_000
"""Points of one search; its arrays take some 200 bytes for each, times the layers of a network."""

_POINTS_A_SECOND = 20_000
"""How fast points are settled, roughly, where bounds exclude nearly all: for an estimate."""

_BYTES_A_POINT = 250


@dataclass(frozen=True)
class ExhaustivePlan:
    """An exhaustive search before it starts.

    Attributes:
        points: the swept keys, as they were written.
        space: all points.
        goals: what is best.
        settings: of ``conf/sweep``.
        folder: the sweep's.
    """

    points: Space
    space: FiniteSpace
    goals: Goals
    settings: SweepSettings
    folder: Path

    def place(self, config: DictConfig, digest: str) -> tuple[str, str]:
        """What the study is called, and where it is kept: a database's URL, or a ledger's file name."""
        choices = config.hydra.runtime.choices
        subject = choices["model"] if choices["layer"] == ALL else choices["layer"]
        parts = [str(choices["arch"])] if "arch" not in self.space.values else []
        own = "-".join(["exhaustive", *parts, str(subject), digest])
        name, where = self.settings.study or own, self.settings.storage
        return name, f"studies/{name}{SUFFIX}" if where is None else where


def exhaustive_plan(
    config: DictConfig, params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader
) -> ExhaustivePlan:
    """What is asked for.

    Args:
        config: the multirun's configuration, swept values left out.
        params: ``hydra.sweeper.params``.
        arguments: the command line's overrides, which win over ``params``.
        loader: composes configurations.

    Raises:
        ConfigurationError: the space is infinite, too large, or no space of hardware; or the settings make no sense.
    """
    settings: SweepSettings = OmegaConf.to_object(config.sweep)  # type: ignore[assignment]
    points = parse_space(params, arguments, loader)
    for dimension in points.dimensions:
        _check(dimension)
    _refuse_other_settings(config, settings)
    goals = goals_of(config)
    refused = refused_metric(goals)
    if refused is not None:
        raise ConfigurationError(
            f"{refused} says how a result was found, and nothing about the hardware",
            where="sweep.objectives, sweep.constraints",
            expected="figures of a design, such as edp_j_cycles, energy_pj, cycles or area_mm2",
        )
    space = FiniteSpace({one.name: one.values or [] for one in points.dimensions})
    _check_size(space)
    return ExhaustivePlan(points, space, goals, settings, Path(config.hydra.sweep.dir).absolute())


def goals_of(config: DictConfig) -> Goals:
    """What a configuration calls best.

    Raises:
        ConfigurationError: an unknown metric or direction, or a limit that is none.
    """
    settings: SweepSettings = OmegaConf.to_object(config.sweep)  # type: ignore[assignment]
    limits: Limits = OmegaConf.to_object(config.constraints)  # type: ignore[assignment]
    return parse_goals(settings.objectives, settings.directions, [*settings.constraints, *limits.texts])


def _check(dimension: Dimension) -> None:
    name = dimension.name
    if dimension.size is None:
        raise ConfigurationError(
            f"{name} has infinitely many values ({dimension}), and hydra/sweeper=exhaustive settles every one",
            expected="choice(...), range(...) or a list of values",
            hint="hydra/sweeper=optuna searches such spaces without a proof",
        )
    if name != "arch" and not name.startswith("arch.") and name not in WIDTHS:
        raise ConfigurationError(
            f"{name} is no parameter of the hardware, and hydra/sweeper=exhaustive compares designs for one workload",
            expected=f"arch=..., arch.KEY=..., {', '.join(f'{key}=...' for key in sorted(WIDTHS))}",
            hint=f"one search for each value of {name}, or leave hydra/sweeper=exhaustive out for a grid",
        )


def _check_size(space: FiniteSpace) -> None:
    if space.size <= MOST_POINTS:
        return
    largest = max(space.values, key=lambda key: len(space.values[key]))
    seconds, memory = space.size / _POINTS_A_SECOND, space.size * _BYTES_A_POINT / 1e9
    raise ConfigurationError(
        f"the space has {space.size:,} points, and one search settles {MOST_POINTS:,} at most: these would take about "
        f"{short_seconds(seconds)} at best and {memory:,.0f} GB",
        where=", ".join(f"{key}: {len(values)} values" for key, values in space.values.items()),
        hint=f"fewer values of {largest}, several searches, or hydra/sweeper=optuna",
    )


def _refuse_other_settings(config: DictConfig, settings: SweepSettings) -> None:
    if config.configs is not None:
        raise ConfigurationError(
            "configs= lists the points of a grid, and hydra/sweeper=exhaustive takes a space",
            hint="leave hydra/sweeper=exhaustive out, or give the keys their values: arch.rows=8,16,32",
        )
    if config.engine.name != NATIVE or config.engine.mode is EngineMode.evaluate:
        raise ConfigurationError(
            "hydra/sweeper=exhaustive proves what it finds, and only the native engine's search has bounds",
            where=f"engine.name={config.engine.name}, engine.mode={config.engine.mode}",
            hint="engine=native",
        )
    if settings.first:
        raise ConfigurationError(
            f"sweep.first={settings.first} is a trial of a grid, and hydra/sweeper=exhaustive settles every point",
            hint="leave sweep.first out: the same command goes on from where it was",
        )
    if str(config.model.get("phase")) == "generate":
        raise ConfigurationError(
            "hydra/sweeper=exhaustive has bounds for one phase at a time, and model.phase=generate is many",
            hint="model.phase=decode model.cache_length=..., or leave hydra/sweeper=exhaustive out for a grid",
        )
    if settings.enqueue:
        raise ConfigurationError(
            "sweep.enqueue lists points for Optuna to begin with, and hydra/sweeper=exhaustive settles all",
            hint="sweep.enqueue=[]",
        )
