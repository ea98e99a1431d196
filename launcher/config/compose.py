"""Composing a configuration, and turning it into typed objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
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
from launcher.config.model_file import read_model_file
from launcher.config.model_schema import Model, Transformer
from launcher.config.schema import Experiment, register
from launcher.errors import ConfigurationError
from launcher.layers import LayerSizes, layer_sizes
from launcher.paths import data_folder

_NAMED = ("arch", "model", "layer", "engine", "estimator")
"""Groups whose choice is a parameter of its own."""

_PLUMBING = ("name", "label", "template", "norm_template", "layers")
"""Fields that say nothing about the experiment, so no one filters runs by them."""


@dataclass(frozen=True)
class Trial:
    """A composed experiment, ready to run.

    Attributes:
        experiment: typed and range-checked.
        layer: the layer's sizes as numbers.
        parameters: what a person would filter runs by, flat: ``arch`` -> ``gemmini``, ``arch.rows`` -> 16.
        template_folders: where the user's own templates are looked up.
    """

    experiment: Experiment
    layer: LayerSizes
    parameters: dict[str, object]
    template_folders: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """How people call this trial, e.g. ``gemmini 16x16 KQV``."""
        label, layer = entry(self.experiment.arch, "label"), entry(self.experiment.layer, "name")
        return " ".join(str(part) for part in (self.parameters.get("arch"), label, layer) if part)


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
    main = str(data_folder("conf"))
    extra = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    try:
        with initialize_config_dir(main, version_base="1.3"):
            # The sweeper is a plugin of the command line only; nothing sweeps here.
            config = hydra_compose("config", [*extra, "hydra/sweeper=basic", *overrides], return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error
    folders = (config_dir / "arch_templates",) if config_dir else ()
    return to_trial(config, dict(config.hydra.runtime.choices), folders)


def job_trial(config: DictConfig) -> Trial:
    """The trial of the Hydra job that is running now."""
    hydra = HydraConfig.get()
    sources = [Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file"]
    project = data_folder("conf")
    folders = tuple(path / "arch_templates" for path in sources if path.resolve() != project)
    return to_trial(config, dict(hydra.runtime.choices), folders)


def to_trial(config: DictConfig, choices: dict[str, Any], template_folders: tuple[Path, ...] = ()) -> Trial:
    """Typed objects of a composed configuration.

    Args:
        config: the composed configuration.
        choices: group -> choice.

    Raises:
        ConfigurationError: a value is missing or out of range.
    """
    groups = [item.name for item in fields(Experiment)]
    _check_choices(groups, choices)
    _complete_model(config)
    _check_given(groups, config, choices)
    try:
        typed: dict[str, Any] = {group: OmegaConf.to_object(config[group]) for group in groups}
        experiment = Experiment(**typed)
        values: dict[str, dict[str, Any]] = {group: _plain(config[group]) for group in groups}
    except OmegaConfBaseException as error:
        raise explain(error) from error
    for group, node in vars(experiment).items():
        _check_keys(group, node, config[group])
    model = experiment.model.names
    layer = layer_sizes(experiment.layer, model)
    values["layer"] |= {**layer.dimensions, **layer.coefficients, "repeats": layer.repeats}
    values["model"] |= {key: model[key] for key, value in values["model"].items() if value is None}
    return Trial(experiment, layer, _parameters(values, choices, layer.names), template_folders)


def _check_choices(groups: Sequence[str], choices: dict[str, Any]) -> None:
    for group in groups:
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


def _check_given(groups: Sequence[str], config: DictConfig, choices: dict[str, Any]) -> None:
    """Values that a file leaves to the user, such as the sizes of ``layer=gemm``."""
    for group in groups:
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


def _parameters(values: dict[str, dict[str, Any]], choices: dict[str, Any], used: frozenset[str]) -> dict[str, object]:
    """Flat parameters; of a model that has nothing to do with the layer only those that the layer's sizes use."""
    parameters: dict[str, object] = {group: str(choices[group]) for group in _NAMED}
    model, layer = values["model"], values["layer"]["name"]
    if layer not in model["layers"] and used <= {"batch"}:
        del parameters["model"]
        values = {**values, "model": {key: model[key] for key in used}}
    for group in ("arch", "model", "layer", "mapper"):
        parameters |= {f"{group}.{key}": value for key, value in values[group].items() if key not in _PLUMBING}
    objective = parameters.pop("mapper.objective")
    parameters["objective"] = ",".join(map(str, objective)) if isinstance(objective, list) else objective
    return parameters
