"""From bounds of layers to bounds of the figures that a sweep is after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan

from launcher.engines.native.designs.bounds import LayerBound
from launcher.engines.native.designs.sums import least_product, total_cycles, total_energy_pj
from launcher.figures import BY_KEY, CRITERIA, METRICS
from launcher.results.goals import Constraint, Goals
from launcher.summing import sum_in_order

ROOT = "root"
"""A kind of bound: what the mapper knows before it searches. Others are searches for a criterion."""

ARITHMETIC = "arithmetic"
"""A kind of bound that holds for layers which share traffic."""

EXACT = frozenset({"area_mm2", "area_um2", "cycles"})
"""Metrics that are whole numbers, or computed alike for bounds and results: equal ones are equal."""

_REFUSED = ("trial_seconds", "search_seconds", "gap")
"""Metrics of how a result was found."""


@dataclass(frozen=True)
class CommonWork:
    """What all designs have in common.

    Attributes:
        runs: of each layer, how often it runs.
        computes: of each layer, multiply-accumulates of one run.
        criterion: the mapper's first.
        fused: whether layers may share traffic, so that only their arithmetic adds up.
    """

    runs: tuple[int, ...]
    computes: tuple[int, ...]
    criterion: str
    fused: bool = False


@dataclass(frozen=True)
class BoxBounds:
    """What is known of some designs.

    Attributes:
        layers: bounds of their layers.
        area_um2: their least area; NaN when it is not known.
        cycle_seconds: their least length of a cycle; NaN when it is not known.
        units: of each layer, their most compute units.
    """

    layers: tuple[LayerBound, ...]
    area_um2: float
    cycle_seconds: float
    units: tuple[int, ...]


class FigureBounds:
    """Bounds of the metrics that a sweep is after, of designs whose layers are bounded."""

    def __init__(self, goals: Goals, workload: CommonWork) -> None:
        self.goals, self._workload = goals, workload

    @property
    def kinds(self) -> tuple[str, ...]:
        """Bounds of a corner that are worth working out, the cheapest first."""
        return (ARITHMETIC,) if self._workload.fused else (ROOT, *self._criteria)

    @property
    def _criteria(self) -> tuple[str, ...]:
        """What is worth searching for at a corner, what takes least first."""
        names = {self._figure(metric) for metric in self.goals.metrics}
        own = self._workload.criterion
        products = {CRITERIA[one].figure for one in CRITERIA if CRITERIA[one].energy and CRITERIA[one].cycles}
        products |= {BY_KEY[one].in_time for one in products}
        both = bool(names & products) and (len(self._workload.runs) > 1 or CRITERIA[own].figure not in names)
        wanted = ["energy"] if both or names & {"energy_pj", "energy_per_mac_pj"} else []
        wanted += ["cycles"] if both or names & {"cycles", "latency_s", "utilization"} else []
        wanted += [own] if CRITERIA[own].figure in names else []
        return tuple(dict.fromkeys(wanted))

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Metrics of which no bound is known."""
        return tuple(metric for metric in self.goals.metrics if metric not in METRICS or not self._bounds(metric))

    def losses(self, box: BoxBounds) -> tuple[float, ...]:
        """Lower bounds of the objectives' losses (see ``Goals.losses``)."""
        signs = (1.0 if way == "minimize" else -1.0 for way in self.goals.directions)
        return tuple(self._loss(name, sign, box) for name, sign in zip(self.goals.objectives, signs, strict=True))

    def broken(self, box: BoxBounds) -> Constraint | None:
        """A limit that none of the designs can keep."""
        for limit in self.goals.constraints:
            sign = 1.0 if limit.sign.startswith("<") else -1.0
            least = self._loss(limit.metric, sign, box)
            if least > -inf and limit.violation({limit.metric: sign * least}) > self._slack(limit):
                return limit
        return None

    def _slack(self, limit: Constraint) -> float:
        return 0.0 if limit.metric in EXACT else abs(limit.bound) * 1e-9

    def _loss(self, metric: str, sign: float, box: BoxBounds) -> float:
        """Least value of a metric (or of its negative) that any of the designs can have."""
        if metric not in METRICS:
            return -inf
        figure, factor = METRICS[metric]
        way = "less" if sign > 0 else "more"
        if figure.key == "area_um2":
            return -inf if isnan(box.area_um2) or way == "more" else box.area_um2 * factor
        bound = _BOUNDS.get((figure.key, way))
        value = bound(box, self._workload) if bound else sign * -inf
        return sign * value * factor if not isnan(value) else -inf

    def _bounds(self, metric: str) -> bool:
        figure, _ = METRICS[metric]
        ways = {"less" if way == "minimize" else "more" for name, way in self._ways() if name == metric}
        return all((figure.key, way) in _BOUNDS or figure.key == "area_um2" for way in ways)

    def _ways(self) -> Sequence[tuple[str, str]]:
        limits = [
            (one.metric, "minimize" if one.sign.startswith("<") else "maximize") for one in self.goals.constraints
        ]
        return [*zip(self.goals.objectives, self.goals.directions, strict=True), *limits]

    @staticmethod
    def _figure(metric: str) -> str:
        return METRICS[metric][0].key if metric in METRICS else metric


def refused_metric(goals: Goals) -> str | None:
    """A metric that says nothing of a design."""
    return next((metric for metric in goals.metrics if metric in _REFUSED), None)


def _energy(box: BoxBounds, workload: CommonWork) -> float:
    return total_energy_pj(list(zip(box.layers, workload.runs, strict=True)))


def _cycles(box: BoxBounds, workload: CommonWork) -> float:
    return total_cycles(list(zip(box.layers, workload.runs, strict=True)))


def _per_mac(box: BoxBounds, workload: CommonWork) -> float:
    return _energy(box, workload) / sum_in_order(m * r for m, r in zip(workload.computes, workload.runs, strict=True))


def _utilization(box: BoxBounds, workload: CommonWork) -> float:
    """At most: what the compute units could do in that time, of what there is to do."""
    busy = sum_in_order(m * r / u for m, r, u in zip(workload.computes, workload.runs, box.units, strict=True))
    cycles = _cycles(box, workload)
    return busy / cycles if cycles else 1.0


def _product(power: int) -> Callable[[BoxBounds, CommonWork], float]:
    def bound(box: BoxBounds, workload: CommonWork) -> float:
        own = CRITERIA[workload.criterion]
        layers = list(zip(box.layers, workload.runs, strict=True))
        if not own.energy or own.cycles != power:
            layers = [(LayerBound(layer.energy_pj, layer.cycles, 0.0), runs) for layer, runs in layers]
        return least_product(layers, power, 1e-12)

    return bound


_BOUNDS: Mapping[tuple[str, str], Callable[[BoxBounds, CommonWork], float]] = {
    ("energy_pj", "less"): _energy,
    ("energy_per_mac_pj", "less"): _per_mac,
    ("cycles", "less"): _cycles,
    ("latency_s", "less"): lambda box, workload: _cycles(box, workload) * box.cycle_seconds,
    ("utilization", "more"): _utilization,
    ("edp_j_cycles", "less"): _product(1),
    ("edp_j_s", "less"): lambda box, workload: _product(1)(box, workload) * box.cycle_seconds,
    ("ed2p_j_cycles2", "less"): _product(2),
}
"""Figure, and which way is better -> its bound."""
