"""The project's own layers, read without composing everything else with each of them."""

from __future__ import annotations

import yaml
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from launcher.paths import data_folder


def plain_layer(name: str) -> DictConfig | None:
    """What a layer's file and the schema that it names say; a network composes dozens of them.

    Returns:
        None where Hydra has more to say: no file of the project's, or one with other parts than a schema and itself.
    """
    try:
        content = yaml.safe_load((data_folder("conf") / "layer" / f"{name}.yaml").read_text(encoding="utf-8"))
        match content:
            case {"defaults": [str(schema), "_self_"], **values} if schema.startswith("/layer_schema/"):
                node = ConfigStore.instance().load(f"{schema[1:].removesuffix('@_here_')}.yaml").node
            case _:
                return None
        merged = OmegaConf.merge(node, values)
    except (OSError, yaml.YAMLError, HydraException, OmegaConfBaseException):
        return None
    assert isinstance(merged, DictConfig)
    return merged


def experiment_leaves_layers_alone(name: str) -> bool:
    """Whether one of the project's ready experiments says nothing of what a layer is, but at most which it is."""
    file = data_folder("conf") / "experiment" / f"{name}.yaml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return False
    return isinstance(content, dict) and "layer" not in content and all(map(_chooses, content.get("defaults", [])))


def _chooses(default: object) -> bool:
    """Whether an entry of a list of defaults only makes another choice of a group."""
    return default == "_self_" or (isinstance(default, dict) and all(key.startswith("override /") for key in default))
