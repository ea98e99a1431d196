"""``hydra/sweeper=exhaustive``: a whole search, from its plan to the last line."""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import inf
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from rich.console import Console

from launcher.config.compose import composition_of, own_folders
from launcher.config.trial import Trial
from launcher.engines.native.arrays import BoolArray
from launcher.errors import LauncherError
from launcher.figures import TABLES
from launcher.fingerprint import fingerprint
from launcher.interrupts import first_asks, stop_asked
from launcher.reporting.console import console_for, warnings_console
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.executors import await_launches, executor_of
from launcher.sweeping.exhaustive.boxes import Divider
from launcher.sweeping.exhaustive.describing import described
from launcher.sweeping.exhaustive.designs import DesignTable
from launcher.sweeping.exhaustive.ending import Ending
from launcher.sweeping.exhaustive.figure_bounds import FigureBounds
from launcher.sweeping.exhaustive.findings import Findings
from launcher.sweeping.exhaustive.ledger import Ledger, forget, open_ledger
from launcher.sweeping.exhaustive.plan import ExhaustivePlan
from launcher.sweeping.exhaustive.progress import SettlingLine
from launcher.sweeping.exhaustive.reach import ParameterReach, reach_of
from launcher.sweeping.exhaustive.report import leave, say
from launcher.sweeping.exhaustive.search import BoxSearch
from launcher.sweeping.exhaustive.study_file import StudyFile
from launcher.sweeping.exhaustive.work import HardwareStudy, common_work, layers_of
from launcher.sweeping.identity import chosen_parameters, digest, identity
from launcher.sweeping.launchers import prepare, stop, workers_of
from launcher.sweeping.parent import ParentRun, sweep_name
from launcher.sweeping.storages import printable
from launcher.sweeping.sweep_files import write_sweep_files
from launcher.tracking import tracker_of
from launcher.trial.steps import specify
from launcher.verbosity import Verbosity
from launcher.whole_files import clear_leftovers

_BOUNDS = "launcher.sweeping.exhaustive.work"
_PATIENCE_S = 5.0
_OF_THE_SWEEP = ("hydra/", "hydra.", "sweep.", "sweep=", "tracking", "cache=", "verbosity=")
"""Overrides that say nothing of a point."""

_WANTED = tuple(list(figure.metric_names)[0] for figure in TABLES)  # noqa: RUF015 - the first is the exact one
"""Metrics that are kept of every design that is searched, beside those that are asked about."""


def run_exhaustive(
    config: DictConfig, plan: ExhaustivePlan, launcher: Launcher, loader: ConfigLoader, arguments: Sequence[str]
) -> list[TrialRow]:
    """Settle every point, and show what was found.

    Args:
        config: the multirun's configuration, swept values left out.
        plan: what is asked for.
        launcher: says where workers run.
        loader: composes configurations.
        arguments: the command line's overrides.

    Returns:
        The designs that were searched.

    Raises:
        LauncherError: the settings or the storage cannot be used, or no point has a mapping.
    """
    workers = workers_of(config, plan.settings.parallel)
    study = _study(config, plan, loader)
    trial = _first_trial(study)
    same = {**identity(config, plan.points, plan.goals), "bounds": fingerprint(_BOUNDS)}
    name, where = plan.place(config, digest(same))
    if plan.settings.restart:
        forget(where, name)
    prepare(config, launcher, workers)
    executor = executor_of(config, launcher, workers)
    limit = plan.settings.timeout_s
    deadline = time.monotonic() + limit if limit else inf
    with open_ledger(where, name, same) as ledger:
        one = _Search(config, plan, study, trial, ledger, name, printable(where), same, executor, workers, deadline)
        return one.run(arguments)


def _study(config: DictConfig, plan: ExhaustivePlan, loader: ConfigLoader) -> HardwareStudy:
    """One composition for every choice of groups."""
    composed = {}
    for groups, _ in plan.space.choices():
        chosen = [one.override(value) for one in plan.points.dimensions for key, value in groups if one.name == key]
        overrides = [*plan.points.fixed, *chosen]
        composed[groups] = composition_of(loader.load_sweep_config(config, overrides), overrides)
    return HardwareStudy(plan.space, composed, plan.settings.trial_timeout_s)


def _first_trial(study: HardwareStudy) -> Trial:
    """A trial of the space, after one of each choice of groups was composed: mistakes come before anything."""
    first, *_ = (study.trial(number) for _, number in study.space.choices())
    return first


