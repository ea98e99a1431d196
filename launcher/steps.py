"""The steps of one layer's trial: render -> estimate -> map -> Result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from launcher.config.compose import Trial, entry
from launcher.engines.base import MapperSettings, OnProgress
from launcher.engines.run import find_best, make_engine, settings_of
from launcher.errors import ConfigurationError
from launcher.estimation import EstimatorSettings, estimate
from launcher.render import render
from launcher.result import Result
from launcher.result_cache import cached, keep
from launcher.specification.specification import Specification

NORM_OPERATION = "norm_operation"
"""The shape of softmax and layer normalisation, which run on an engine of their own beside the array."""


def specify(trial: Trial) -> Specification:
    """Render a trial's templates and put figures on every component."""
    experiment = trial.experiment
    shape = entry(experiment.layer, "shape")
    specification = render(_template(trial), shape, experiment.arch, trial.layer, trial.template_folders)
    chosen = experiment.estimator
    settings = EstimatorSettings(
        tables=tuple(Path(folder).expanduser() for folder in chosen.tables),
        prefer=chosen.prefer,
        program=chosen.program,
        components=tuple(Path(path).expanduser() for path in chosen.components),
        timeout_s=chosen.timeout_s,
    )
    return estimate(specification, estimator=chosen.name, settings=settings)


def mapper_settings(trial: Trial) -> MapperSettings:
    """The mapper's settings, checked."""
    mapper = trial.experiment.mapper
    return settings_of(mapper.objective, "mapper.objective", mapper.timeout_s, mapper.threads)


def _template(trial: Trial) -> str:
    key = "norm_template" if entry(trial.experiment.layer, "shape") == NORM_OPERATION else "template"
    template = entry(trial.experiment.arch, key)
    if not isinstance(template, str) or not template:
        raise ConfigurationError(
            f"arch.{key} is not set, and layer {entry(trial.experiment.layer, 'name')} needs it",
            expected="the file name of a template",
            hint=f"add '{key}: my_template.yaml.j2' to the architecture's file",
        )
    return template


def map_layer(trial: Trial, specification: Specification, on_progress: OnProgress | None = None) -> Result:
    """The best mapping of a specified layer; ``infeasible`` with the reason when the mapspace is empty.

    With ``cache``, an earlier search of the same input is used again.
    """
    engine, settings = make_engine(trial.experiment.engine.name), mapper_settings(trial)
    version = f"{engine.name} {engine.version}"
    found = cached(specification, settings, version) if trial.experiment.cache else None
    if found is not None:
        return replace(found, name=trial.name, parameters=trial.parameters)
    result = find_best(
        engine, specification, settings, name=trial.name, parameters=trial.parameters, on_progress=on_progress
    )
    if trial.experiment.cache:
        keep(result, specification, settings, version)
    return result
