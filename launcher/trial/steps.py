"""The steps of one layer's trial: render -> estimate -> map -> Result."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from omegaconf import ListConfig

from launcher.config.engine_schema import EngineMode
from launcher.config.schema import Experiment
from launcher.config.trial import Trial, entry
from launcher.engines.interface import Engine, MapperSettings, OnProgress
from launcher.engines.run import evaluate_given, find_best, native_engine, settings_of
from launcher.engines.verify import second_opinion, verified, verifier, verify_mode
from launcher.errors import ConfigurationError, LauncherError
from launcher.estimation import EstimatorSettings, estimate
from launcher.results.idle_places import idle_sides, indivisible
from launcher.results.layers import BESIDE_THE_ARRAY
from launcher.results.result import Result
from launcher.specification.constraints import Factors
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import read_mapped
from launcher.trial.cache import cached, keep
from launcher.trial.engine_choice import NATIVE, engine_for, timeloop_settings
from launcher.trial.render import render, texts

_SWITCH = "mapspace.factors=spatial"


def specify(trial: Trial) -> Specification:
    """Render a trial's templates and put figures on every component."""
    specification = rendered(trial, trial.experiment.mapspace.asked)
    chosen = trial.experiment.estimator
    settings = EstimatorSettings(
        tables=_paths("estimator.tables", chosen.tables),
        prefer=chosen.prefer,
        program=chosen.program,
        components=_paths("estimator.components", chosen.components),
        timeout_s=chosen.timeout_s,
    )
    return estimate(specification, estimator=chosen.name, settings=settings)


def _paths(key: str, given: object) -> tuple[Path, ...]:
    """A list of files or folders; a reference to something else passes for any list."""
    if not isinstance(given, list | tuple | ListConfig) or not all(isinstance(one, str) for one in given):
        raise ConfigurationError(f"{key}={given} is no list of files or folders", expected=f"{key}=[my_folder]")
    return tuple(Path(one).expanduser() for one in given)


def rendered(trial: Trial, factors: Factors) -> Specification:
    """What a trial's templates say of its layer, in a mapspace with such factors."""
    experiment = trial.experiment
    template, shape = template_of(trial)
    return render(template, shape, experiment.arch, trial.layer, trial.template_folders, factors)


def texts_of(trial: Trial, factors: Factors) -> tuple[str, str]:
    """What a trial's templates say before it is read: the architecture, and the problem."""
    experiment = trial.experiment
    return texts(*template_of(trial), experiment.arch, trial.layer, trial.template_folders, factors)


def mapper_settings(trial: Trial) -> MapperSettings:
    """The mapper's settings, checked."""
    mapper, factors = trial.experiment.mapper, trial.experiment.mapspace.asked
    return settings_of(mapper.objective, "mapper.objective", mapper.timeout_s, mapper.threads, factors)


def template_of(trial: Trial) -> tuple[str, str]:
    """The architecture template of a trial's layer, and the shape of its problem.

    Raises:
        ConfigurationError: the architecture has no template for such a layer.
    """
    return _template(trial), str(entry(trial.experiment.layer, "shape"))


def _template(trial: Trial) -> str:
    key = "norm_template" if entry(trial.experiment.layer, "shape") in BESIDE_THE_ARRAY else "template"
    template = entry(trial.experiment.arch, key)
    if not isinstance(template, str) or not template:
        raise ConfigurationError(
            f"arch.{key} is not set, and layer {entry(trial.experiment.layer, 'name')} needs it",
            expected="the file name of a template",
            hint=f"add '{key}: my_template.yaml.j2' to the architecture's file",
        )
    return template


def map_layer(
    trial: Trial, specification: Specification, on_progress: OnProgress | None = None, folder: Path | None = None
) -> Result:
    """The best mapping of a specified layer; ``infeasible`` with the reason when none was found.

    With ``cache``, an earlier search of the native engine on the same input is used again. With
    ``engine.mode=evaluate`` the given mapping is evaluated instead.

    Args:
        trial: of one layer.
        specification: what :func:`specify` made of it.
        on_progress: called now and then.
        folder: takes the folders of Timeloop's runs; None keeps nothing of them.
    """
    experiment = trial.experiment
    engine = engine_for(experiment, folder)
    mode = verify_mode(experiment.verify)
    asked = verifier(timeloop_settings(experiment), mode, folder) if engine.name == NATIVE else None
    if experiment.engine.mode is EngineMode.evaluate:
        specification, mapping = _given(experiment, specification)
        result = evaluate_given(engine, specification, mapping, name=trial.name, parameters=trial.parameters)
    else:
        search = _searched if engine.name == NATIVE else find_mapping
        result = _advised(trial, search(trial, engine, specification, on_progress))
    if engine.name != NATIVE:
        return second_opinion(result, native_engine())
    return verified(result, asked, strict=mode == "true") if asked else result


def find_mapping(
    trial: Trial, engine: Engine, specification: Specification, on_progress: OnProgress | None = None
) -> Result:
    """What an engine finds, without advice, second opinions, or what was found before."""
    settings = native_settings(trial) if engine.name == NATIVE else mapper_settings(trial)
    return find_best(
        engine, specification, settings, name=trial.name, parameters=trial.parameters, on_progress=on_progress
    )


def _searched(trial: Trial, engine: Engine, specification: Specification, on_progress: OnProgress | None) -> Result:
    """What the native engine finds, or has found before."""
    started = time.perf_counter()
    settings, version = native_settings(trial), f"{engine.name} {engine.version}"
    found = cached(specification, settings, version) if trial.experiment.cache else None
    if found is not None:
        seconds = time.perf_counter() - started  # its own; those of the search that found it stay with that search
        return replace(found, name=trial.name, parameters=trial.parameters, seconds=seconds)
    result = find_mapping(trial, engine, specification, on_progress)
    if trial.experiment.cache:
        keep(result, specification, settings, version)
    return result


def native_settings(trial: Trial) -> MapperSettings:
    """The mapper's settings, with what the templates ask of mappings with fewer imperfect loops: none is given up."""
    _, *fewer = factors_rendered(trial)
    narrower = tuple((factors, rendered(trial, factors).constraints) for factors in fewer)
    return replace(mapper_settings(trial), narrower=narrower)


def factors_rendered(trial: Trial) -> tuple[Factors, ...]:
    """The mapspaces that a trial's templates are asked about: the wanted one, and those with fewer imperfect loops."""
    asked, every = trial.experiment.mapspace.asked, list(Factors)
    return (asked, *every[: every.index(asked)])


def _advised(trial: Trial, result: Result) -> Result:
    """The result with a remark on sides of the array that idle because nothing divides."""
    specification, mapping = result.specification, result.mapping
    if specification is None or mapping is None or result.factors is not Factors.perfect:
        return result
    if not idle_sides(specification, mapping):
        return result
    try:  # a template that fixes divisors leaves no trace of what it would ask for otherwise
        allowed = rendered(trial, Factors.spatial).constraints
    except LauncherError:  # of a user's own: no reason to lose what was found
        return result
    remarks = (reason.sentence(_SWITCH) for reason in indivisible(specification, mapping, allowed))
    return replace(result, flags=(*result.flags, *remarks))


def _given(experiment: Experiment, specification: Specification) -> tuple[Specification, Mapping]:
    """The mapping in the user's file, and the specification with what the file switches off."""
    path = Path(str(experiment.mapping)).expanduser()
    mapped = read_mapped([path], specification)
    if len(mapped) != 1:
        raise ConfigurationError(f"there are {len(mapped)} mappings", where=f"mapping={path}", expected="exactly one")
    return mapped[0]
