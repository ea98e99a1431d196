"""Composing a configuration with Hydra: once for all trials that differ in values only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from launcher.config.choices import check_choices, check_name
from launcher.config.composition import ComposedExperiment
from launcher.config.explain import explain
from launcher.config.files_stamp import FilesStamp, files_stamp
from launcher.config.layer_files import experiment_leaves_layers_alone, plain_layer
from launcher.config.model_parts import part_nodes, read_parts
from launcher.config.model_schema import USUAL_LAYERS
from launcher.config.schema import register
from launcher.config.trial import ALL, Trial
from launcher.config.typed import SINGLE
from launcher.errors import ConfigurationError
from launcher.paths import data_folder

T = TypeVar("T")

_OTHER_GROUPS = ("arch", "model", "mapper", "engine", "estimator", "tracking", "fusion")
"""Groups whose choices say nothing about layers."""


def spelled_out(overrides: Sequence[str]) -> list[str]:
    """Overrides as Hydra understands them.

    It would lay the files of ``layer=[A,B]`` on top of each other, and read an expression of tensors as a list where
    its quotes were the shell's.

    Raises:
        ConfigurationError: a choice of a group is no name.
    """
    check_choices(overrides)
    spelled: list[str] = []
    for override in overrides:
        listed = re.match(r"layer=(\[.*\])$", override)
        bare = re.fullmatch(r"(\+{0,2}layer\.expression)=([^'\"]+)", override)
        if bare:
            spelled.append(f"{bare[1]}='{bare[2]}'")
        else:
            spelled += [f"layer={ALL}", f"layers={listed[1]}"] if listed else [override]
    return spelled


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> Trial:
    """Compose a trial from overrides, as the command line would, without leaving anything on disk.

    Args:
        overrides: e.g. ``["arch=gemmini", "layer=KQV", "arch.rows=32"]``.
        config_dir: a folder with groups of your own, as ``--config-dir`` takes it.

    Raises:
        ConfigurationError: an unknown choice, key or type, or a value out of range.
    """
    return composition(overrides, config_dir).at({})


def composition(overrides: Sequence[str], config_dir: Path | None = None) -> ComposedExperiment:
    """What :func:`compose` composes, before values of keys are changed and checked.

    Args:
        overrides: what all trials have in common; values that are still missing may be given later.
        config_dir: a folder with groups of your own.

    Raises:
        ConfigurationError: an unknown choice or key, or a value of a wrong type.
    """
    return _composed(overrides, config_dir, composition_of)


def configuration(overrides: Sequence[str], config_dir: Path | None = None) -> DictConfig:
    """The configuration itself, Hydra's own part included; arguments and errors as of :func:`composition`."""
    return _composed(overrides, config_dir, lambda config, _: config)


def _composed(overrides: Sequence[str], config_dir: Path | None, make: Callable[[DictConfig, Sequence[str]], T]) -> T:
    """What is made of a configuration while Hydra runs."""
    register()
    main = str(data_folder("conf"))
    extra = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    # The sweeper is a plugin of the command line only; nothing sweeps here.
    asked = [*extra, "hydra/sweeper=basic", *spelled_out(overrides)]
    try:
        with initialize_config_dir(main, version_base="1.3"):
            return make(hydra_compose("config", asked, return_hydra_config=True), asked)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error


def composition_of(config: DictConfig, overrides: Sequence[str]) -> ComposedExperiment:
    """The composition of a configuration that Hydra composed from these overrides.

    Needs a running Hydra: every layer of a network is composed on its own.

    Args:
        config: with its part ``hydra``, of which nothing is left behind.
        overrides: the configuration's; Hydra's own are not needed, but for the search path.

    Raises:
        ConfigurationError: several layers are given a size, or there is none.
    """
    hydra = config.hydra
    OmegaConf.set_struct(config, False)
    config.hydra = {}  # kept as a key: whoever misspells another is shown all of them
    return _made(config, hydra, overrides)


def job_trial(config: DictConfig) -> Trial:
    """The trial of the Hydra job that is running now."""
    hydra = HydraConfig.get()
    try:
        return _made(config, hydra, list(hydra.overrides.task)).at({})
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error


