"""Fields with ranges, which are checked once the values are known."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from omegaconf import MISSING

from launcher.errors import ConfigurationError

SHARED = "shared"
"""Of a field's metadata: see :func:`between`."""


def between(least: float, most: float, shared: str = "") -> Any:
    """A mandatory field whose value must lie in [least, most].

    Args:
        shared: the name of the same part in every architecture, so that one list of configurations suits several.
    """
    return field(default=MISSING, metadata={"least": least, "most": most, SHARED: shared})


def bits(most: int = 4096) -> Any:
    """A width."""
    return between(1, most)


def kib(shared: str = "") -> Any:
    """A memory's size."""
    return between(2**-10, 2**24, shared)


def banks() -> Any:
    """A memory's banks."""
    return between(1, 1024)


def bandwidth(shared: str = "") -> Any:
    """Words per cycle; None is unlimited."""
    return between(2**-20, 2**24, shared)


@dataclass
class Checked:
    """Checks the ranges that fields carry in their metadata, once the values are known."""

    group: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if "least" not in item.metadata or value is None:
                continue
            least, most = item.metadata["least"], item.metadata["most"]
            if not least <= value <= most:
                raise ConfigurationError(
                    f"{self.group}.{item.name}={value} is out of range",
                    expected=f"a number from {least:g} to {most:g}",
                    hint=f"{self.group}.{item.name}={min(max(least, 1), most):g}",
                )
