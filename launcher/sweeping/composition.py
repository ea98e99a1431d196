"""Composing the configurations of trials that differ in values only."""

from __future__ import annotations

import pickle
from collections.abc import Collection
from copy import deepcopy
from functools import lru_cache
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict


class SweepLoader(ConfigLoaderImpl):
    """Hydra's loader, which composes once for each choice of groups and then only sets values.

    Values never decide which files a configuration consists of: Hydra sets them when everything is merged. Composing
    everything again for every trial would take several times as long as the search of a small layer.

    Compositions are kept pickled, because reading one back takes a fifth of the time of copying it. Workers get the
    loader with every trial, and keep the first that they get.
    """

    def __init__(self, loader: ConfigLoader, values: Collection[str]) -> None:
        """``values``: swept keys that are no groups."""
        self.__dict__.update(vars(loader))
        self._values = frozenset(values)
        self._composed: dict[tuple[tuple[str, ...], tuple[str, ...]], bytes | DictConfig] = {}
        self._parsed: dict[str, Override] = {}
        self._pickled: bytes | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._pickled is None:
            self._pickled = pickle.dumps({**vars(self), "_parsed": {}})
        return _unpickled, (self._pickled,)

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        parsed = self._parse(sweep_overrides)
        swept = [one for one in parsed if one.key_or_group in self._values and one.package is None]
        set_here = tuple(str(one.key_or_group) for one in swept)
        common = (tuple(str(one.input_line) for one in parsed if one not in swept), set_here)
        if common not in self._composed:
            composed = super().load_sweep_config(master_config, sweep_overrides)
            self._composed[common] = _kept(composed)
            self._pickled = None
            return composed
        config = _copied(self._composed[common])
        ConfigLoaderImpl._apply_overrides_to_config([one for one in swept if not one.is_add()], config)
        for one in swept:
            if one.is_add():
                OmegaConf.update(config, one.key_or_group, one.value(), merge=True, force_add=True)
        job = config.hydra.job
        style = job.config.override_dirname
        with open_dict(config.hydra):
            task = [one for one in parsed if not one.is_hydra_override()]
            config.hydra.overrides.task = [one.input_line for one in task]
            job.override_dirname = get_overrides_dirname(
                task, kv_sep=style.kv_sep, item_sep=style.item_sep, exclude_keys=style.exclude_keys
            )
        OmegaConf.copy_cache(from_config=master_config, to_config=config)
        return config

    def _parse(self, overrides: list[str]) -> list[Override]:
        """Most overrides are the same in all trials."""
        new = [one for one in dict.fromkeys(overrides) if one not in self._parsed]
        self._parsed.update(zip(new, OverridesParser.create().parse_overrides(new), strict=True))
        return [self._parsed[one] for one in overrides]


def _kept(composed: DictConfig) -> bytes | DictConfig:
    try:
        return pickle.dumps(composed)
    except pickle.PicklingError:  # submitit's jobs import the plugin twice: the class of its settings is another then
        return deepcopy(composed)


def _copied(kept: bytes | DictConfig) -> DictConfig:
    if isinstance(kept, DictConfig):
        return deepcopy(kept)
    config: DictConfig = pickle.loads(kept)  # noqa: S301 # pickled by _kept
    return config


@lru_cache(maxsize=2)
def _unpickled(own: bytes) -> SweepLoader:
    loader = SweepLoader.__new__(SweepLoader)
    vars(loader).update(pickle.loads(own))  # noqa: S301 # pickled in __reduce__, by the sweep's own process
    return loader
