"""Types and ranges of ``conf/sweep``: how multiruns go about their trials."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from launcher.config.checked import Checked

SAMPLERS = ("tpe", "nsga2", "random", "grid", "bruteforce", "qmc", "cmaes")
"""Who may choose the points of a study."""

_OTHER_NAMES = {"bayes": "tpe", "bayesian": "tpe", "optuna": "tpe", "genetic": "nsga2", "evolutionary": "nsga2"}
_OTHER_NAMES |= {"exhaustive": "bruteforce", "sobol": "qmc", "cma": "cmaes", "all": "bruteforce"}


def sampler_named(text: str) -> str | None:
    """The sampler that a person means by ``TPE``, ``nsga-ii`` or ``bayes``; None when it is none."""
    letters = "".join(one for one in text.lower() if one.isalnum())
    letters = _OTHER_NAMES.get(letters, letters)
    return next(iter(difflib.get_close_matches(letters, SAMPLERS, 1)), None)


class Kept(StrEnum):
    """Which trials of a sweep keep files and a run: every one, the front, or the front and the best up to a hundred."""

    all = "all"
    front = "front"
    best = "best"


@dataclass
class SweepSettings(Checked):
    """How a sweep searches; what each field means stands in ``conf/sweep/default.yaml``."""

    group: ClassVar[str] = "sweep"

    n_trials: int = field(default=100, metadata={"least": 1, "most": 10**7})
    objectives: list[str] | None = None
    directions: list[str] | None = None
    constraints: list[str] = field(default_factory=list)
    sampler: str = "tpe"
    seed: int = field(default=0, metadata={"least": 0, "most": 2**31})
    study: str | None = None
    storage: str | None = None
    restart: bool = False
    first: int = field(default=0, metadata={"least": 0, "most": 10**7})
    enqueue: list[Any] = field(default_factory=list)
    timeout_s: float | None = field(default=None, metadata={"least": 1e-3, "most": 1e9})
    trial_timeout_s: float | None = field(default=None, metadata={"least": 1e-3, "most": 1e9})
    max_failures: float = field(default=0.8, metadata={"least": 0, "most": 1})
    prune: bool = True
    pictures: bool = True
    keep: Kept = Kept.all
    parallel: int | None = field(default=None, metadata={"least": 1, "most": 4096})
