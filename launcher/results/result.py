"""What a trial yields: the mapping, its figures, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from math import nan
from typing import Literal

from launcher.results.evaluation import Evaluation
from launcher.results.fused import FusedLayers
from launcher.results.generation import Generation
from launcher.results.proof import Proof
from launcher.specification.constraints import Factors
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.summing import sum_in_order


@dataclass(frozen=True)
class Optimality:
    """How good the mapping is known to be.

    Attributes:
        status: ``proved`` (no better mapping in the mapspace), ``bounded`` (search stopped early: the optimum lies
            between ``lower_bound`` and the value found), ``heuristic`` (the best of those that were tried),
            ``given`` (a user's mapping was evaluated).
        objective: what was minimised, first criterion first.
        lower_bound: of the first criterion, in its unit; equals the value when proved.
        gap: (value - lower_bound) / value.
    """

    status: Literal["proved", "bounded", "heuristic", "given"]
    objective: tuple[str, ...] = ()
    lower_bound: float | None = None
    gap: float | None = None


@dataclass(frozen=True)
class SearchStatistics:
    """How the mapper got there.

    Attributes:
        seconds: wall time of the search.
        counters: whatever the engine counts (nodes, mappings evaluated, spatial assignments, ...).
    """

    seconds: float = 0.0
    counters: Dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """What another engine says of the same mapping.

    Attributes:
        by: its name and version.
        differences: figures on which it does not agree, one line each; empty when it agrees.
        explanation: why that is no defect of ours, with the figures of both; None where no reason is known.
    """

    by: str
    differences: tuple[str, ...] = ()
    explanation: str | None = None

    @property
    def agrees(self) -> bool:
        return not self.differences

    @property
    def disputed(self) -> bool:
        """Whether it does not agree, and nobody knows why."""
        return bool(self.differences) and self.explanation is None


@dataclass(frozen=True)
class FrontPoint:
    """A trade-off between energy and cycles: no mapping is better in one without being worse in the other."""

    mapping: Mapping
    evaluation: Evaluation


@dataclass(frozen=True)
class LayerRun:
    """A layer of a network: the best mapping of one run of it, and how many runs the network has."""

    result: Result
    runs: int


@dataclass(frozen=True)
class FusedPair:
    """A matmul and the norm operation that takes its columns, over all their runs.

    Attributes:
        matmul, norm: names of the layers.
        level: storage level at which the columns wait; None when not fusing is best.
        energy_pj, cycles: of both layers as they are run.
        unfused_energy_pj, unfused_cycles: of both layers run one after the other.
        refused: levels at which they cannot be fused, and why.
    """

    matmul: str
    norm: str
    level: str | None
    energy_pj: float
    cycles: int
    unfused_energy_pj: float
    unfused_cycles: int
    refused: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One finished trial. It is complete: reporting and tracking need nothing else.

    The result of several layers has them in ``layers``; its ``evaluation`` then holds their sums, and ``mapping``,
    ``optimality`` and ``specification`` are None, since every layer has its own.

    Attributes:
        name: how people call it, e.g. ``gemmini 16x16 KQV``.
        status: ``ok``; ``infeasible`` when no mapping exists; ``failed`` for any other reason.
        reason: why it is not ``ok``.
        parameters: the composed configuration, flat: ``arch.rows`` -> 16.
        specification: what was mapped, energy and area tables included; None when it could not be built.
        mapping, evaluation, optimality, search: what the engine found; None unless ``ok``.
        engine: name and version of the engine.
        estimator: name and version of the estimator.
        flags: remarks a reader must see, e.g. that a figure was interpolated.
        seconds: wall time of the whole trial.
        layers: the layers of a network; empty for a single layer.
        fusions: its pairs of layers that fusion was tried on.
        groups: the best partition of its layers into groups that run as one nest, where that was searched.
        front: all trade-offs between energy and cycles, in order of increasing energy, where they were asked for;
            ``mapping`` is then the one with the least EDP.
        cached: whether an earlier search of the same input found this; ``search`` then describes that one.
        broken: limits of the user's that the figures do not keep, e.g. of area.
        verification: what another engine says of the mapping; None when none was asked.
        factors: which loops of the mapspace that was searched may be imperfect.
        proof: why no network is better, where that was searched; kept in a file of its own.
        generation: of a model that generates: the prompt, and the steps; ``evaluation`` holds their sums.
    """

    name: str
    status: Literal["ok", "infeasible", "failed"]
    parameters: Dict[str, object]
    engine: str
    estimator: str
    reason: str | None = None
    specification: Specification | None = None
    mapping: Mapping | None = None
    evaluation: Evaluation | None = None
    optimality: Optimality | None = None
    search: SearchStatistics | None = None
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    layers: tuple[LayerRun, ...] = ()
    fusions: tuple[FusedPair, ...] = ()
    groups: tuple[FusedLayers, ...] = ()
    front: tuple[FrontPoint, ...] = ()
    cached: bool = False
    broken: tuple[str, ...] = ()
    verification: Verification | None = None
    factors: Factors = Factors.perfect
    proof: Proof | None = field(default=None, compare=False)
    generation: Generation | None = None

    def __repr__(self) -> str:
        """A line: all of it, specification included, would fill pages."""
        if not self.ok:
            return f"<{self.name}: {self.status}, {(self.reason or 'no reason given').splitlines()[0]}>"
        known = f", {self.optimality.status}" if self.optimality else ""
        uj = self.energy_pj * 1e-6
        energy = f"{uj:,.0f}" if uj >= 1000 else f"{uj:.4g}"
        return f"<{self.name}: {energy} uJ, {self.cycles:,} cycles, {100 * self.utilization:.1f} %{known}>"

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def energy_pj(self) -> float:
        """Total energy; NaN when there is no mapping."""
        return self.evaluation.energy_pj if self.evaluation else nan

    @property
    def cycles(self) -> float:
        """Total cycles; NaN when there is no mapping."""
        return self.evaluation.cycles if self.evaluation else nan

    @property
    def edp_j_cycles(self) -> float:
        """Energy-delay product in J x cycles; NaN when there is no mapping."""
        return self.evaluation.edp_j_cycles if self.evaluation else nan

    @property
    def ed2p_j_cycles2(self) -> float:
        """Energy x delay^2 in J x cycles^2; NaN when there is no mapping."""
        return self.edp_j_cycles * self.cycles

    @property
    def utilization(self) -> float:
        """Share of the compute units' cycles that do work; NaN when there is no mapping."""
        return self.evaluation.utilization if self.evaluation else nan

    @property
    def cycle_seconds(self) -> float:
        """Length of a cycle; NaN when the architecture does not say it. A network runs on one machine."""
        one = self.layers[0].result if self.layers else self
        seconds = one.specification.architecture.cycle_seconds if one.specification else None
        return nan if seconds is None else seconds

    @property
    def latency_s(self) -> float:
        """Cycles x length of a cycle; NaN when one of them is not known."""
        return self.cycles * self.cycle_seconds

    @property
    def power_w(self) -> float:
        """Average power, energy / latency; NaN when one of them is not known."""
        return self.energy_pj * 1e-12 / self.latency_s if self.latency_s else nan

    @property
    def edp_j_s(self) -> float:
        """Energy x latency in J x s; NaN when one of them is not known."""
        return self.energy_pj * 1e-12 * self.latency_s

    @property
    def ed2p_j_s2(self) -> float:
        """Energy x latency^2 in J x s^2; NaN when one of them is not known."""
        return self.edp_j_s * self.latency_s

    @property
    def throughput_ops_s(self) -> float:
        """Operations per second, two for every multiply-accumulate; NaN when the latency is not known."""
        return self._operations / self.latency_s if self.latency_s else nan

    @property
    def efficiency_ops_j(self) -> float:
        """Operations per joule, which are operations per second and watt; NaN when there is no mapping."""
        joules = self.energy_pj * 1e-12
        return self._operations / joules if joules else nan

    @property
    def _operations(self) -> float:
        return 2.0 * self.evaluation.computes if self.evaluation else nan

    @property
    def front_results(self) -> tuple[Result, ...]:
        """Every point of the front as a result of its own."""
        return tuple(replace(self, mapping=p.mapping, evaluation=p.evaluation, front=()) for p in self.front)

    @property
    def energy_per_mac_pj(self) -> float:
        """Total energy of a multiply-accumulate; NaN when there is no mapping."""
        return self.evaluation.energy_per_mac_pj if self.evaluation else nan

    @property
    def search_seconds(self) -> float | None:
        """Wall time of the search, possibly of an earlier one whose result was kept."""
        return self.search.seconds if self.search else None

    @property
    def gap(self) -> float | None:
        """How far the first criterion may be from its optimum."""
        return self.optimality.gap if self.optimality else None

    @property
    def area_by_component_um2(self) -> dict[str, float]:
        """Area of all instances of each component; empty when no area was estimated.

        The layers of a network run on the same machine, so a component that several of them use counts once.
        """
        if self.layers:
            areas: dict[str, float] = {}
            for layer in self.layers:
                for name, area in layer.result.area_by_component_um2.items():
                    areas[name] = max(area, areas.get(name, 0.0))
            return areas
        spec = self.specification
        if spec is None or spec.area is None:
            return {}
        each = spec.area.components
        return {c.name: each[c.name] * c.instances for c in spec.architecture.components if c.name in each}

    @property
    def area_um2(self) -> float:
        """Area of the whole machine in um^2; NaN when it was not estimated."""
        areas = self.area_by_component_um2
        return sum_in_order(areas.values()) if areas else nan
