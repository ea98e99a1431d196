"""From a composed configuration to typed objects, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from launcher.config.explain import explain, unknown_key
from launcher.config.layer_sizes import LayerSizes, layer_sizes
from launcher.config.model_file import read_model_file
from launcher.config.model_parts import is_imported, read_parts
from launcher.config.model_schema import QUIET, Model, Transformer
from launcher.config.schema import Experiment, NetworkObjective
from launcher.config.tensor_bits import KEYS
from launcher.config.trial import Trial, entry
from launcher.errors import ConfigurationError
from launcher.figures import criterion_named

GROUPS = ("arch", "model", "layer", "mapper", "engine", "estimator", "tracking", "fusion")

TYPED = (*GROUPS, "constraints", "mapspace", "network")
"""Keys of a trial that have objects of their own."""

SINGLE = ("count_repeats", "cache", "mapping", "verify", "configuration")
"""Keys of a trial that belong to no group."""

_NAMED = ("arch", "model", "layer", "engine", "estimator")
"""Groups whose choice is a parameter of its own."""

_PLUMBING = (
    *("name", "label", "template", "norm_template", "layers", "flows", "columns", "sizes", "notes", "parts"),
    "weights_are",
)
"""Fields that say nothing about the experiment, so no one filters runs by them."""


@dataclass(frozen=True)
class TrialParts:
    """Everything that a trial of one layer is made of.

    Attributes:
        typed: key of the configuration -> its typed and range-checked object.
        plain: group -> its values as YAML has them.
        single: keys that belong to no group -> value.
        sizes: the layer's.
    """

    typed: Mapping[str, Any]
    plain: Mapping[str, Mapping[str, Any]]
    single: Mapping[str, Any]
    sizes: LayerSizes


def parts_of(config: DictConfig, choices: Mapping[str, Any]) -> TrialParts:
    """Typed objects of a composed configuration, whose model is completed in place.

    Args:
        config: the composed configuration.
        choices: group -> choice.

    Raises:
        ConfigurationError: a value is missing or out of range.
    """
    _check_choices(choices)
    complete_model(config)
    _check_given(config, choices)
    try:
        typed: dict[str, Any] = {key: OmegaConf.to_object(config[key]) for key in TYPED}
        single = {key: config[key] for key in SINGLE}
        plain = {group: plain_values(config[group]) for group in GROUPS}
    except OmegaConfBaseException as error:
        raise explain(error) from error
    for group in GROUPS:
        _check_keys(group, typed[group], config[group])
    return TrialParts(typed, plain, single, sizes_of(typed["layer"], typed["model"]))


def trial_of(parts: TrialParts, choices: Mapping[str, Any], template_folders: tuple[Path, ...] = ()) -> Trial:
    """The trial that is made of these parts."""
    single = dict(parts.single)
    configuration = single.pop("configuration")
    experiment = Experiment(**parts.typed, **single)
    model, layer = experiment.model.names, parts.sizes
    values = dict(parts.plain)
    written = {key: value for key, value in values["layer"].items() if key != "blocks"}  # how many says the model
    values["layer"] = {**written, **layer.given, "repeats": layer.repeats}
    values["model"] = _worth_recording(experiment.model, values["model"], model)
    parameters = _parameters(values, choices, layer.names)
    parameters["mapspace.factors"] = str(experiment.mapspace.asked)
    if experiment.network.objective is not NetworkObjective.layers:
        parameters["network.objective"] = str(experiment.network.objective)
    if configuration is not None:
        parameters = {"configuration": configuration, **parameters}
    return Trial(experiment, layer, parameters, template_folders)


def _worth_recording(model: Model, plain: Mapping[str, Any], names: Mapping[str, object]) -> dict[str, Any]:
    """A model's values, those left open filled in; without those that few models have and this one does not."""
    quiet = {item.name: item.default for item in fields(model) if QUIET in item.metadata}
    shown = {key: value for key, value in plain.items() if key not in quiet or getattr(model, key) != quiet[key]}
    return {key: names.get(key) if value is None else value for key, value in shown.items()}


