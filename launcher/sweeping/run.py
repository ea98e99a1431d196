"""A whole sweep: from its plan to the table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from launcher.config.sweep_schema import Kept
from launcher.config.trial import Trial
from launcher.disks import FullDiskError, is_full, system_error
from launcher.errors import ConfigurationError, LauncherError
from launcher.interrupts import first_asks
from launcher.paths import shown_path
from launcher.process_limits import spare_libraries
from launcher.reporting.best_words import last_words
from launcher.reporting.console import console_for, tell_unused, warnings_console
from launcher.results.files import REPORT_HTML, TRIALS_CSV
from launcher.results.parameters import point_name
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.best_trials import keep_files_of, trials_to_keep
from launcher.sweeping.compositions import Compositions
from launcher.sweeping.executors import HydraLaunches, await_launches, executor_of
from launcher.sweeping.identity import chosen_parameters, digest, identity
from launcher.sweeping.jobs import ComposedTrials, HydraTrials, Job, Jobs, TrialRunner
from launcher.sweeping.launchers import hands_over_slowly, needs_hydra, prepare, stop, workers_of
from launcher.sweeping.loop import SweepLoop
from launcher.sweeping.parent import EndedTrial, ParentRun, sweep_name
from launcher.sweeping.pictures import write_page, write_pictures
from launcher.sweeping.plan import SweepPlan
from launcher.sweeping.progress import ProgressLine, print_table
from launcher.sweeping.pruning import PointBounds
from launcher.sweeping.rows import common_reasons, study_rows, trials_csv, tried_all
from launcher.sweeping.storages import close_storage, open_storage, printable, storage_error
from launcher.sweeping.study import OVER, SharedStudy, finished_trials, forget, open_study
from launcher.sweeping.sweep_files import write_sweep_files
from launcher.sweeping.trials import ComposedTrial, TrialLimits
from launcher.tracking import tracker_of
from launcher.verbosity import Verbosity
from launcher.whole_files import clear_leftovers, write_text

_PATIENCE_S = 5.0
_OF_STUDIES = tuple(f"sweep.{name}=" for name in ("n_trials", "sampler", "seed", "enqueue"))


def run_sweep(
    config: DictConfig, plan: SweepPlan, launcher: Launcher, loader: ConfigLoader, arguments: Sequence[str]
) -> list[TrialRow]:
    """Try the points, and show what was found.

    Args:
        config: the multirun's configuration, swept values left out.
        plan: what it asks for.
        launcher: who runs trials.
        loader: composes configurations.
        arguments: the command line's overrides.

    Returns:
        All trials, those of earlier runs of the same sweep included.

    Raises:
        LauncherError: the settings or the storage cannot be used; every trial failed, or too many did.
    """
    workers = workers_of(config, plan.settings.parallel)
    common = _common_overrides(plan, workers)
    runner = _runner(config, plan, launcher, loader, workers)
    _compose_first(runner, config, plan, loader, common)
    if isinstance(runner, HydraTrials) or hands_over_slowly(config):
        prepare(config, launcher, workers)
    same = identity(config, plan.points, plan.goals)
    name, where = plan.place(config, digest(same))
    storage = open_storage(where)
    try:
        study = _open(plan, name, storage, where, same, workers > 1)
        for point in plan.enqueued:
            study.study.enqueue_trial(dict(point), skip_if_exists=True)
        fixed = chosen_parameters(config, same, plan.points)
        console = console_for(config.verbosity)
        sweep = _Sweep(config, plan, study, printable(where), fixed, console, runner, workers, common)
        return sweep.run(arguments)
    except (SQLAlchemyError, StorageInternalError) as error:
        raise storage_error(where, error) from error
    finally:
        close_storage(storage)


def _common_overrides(plan: SweepPlan, workers: int) -> tuple[str, ...]:
    """What all trials are told when several run at a time, since they share the machine."""
    given = [*plan.points.names, *(item.partition("=")[0].lstrip("+") for item in plan.points.fixed)]
    return ("mapper.threads=1",) if workers > 1 and "mapper.threads" not in given else ()


def _runner(config: DictConfig, plan: SweepPlan, launcher: Launcher, loader: ConfigLoader, workers: int) -> TrialRunner:
    if needs_hydra(config, plan.points.names):
        if plan.settings.keep is not Kept.all:
            raise ConfigurationError(
                f"sweep.keep={plan.settings.keep}, and these trials are Hydra's jobs, which have folders",
                where="hydra.callbacks, hydra.job, hydra.sweep.subdir, hydra/launcher",
                hint="sweep.keep=all",
            )
        return HydraTrials(HydraLaunches(launcher, apart=workers > 1))
    limits = TrialLimits(plan.settings.trial_timeout_s, shared=workers > 1)
    executor = executor_of(config, launcher, workers)
    return ComposedTrials(executor, Compositions(loader, config), limits, far=hands_over_slowly(config))


def _bounds(plan: SweepPlan, runner: TrialRunner) -> PointBounds | None:
    """Of a study with one objective: what a grid lists is wanted, and a front is beaten by nothing alone."""
    if plan.is_grid or not plan.settings.prune or plan.goals.several:
        return None
    if not isinstance(runner, ComposedTrials):
        return None
    compositions = runner.compositions

    def trial_of(overrides: Sequence[str]) -> Trial:
        composition, values = compositions.of(overrides)
        return composition.at(values)

    return PointBounds(plan.goals, trial_of)


def _compose_first(
    runner: TrialRunner, config: DictConfig, plan: SweepPlan, loader: ConfigLoader, common: Sequence[str]
) -> None:
    """A key or value that does not exist is a mistake of the command line, not of a thousand trials."""
    for overrides in plan.first:
        if isinstance(runner, ComposedTrials):
            composition, values = runner.compositions.of([*overrides, *common])
            composition.accept(values)
        else:
            loader.load_sweep_config(config, [*overrides, *common])


def _open(
    plan: SweepPlan, name: str, storage: BaseStorage, where: str, same: Mapping[str, Any], parallel: bool
) -> SharedStudy:
    if plan.settings.restart or plan.is_grid:
        forget(storage, name, only_if_over=not plan.settings.restart)
    sampler = plan.sampler(finished_trials(storage, name), parallel)
    return open_study(storage, name, sampler, plan.goals.directions, same, printable(where))


@dataclass(frozen=True)
class _Sweep:
    """A sweep whose study is open, and everything around its trials.

    Attributes:
        config: the multirun's.
        plan: what it asks for.
        study: keeps its trials.
        where: the study lives, without passwords.
        fixed: what was chosen for all trials.
        console: where it says what comes out.
        runner, workers: run trials, so many at a time.
        common: what all trials are told beside their points.
    """

    config: DictConfig
    plan: SweepPlan
    study: SharedStudy
    where: str
    fixed: Mapping[str, object]
    console: Console
    runner: TrialRunner
    workers: int
    common: Sequence[str]

    @property
    def name(self) -> str:
        """The study's."""
        return self.study.study.study_name

    def run(self, arguments: Sequence[str]) -> list[TrialRow]:
        parent = self._parent(arguments)
        self._begin(parent, arguments)
        self.study.start()
        if self.workers > 1:  # otherwise the first trial does it, when it has loaded what trials need
            spare_libraries()
        parent.mend(self._ended)
        ending = self._how_it_ends(parent)
        self.study.stop()
        interrupted = ending is not None and (
            isinstance(ending, FullDiskError) or not isinstance(ending, LauncherError)
        )
        if interrupted:
            stop(self.config)
            await_launches(_PATIENCE_S)
        try:
            rows = self._finish(parent, interrupted)
        except BaseException as error:
            parent.give_up(self.plan.folder, interrupted=interrupted or is_full(error))
            if ending is not None:
                raise ending from error
            if isinstance(error, OSError):
                raise system_error(error, self.plan.folder) from error
            raise
        if ending is not None:
            raise ending
        if not any(row.ok for row in rows):
            raise LauncherError(
                f"none of the {len(rows)} trials found a mapping: {common_reasons(rows)}",
                where=shown_path(self.plan.folder),
            )
        return rows

    def _how_it_ends(self, parent: ParentRun) -> BaseException | None:
        """Try the points; what stopped that before they were all tried."""
        try:
            self._try_points(parent)
        except BaseException as error:
            return error
        return None

    def _ended(self) -> list[EndedTrial]:
        points = self.plan.points
        rows = study_rows(self.study.trials, points, self.plan.goals)
        own = [row for row in rows if row.folder and row.same_as is None and row.state != "running"]
        return [EndedTrial(row.number, Path(row.folder), point_name(row.point, points.columns)) for row in own]

    def _parent(self, arguments: Sequence[str]) -> ParentRun:
        parent = ParentRun(tracker_of(self.config.tracking), self.study, warnings_console())
        names = list(self.plan.points.names)
        spoken: dict[str, object] = {f"space.{name}": text for name, text in self.plan.points.identity.items()}
        spoken |= {"goals": str(self.plan.goals), "study": self.name, "overrides": " ".join(arguments)}
        sampler = "grid" if self.plan.is_grid else self.plan.settings.sampler
        name = sweep_name(self.config.hydra.runtime.choices, names, self.plan.points.columns)
        parent.open(name, {**self.fixed, **spoken, "sampler": sampler}, self.plan.points.columns, self.plan.goals)
        return parent

    def _begin(self, parent: ParentRun, arguments: Sequence[str]) -> None:
        self.plan.folder.mkdir(parents=True, exist_ok=True)
        for place in self.study.enter(self.plan.folder):
            clear_leftovers(place)
        write_sweep_files(
            self.plan.folder,
            self.config,
            parent=parent.run,
            swept=self.plan.points.names,
            goals=self.plan.goals,
            overrides=arguments,
            study=self.name,
            workers=self.workers,
        )
        if self.plan.is_grid:
            tell_unused(arguments, _OF_STUDIES, "a grid tries all of its points; hydra/sweeper=optuna chooses some")
        earlier = len(self.study.trials)
        if earlier or not self.plan.is_grid:
            self._say("study", f"{self.name} in {self.where}, {earlier} trials so far")

    def _try_points(self, parent: ParentRun) -> None:
        total = self.plan.points.total
        jobs = Jobs(self.runner, self.workers, total=total - len(self.study.trials))
        verbose = self.config.verbosity == Verbosity.verbose
        with (
            first_asks("finished trials are kept"),
            ProgressLine(self.console, self.plan.goals, total, verbose=verbose) as progress,
        ):
            bounds = _bounds(self.plan, self.runner)
            SweepLoop(self.plan, self.study, jobs, self.common, parent, progress, bounds).run()

    def _with_best(self, rows: list[TrialRow], parent: ParentRun, runner: ComposedTrials) -> list[TrialRow]:
        """The rows, after the best trials got the files that sweeps leave."""
        points = self.plan.points
        trials = {points.number_of(trial): trial for trial in self.study.trials}

        def composed(number: int) -> ComposedTrial:
            overrides = (*points.overrides(trials[number]), *self.common)
            return runner.composed(Job(number, overrides, self.plan.folder / str(number)))

        goals, executor = self.plan.goals, runner.executor
        chosen = trials_to_keep(rows, goals, self.plan.settings.keep)
        kept = keep_files_of(chosen, points.columns, composed, executor, self.workers, runner.limits, parent)
        folders = dict(kept)
        return [replace(row, folder=str(folders.get(row.number, row.folder))) for row in rows]

    def _finish(self, parent: ParentRun, interrupted: bool) -> list[TrialRow]:
        points, goals, folder = self.plan.points, self.plan.goals, self.plan.folder
        rows = study_rows(self.study.trials, points, goals)
        if self.plan.settings.keep is not Kept.all and isinstance(self.runner, ComposedTrials) and not interrupted:
            rows = self._with_best(rows, parent, self.runner)
        if rows:
            print_table(rows, points.columns, goals, self.console)
        if tried_all(rows, points):
            self._say("space", f"every one of the {points.size:,} points was tried")
        write_text(folder / TRIALS_CSV, trials_csv(rows, points.names))
        if self.plan.settings.pictures and not interrupted:
            if not self.plan.is_grid:
                write_pictures(self.study.study, goals, folder)
            write_page([Path(row.folder) for row in rows if row.folder], folder)
        self._say("files", shown_path(folder))
        if (folder / REPORT_HTML).is_file():
            self._say("report", shown_path(folder / REPORT_HTML))
        self._say("next", f"python -m launcher summary {shlex.quote(shown_path(folder))}")
        parent.mend(self._ended)
        finished = sum(row.state != "running" for row in rows)
        if interrupted or (self.plan.is_grid and finished < points.total):
            self._say("kept", f"{finished} of {points.total} trials; the same command goes on from there")
        reference = parent.close(rows, goals, folder, interrupted=interrupted)
        if reference is not None:
            self._say("recorded", str(reference))
            self._say("trials", reference.trials)
        if parent.lacks_trials:
            self._say("missing", "some trials are not recorded; the same command tries to record them again")
        elif self.plan.is_grid and finished == points.total and not interrupted:
            with suppress(KeyError):  # another process, which saw it end, has begun it anew
                self.study.note(OVER, True)
        if answer := last_words(rows, goals, points.columns):
            self._say("front" if goals.several else "best", answer)
        return rows

    def _say(self, what: str, text: str) -> None:
        self.console.print(f"{what:<10}{text}", highlight=False, soft_wrap=True, markup=False)
