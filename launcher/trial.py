"""One trial, as a list of steps: compose -> render -> estimate -> map -> Result."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from launcher.config.compose import Trial, entry
from launcher.engines.base import MapperSettings, OnProgress
from launcher.engines.run import checked_objective, find_best, make_engine
from launcher.errors import ConfigurationError, LauncherError
from launcher.estimation import estimate
from launcher.network import total
from launcher.result import LayerRun, Result
from launcher.specification.render import render
from launcher.specification.specification import Specification


def run_trial(trial: Trial, on_progress: OnProgress | None = None) -> Result:
    """Find the best mapping of one composed experiment: of one layer, or of every layer of a network.

    Returns:
        A result with status ``ok``, or ``infeasible`` with the reason when the mapspace is empty.

    Raises:
        LauncherError: the configuration, a template or a table is wrong.
    """
    if trial.layers:
        return _run_network(trial)
    return _map(trial, specify(trial), on_progress)


def _run_network(trial: Trial) -> Result:
    """Layers with equal problems are searched once; searches run beside each other where there are cores."""
    started = time.perf_counter()
    specifications = [specify(layer) for layer in trial.layers]
    firsts = [specifications.index(specification) for specification in specifications]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        searches = {n: pool.submit(_map, trial.layers[n], specifications[n], None) for n in dict.fromkeys(firsts)}
        found = {n: search.result() for n, search in searches.items()}
    layers = [
        LayerRun(replace(found[n], name=layer.name, parameters=layer.parameters), layer.runs)
        for n, layer in zip(firsts, trial.layers, strict=True)
    ]
    return total(trial.name, trial.parameters, layers, time.perf_counter() - started)


def _map(trial: Trial, specification: Specification, on_progress: OnProgress | None) -> Result:
    return find_best(
        make_engine(trial.experiment.engine.name),
        specification,
        mapper_settings(trial),
        name=trial.name,
        parameters=trial.parameters,
        on_progress=on_progress,
    )


def failed(trial_name: str, parameters: Mapping[str, object], error: BaseException) -> Result:
    """The result of a trial that could not be run at all."""
    reason = str(error) if isinstance(error, LauncherError) else f"{type(error).__name__}: {error}"
    return Result(name=trial_name, status="failed", reason=reason, parameters=dict(parameters), engine="", estimator="")


def specify(trial: Trial) -> Specification:
    """Render a trial's templates and put figures on every component."""
    experiment = trial.experiment
    shape = entry(experiment.layer, "shape")
    specification = render(_template(trial), shape, experiment.arch, trial.layer, trial.template_folders)
    tables = [Path(folder).expanduser() for folder in experiment.estimator.tables]
    return estimate(specification, estimator=experiment.estimator.name, tables=tables)


def mapper_settings(trial: Trial) -> MapperSettings:
    """The mapper's settings, checked."""
    mapper = trial.experiment.mapper
    objective = checked_objective(mapper.objective, "mapper.objective")
    return MapperSettings(objective=objective, timeout_s=mapper.timeout_s, threads=mapper.threads)


def _template(trial: Trial) -> str:
    """Softmax and layer normalisation run on an engine of their own beside the array."""
    key = "norm_template" if entry(trial.experiment.layer, "shape") == "norm_operation" else "template"
    template = entry(trial.experiment.arch, key)
    if not isinstance(template, str) or not template:
        raise ConfigurationError(
            f"arch.{key} is not set, and layer {entry(trial.experiment.layer, 'name')} needs it",
            expected="the file name of a template",
            hint=f"add '{key}: my_template.yaml.j2' to the architecture's file",
        )
    return template
