"""A layer's own nest inside shared loops, with its figures."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class OwnNest:
    """A layer's own nest that was found.

    Attributes:
        specification: what it was searched under.
        mapping: it.
        evaluation: its figures over all iterations of the shared loops.
    """

    specification: Specification
    mapping: Mapping
    evaluation: Evaluation

    @property
    def energy_pj(self) -> float:
        return self.evaluation.energy_pj

    @property
    def cycles(self) -> int:
        return self.evaluation.cycles
