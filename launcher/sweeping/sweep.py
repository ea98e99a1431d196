"""What surrounds the trials of a multirun, whoever chooses them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from launcher.config.compose import to_trial
from launcher.engines.run import settings_of
from launcher.errors import LauncherError
from launcher.interrupts import first_asks
from launcher.reporting.best import print_best
from launcher.reporting.trials import print_trials
from launcher.results.files import SWEEP_JSON, read_result
from launcher.results.ranking import compares_hardware
from launcher.results.result import Result
from launcher.sweeping.launchers import trials_run_here
from launcher.sweeping.naming import sweep_name, swept_keys
from launcher.sweeping.page import write_page
from launcher.sweeping.watch import FolderWatch
from launcher.tracking import Tracker, TrackingSettings, make_tracker
from launcher.verbosity import console_for

_NETWORK = ("arch", "model", "layer", "engine", "estimator")


@dataclass
class Sweep:
    """A running multirun, as a context manager around its trials.

    Attributes:
        folder: the sweep's output folder; every trial has a folder of its own in it.
        tracker: where its own run and its trials' are recorded.
        parent: identifier of its own run; empty when nothing is recorded.
        objective: what decides which trial is best.
        total: how many trials there will be.
        console: where it says what came out.
        trials_run_here: one after the other in this process, rather than in workers.
        pictures: whether a page is made of the trials when the sweep ends.
        finished: results of the trials; those of an interrupted sweep are read back from its folder.
    """

    folder: Path
    tracker: Tracker
    parent: str
    objective: tuple[str, ...]
    total: int
    console: Console
    trials_run_here: bool
    pictures: bool
    finished: Sequence[Result] = field(default_factory=list)
    _around: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def begin(cls, config: DictConfig, arguments: Sequence[str], total: int) -> Sweep:
        """Prepare tracking and open the parent run, before any worker starts.

        Args:
            config: the multirun's own configuration, swept values left out.
            arguments: the command line's overrides.
            total: how many trials there will be.
        """
        choices = {group: str(choice) for group, choice in config.hydra.runtime.choices.items()}
        if config.layers is None:
            parameters = to_trial(config, choices).parameters
        else:  # of a network, every trial composes its layers itself
            parameters = {group: choices[group] for group in _NETWORK if choices.get(group)}
        written = OmegaConf.to_container(config.mapper)
        objective = settings_of(written["objective"], "mapper.objective", None, 1).objective  # type: ignore[index,call-overload]
        tracking = config.tracking
        tracker = make_tracker(TrackingSettings(kind=tracking.kind, experiment=tracking.experiment, uri=tracking.uri))
        tracker.prepare()
        swept = swept_keys(arguments)
        overrides = {"overrides": " ".join(arguments)}
        parent = tracker.start_sweep(sweep_name(choices, swept), {**parameters, **overrides}, swept=swept)
        folder = Path(config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SWEEP_JSON).write_text(
            json.dumps({"parent": parent, "swept": swept, "overrides": list(arguments)}) + "\n"
        )
        console = console_for(config.verbosity)
        here, pictures = trials_run_here(config), bool(config.sweep.pictures)
        return cls(folder, tracker, parent, objective, total, console, here, pictures)

    def __enter__(self) -> Sweep:
        if self.trials_run_here:  # nobody looks at a request while workers run: Ctrl-C ends them at once then
            self._around.enter_context(first_asks("finished trials are kept"))
        self._around.enter_context(FolderWatch(self.console, self.folder, self.total, self.objective))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print the table and close the parent run, also when the sweep was interrupted.

        Raises:
            LauncherError: no trial found a mapping.
        """
        self._around.close()
        results = list(self.finished) or self._results_on_disk()
        console = self.console
        if results:
            print_trials(results, console, self.objective)
            if compares_hardware(results):
                print_best(results, console)
        console.print(f"files     {self.folder}", highlight=False, soft_wrap=True)
        if error is not None:
            console.print(f"kept      {len(results)} of {self.total} trials", highlight=False, soft_wrap=True)
        if self.pictures and error is None:
            write_page([self.folder], self.folder)
        reference = self.tracker.finish_sweep(
            self.parent, results, objective=self.objective, interrupted=error is not None, folder=self.folder
        )
        if reference is not None:
            console.print(f"recorded  {reference}", highlight=False, soft_wrap=True)
            console.print(f"trials    {reference.trials}", highlight=False, soft_wrap=True)
        if error is None and not any(result.ok for result in results):
            raise LauncherError(
                f"none of the {len(results)} trials found a mapping",
                where=str(self.folder),
                hint="see the reasons above",
            )

    def _results_on_disk(self) -> list[Result]:
        files = sorted(self.folder.glob("*/result.json"), key=lambda file: (len(file.parent.name), file.parent.name))
        return [read_result(file.parent) for file in files]
