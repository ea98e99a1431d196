"""One composition for many trials: a point is a change of values, checked by the same types."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override, OverrideType, ValueType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from launcher.config.environment import register_environment, trust
from launcher.config.explain import explain
from launcher.config.files_stamp import file_stamp
from launcher.config.model_layers import layers_of
from launcher.config.model_parts import is_imported, part_nodes
from launcher.config.model_schema import Model
from launcher.config.quick import NotQuickError, QuickParts, is_plain
from launcher.config.trial import ALL, Trial
from launcher.config.typed import TrialParts, complete_model, parts_of, trial_of, typed_model
from launcher.config.written import WrittenConfig
from launcher.errors import ConfigurationError, LauncherError

Value = bool | int | float | str | None
"""What a key may be given."""

_ENVIRONMENT = re.compile(r"oc\.env:\s*(\w+)")
_TEMPLATES = ("arch_templates", "workloads")
_MOST_KEPT = 16
"""Sets of keys whose parts are kept."""


@dataclass
class _Kept:
    """The parts of the last trial with the same keys, from which the next one is made.

    Attributes:
        names: of the layers.
        configs: with the values set; one for each layer of a network.
        parts: made of them.
        file: the model's, if it is read from one.
        outside: what they depend on beside the values.
        quick: changes values; None before the second trial.
    """

    names: list[str]
    configs: list[DictConfig]
    parts: list[TrialParts]
    file: Path | None
    outside: object
    quick: list[QuickParts] | None = None


class ComposedExperiment:
    """A configuration whose files are chosen; what is left to choose are values of keys.

    It can be pickled, and does not need Hydra to run. Threads may not share one.
    """

    def __init__(
        self,
        config: DictConfig,
        choices: Mapping[str, Any],
        sources: tuple[Path, ...] = (),
        layers: Sequence[tuple[str, DictConfig]] = (),
    ) -> None:
        """What was composed.

        Args:
            config: its values may be incomplete.
            choices: group -> choice.
            sources: folders with groups and templates of the user's own.
            layers: of a network the names of its layers, and what they are composed of; none for a single layer.
        """
        self._config = pickle.dumps(config)
        self._environment = sorted(set(_ENVIRONMENT.findall(OmegaConf.to_yaml(config))))
        self.choices = dict(choices)
        self.sources = sources
        trust(sources)
        self.template_folders = tuple(folder / kind for folder in sources for kind in _TEMPLATES)
        self._layers = tuple((name, pickle.dumps(node)) for name, node in layers)
        self._names = [name for name, _ in layers] or [str(choices.get("layer"))]
        self._asked = config.get("layers") != ALL
        self._kept: dict[tuple[str, ...], _Kept] = {}
        self._slow: set[tuple[str, ...]] = set()
        self._texts: dict[tuple[str, ...], WrittenConfig] = {}
        self._pickled: bytes | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._pickled is None:
            self._pickled = pickle.dumps({**vars(self), "_kept": {}, "_slow": set(), "_texts": {}})
        return _restored, (self._pickled,)

    def at(self, values: Mapping[str, Value]) -> Trial:
        """The trial with these values, as composing everything with them would give it.

        Args:
            values: dotted key -> value; ``+key`` adds one that is not there. They are set in this order.

        Raises:
            ConfigurationError: an unknown key, a value of a wrong type or out of range, or one that is missing.
        """
        kept = self._kept.get(tuple(values))
        if kept is not None and kept.outside == self._outside(kept.file):
            try:
                parts = [quick.parts(values) for quick in self._quick(tuple(values), kept)]
                if kept.names == self._present(parts[0].typed["model"], values, kept):
                    return self._trial(parts, kept.names)
            except (NotQuickError, LauncherError, OmegaConfBaseException):
                pass  # composed once more, which says what is wrong
        try:
            return self._composed(values)
        except (HydraException, OmegaConfBaseException, YAMLError) as error:
            raise explain(error) from error

    def refers(self, key: str) -> bool:
        """Whether a key's value is made of others; so may be one that does not exist yet."""
        config = self._with({})
        group, _, name = key.partition(".")
        node = config.get(group)
        return not isinstance(node, DictConfig) or name not in node or OmegaConf.is_interpolation(node, name)

    def accept(self, values: Mapping[str, Value]) -> None:
        """Check that the keys exist and the values have their types, for all trials; ranges are each trial's own.

        Raises:
            ConfigurationError: an unknown key, or a value of a wrong type.
        """
        try:
            self._with(values)
        except (HydraException, OmegaConfBaseException, YAMLError) as error:
            raise explain(error) from error

    def text(self, values: Mapping[str, Value]) -> str:
        """The configuration with these values as YAML, as Hydra writes it beside a job.

        Raises:
            ConfigurationError: an unknown key, or a value of a wrong type.
        """
        keys = tuple(values)
        try:
            if keys not in self._texts and keys not in self._slow:
                self._texts[keys] = WrittenConfig(self._task_config(values), keys)
            if keys in self._texts and all(map(is_plain, values.values())):
                return self._texts[keys].text(values)
        except (NotQuickError, OmegaConfBaseException):
            pass
        try:
            return OmegaConf.to_yaml(self._task_config(values))
        except (HydraException, OmegaConfBaseException, YAMLError) as error:
            raise explain(error) from error

    def _task_config(self, values: Mapping[str, Value]) -> DictConfig:
        """Without Hydra's own part."""
        config = self._with(values)
        OmegaConf.set_struct(config, False)
        config.pop("hydra", None)
        return config

    def _with(self, values: Mapping[str, Value]) -> DictConfig:
        config: DictConfig = pickle.loads(self._config)  # noqa: S301 # pickled above
        ConfigLoaderImpl._apply_overrides_to_config([_override(key, value) for key, value in values.items()], config)
        return config

    def _quick(self, keys: tuple[str, ...], kept: _Kept) -> list[QuickParts]:
        """Made for the second trial with the same keys: many compositions have one trial only."""
        if kept.quick is None:
            self._slow.add(keys)
            kept.quick = [
                QuickParts(config, keys, parts) for config, parts in zip(kept.configs, kept.parts, strict=True)
            ]
            self._slow.discard(keys)
        return kept.quick

    def _composed(self, values: Mapping[str, Value]) -> Trial:
        config = self._with(values)
        named = [(self._names[0], config)] if not self._layers else list(self._of_layers(config, values))
        names, configs = [name for name, _ in named], [one for _, one in named]
        parts = [parts_of(one, self._chosen(name)) for name, one in named]
        trial = self._trial(parts, names)
        self._keep(tuple(values), names, configs, parts)
        return trial

    def _present(self, model: Model, values: Mapping[str, Value], kept: _Kept) -> list[str]:
        """The layers that the model has with these values."""
        if not self._layers or not any(key.lstrip("+").startswith("model.") for key in values):
            return kept.names
        return [name for name, _ in layers_of(model, self._layer_nodes(), asked=self._asked)]

    def _layer_nodes(self, model: DictConfig | None = None) -> list[tuple[str, DictConfig]]:
        """The layers and what they are composed of; those that a model brings itself as it says now."""
        nodes = [(name, pickle.loads(node)) for name, node in self._layers]  # noqa: S301 # pickled above
        parts = part_nodes(model) if model is not None else {}
        if model is not None and is_imported(model) and not self._asked:
            return list(parts.items())
        return [(name, parts.get(name, node)) for name, node in nodes]

    def _keep(
        self, keys: tuple[str, ...], names: list[str], configs: list[DictConfig], parts: list[TrialParts]
    ) -> None:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        # What a graph's layers are depends on all that is said of the model.
        another = is_imported(configs[0].model) and any(key.lstrip("+").startswith("model.") for key in keys)
        if keys not in self._slow and not another:
            path = configs[0].model.get("path")
            file = Path(str(path).partition(":")[0]).expanduser() if path is not None else None
            self._kept[keys] = _Kept(names, configs, parts, file, self._outside(file))

    def _of_layers(self, config: DictConfig, values: Mapping[str, Value]) -> Iterator[tuple[str, DictConfig]]:
        """The name and the configuration of every layer that a network has."""
        complete_model(config)
        sized = [f"{key}={value}" for key, value in values.items() if key.lstrip("+").startswith("layer.")]
        if sized:
            raise ConfigurationError(
                f"{sized[0]}: several layers have no size in common",
                hint="layer=NAME for a single layer; model.sequence and the like for all of them",
            )
        OmegaConf.set_struct(config, False)
        common = pickle.dumps(config)
        for name, node in layers_of(typed_model(config), self._layer_nodes(config.model), asked=self._asked):
            own: DictConfig = pickle.loads(common)  # noqa: S301 # pickled above
            own.layer = node
            yield name, own

    def _chosen(self, layer: str) -> Mapping[str, Any]:
        return {**self.choices, "layer": layer} if self._layers else self.choices

    def _trial(self, parts: Sequence[TrialParts], names: Sequence[str]) -> Trial:
        layers = tuple(
            trial_of(one, self._chosen(name), self.template_folders) for name, one in zip(names, parts, strict=True)
        )
        first = layers[0]
        if not self._layers:
            return first
        parameters = {key: value for key, value in first.parameters.items() if not key.startswith("layer")}
        everything = not self._asked or self._names == list(first.experiment.model.layers)
        parameters["layer"] = ALL if everything else "+".join(names)
        parameters["model"] = str(self.choices["model"])
        return replace(first, parameters=parameters, layers=layers)

    def _outside(self, file: Path | None) -> object:
        """What values may depend on that is not part of the configuration: the environment, a model's file."""
        return [os.environ.get(name) for name in self._environment], file_stamp(file) if file else None


@lru_cache(maxsize=8)
def _restored(own: bytes) -> ComposedExperiment:
    """Workers get it with every trial, and keep the first that they get."""
    one = ComposedExperiment.__new__(ComposedExperiment)
    vars(one).update(pickle.loads(own))  # noqa: S301 # pickled in __reduce__, by the process that handed it over
    register_environment()
    trust(one.sources)
    return one


def _override(key: str, value: Value) -> Override:
    """As Hydra reads it on a command line."""
    bare = key.lstrip("+")
    kind = {"": OverrideType.CHANGE, "+": OverrideType.ADD}.get(key.removesuffix(bare), OverrideType.FORCE_ADD)
    return Override(kind, bare, ValueType.ELEMENT, value, None, f"{key}={value}")
