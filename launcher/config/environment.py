"""Variables of the environment: those that the files of a configuration name, and no others, are read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from launcher.config.files_stamp import FilesStamp, files_stamp
from launcher.errors import ConfigurationError

_NAMED = re.compile(r"\$\{\s*oc\.env\s*:\s*([A-Za-z_]\w*)")
_NO_DEFAULT = "_launcher_no_default_"
_MOST_BYTES = 2**20

_trusted: set[Path] = set()
"""Folders of the user's own configuration, whose files may name variables."""


def trust(folders: Iterable[Path]) -> None:
    """Let the files of these folders name variables, in this process: those that were given as configuration."""
    _trusted.update(folders)


def register_environment() -> None:
    """Make ``${oc.env:NAME}`` in values that were typed, or read from data, refer to nothing that is a secret."""
    OmegaConf.register_new_resolver("oc.env", _value, replace=True)


def _value(name: str, default: str | None = _NO_DEFAULT) -> str | None:
    if name not in _names(files_stamp((*sorted(_trusted), *_search_path()))):
        raise ConfigurationError(
            f"the variable {name} of the environment is not read: no file of the configuration names it",
            hint=f'"${name}" on the command line, which the shell reads',
        )
    if name in os.environ or default == _NO_DEFAULT:
        if name not in os.environ:
            raise ConfigurationError(f"the variable {name} of the environment is not set")
        return os.environ[name]
    return default if default is None else str(default)


def _search_path() -> list[Path]:
    """Folders of the configuration that is being composed."""
    hydra = GlobalHydra.instance()
    if not hydra.is_initialized():
        return []
    places = [str(one.path) for one in hydra.config_loader().get_search_path().get_path()]
    return [Path(place.removeprefix("file://")) for place in places if not place.startswith(("pkg:", "structured:"))]


@lru_cache(maxsize=16)
def _names(files: FilesStamp) -> frozenset[str]:
    texts = (Path(path).read_bytes()[:_MOST_BYTES].decode("utf-8", "replace") for path, *_ in files)
    return frozenset(name for text in texts for name in _NAMED.findall(text))
