"""A trial of a sweep, wherever it runs: its result, its files, and nothing raised but Ctrl-C."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.config.composition import ComposedExperiment, Value
from launcher.config.trial import Trial
from launcher.config.written import list_text
from launcher.disks import FullDiskError, full_disk, is_full
from launcher.engines.interface import Progress
from launcher.errors import LauncherError
from launcher.interrupts import stop_asked
from launcher.plain_text import without_passwords
from launcher.process_limits import at_most, end_with_sweep, sharing, spare_libraries
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.console import warnings_console
from launcher.results.files import CONFIG_YAML, OVERRIDES_YAML
from launcher.results.result import Result
from launcher.trial.run import failed, run_trial


@dataclass(frozen=True)
class TrialLimits:
    """What a trial may take.

    Attributes:
        seconds: it has failed when it takes longer; None is no limit.
        shared: whether others run beside it.
    """

    seconds: float | None
    shared: bool


@dataclass(frozen=True)
class ComposedTrial:
    """A trial that needs no Hydra to run.

    Attributes:
        overrides: what it is told, in words.
        composition: what it has in common with others.
        values: what it has not.
        folder: takes its files; None when it leaves none.
    """

    overrides: tuple[str, ...]
    composition: ComposedExperiment
    values: Mapping[str, Value]
    folder: Path | None


@dataclass(frozen=True)
class BatchOutcome:
    """What came out of some trials, in their order.

    Attributes:
        outcomes: a result for each, or why there is none.
        folders: where their files are; None where a trial did not come so far.
        seconds: all of them took.
    """

    outcomes: Sequence[Result | BaseException]
    folders: Sequence[Path | None]
    seconds: float


def run_batch(trials: Sequence[ComposedTrial], limits: TrialLimits) -> BatchOutcome:
    """Run trials one after the other.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    end_with_sweep()
    started = time.monotonic()
    outcomes = [_run(one, limits) for one in trials]
    return BatchOutcome(outcomes, [one.folder for one in trials], time.monotonic() - started)


def outcome_of(
    compose: Callable[[], Trial], overrides: Sequence[str], folder: Path | None, limits: TrialLimits
) -> tuple[Result, Trial | None]:
    """The result of a trial, whatever goes wrong, and the trial if it could be composed.

    Raises:
        KeyboardInterrupt: Ctrl-C.
        FullDiskError: there is no room for its files: that says nothing of the trial.
    """
    trial: Trial | None = None
    try:
        trial = compose()
        with at_most(limits.seconds, "sweep.trial_timeout_s"), sharing(limits.shared):
            result = run_trial(trial, _stop_if_asked, folder)
    except Exception as error:
        if is_full(error):
            raise _no_room(error, folder) from error
        name, parameters = (trial.name, trial.parameters) if trial else _written(overrides)
        result = failed(name, parameters, error)
        if not isinstance(error, LauncherError) and folder is not None:
            (folder / "traceback.txt").write_text(without_passwords(traceback.format_exc()))
    if stop_asked():
        raise KeyboardInterrupt  # a search that was cut short is not what the sweep asked for
    return result, trial


def _run(one: ComposedTrial, limits: TrialLimits) -> Result | FullDiskError:
    """The result; nothing is known of a trial for which there was no room."""
    folder = one.folder
    try:
        if folder is not None:
            _write_configuration(one, folder)
    except OSError as error:
        if is_full(error):
            return full_disk(folder or Path.cwd())
        return failed(*_written(one.overrides), LauncherError(f"cannot write: {error.strerror}", where=str(folder)))
    try:
        result, _ = outcome_of(lambda: one.composition.at(one.values), one.overrides, folder, limits)
        if folder is not None:
            write_artifacts(result, folder)
    except FullDiskError as error:
        return error
    except LauncherError as error:
        warnings_console().print(f"[yellow]not recorded:[/] {error}", soft_wrap=True)
    spare_libraries()
    return result


def _write_configuration(one: ComposedTrial, folder: Path) -> None:
    """As Hydra leaves it beside a job."""
    file = folder / OVERRIDES_YAML
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(without_passwords(list_text(one.overrides)), encoding="utf-8")
    try:
        text = without_passwords(one.composition.text(one.values))
        (folder / CONFIG_YAML).write_text(text, encoding="utf-8")
    except LauncherError:  # which is what the trial itself will fail of
        (folder / CONFIG_YAML).unlink(missing_ok=True)


def _stop_if_asked(progress: Progress) -> None:
    if stop_asked():
        raise KeyboardInterrupt


def _no_room(error: Exception, folder: Path | None) -> FullDiskError:
    return error if isinstance(error, FullDiskError) else full_disk(folder or Path.cwd())


def _written(overrides: Sequence[str]) -> tuple[str, dict[str, object]]:
    """Name and parameters of a trial that could not even be composed."""
    pairs = (item.partition("=") for item in overrides)
    return " ".join(overrides), {key: value for key, _, value in pairs}
