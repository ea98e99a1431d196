"""What one Hydra job does: run a trial, keep its files, record it, show it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from launcher.config.compose import job_trial
from launcher.config.trial import entry
from launcher.disks import FullDiskError
from launcher.engines.run import must_compile
from launcher.errors import ConfigurationError, LauncherError, NoValidMappingError
from launcher.interrupts import first_asks, stop_asked
from launcher.paths import TIMELOOP_FOLDER, shown_path
from launcher.plain_text import without_passwords
from launcher.process_limits import end_with_sweep, spare_libraries
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.console import console_for, tell_unused, warnings_console
from launcher.reporting.headline import next_commands
from launcher.reporting.progress import search_progress
from launcher.reporting.terminal import print_effort, print_result
from launcher.results.files import sweep_file
from launcher.results.result import Result
from launcher.sweeping.trials import TrialLimits, outcome_of
from launcher.tracking import tracker_of
from launcher.trial.network.whole import advised
from launcher.trial.run import run_trial
from launcher.verbosity import Verbosity
from launcher.whole_files import write_text

_HYDRA = ".hydra"


def run_single(config: DictConfig) -> Result:
    """One trial on its own: everything it has to say goes to the terminal.

    After a first Ctrl-C the best mapping so far is the result; its optimality says how far from the best it may be.

    Raises:
        KeyboardInterrupt: Ctrl-C before any mapping was found, or twice.
        LauncherError: the configuration cannot be run (then nothing is left behind), the hardware admits no mapping
            (the result is kept and recorded), or the result could not be recorded (it is on disk).
    """
    folder = _output_folder()
    _hide_passwords(folder)
    verbose = config.verbosity == Verbosity.verbose
    console = console_for(config.verbosity)
    try:
        _one_configuration_only(config)
        trial = job_trial(config)
        tell_unused(HydraConfig.get().overrides.task, ("sweep.",), "without -m there is no sweep")
        tracker = tracker_of(trial.experiment.tracking)
        tracker.warm_up()
        sliding = any(entry(layer.experiment.layer, "shape") == "conv" for layer in trial.layers or (trial,))
        factors = trial.experiment.mapspace.asked
        compiles = must_compile(trial.experiment.engine.name, sliding=sliding, factors=factors)
        with (
            first_asks("the best mapping so far is kept"),
            search_progress(console, trial.name, compiles=compiles, verbose=verbose) as on_progress,
        ):
            result = advised(trial, run_trial(trial, on_progress, folder))
        if stop_asked() and not result.ok:
            raise KeyboardInterrupt
    except (LauncherError, KeyboardInterrupt):
        if not (folder / TIMELOOP_FOLDER).exists():  # whose logs say what went wrong
            shutil.rmtree(folder, ignore_errors=True)  # Hydra made it just now; it holds no result
        raise
    write_artifacts(result, folder)
    if result.ok:
        print_result(result, console, details=verbose)
        if verbose:
            print_effort(result, console)
    shown = shown_path(folder)
    console.print(f"files     {shown}", highlight=False, soft_wrap=True)
    reference = tracker.record(result, folder)
    if reference is not None:
        console.print(f"recorded  {reference}", highlight=False, soft_wrap=True)
    if result.ok:
        for command in next_commands(shown):
            console.print(f"next      {command}", highlight=False, soft_wrap=True, markup=False)
    if not result.ok:
        raise NoValidMappingError(f"{result.name}: {result.reason}")
    return result


def _one_configuration_only(config: DictConfig) -> None:
    if config.configs is not None or config.mixup:
        raise ConfigurationError("configs= are several configurations, and this is a single run", hint="add -m")
    sweeper = HydraConfig.get().runtime.choices.get("hydra/sweeper")
    if sweeper in ("optuna", "exhaustive"):
        raise ConfigurationError(
            f"hydra/sweeper={sweeper} is for several trials, and this is a single run", hint="add -m"
        )


def run_swept(config: DictConfig) -> Result:
    """One trial of many that needs Hydra to run; its sweep records and shows it.

    It raises nothing but KeyboardInterrupt, so that the others go on, and FullDiskError, so that they do not.
    """
    end_with_sweep()
    folder = _output_folder()
    _hide_passwords(folder)
    sweep = sweep_file(folder.parent)
    limits = TrialLimits(config.sweep.trial_timeout_s, shared=sweep.get("workers", 1) > 1)
    overrides = list(HydraConfig.get().overrides.task)
    result, trial = outcome_of(lambda: job_trial(config), overrides, folder, limits)
    try:
        write_artifacts(result, folder)
        if not sweep and trial:  # of another sweeper than ours, which knows nothing of recording
            tracker_of(trial.experiment.tracking).record(result, folder)
    except FullDiskError:
        raise
    except LauncherError as error:
        warnings_console().print(f"[yellow]not recorded:[/] {error}", soft_wrap=True)
    spare_libraries()
    return result


def _hide_passwords(folder: Path) -> None:
    """In what Hydra has just written of the configuration: addresses of databases hold passwords."""
    for file in (folder / _HYDRA).glob("*.yaml"):
        with suppress(OSError, UnicodeDecodeError):  # which the trial's own files will meet, too
            text = file.read_text(encoding="utf-8")
            if (hidden := without_passwords(text)) != text:
                write_text(file, hidden)


def _output_folder() -> Path:
    return Path(HydraConfig.get().runtime.output_dir)
