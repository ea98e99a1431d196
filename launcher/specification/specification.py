"""The whole input of an engine in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from launcher.specification.architecture import Architecture
from launcher.specification.compound import CompoundClass
from launcher.specification.constraints import Constraints
from launcher.specification.energy import AreaTable, AssumedEnergy, EnergyTable
from launcher.specification.problem import Problem
from launcher.specification.repeats import ONCE, Repeats


@dataclass(frozen=True)
class Specification:
    """The meaning of Timeloop's input files.

    Attributes:
        architecture, problem, constraints: what is mapped, where, under which rules.
        energy, area: the reference tables; None until an estimator (or the user's own file) gave them.
        estimator: who gave them, e.g. ``tables 0.1.0``.
        flags: remarks on the figures that a reader must see, e.g. that one was interpolated.
        repeats: the loops around the problem that it shares with other layers; Timeloop's files know none.
        cycle_pj: price of a cycle in a search that weighs time against energy; the outermost level leaks it.
        assumed: components whose energies nobody gave, and what stands in the table in their place.
        compounds: component classes that the input defines, by name; components of them are estimated from parts.
    """

    architecture: Architecture
    problem: Problem
    constraints: Constraints = field(default_factory=Constraints)
    energy: EnergyTable | None = None
    area: AreaTable | None = None
    estimator: str | None = None
    flags: tuple[str, ...] = ()
    repeats: Repeats = ONCE
    cycle_pj: float = 0.0
    assumed: tuple[AssumedEnergy, ...] = ()
    compounds: Mapping[str, CompoundClass] = field(default_factory=dict)

    @property
    def energies_from(self) -> str:
        """Who says what an action costs, for readers: the estimator, or the input itself."""
        return self.estimator or "the input's own tables"
