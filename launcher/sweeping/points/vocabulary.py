"""What names in a list of configurations mean; the architecture says it, with the types of its file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from omegaconf import DictConfig, OmegaConf

from launcher.config.arch_schema import ARCHITECTURES
from launcher.config.checked import SHARED
from launcher.errors import ConfigurationError

_NOT_SWEPT = ("name", "label", "template", "norm_template")
_GROUPS = ("arch", "model", "layer", "mapper", "fusion", "estimator", "engine")


@dataclass(frozen=True)
class Vocabulary:
    """The names that one architecture understands.

    Attributes:
        arch: what the architecture is called.
        parameters: its own parameters.
        shared: name of a part that every architecture may have -> its parameter.
    """

    arch: str
    parameters: tuple[str, ...]
    shared: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, arch: str, node: DictConfig | type) -> Vocabulary:
        """Of an architecture's part of a configuration; a file without types has its keys and no shared names."""
        kind = node if isinstance(node, type) else OmegaConf.get_type(node)
        if not is_dataclass(kind):
            return cls(arch, tuple(map(str, node)) if isinstance(node, DictConfig) else ())
        own = [item for item in fields(kind) if item.name not in _NOT_SWEPT]
        shared = {item.metadata[SHARED]: item.name for item in own if item.metadata.get(SHARED)}
        return cls(arch, tuple(item.name for item in own), shared)

    @property
    def names(self) -> list[str]:
        """Shared names, then its own."""
        return [*self.shared, *(name for name in self.parameters if name not in self.shared)]

    def key_of(self, name: str, where: str) -> str:
        """The configuration's key that a name in an entry means.

        Args:
            name: a shared name, a parameter of the architecture (``rows``), a full key (``arch.rows``), or a group.
            where: file and entry, for the message.

        Raises:
            ConfigurationError: it means nothing, or nothing that this architecture has.
        """
        if name in self.shared or name in self.parameters:
            return f"arch.{self.shared.get(name, name)}"
        group, dot, rest = name.partition(".")
        if group in _GROUPS and (not dot or group != "arch" or rest in self.parameters):
            return name
        known = ", ".join(self.names)
        if any(name in Vocabulary.of("", kind).shared for kind in ARCHITECTURES.values()):
            raise ConfigurationError(
                f"{name}: {self.arch} has no such part",
                where=where,
                expected=f"names that {self.arch} knows: {known}",
            )
        close = difflib.get_close_matches(name, [*self.names, *(f"arch.{one}" for one in self.parameters), *_GROUPS], 1)
        raise ConfigurationError(
            f"{name} is no name of a parameter",
            where=where,
            expected=f"one of {known}, or a key such as model.sequence",
            hint=f"did you mean {close[0]}?" if close else None,
        )
