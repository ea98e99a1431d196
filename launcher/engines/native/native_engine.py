"""The native engine: the exact model and the proving mapper behind the common interface."""

from __future__ import annotations

from launcher.engines.interface import Mapped, MapperSettings, OnProgress
from launcher.engines.native.model import evaluate
from launcher.installed import own_version
from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


class NativeEngine:
    """Timeloop's dense model reproduced exactly, and a mapper that proves its optimum."""

    name = "native"

    def __init__(self) -> None:
        self.version = own_version()

    def evaluate(self, specification: Specification, mapping: Mapping) -> Evaluation:
        """Figures of one mapping; an illegal one is a result, not an exception."""
        return evaluate(specification, mapping)

    def map(
        self, specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None
    ) -> Mapped:
        """The best mapping of the constrained mapspace (see ``mapper.optima.search``)."""
        # Compiled code is loaded only when something is mapped.
        from launcher.engines.native.mapper.optima import search  # noqa: PLC0415

        return search(specification, settings, on_progress)

    def pareto(
        self, specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None
    ) -> tuple[Mapped, ...]:
        """The exact front of energy and cycles (see ``mapper.optima.pareto``)."""
        from launcher.engines.native.mapper.optima import pareto  # noqa: PLC0415

        return pareto(specification, settings, on_progress)
