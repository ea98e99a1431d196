"""What the trials of a sweep are composed of: once for every choice of groups."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig

from launcher.config.compose import composition_of
from launcher.config.composition import ComposedExperiment, Value
from launcher.config.recompose import parted

_MOST = 256
"""Compositions that are kept."""


class Compositions:
    """Compositions of one sweep, made in its own process when they are first needed."""

    def __init__(self, loader: ConfigLoader, config: DictConfig) -> None:
        """``config``: the multirun's."""
        self._loader = loader
        self._config = config
        self._kept: dict[tuple[str, ...], ComposedExperiment] = {}

    def of(self, overrides: Sequence[str]) -> tuple[ComposedExperiment, dict[str, Value]]:
        """What a trial with these overrides is composed of, and the values that make it this trial.

        Raises:
            HydraException, OmegaConfBaseException, LauncherError: an unknown choice or key, a value of a wrong type.
        """
        common, values = parted(overrides)
        key = tuple(common)
        if key not in self._kept:
            while len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = composition_of(self._loader.load_sweep_config(self._config, common), common)
        return self._kept[key], values
