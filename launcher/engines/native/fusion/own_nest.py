"""A layer's own nest inside shared loops, with its figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from launcher.engines.native.model import evaluate
from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class OwnNest:
    """A layer's own nest.

    Attributes:
        specification: what it runs under.
        mapping: it.
        energy_pj, cycles: its figures over all iterations of the shared loops.
    """

    specification: Specification
    mapping: Mapping
    energy_pj: float
    cycles: int

    @cached_property
    def evaluation(self) -> Evaluation:
        """What the exact model says of it."""
        return evaluate(self.specification, self.mapping)
