"""The text of a composed configuration, as Hydra writes it beside a job, without dumping all of it for every point."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_omega_conf_dumper

from launcher.config.quick import leaf_of, path_of, plainly

_MARK = re.compile(r"<value-(\d+)>")


class WrittenConfig:
    """The text of a configuration in which some values change."""

    def __init__(self, config: DictConfig, keys: Sequence[str]) -> None:
        """How it is written.

        Args:
            config: has a value for each key, and is changed from now on.
            keys: whose values change.

        Raises:
            NotQuickError: a key is more than a single value.
        """
        self._leaves = {key: leaf_of(config, path_of(key)) for key in keys}
        plain = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
        for number, key in enumerate(keys):
            *above, last = path_of(key)
            node: Any = plain
            for name in above:
                node = node[name]
            node[last] = f"<value-{number}>"
        self._pieces = _MARK.split(_dumped(plain))

    def text(self, values: Mapping[str, Any]) -> str:
        """The text with these values.

        Raises:
            OmegaConfBaseException: a value of a wrong type.
        """
        written = []
        for key, value in values.items():
            self._leaves[key]._set_value(value)
            written.append(_scalar(plainly(self._leaves[key]._value())))
        return "".join(written[int(piece)] if place % 2 else piece for place, piece in enumerate(self._pieces))


def list_text(items: Sequence[str]) -> str:
    """A list of texts, as Hydra writes overrides."""
    return "".join(f"- {_scalar(item)}\n" for item in items) or "[]\n"


@lru_cache(maxsize=4096, typed=True)  # 1, 1.0 and True are equal
def _scalar(value: Any) -> str:
    return _dumped([value])[2:-1]


def _dumped(plain: object) -> str:
    text: str = yaml.dump(
        plain, default_flow_style=False, allow_unicode=True, sort_keys=False, Dumper=get_omega_conf_dumper()
    )
    return text