def sizes_of(layer: Any, model: Model) -> LayerSizes:
    """The sizes of a layer, given or as they follow from the model.

    Raises:
        ConfigurationError: one is broken; the hint names the model's layers where this is none of them.
    """
    try:
        return layer_sizes(layer, model.names)
    except ConfigurationError as error:
        if entry(layer, "name") not in model.layers:
            error.hint = f"the layers of {model.name} are {', '.join(model.layers)}"
        raise


def _check_choices(choices: Mapping[str, Any]) -> None:
    for group in GROUPS:
        if group not in choices:  # Hydra lists only groups with exactly one choice
            raise ConfigurationError(
                f"{group}: a trial takes exactly one choice of {group}",
                hint=f"-m {group}=A,B runs one trial for each",
            )


def complete_model(config: DictConfig) -> None:
    """Give the model a type, and read from ``model.path`` what it leaves open."""
    give_type(config)
    if is_imported(config.model):
        read_parts(config.model)
    else:
        read_model_file(config.model)


def typed_model(config: DictConfig) -> Model:
    """The model, checked.

    Raises:
        ConfigurationError: a value is missing or out of range.
    """
    missing = sorted(OmegaConf.missing_keys(config.model))
    if missing:
        raise _not_given("model", str(config.model.get("name")), missing)
    try:
        model = OmegaConf.to_object(config.model)
    except OmegaConfBaseException as error:
        raise explain(error) from error
    assert isinstance(model, Model)
    return model


def give_type(config: DictConfig) -> None:
    """A model without a type is a Transformer."""
    if not issubclass(OmegaConf.get_type(config.model) or dict, Model):
        try:
            OmegaConf.set_struct(config, False)
            config.model = OmegaConf.merge(OmegaConf.structured(Transformer), config.model)
        except OmegaConfBaseException as error:
            raise explain(error) from error


def _check_given(config: DictConfig, choices: Mapping[str, Any]) -> None:
    """Values that a file leaves to the user, such as the sizes of ``layer=gemm``."""
    for group in GROUPS:
        missing = sorted(OmegaConf.missing_keys(config[group]))
        if missing:
            raise _not_given(group, str(choices[group]), missing)


def _not_given(group: str, choice: str, missing: Sequence[str]) -> ConfigurationError:
    keys = [key if key.startswith(f"{group}.") else f"{group}.{key}" for key in missing]
    return ConfigurationError(
        f"{group}={choice} has no {', '.join(keys)}", hint="add " + " ".join(f"{key}=..." for key in keys)
    )


def _check_keys(group: str, node: object, config: DictConfig) -> None:
    """Keys that ``+group.key=`` added to a typed group would be ignored, so they are refused."""
    if not is_dataclass(node):
        return
    known = [item.name for item in fields(node)]
    for key in map(str, config):
        if key not in known:
            raise unknown_key(f"{group}.{key}", known)


def plain_values(node: DictConfig) -> dict[str, Any]:
    """Values of a group as YAML has them, interpolations resolved."""
    plain = OmegaConf.to_container(node, resolve=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _parameters(
    values: Mapping[str, Mapping[str, Any]], choices: Mapping[str, Any], used: frozenset[str]
) -> dict[str, object]:
    """Flat parameters; of a model that has nothing to do with the layer only those that the layer's sizes use."""
    parameters: dict[str, object] = {group: str(choices[group]) for group in _NAMED}
    model, layer = values["model"], values["layer"]["name"]
    if layer not in model["layers"] and used <= {"batch"}:
        del parameters["model"]
        values = {**values, "model": {key: model[key] for key in (*used, *KEYS) if key in model}}
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
    names = [criterion_named(one) or one for one in (objective if isinstance(objective, list) else [objective])]
    parameters["objective"] = ",".join(map(str, names)) if isinstance(objective, list) else names[0]
    return parameters
