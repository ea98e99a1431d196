"""Experiments on mapping Transformer layers onto spatial architectures.

>>> import launcher
>>> result = launcher.run(["arch=gemmini", "layer=KQV"])
>>> result.energy_pj, result.cycles, result.optimality.status
>>> trials = launcher.sweep(["arch.rows=8,16,32", "layer=KQV"])
>>> trials.best(), trials.to_pandas(), trials.plot_front()
>>> launcher.curve(["layer=[KTQ,softmax,VScores]"]).curve.knee.capacity_words
>>> launcher.load("multirun/2026-11-23/04-32-50-928858")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launcher.api import curve as curve
    from launcher.api import load as load
    from launcher.api import run as run
    from launcher.api import sweep as sweep
    from launcher.notebook.results import Results as Results
    from launcher.results.result import Result as Result

_FOUND_IN = {
    "Result": "launcher.notebook.on_results",
    "Results": "launcher.notebook.on_results",
    "curve": "launcher.api",
    "load": "launcher.api",
    "run": "launcher.api",
    "sweep": "launcher.api",
}

__version__: str
__all__ = ["Result", "Results", "curve", "load", "run", "sweep"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("launcher.installed").own_version()
    # Looked up on first use: commands that need no Hydra should not wait for it.
    if name in _FOUND_IN:
        return getattr(import_module(_FOUND_IN[name]), name)
    raise AttributeError(f"module 'launcher' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_FOUND_IN})
