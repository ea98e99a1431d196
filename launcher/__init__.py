"""Experiments on mapping Transformer layers onto spatial architectures.

>>> from launcher import run
>>> result = run(["arch=gemmini", "layer=KQV"])
>>> result.energy_pj, result.cycles, result.optimality.status
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launcher.api import run as run
    from launcher.result import Result as Result

__all__ = ["Result", "run"]


def __getattr__(name: str) -> object:
    # Looked up on first use: commands that need no Hydra should not wait for it.
    if name == "run":
        from launcher.api import run  # noqa: PLC0415

        return run
    if name == "Result":
        from launcher.result import Result  # noqa: PLC0415

        return Result
    raise AttributeError(f"module 'launcher' has no attribute {name!r}")
