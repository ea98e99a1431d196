"""Parameters that another architecture has: whose they are, and what the same part is called here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from omegaconf import DictConfig, OmegaConf

from launcher.config.arch_schema import ARCHITECTURES, Arch
from launcher.config.checked import SHARED

PLUMBING = ("name", "label", "template", "norm_template")
"""Keys of an architecture that are no parameters."""


def owners(name: str) -> list[str]:
    """The architectures that have a parameter."""
    return [arch for arch, kind in ARCHITECTURES.items() if name in _names(kind)]


def same_part(name: str, arch: DictConfig) -> str | None:
    """What an architecture calls the parameter that others call ``name``; None where it has no such part.

    Args:
        name: e.g. ``scratchpad_kib``, which is ``glb_kib`` of pim.
        arch: the architecture's part of a configuration.
    """
    own = OmegaConf.get_type(arch)
    if not (isinstance(own, type) and issubclass(own, Arch)):
        return None
    here = dict(_shared(own))
    for owner in owners(name):
        for shared, theirs in _shared(ARCHITECTURES[owner]):
            if shared not in here:
                continue
            ours = here[shared]
            if name == theirs:
                return ours
            part, our_part = theirs.rpartition("_")[0], ours.rpartition("_")[0]
            if part and name.startswith(f"{part}_") and f"{our_part}{name[len(part) :]}" in _names(own):
                return f"{our_part}{name[len(part) :]}"
    return None


def _names(kind: type[Arch]) -> list[str]:
    return [item.name for item in fields(kind) if item.name not in PLUMBING]


def _shared(kind: type[Arch]) -> Iterator[tuple[str, str]]:
    """Names of parts that several architectures have, each with the parameter; sizes before bandwidths."""
    for item in fields(kind):
        if item.metadata.get(SHARED):
            yield item.metadata[SHARED], item.name
