"""One trial: a layer, or several layers as a network."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from launcher.config.limits import broken
from launcher.config.model_schema import Phase, Transformer
from launcher.config.schema import FusionMode
from launcher.config.trial import Trial
from launcher.engines.interface import OnProgress
from launcher.errors import ConfigurationError, LauncherError
from launcher.paths import TIMELOOP_FOLDER
from launcher.results.caveats import caveats
from launcher.results.result import Result
from launcher.trial.network.fusion import fused
from launcher.trial.network.generate import run_generation
from launcher.trial.network.run import run_network
from launcher.trial.steps import map_layer, specify


def run_trial(trial: Trial, on_progress: OnProgress | None = None, folder: Path | None = None) -> Result:
    """Find the best mapping of one composed experiment: of one layer, or of every layer of a network.

    Args:
        trial: the experiment.
        on_progress: called now and then.
        folder: takes a folder ``timeloop`` with the runs of the real Timeloop, where any are made; None keeps nothing.

    Returns:
        A result with status ``ok``, or ``infeasible`` with the reason when the mapspace is empty.

    Raises:
        LauncherError: the configuration, a template or a table is wrong.
    """
    started = time.perf_counter()
    result = _run(trial, on_progress, folder / TIMELOOP_FOLDER if folder is not None else None)
    notes = [note for note in trial.experiment.model.notes if note not in result.flags]
    told = replace(
        result, flags=(*caveats(result), *result.flags, *notes), broken=broken(result, trial.experiment.constraints)
    )
    return replace(told, seconds=time.perf_counter() - started)


def _run(trial: Trial, on_progress: OnProgress | None, folder: Path | None) -> Result:
    if _generates(trial):
        return run_generation(trial, on_progress, folder)
    if trial.layers:
        return run_network(trial, on_progress, folder)
    fusion = trial.experiment.fusion
    if fusion.mode is FusionMode.best:
        raise ConfigurationError(
            "fusion=best chooses for pairs of layers", hint="layer=[KTQ,softmax], layer=all, or fusion.level=LEVEL"
        )
    specification = specify(trial)
    if fusion.level is not None:
        specification = fused(trial, specification, fusion.level)
    return map_layer(trial, specification, on_progress, folder)


def _generates(trial: Trial) -> bool:
    """Whether the model's phase is the one that is made of others.

    Raises:
        ConfigurationError: there is only one layer.
    """
    model = trial.experiment.model
    if not isinstance(model, Transformer) or model.phase is not Phase.generate:
        return False
    if not trial.layers:
        raise ConfigurationError(
            "model.phase=generate is about whole networks: a layer has other sizes in every step",
            hint="layer=all, or of one step: model.phase=decode model.cache_length=...",
        )
    return True


def failed(trial_name: str, parameters: Mapping[str, object], error: BaseException) -> Result:
    """The result of a trial that could not be run at all."""
    reason = str(error) if isinstance(error, LauncherError) else f"{type(error).__name__}: {error}"
    return Result(name=trial_name, status="failed", reason=reason, parameters=dict(parameters), engine="", estimator="")
