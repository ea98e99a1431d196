"""What a multirun asks for: its points, what it is after, and its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from optuna.samplers import BaseSampler, RandomSampler

from launcher.config.limits import Limits
from launcher.config.sweep_schema import SweepSettings
from launcher.config.trial import ALL
from launcher.engines.run import settings_of
from launcher.errors import ConfigurationError
from launcher.results.goals import Goals, grid_goals, parse_goals
from launcher.sweeping.points.grid import grid_points
from launcher.sweeping.points.interface import Point, Points
from launcher.sweeping.points.space import Space, parse_space
from launcher.sweeping.samplers import make_sampler


@dataclass(frozen=True)
class SweepPlan:
    """A sweep before it starts.

    Attributes:
        points: what is tried.
        goals: what is best.
        settings: of ``conf/sweep``.
        folder: where the files of its trials go, each in a folder of its own.
        sampler: makes Optuna's sampler, from the number of trials that the study has and whether several run at a time.
        enqueued: points to try first.
        first: overrides of some trials that between them set every key to each of its values.
    """

    points: Points
    goals: Goals
    settings: SweepSettings
    folder: Path
    sampler: Callable[[int, bool], BaseSampler]
    first: Sequence[Sequence[str]]
    enqueued: Sequence[Point] = ()

    @property
    def is_grid(self) -> bool:
        """Its points are listed beforehand, rather than chosen by Optuna."""
        return self.goals.listed

    def place(self, config: DictConfig, digest: str) -> tuple[str, str]:
        """What its study is called, and where it lives: a database's URL or a journal's file name."""
        choices = config.hydra.runtime.choices
        subject = choices["model"] if choices["layer"] == ALL else choices["layer"]
        known = [("arch", choices["arch"]), ("layer", subject)]
        parts = [str(name) for group, name in known if group not in self.points.names]
        own = "-".join([*(["grid"] if self.is_grid else []), *parts, digest])
        name, where = self.settings.study, self.settings.storage
        if where is None:
            return name or own, f"studies/{name or own}.journal"
        # A file of a study's own may name it; grids come and go, and several may share the file.
        return name or (own if "://" in where or self.is_grid else Path(where).stem), where


def plan_of(
    kind: str, config: DictConfig, params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader
) -> SweepPlan:
    """What is asked for.

    Args:
        kind: ``grid`` or ``optuna``.
        config: the multirun's configuration, swept values left out.
        params: ``hydra.sweeper.params``.
        arguments: the command line's overrides, which win over ``params``.
        loader: composes configurations.

    Raises:
        LauncherError: the settings, the points or the goals make no sense.
    """
    settings: SweepSettings = OmegaConf.to_object(config.sweep)  # type: ignore[assignment]
    limits: Limits = OmegaConf.to_object(config.constraints)  # type: ignore[assignment]
    folder, constraints = Path(config.hydra.sweep.dir).absolute(), [*settings.constraints, *limits.texts]
    if kind == "optuna":
        if config.configs is not None:
            raise ConfigurationError(
                "configs= lists the points of a grid, and Optuna chooses its own",
                hint="leave hydra/sweeper=optuna out, or list the points to begin with in sweep.enqueue",
            )
        if settings.first:
            raise ConfigurationError(
                f"sweep.first={settings.first} is a trial of a grid, and Optuna chooses its points one by one",
                hint="leave sweep.first out: the same command goes on from where it was",
            )
        return _study(parse_space(params, arguments, loader, settings.n_trials), settings, folder, constraints)
    written = [*(f"{key}={value}" for key, value in params.items()), *arguments]
    overrides = OverridesParser.create(loader).parse_overrides(written)
    grid = grid_points(
        config, overrides, lambda arch: loader.load_sweep_config(config, [f"arch={arch}"]).arch, settings.first
    )
    goals = _grid_goals(config, settings, constraints)
    return SweepPlan(grid, goals, settings, folder, lambda *_: RandomSampler(seed=0), list(_covering(grid.trials)))


_SOME = ("energy", "cycles", "area_mm2")
"""Objectives to begin with."""


def _grid_goals(config: DictConfig, settings: SweepSettings, constraints: Sequence[str]) -> Goals:
    """The grid's own objectives; without any, what its mappings are chosen for."""
    if settings.objectives is not None:
        return replace(parse_goals(settings.objectives, settings.directions, constraints), listed=True)
    if settings.directions is not None:
        ways = f"[{','.join(settings.directions)}]"
        raise ConfigurationError(
            f"sweep.directions={ways} says nothing of a grid without sweep.objectives",
            expected="objectives, one for each direction; without any, a grid is ranked by what mapper=... asks for",
            hint=f"'sweep.objectives=[{','.join(_SOME[: len(settings.directions)])}]' 'sweep.directions={ways}'",
        )
    objective = OmegaConf.to_container(config.mapper)["objective"]  # type: ignore[index,call-overload]
    return grid_goals(settings_of(objective, "mapper.objective", None, 1).objective, constraints)


def _study(space: Space, settings: SweepSettings, folder: Path, constraints: Sequence[str]) -> SweepPlan:
    goals = parse_goals(settings.objectives, settings.directions, constraints)
    enqueued = [space.check_point(point, "sweep.enqueue") for point in settings.enqueue]

    def sampler(finished: int, parallel: bool) -> BaseSampler:
        return make_sampler(settings.sampler, space, goals, seed=settings.seed, finished=finished, parallel=parallel)

    sampler(0, False)  # mistakes come before anything
    return SweepPlan(space, goals, settings, folder, sampler, [space.written(space.first())], enqueued)


def _covering(trials: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """The trials that bring an override which no earlier one has together with the same choices of groups."""
    seen: set[tuple[tuple[str, ...], str]] = set()
    covering = []
    for trial in trials:
        groups = tuple(item for item in trial if "." not in item.partition("=")[0])
        new = {(groups, item) for item in trial} - seen
        if new:
            seen |= new
            covering.append(trial)
    return covering
