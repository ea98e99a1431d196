"""Composing a configuration, and turning it into typed objects."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from launcher.config.explain import explain, unknown_key
from launcher.config.layer_sizes import LayerSizes, layer_sizes
from launcher.config.model_file import read_model_file
from launcher.config.model_schema import Model, Transformer
from launcher.config.schema import Experiment, NetworkObjective, register
from launcher.errors import ConfigurationError
from launcher.paths import data_folder

_GROUPS = ("arch", "model", "layer", "mapper", "engine", "estimator", "tracking", "fusion")

_PLAIN = ("count_repeats", "cache", "mapping", "verify")
"""Keys of a trial that belong to no group."""

_NAMED = ("arch", "model", "layer", "engine", "estimator")
"""Groups whose choice is a parameter of its own."""

_PLUMBING = ("name", "label", "template", "norm_template", "layers", "flows", "columns")
"""Fields that say nothing about the experiment, so no one filters runs by them."""


@dataclass(frozen=True)
class Trial:
    """A composed experiment, ready to run.

    Attributes:
        experiment: typed and range-checked.
        layer: the layer's sizes as numbers.
        parameters: what a person would filter runs by, flat: ``arch`` -> ``gemmini``, ``arch.rows`` -> 16.
        template_folders: where the user's own templates are looked up.
        layers: trials of the layers of a network; empty for a single layer. Of a network, ``layer`` is its first.
    """

    experiment: Experiment
    layer: LayerSizes
    parameters: dict[str, object]
    template_folders: tuple[Path, ...] = ()
    layers: tuple[Trial, ...] = ()

    @property
    def name(self) -> str:
        """How people call this trial, e.g. ``gemmini 16x16 KQV`` or ``gemmini 16x16 bert_base``."""
        label, layer = entry(self.experiment.arch, "label"), self.parameters["layer"]
        subject = self.parameters["model"] if layer == ALL else layer
        return " ".join(str(part) for part in (self.parameters.get("arch"), label, subject) if part)

    @property
    def runs(self) -> int:
        """How often the layer runs in the whole model: repeats per block times blocks."""
        blocks: int = self.experiment.model.blocks
        return self.layer.repeats * blocks if self.experiment.count_repeats else 1


ALL = "all"
"""The choice of ``layer`` that stands for all layers of the model."""


def spelled_out(overrides: Sequence[str]) -> list[str]:
    """``layer=[A,B]`` as Hydra understands it: it would lay the files of A and B on top of each other."""
    spelled: list[str] = []
    for override in overrides:
        listed = re.match(r"layer=(\[.*\])$", override)
        spelled += [f"layer={ALL}", f"layers={listed[1]}"] if listed else [override]
    return spelled


def entry(node: object, key: str) -> Any:
    """A value of a group that is typed, or a plain mapping because a user brought it; None when it is not there."""
    return node.get(key) if isinstance(node, dict) else getattr(node, key, None)


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> Trial:
    """Compose a trial from overrides, as the command line would, without leaving anything on disk.

    Args:
        overrides: e.g. ``["arch=gemmini", "layer=KQV", "arch.rows=32"]``.
        config_dir: a folder with groups of your own, as ``--config-dir`` takes it.

    Raises:
        ConfigurationError: an unknown choice, key or type, or a value out of range.
    """
    register()
    overrides = spelled_out(overrides)
    main = str(data_folder("conf"))
    folders = _own_templates([config_dir] if config_dir else [])
    extra = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    try:
        with initialize_config_dir(main, version_base="1.3"):
            # The sweeper is a plugin of the command line only; nothing sweeps here.
            overrides = [*extra, "hydra/sweeper=basic", *overrides]
            config = hydra_compose("config", overrides, return_hydra_config=True)
            return _trial_or_network(config, config.hydra.runtime.choices, folders, overrides)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error


def _own_templates(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Where a user's own templates and shapes are looked up."""
    return tuple(folder / kind for folder in folders for kind in ("arch_templates", "workloads"))