@dataclass(frozen=True)
class _Search:
    """A search whose ledger is open.

    Attributes:
        config: the multirun's.
        plan: what it asks for.
        study: what workers know.
        trial: some trial of the space.
        ledger: what processes share.
        name, where: of the ledger, without passwords.
        same: what makes its outcomes comparable.
        executor, workers: who works.
        deadline: of the clock, after which nothing new is begun.
    """

    config: DictConfig
    plan: ExhaustivePlan
    study: HardwareStudy
    trial: Trial
    ledger: Ledger
    name: str
    where: str
    same: Mapping[str, Any]
    executor: Executor
    workers: int
    deadline: float

    @property
    def _console(self) -> Console:
        return console_for(self.config.verbosity)

    def run(self, arguments: Sequence[str]) -> list[TrialRow]:
        started = time.monotonic()
        parent = self._parent(arguments)
        try:
            self._begin(parent, arguments)
            with first_asks("what is settled is kept"):
                ending, interrupted = self._settle()
                seconds = time.monotonic() - started
                return self._leave(ending, parent, seconds, interrupted=interrupted)
        except KeyboardInterrupt:
            stop(self.config)
            await_launches(_PATIENCE_S)
            raise
        finally:
            parent.give_up(self.plan.folder, interrupted=stop_asked())

    def _leave(self, ending: Ending, parent: ParentRun, seconds: float, *, interrupted: bool) -> list[TrialRow]:
        return leave(
            ending,
            self.study,
            self.executor,
            self.workers,
            parent,
            self.same,
            self._console,
            seconds,
            interrupted=interrupted,
        )

    def _parent(self, arguments: Sequence[str]) -> ParentRun:
        parent = ParentRun(tracker_of(self.config.tracking), self.ledger, warnings_console())
        names = list(self.plan.space.values)
        spoken: dict[str, object] = {f"space.{name}": text for name, text in self.plan.points.identity.items()}
        spoken |= {"goals": str(self.plan.goals), "study": self.name, "overrides": " ".join(arguments)}
        fixed = chosen_parameters(self.config, self.same, self.plan.points)
        name = sweep_name(self.config.hydra.runtime.choices, names, names)
        parent.open(name, {**fixed, **spoken, "sampler": "exhaustive"}, names, self.plan.goals)
        return parent

    def _begin(self, parent: ParentRun, arguments: Sequence[str]) -> None:
        folder = self.plan.folder
        folder.mkdir(parents=True, exist_ok=True)
        for place in self.ledger.enter(folder):
            for own in (place, *place.glob("*/")):
                clear_leftovers(own)
        write_sweep_files(
            folder,
            self.config,
            parent=parent.run,
            swept=list(self.plan.space.values),
            goals=self.plan.goals,
            overrides=arguments,
            study=self.name,
            workers=self.workers,
        )
        say(self._console, "study", f"{self.name} in {self.where}, {self.plan.space.size:,} points")
        fixed = [one for one in self.plan.points.fixed if not one.lstrip("+~").startswith(_OF_THE_SWEEP)]
        keys = {one.element: self.plan.space.values[one.name] for one in self.plan.points.dimensions}
        StudyFile(tuple(fixed), keys, next(iter(own_folders(self.config.hydra)), None)).write(folder)

    def _settle(self) -> tuple[Ending, bool]:
        """Settle what is open; whether Ctrl-C or the time limit came before the end."""
        pickled = pickle.dumps(self.study)
        layers = layers_of(self.trial)
        verbose = self.config.verbosity == Verbosity.verbose
        with SettlingLine(self._console, self.plan.goals, self.plan.space.size, verbose=verbose) as line:
            line.say("describing the designs")
            table = described(pickled, self.plan.space, len(layers), self.executor, self._in_time, self.workers)
            if not len(table):
                raise LauncherError(
                    f"none of the {self.plan.space.size:,} points is a design: {table.reasons[0]}",
                    hint="other values for the keys that it names",
                )
            bounds = FigureBounds(self.plan.goals, common_work(self.trial, map(specify, layers)))
            wanted = tuple(dict.fromkeys((*_WANTED, *self.plan.goals.metrics)))
            findings, divider = Findings(self.plan.goals), Divider(self.plan.space, table.number)
            search = BoxSearch(pickled, table, bounds, divider, wanted, findings, self.ledger)
            search.begin()
            interrupted = self._run(search, line)
            reach = None
            if not interrupted and not len(search.open_designs):
                try:
                    reach = self._reach(search, table, line)
                except _TimeUpError:
                    pass
                except KeyboardInterrupt:  # the answer is known all the same
                    interrupted = True
        left = search.open_designs
        least = search.least_loss if len(left) else None
        return Ending(self.plan, table, findings, wanted, left, least, reach), interrupted

    def _in_time(self) -> None:
        """Go on describing the designs.

        Raises:
            LauncherError: ``sweep.timeout_s`` is over.
            KeyboardInterrupt: Ctrl-C.
        """
        _stop_if_asked()
        limit = self.plan.settings.timeout_s
        if limit is not None and time.monotonic() > self.deadline:
            raise LauncherError(
                f"sweep.timeout_s={limit:g} was over before the {self.plan.space.size:,} points "
                "were described, which comes before anything is settled",
                hint=f"sweep.timeout_s={10 * limit:g}, or fewer values",
            )

    def _reach(self, search: BoxSearch, table: DesignTable, line: SettlingLine) -> ParameterReach | None:
        """How far each value of each key can get, where there is one objective."""
        if not self.plan.settings.pictures or len(self.plan.goals.objectives) > 1:
            return None
        line.say("settling how far each value of each key can get")

        def look() -> None:
            _stop_if_asked()
            if time.monotonic() > self.deadline:
                raise _TimeUpError

        def settle(chosen: BoolArray, findings: Findings) -> None:
            own = search.among(chosen, findings)
            own.run(self.executor, self.workers, look)

        return reach_of(self.plan.space, table, search.findings, settle)

    def _run(self, search: BoxSearch, line: SettlingLine) -> bool:
        def look() -> None:
            _stop_if_asked()
            if time.monotonic() > self.deadline:
                raise _TimeUpError
            settled, excluded = search.settled_points
            findings = search.findings
            line.settled(settled, excluded, findings.best, search.least_loss, len(findings.front))

        unbounded = search.unbounded
        if unbounded:
            say(self._console, "bounds", f"none is known of {', '.join(unbounded)}: it excludes nothing")
        try:
            search.run(self.executor, self.workers, look)
        except _TimeUpError:
            return False
        except KeyboardInterrupt:
            return True
        return False


class _TimeUpError(Exception):
    """``sweep.timeout_s`` is over."""


def _stop_if_asked() -> None:
    if stop_asked():
        raise KeyboardInterrupt
