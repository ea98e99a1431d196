"""Whether the three files of a study are about the same space, and ask the same question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from warnings import catch_warnings

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from yaml import YAMLError

from launcher.commands.check.study.record import StudyRecord
from launcher.config.recompose import kept_configuration
from launcher.errors import LauncherError
from launcher.results.files import MULTIRUN_YAML
from launcher.sweeping.exhaustive.plan import goals_of
from launcher.sweeping.identity import identity, what_changed
from launcher.sweeping.points.interface import Value
from launcher.sweeping.points.space import Dimension, Space

_COMPUTED = ("code", "data", "bounds")
"""Of an identity: digests of what may have changed since, with good reason."""


def check_question(record: StudyRecord) -> Iterator[str]:
    """Keys, values, goals or other settings that are not the same everywhere."""
    study, certificate, points = record.study, record.certificate, record.points
    if _written(study.keys) != _written(points.keys):
        yield "study.json and points.parquet have different keys or values"
    if certificate.points != study.size:
        yield f"the certificate is about {certificate.points:,} points, and the space has {study.size:,}"
    yield from _check_space(certificate.identity, study.keys)
    if certificate.identity.get("goals") != str(certificate.goals):
        yield f"the certificate is about {certificate.goals}, its identity about {certificate.identity.get('goals')}"
    if tuple(points.bounds) != certificate.goals.objectives:
        yield "points.parquet has bounds of other objectives than the certificate"
    try:
        config = kept_configuration(study.overrides, study.config_dir)
        yield from _check_composed(record, config)
    except LauncherError as error:
        yield f"what the study asks cannot be composed: {error.what}"


def changed_since(record: StudyRecord) -> list[str]:
    """Code and data that are not those with which the study was made; a good reason for other figures."""
    now = _now(record, kept_configuration(record.study.overrides, record.study.config_dir))
    made = record.certificate.identity
    return [name for name in _COMPUTED if name in now and made.get(name) != now[name]]


def _check_composed(record: StudyRecord, config: DictConfig) -> Iterator[str]:
    asked = goals_of(_with_sweep(config, record.folder / MULTIRUN_YAML))
    if asked != record.certificate.goals:
        yield f"{MULTIRUN_YAML} asks for {asked}, the certificate is about {record.certificate.goals}"
    now, made = _now(record, config), record.certificate.identity
    if made.get("fixed") != now["fixed"]:
        changed = what_changed(_mapping(made.get("fixed")), now["fixed"])
        yield f"study.json composes something else than the certificate is about: {'; '.join(changed)}"


def _with_sweep(config: DictConfig, file: Path) -> DictConfig:
    """A configuration that asks what the sweep asked; study.json says only what its points are."""
    try:
        found = OmegaConf.load(file)
        return cast(DictConfig, OmegaConf.merge(config, {"sweep": cast(DictConfig, found)["sweep"]}))
    except (OSError, ValueError, TypeError, KeyError, YAMLError, OmegaConfBaseException) as error:
        raise LauncherError(f"{file.name} is missing or damaged", where=str(file)) from error


def _now(record: StudyRecord, config: DictConfig) -> Mapping[str, Any]:
    """The identity that such a study has today, but for the words of its space."""
    keys = record.study.keys
    dimensions = [Dimension(key, key, CategoricalDistribution(tuple(values))) for key, values in keys.items()]
    space = Space(tuple(dimensions), record.study.overrides)
    now = identity(config, space, record.certificate.goals)
    return dict(json.loads(json.dumps(now)))


def _check_space(made: Mapping[str, Any], keys: Mapping[str, Sequence[Value]]) -> Iterator[str]:
    space = _mapping(made.get("space"))
    if [*space] != [*keys]:
        yield f"the certificate's space has the keys {', '.join(space)}, study.json has {', '.join(keys)}"
        return
    for key, values in keys.items():
        if space[key] not in _words(key, values):
            yield f"the certificate says that {key} is {space[key]}, and study.json has {len(values)} other values"


def _words(key: str, values: Sequence[Value]) -> Iterator[str]:
    """What a space that has these values may be called."""
    yield str(Dimension(key, key, CategoricalDistribution(tuple(values))))
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    steps = {float(f"{after - before:.9g}") for before, after in pairwise(numbers)} or {1.0}
    if len(numbers) < len(values) or len(steps) > 1 or min(steps) <= 0:
        return
    low, high, (step,) = numbers[0], numbers[-1], steps
    with catch_warnings(action="ignore"):  # of rounding, which the words do not show
        if not all(isinstance(value, int) for value in numbers):
            yield str(Dimension(key, key, FloatDistribution(low, high, step=step)))
            return
        yield str(Dimension(key, key, IntDistribution(int(low), int(high), step=int(step))))
        if step == 1 and low > 0:
            yield str(Dimension(key, key, IntDistribution(int(low), int(high), log=True)))


def _written(keys: Mapping[str, Sequence[Value]]) -> str:
    return json.dumps([[key, list(values)] for key, values in keys.items()])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
