"""What an engine is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from launcher.results.evaluation import Evaluation
from launcher.results.result import Optimality, SearchStatistics
from launcher.specification.constraints import Constraints, Factors
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class MapperSettings:
    """How to search.

    Attributes:
        objective: criteria in order (``edp``, ``energy``, ``cycles``); later ones break ties of earlier ones.
        timeout_s: wall-clock limit; None means until the optimum is proved.
        threads: cores to use when that pays.
        front: find the whole front of energy and cycles; the objective then chooses the point that is shown first.
        factors: which loops of the mapspace may be imperfect.
        narrower: mapspaces with fewer imperfect loops that belong to this one although they have constraints of their
            own: which loops may be imperfect there, and the constraints.
    """

    objective: tuple[str, ...] = ("edp",)
    timeout_s: float | None = None
    threads: int = 1
    front: bool = False
    factors: Factors = Factors.perfect
    narrower: tuple[tuple[Factors, Constraints], ...] = ()


@dataclass(frozen=True)
class Progress:
    """A snapshot of a running search, or of the searches of a network's layers.

    Attributes:
        incumbent: value of the best mapping so far in the first criterion: energy in pJ, cycles, or EDP in pJ x cycles.
        lower_bound: proved: no mapping has a smaller value.
        seconds: so far.
        criterion: ``edp``, ``energy`` or ``cycles``.
        name: of the layer that is searched, in a network.
        finished, searches: how many of a network's searches are done, and how many there are.
    """

    incumbent: float | None
    lower_bound: float | None
    seconds: float
    criterion: str = ""
    name: str = ""
    finished: int = 0
    searches: int = 1


OnProgress = Callable[[Progress], None]
"""Called now and then; a KeyboardInterrupt that it raises ends the search, which keeps the best mapping so far."""


class Abandoned(KeyboardInterrupt):
    """Raised by a callback: nobody waits any more for what the search has."""


@dataclass(frozen=True)
class Mapped:
    """What an engine's search returns: the mapping, its evaluation, and how good it is known to be.

    ``remarks`` are sentences that whoever reads the result must see.
    """

    mapping: Mapping
    evaluation: Evaluation
    optimality: Optimality
    search: SearchStatistics
    remarks: tuple[str, ...] = ()


class Engine(Protocol):
    """Something that evaluates and finds mappings. It never logs, and reads nothing but its arguments."""

    name: str
    version: str

    def evaluate(self, specification: Specification, mapping: Mapping) -> Evaluation:
        """Figures of one mapping. An illegal one is a result (``legal=False``), not an exception."""

    def map(
        self, specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None
    ) -> Mapped:
        """The best mapping of the constrained mapspace.

        Raises:
            NoValidMappingError: the mapspace is empty; says which level or constraint makes it so.
        """

    def pareto(
        self, specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None
    ) -> tuple[Mapped, ...]:
        """Every trade-off between energy and cycles, in order of increasing energy; raises like :meth:`map`."""
