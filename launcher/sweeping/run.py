"""A whole sweep with Optuna: from the configuration to the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from sqlalchemy.exc import SQLAlchemyError

from launcher.config.compose import ALL
from launcher.config.limits import Limits
from launcher.config.sweep_schema import SweepSettings
from launcher.errors import ConfigurationError, LauncherError
from launcher.interrupts import first_asks
from launcher.process_limits import spare_libraries
from launcher.results.files import SWEEP_JSON
from launcher.sweeping.goals import Goals, parse_goals
from launcher.sweeping.identity import digest, fixed_parameters, identity
from launcher.sweeping.jobs import Jobs, common_overrides
from launcher.sweeping.launchers import most_together, prepare, stop, workers_of
from launcher.sweeping.naming import sweep_name
from launcher.sweeping.page import write_page
from launcher.sweeping.parent import ParentRun
from launcher.sweeping.pictures import write_pictures
from launcher.sweeping.rows import Row, common_reasons, rows_of, trials_csv
from launcher.sweeping.samplers import make_sampler
from launcher.sweeping.search import Search
from launcher.sweeping.space import Space
from launcher.sweeping.study import (
    SharedStudy,
    finished_trials,
    forget,
    open_storage,
    open_study,
    printable,
    storage_error,
)
from launcher.sweeping.table import ProgressLine, print_table
from launcher.tracking import TrackingSettings, make_tracker
from launcher.verbosity import Verbosity, console_for, warnings_console

TRIALS_CSV = "trials.csv"


def run_sweep(config: DictConfig, space: Space, launcher: Launcher, arguments: Sequence[str]) -> list[Row]:
    """Search, and show what was found.

    Args:
        config: the multirun's configuration, swept values left out.
        space: what is swept.
        launcher: who runs trials.
        arguments: the command line's overrides.

    Returns:
        All trials of the study.

    Raises:
        LauncherError: the settings, the space or the storage cannot be used; every trial failed, or too many did.
    """
    if config.configs is not None:
        raise ConfigurationError(
            "configs= lists the points of a grid, and Optuna chooses its own",
            hint="leave hydra/sweeper=optuna out, or list the points to begin with in sweep.enqueue",
        )
    settings: SweepSettings = OmegaConf.to_object(config.sweep)  # type: ignore[assignment]
    limits: Limits = OmegaConf.to_object(config.constraints)  # type: ignore[assignment]
    goals = parse_goals(settings.objectives, settings.directions, [*settings.constraints, *limits.texts])
    points = [space.check_point(point, "sweep.enqueue") for point in settings.enqueue]
    workers = workers_of(config, settings.parallel)
    make_sampler(settings.sampler, space, goals, seed=0, finished=0, parallel=False)  # mistakes come before anything
    _compose_once(launcher, config, space, common_overrides(workers))
    prepare(config, launcher, workers)
    same = identity(config, space, goals)
    name, where = _study_name(config, settings, space, digest(same))
    storage = open_storage(where)
    try:
        study = _open(storage, name, where, same, space, goals, settings, workers > 1)
        for point in points:
            study.study.enqueue_trial(point, skip_if_exists=True)
        return _Sweep(config, space, goals, settings, study, name, where).run(launcher, workers, same, arguments)
    except (SQLAlchemyError, StorageInternalError) as error:
        raise storage_error(where, error) from error


def _open(
    storage: BaseStorage,
    name: str,
    where: str,
    same: dict[str, Any],
    space: Space,
    goals: Goals,
    settings: SweepSettings,
    parallel: bool,
) -> SharedStudy:
    if settings.restart:
        forget(storage, name)
    sampler = make_sampler(
        settings.sampler,
        space,
        goals,
        seed=settings.seed,
        finished=finished_trials(storage, name),
        parallel=parallel,
    )
    return open_study(storage, name, sampler, goals.directions, same, printable(where))


class _Sweep:
    """A study that is open, and everything around its trials."""

    def __init__(
        self,
        config: DictConfig,
        space: Space,
        goals: Goals,
        settings: SweepSettings,
        study: SharedStudy,
        name: str,
        where: str,
    ) -> None:
        self._config = config
        self._space = space
        self._goals = goals
        self._settings = settings
        self._study = study
        self._name = name
        self._where = where
        self._console = console_for(config.verbosity)
        self._folder = Path(config.hydra.sweep.dir).absolute()

    def run(self, launcher: Launcher, workers: int, same: dict[str, Any], arguments: Sequence[str]) -> list[Row]:
        fixed = fixed_parameters(self._config, same, self._space)
        parent = self._parent(fixed)
        self._folder.mkdir(parents=True, exist_ok=True)
        own = {
            "parent": parent.run,
            "swept": [dimension.name for dimension in self._space.dimensions],
            "records_trials": True,
            "overrides": list(arguments),
            "study": self._name,
            "workers": workers,
        }
        (self._folder / SWEEP_JSON).write_text(json.dumps(own) + "\n")
        earlier = len(self._study.trials)
        at = printable(self._where)
        self._console.print(f"study     {self._name} in {at}, {earlier} trials so far", highlight=False, soft_wrap=True)
        interrupted = True
        self._study.start()
        if workers > 1:  # otherwise the first trial does it, when it has loaded what trials need
            spare_libraries()
        try:
            total, largest = self._settings.n_trials - earlier, most_together(self._config)
            self._search(Jobs(launcher, workers, total=total, largest=largest), parent)
            interrupted = False
        except LauncherError:
            interrupted = False
            raise
        finally:
            self._study.stop()
            if interrupted:
                stop(self._config)
            rows = self._finish(parent, fixed, interrupted)
        if not any(row.ok for row in rows):
            raise LauncherError(
                f"none of the {len(rows)} trials found a mapping: {common_reasons(rows)}", where=_shown(self._folder)
            )
        return rows

    def _search(self, jobs: Jobs, parent: ParentRun) -> None:
        verbose = self._config.verbosity == Verbosity.verbose
        with (
            first_asks("finished trials are kept"),
            ProgressLine(self._console, self._goals, self._settings.n_trials, verbose=verbose) as progress,
        ):
            Search(self._study, self._space, self._goals, self._settings, jobs, parent, self._folder, progress).run()

    def _parent(self, fixed: Mapping[str, object]) -> ParentRun:
        tracking = self._config.tracking
        tracker = make_tracker(TrackingSettings(kind=tracking.kind, experiment=tracking.experiment, uri=tracking.uri))
        parent = ParentRun(tracker, self._study, warnings_console())
        swept = {dimension.name: str(dimension) for dimension in self._space.dimensions}
        spoken = {f"space.{name}": text for name, text in swept.items()}
        parent.open(
            sweep_name(self._config.hydra.runtime.choices, list(swept)),
            {**fixed, **spoken, "goals": str(self._goals), "sampler": self._settings.sampler, "study": self._name},
            list(swept),
        )
        return parent

    def _finish(self, parent: ParentRun, fixed: dict[str, Any], interrupted: bool) -> list[Row]:
        trials = self._study.trials
        rows = rows_of(trials, self._goals)
        if rows:
            print_table(rows, self._space, self._goals, self._console)
        (self._folder / TRIALS_CSV).write_text(trials_csv(rows, self._space))
        if self._settings.pictures and not interrupted:
            write_pictures(self._study.study, self._goals, self._folder)
            write_page([Path(row.folder) for row in rows if row.folder], self._folder)
        self._say("files", _shown(self._folder))
        if interrupted:
            finished = sum(row.state != "running" for row in rows)
            self._say("kept", f"{finished} of {self._settings.n_trials} trials; the same command goes on from there")
        reference = parent.close(rows, self._goals, fixed, self._folder, interrupted=interrupted)
        if reference is not None:
            self._say("recorded", str(reference))
            self._say("trials", reference.trials)
        return rows

    def _say(self, what: str, text: str) -> None:
        self._console.print(f"{what:<10}{text}", highlight=False, soft_wrap=True, markup=False)


def _compose_once(launcher: Launcher, config: DictConfig, space: Space, common: Sequence[str]) -> None:
    """A key that does not exist is a mistake of the command line, not of a thousand trials.

    What is composed here is not composed again for trials, whose overrides must therefore be the same but for the
    swept values: workers get it with each trial, and would compose everything anew.
    """
    context: Any = getattr(launcher, "hydra_context", None)
    if context is not None:
        context.config_loader.load_sweep_config(config, [*space.overrides(space.first()), *common])


def _study_name(config: DictConfig, settings: SweepSettings, space: Space, same: str) -> tuple[str, str]:
    """The study's name, and where it lives."""
    choices = config.hydra.runtime.choices
    subject = choices["model"] if choices["layer"] == ALL else choices["layer"]
    swept = {dimension.name for dimension in space.dimensions}
    known = [name for group, name in (("arch", choices["arch"]), ("layer", subject)) if group not in swept]
    own = "-".join([*map(str, known), same])
    where = settings.storage
    if where is None:
        name = settings.study or own
        return name, f"studies/{name}.journal"
    if "://" in where:
        return settings.study or own, where
    return settings.study or Path(where).stem, where


def _shown(folder: Path) -> str:
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