def _made(config: DictConfig, hydra: Any, overrides: Sequence[str]) -> ComposedExperiment:
    folders = own_folders(hydra)
    asked = [*dict.fromkeys((*_search_path(hydra), *overrides))]
    layers = _layers(config, asked, files_stamp(folders))
    OmegaConf.set_struct(config, True)
    return ComposedExperiment(config, dict(hydra.runtime.choices), folders, layers)


def _layer_names(config: DictConfig, parts: Mapping[str, object]) -> list[str]:
    """The layers that are asked for; those that a model brings itself may be called anything."""
    if config.layers == ALL:
        return [str(name) for name in config.model.get("layers", USUAL_LAYERS)]
    if not isinstance(config.layers, ListConfig):
        raise ConfigurationError(f"layers={config.layers} is no list of layers", expected="layers=[KTQ,softmax]")
    return [str(name) if str(name) in parts else check_name("layer", name) for name in config.layers]


def own_folders(hydra: Any) -> tuple[Path, ...]:
    """The folders with groups of the user's own, from a configuration's part ``hydra``."""
    sources = [Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file" and source.path]
    return tuple(path for path in sources if path.resolve() != data_folder("conf"))


def _search_path(hydra: Any) -> list[str]:
    return [override for override in hydra.overrides.hydra if override.startswith("hydra.searchpath=")]


def _layers(config: DictConfig, overrides: Sequence[str], stamp: FilesStamp) -> list[tuple[str, DictConfig]]:
    """Names of a network's layers, and what they are composed of; nothing for a single layer."""
    if config.layers is None:
        return []
    read_parts(config.model)
    parts = part_nodes(config.model)
    names = _layer_names(config, parts)
    common = [override for override in overrides if not override.startswith(("layer=", "layers="))]
    sized = [override for override in common if override.lstrip("+~").startswith("layer.")]
    if sized or not names:
        raise ConfigurationError(
            f"{sized[0]}: several layers have no size in common" if sized else "layers=[]: there is no layer to map",
            hint="layer=NAME for a single layer; model.sequence and the like for all of them",
        )
    deciding = tuple(override for override in common if _decides_files(override))
    return [(name, parts[name] if name in parts else _layer_node(deciding, name, stamp)) for name in names]


def _decides_files(override: str) -> bool:
    """Whether an override can decide which files a configuration consists of; values of keys cannot."""
    key = override.lstrip("+~").partition("=")[0]
    return ("." not in key and key not in SINGLE) or key.startswith(("hydra.", "layer"))


@lru_cache(maxsize=1024)
def _layer_node(overrides: tuple[str, ...], name: str, stamp: FilesStamp) -> DictConfig:
    """A layer's part of the configuration, as long as no file changes: compositions of other values share it."""
    is_plain = _leave_layers_alone(overrides, stamp) and not _files_of(f"layer/{name}", stamp)
    node = plain_layer(name) if is_plain else None
    if node is None:
        node = hydra_compose("config", [*overrides, f"layer={name}"]).layer
    return node


@lru_cache(maxsize=64)
def _leave_layers_alone(overrides: tuple[str, ...], stamp: FilesStamp) -> bool:
    """Whether overrides bring neither values of layers nor other files of them with them."""
    return all(_leaves_layers_alone(one, stamp) for one in overrides)


def _leaves_layers_alone(override: str, stamp: FilesStamp) -> bool:
    key, _, choice = override.lstrip("+").partition("=")
    if key == "experiment":
        return not _files_of(f"experiment/{choice}", stamp) and experiment_leaves_layers_alone(choice)
    return override.startswith(("hydra/sweeper=", "hydra.searchpath=", *(f"{group}=" for group in _OTHER_GROUPS)))


def _files_of(choice: str, stamp: FilesStamp) -> list[str]:
    """Files of a group's choice, ``layer/KTQ``, in the user's own folders."""
    found = [path for path, *_ in stamp if path.endswith((f"{choice}.yaml", f"{choice}.yml"))]
    return [path for path in found if not Path(path).is_relative_to(data_folder("conf"))]
