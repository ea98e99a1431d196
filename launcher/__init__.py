"""Experiments on mapping Transformer layers onto spatial architectures.

>>> import launcher
>>> result = launcher.run("arch=gemmini layer=KQV", **{"arch.rows": 32})
>>> result.energy_pj, result.cycles, result.optimality.status
>>> trials = launcher.sweep(["arch.rows=8,16,32", "layer=KQV"])
>>> trials.best(), trials.to_pandas(), trials.plot_front()
>>> launcher.curve(["layer=[KTQ,softmax,VScores]"]).curve.knee.capacity_words
>>> specification = launcher.Specification.from_yaml("arch.yaml", "problem.yaml")
>>> launcher.map(specification).plot_roofline()
>>> launcher.load("multirun/2026-11-23/04-32-50-928858")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launcher.api import curve as curve
    from launcher.api import evaluate as evaluate
    from launcher.api import load as load
    from launcher.api import map as map
    from launcher.api import run as run
    from launcher.api import sweep as sweep
    from launcher.notebook.results import Results as Results
    from launcher.results.result import Result as Result
    from launcher.specification.architecture import Architecture as Architecture
    from launcher.specification.mapping import LevelMapping as LevelMapping
    from launcher.specification.mapping import Loop as Loop
    from launcher.specification.mapping import Mapping as Mapping
    from launcher.specification.problem import DataSpace as DataSpace
    from launcher.specification.problem import Problem as Problem
    from launcher.specification.problem import Term as Term
    from launcher.specification.specification import Specification as Specification

_FOUND_IN = {
    **dict.fromkeys(
        ("Architecture", "DataSpace", "LevelMapping", "Loop", "Mapping", "Problem", "Specification", "Term"),
        "launcher.notebook.on_specifications",
    ),
    "Result": "launcher.notebook.on_results",
    "Results": "launcher.notebook.on_results",
    "curve": "launcher.api",
    "evaluate": "launcher.api",
    "load": "launcher.api",
    "map": "launcher.api",
    "run": "launcher.api",
    "sweep": "launcher.api",
}

__version__: str
__all__ = [
    "Architecture",
    "DataSpace",
    "LevelMapping",
    "Loop",
    "Mapping",
    "Problem",
    "Result",
    "Results",
    "Specification",
    "Term",
    "curve",
    "evaluate",
    "load",
    "map",
    "run",
    "sweep",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("launcher.installed").own_version()
    # Looked up on first use: commands that need no Hydra should not wait for it.
    if name in _FOUND_IN:
        return getattr(import_module(_FOUND_IN[name]), name)
    raise AttributeError(f"module 'launcher' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_FOUND_IN})