def job_trial(config: DictConfig) -> Trial:
    """The trial of the Hydra job that is running now."""
    hydra = HydraConfig.get()
    sources = [Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file"]
    project = data_folder("conf")
    folders = _own_templates([path for path in sources if path.resolve() != project])
    try:
        return _trial_or_network(config, hydra.runtime.choices, folders, list(hydra.overrides.task))
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error


def _trial_or_network(
    config: DictConfig, choices: Mapping[str, Any], folders: tuple[Path, ...], overrides: Sequence[str]
) -> Trial:
    """Needs a running Hydra: every layer of a network is composed on its own."""
    if config.layers is None:
        return to_trial(config, choices, folders)
    _complete_model(config)
    names = [str(name) for name in (config.model.layers if config.layers == ALL else config.layers)]
    common = [override for override in overrides if not override.startswith(("layer=", "layers="))]
    sized = [override for override in common if override.lstrip("+~").startswith("layer.")]
    if sized or not names:
        raise ConfigurationError(
            f"{sized[0]}: several layers have no size in common" if sized else "layers=[]: there is no layer to map",
            hint="layer=NAME for a single layer; model.sequence and the like for all of them",
        )
    layers = []
    config = copy.deepcopy(config)
    OmegaConf.set_struct(config, False)
    deciding = tuple(override for override in common if _decides_files(override))
    for name in names:
        config.layer = _layer_node(deciding, name)
        layers.append(to_trial(config, {**choices, "layer": name}, folders))
    first = layers[0]
    parameters = {key: value for key, value in first.parameters.items() if not key.startswith("layer")}
    everything = names == list(first.experiment.model.layers)
    parameters["layer"] = ALL if everything else "+".join(names)
    parameters["model"] = str(choices["model"])
    return replace(first, parameters=parameters, layers=tuple(layers))


def _decides_files(override: str) -> bool:
    """Whether an override can decide which files a configuration consists of; values of keys cannot."""
    key = override.lstrip("+~").partition("=")[0]
    return "." not in key or key.startswith(("hydra.", "layer"))


@lru_cache(maxsize=1024)
def _layer_node(overrides: tuple[str, ...], name: str) -> DictConfig:
    """A layer's part of the configuration. The trials of a sweep differ in values, so they share it."""
    node: DictConfig = hydra_compose("config", [*overrides, f"layer={name}"]).layer
    return node


def to_trial(config: DictConfig, choices: Mapping[str, Any], template_folders: tuple[Path, ...] = ()) -> Trial:
    """Typed objects of a composed configuration.

    Args:
        config: the composed configuration.
        choices: group -> choice.

    Raises:
        ConfigurationError: a value is missing or out of range.
    """
    _check_choices(choices)
    _complete_model(config)
    _check_given(config, choices)
    try:
        typed: dict[str, Any] = {group: OmegaConf.to_object(config[group]) for group in _GROUPS}
        typed |= {key: OmegaConf.to_object(config[key]) for key in ("constraints", "mapspace", "network")}
        experiment = Experiment(**typed, **{key: config[key] for key in _PLAIN})
        values: dict[str, dict[str, Any]] = {group: _plain(config[group]) for group in _GROUPS}
    except OmegaConfBaseException as error:
        raise explain(error) from error
    for group, node in typed.items():
        _check_keys(group, node, config[group])
    model = experiment.model.names
    layer = _sizes(experiment, model)
    values["layer"] |= {**layer.dimensions, **layer.coefficients, "repeats": layer.repeats}
    values["model"] |= {key: model[key] for key, value in values["model"].items() if value is None}
    parameters = _parameters(values, choices, layer.names)
    parameters["mapspace.factors"] = str(experiment.mapspace.asked)
    if experiment.network.objective is not NetworkObjective.layers:
        parameters["network.objective"] = str(experiment.network.objective)
    if config.configuration is not None:
        parameters = {"configuration": config.configuration, **parameters}
    return Trial(experiment, layer, parameters, template_folders)


def _sizes(experiment: Experiment, model: Mapping[str, object]) -> LayerSizes:
    try:
        return layer_sizes(experiment.layer, model)
    except ConfigurationError as error:
        if entry(experiment.layer, "name") not in experiment.model.layers:
            error.hint = f"the layers of {experiment.model.name} are {', '.join(experiment.model.layers)}"
        raise


def _check_choices(choices: Mapping[str, Any]) -> None:
    for group in _GROUPS:
        if group not in choices:  # Hydra lists only groups with exactly one choice
            raise ConfigurationError(
                f"{group}: a trial takes exactly one choice of {group}",
                hint=f"-m {group}=A,B runs one trial for each",
            )


def _complete_model(config: DictConfig) -> None:
    """A model without a type is a Transformer; what its file leaves open is read from ``model.path``."""
    if not issubclass(OmegaConf.get_type(config.model) or dict, Model):
        try:
            OmegaConf.set_struct(config, False)
            config.model = OmegaConf.merge(OmegaConf.structured(Transformer), config.model)
        except OmegaConfBaseException as error:
            raise explain(error) from error
    read_model_file(config.model)


def _check_given(config: DictConfig, choices: Mapping[str, Any]) -> None:
    """Values that a file leaves to the user, such as the sizes of ``layer=gemm``."""
    for group in _GROUPS:
        missing = sorted(OmegaConf.missing_keys(config[group]))
        if missing:
            raise ConfigurationError(
                f"{group}={choices[group]} has no {', '.join(missing)}",
                hint="add " + " ".join(f"{key}=..." for key in missing),
            )


def _check_keys(group: str, node: object, config: DictConfig) -> None:
    """Keys that ``+group.key=`` added to a typed group would be ignored, so they are refused."""
    if not is_dataclass(node):
        return
    known = [item.name for item in fields(node)]
    for key in map(str, config):
        if key not in known:
            raise unknown_key(f"{group}.{key}", known)


def _plain(node: DictConfig) -> dict[str, Any]:
    plain = OmegaConf.to_container(node, resolve=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _parameters(
    values: dict[str, dict[str, Any]], choices: Mapping[str, Any], used: frozenset[str]
) -> dict[str, object]:
    """Flat parameters; of a model that has nothing to do with the layer only those that the layer's sizes use."""
    parameters: dict[str, object] = {group: str(choices[group]) for group in _NAMED}
    model, layer = values["model"], values["layer"]["name"]
    if layer not in model["layers"] and used <= {"batch"}:
        del parameters["model"]
        values = {**values, "model": {key: model[key] for key in used}}
    groups = ["arch", "model", "layer", "mapper"]
    # Settings of Timeloop's search say nothing where they are not set, which is nearly always.
    unset = {key for key, value in values["mapper"].items() if value is None and key != "timeout_s"}
    if values["fusion"]["mode"] != "none" or values["fusion"]["level"] is not None:
        groups.append("fusion")
    for group in groups:
        parameters |= {
            f"{group}.{key}": value
            for key, value in values[group].items()
            if key not in _PLUMBING and not (group == "mapper" and key in unset)
        }
    objective = parameters.pop("mapper.objective")
    parameters["objective"] = ",".join(map(str, objective)) if isinstance(objective, list) else objective
    return parameters
