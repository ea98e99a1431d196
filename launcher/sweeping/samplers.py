"""Who chooses the points."""

from __future__ import annotations

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    BruteForceSampler,
    CmaEsSampler,
    GridSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)

from launcher.config.sweep_schema import SAMPLERS, sampler_named
from launcher.errors import ConfigurationError
from launcher.results.goals import Goals
from launcher.sweeping.points.interface import Value
from launcher.sweeping.points.space import Dimension, Space
from launcher.sweeping.unrepeated import Unrepeated

EXHAUSTIVE = ("grid", "bruteforce")
"""Samplers that end by themselves."""

_POPULATION = 20


def make_sampler(name: str, space: Space, goals: Goals, *, seed: int, finished: int, parallel: bool) -> BaseSampler:
    """The sampler called ``name``.

    Args:
        name: one of :data:`~launcher.config.sweep_schema.SAMPLERS`.
        space: what is swept.
        goals: what is optimised.
        seed: makes the choice of points repeatable.
        finished: trials that the study has already; a sampler that starts anew must not repeat their random numbers.
        parallel: whether several trials run at a time.

    Raises:
        ConfigurationError: an unknown name, or a sampler that cannot deal with the space or the goals.
    """
    if name not in SAMPLERS:
        meant = sampler_named(name)
        raise ConfigurationError(
            f"sweep.sampler={name} is not a sampler",
            expected=f"one of {', '.join(SAMPLERS)}",
            hint=f"sweep.sampler={meant}" if meant else None,
        )
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        made = _make(name, space, goals, seed, seed + finished, parallel)
    return made if name in EXHAUSTIVE or space.size is None else Unrepeated(made, space, seed)


def _make(name: str, space: Space, goals: Goals, seed: int, fresh: int, parallel: bool) -> BaseSampler:
    # Grid, brute force and QMC remember in the study how far they are, so they keep their seed.
    if name in EXHAUSTIVE:
        grid = {one.name: _values(one, name) for one in space.dimensions}
        return GridSampler(grid, seed=seed) if name == "grid" else BruteForceSampler(seed=seed)
    if name == "qmc":
        return QMCSampler(seed=seed, warn_independent_sampling=False)
    if name == "cmaes":
        _check_cmaes(space, goals)
        return CmaEsSampler(seed=fresh, warn_independent_sampling=False)
    if name == "nsga2":
        return NSGAIISampler(population_size=_POPULATION, seed=fresh)
    if name == "random":
        return RandomSampler(seed=fresh)
    return TPESampler(seed=fresh, multivariate=True, constant_liar=parallel)


def _values(dimension: Dimension, sampler: str) -> list[Value]:
    values = dimension.values
    if values is None:
        raise ConfigurationError(
            f"sweep.sampler={sampler} needs finitely many values, and {dimension.name} is an interval",
            expected="choice(...), range(...) or int(interval(...))",
        )
    return values


def _check_cmaes(space: Space, goals: Goals) -> None:
    if len(goals.objectives) > 1:
        raise ConfigurationError(
            "sweep.sampler=cmaes optimises one objective", hint="sweep.sampler=nsga2 or tpe for several"
        )
    if all(one.texts for one in space.dimensions):
        raise ConfigurationError(
            "sweep.sampler=cmaes needs ranges or intervals, and everything swept is a choice",
            hint="arch.rows=range(8,65,8) instead of arch.rows=choice(...), or sweep.sampler=tpe",
        )
