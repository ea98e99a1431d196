"""What workers do for an exhaustive search: describe designs, bound corners, search points.

A worker gets the study with every batch of work, pickled once, and keeps it, together with what it has read of
templates and tables.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import nan, prod

import numpy as np

from launcher.config.composition import ComposedExperiment
from launcher.config.schema import Experiment, FusionMode, NetworkObjective
from launcher.config.trial import Trial
from launcher.engines.interface import MapperSettings
from launcher.engines.native.arrays import AnyArray, AnyInts, FloatArray
from launcher.engines.native.designs.bounds import LayerBound, arithmetic_bound, root_bound, searched_bound
from launcher.engines.native.designs.slots import COLUMNS, with_slots
from launcher.engines.run import native_engine
from launcher.errors import LauncherError
from launcher.interrupts import stop_asked
from launcher.process_limits import at_most, end_with_sweep, sharing
from launcher.results.metrics import recorded_metrics
from launcher.results.result import LayerRun, Result
from launcher.specification.specification import Specification
from launcher.sweeping.exhaustive.describe import ROW, Describer, DesignFamily, LayerDesign
from launcher.sweeping.exhaustive.factored import FactoredLayer, Factoring, NotFactoredError
from launcher.sweeping.exhaustive.figure_bounds import ARITHMETIC, ROOT, CommonWork
from launcher.sweeping.exhaustive.ledger import PointOutcome, Settled
from launcher.sweeping.exhaustive.plan import WIDTHS
from launcher.sweeping.exhaustive.space import Choices, FiniteSpace
from launcher.sweeping.points.interface import Value
from launcher.trial.network.totals import total
from launcher.trial.run import failed, run_trial
from launcher.trial.steps import find_mapping, mapper_settings, native_settings, specify
from launcher.trial.template_reads import BITS

_MOST_CORNERS = 1024
"""Specifications that corners are made of, and results of layers, kept by a worker."""


@dataclass(frozen=True)
class HardwareStudy:
    """What all workers know.

    Attributes:
        space: the points.
        composed: choices of groups -> the composition.
        trial_timeout_s: a point whose search takes longer has failed; None is no limit.
    """

    space: FiniteSpace
    composed: Mapping[Choices, ComposedExperiment]
    trial_timeout_s: float | None = None

    def trial(self, number: int) -> Trial:
        """The trial of a point: nothing is kept of it, and nobody else is asked."""
        groups, values = self.space.split(number)
        trial = self.composed[groups].at(values)
        layers = tuple(replace(layer, experiment=_bare(layer)) for layer in trial.layers)
        return replace(trial, experiment=_bare(trial), layers=layers)


def _bare(trial: Trial) -> Experiment:
    return replace(trial.experiment, cache=False, verify="false")


@dataclass(frozen=True)
class Corner:
    """The most favourable corner of some designs, for one layer.

    Attributes:
        number: some point of the family.
        layer: which of the trial's layers.
        slots: (components, 8) see ``designs.slots``; None for the point itself.
        kind: of bound, see ``figure_bounds``: a criterion is searched for.
    """

    number: int
    layer: int
    slots: bytes
    kind: str


@dataclass(frozen=True)
class DescribedPoints:
    """Some designs in a row.

    Attributes:
        families: distinct structures.
        family: (points, layers) which of them; -1 where a point has no design.
        rows: distinct rows of components, as in ``describe``.
        row: (points, layers, components) which of them; -1 beyond a structure's components.
        cycle_seconds: (points,) length of a cycle.
        failures: point (counted from the first) -> why it has no design.
    """

    families: Sequence[DesignFamily]
    family: AnyInts
    rows: FloatArray
    row: AnyInts
    cycle_seconds: FloatArray
    failures: Mapping[int, str]


@lru_cache(maxsize=2)
def _worker(study: bytes) -> _Worker:
    end_with_sweep()
    return _Worker(pickle.loads(study))  # noqa: S301 # pickled by the sweep's own process


def factor(study: bytes, choices: Choices, layer: int) -> FactoredLayer | None:
    """All designs for one layer of the trials with these groups; None where each has to be described by itself."""
    return _worker(study).factor(choices, layer)


def describe(study: bytes, numbers: Sequence[int]) -> DescribedPoints:
    """The designs of some points."""
    return _worker(study).describe(numbers)


def bound(study: bytes, corners: Sequence[Corner]) -> list[LayerBound]:
    """What bounds the designs whose corners are given, one for each."""
    return [_worker(study).bound(corner) for corner in corners]


def search(study: bytes, numbers: Sequence[int], wanted: Sequence[str]) -> list[PointOutcome]:
    """What comes out of some points, with the wanted metrics of each."""
    return [_worker(study).search(number, wanted) for number in numbers]


def layers_of(trial: Trial) -> tuple[Trial, ...]:
    """The trials of a network's layers; of a single layer, itself."""
    return trial.layers or (trial,)


class _Worker:
    def __init__(self, study: HardwareStudy) -> None:
        self._study = study
        self._describer = Describer()
        self._corners: dict[tuple[int, int], tuple[Specification, MapperSettings]] = {}
        self._results: dict[tuple[bytes, bytes], Result] = {}

    def factor(self, choices: Choices, layer: int) -> FactoredLayer | None:
        composed = self._study.composed[choices]

        @cache
        def keys_of(name: str) -> Collection[str]:
            """A parameter that refers to others may depend on anything."""
            if name == BITS:
                return WIDTHS & values.keys()
            return values if composed.refers(f"arch.{name}") else {f"arch.{name}"} & values.keys()

        def trial(values: Mapping[str, Value]) -> Trial:
            _stop_if_asked()
            return layers_of(composed.at(values))[layer]

        values = {key: own for key, own in self._study.space.values.items() if "." in key}
        try:
            return Factoring(values, trial, keys_of, self._describer).run()
        except NotFactoredError:
            return None

    def describe(self, numbers: Sequence[int]) -> DescribedPoints:
        designs: list[tuple[LayerDesign, ...]] = []
        failures: dict[int, str] = {}
        for place, number in enumerate(numbers):
            _stop_if_asked()
            try:
                layers = layers_of(self._study.trial(number))
                designs.append(tuple(self._describer.describe(layer) for layer in layers))
            except LauncherError as error:
                failures[place] = str(error)
                designs.append(())
        return _as_arrays(designs, failures)

    def bound(self, corner: Corner) -> LayerBound:
        _stop_if_asked()
        specification, settings = self._corner(corner.number, corner.layer)
        slots = np.frombuffer(corner.slots).reshape(-1, len(COLUMNS))
        try:
            design = with_slots(specification, slots) if len(slots) else specification
            return bound_of(design, settings, corner.kind)
        except LauncherError:  # what cannot be mapped is told of each point by itself
            return LayerBound(0.0, 0.0, 0.0)

    def _corner(self, number: int, layer: int) -> tuple[Specification, MapperSettings]:
        if (number, layer) not in self._corners:
            if len(self._corners) >= _MOST_CORNERS:
                self._corners.pop(next(iter(self._corners)))
            trial = layers_of(self._study.trial(number))[layer]
            self._corners[number, layer] = specify(trial), native_settings(trial)
        return self._corners[number, layer]

    def search(self, number: int, wanted: Sequence[str]) -> PointOutcome:
        _stop_if_asked()
        started = time.perf_counter()
        try:
            with at_most(self._study.trial_timeout_s, "sweep.trial_timeout_s"), sharing(with_others=True):
                result = self._result(self._study.trial(number))
        except Exception as error:  # a point that fails is no reason to lose the others
            result = failed(str(number), {}, error)
        metrics = recorded_metrics(result) if result.ok else {}
        figures = {name: metrics[name] for name in wanted if name in metrics}
        status: Settled = "searched" if result.status == "ok" else result.status
        reason = (result.reason or "").partition("\n")[0]
        return PointOutcome(number, status, figures, reason, time.perf_counter() - started)

    def _result(self, trial: Trial) -> Result:
        if not is_plain(trial):
            return run_trial(trial)
        if not trial.layers:
            return self._layer_result(trial)
        runs = [LayerRun(self._layer_result(layer), layer.runs) for layer in trial.layers]
        return total(trial.name, trial.parameters, runs, 0.0)

    def _layer_result(self, layer: Trial) -> Result:
        """Layers that do not see what differs between two designs are searched once."""
        design = self._describer.describe(layer)
        key = design.family.key, design.rows.tobytes()
        if key not in self._results:
            if len(self._results) >= _MOST_CORNERS:
                self._results.pop(next(iter(self._results)))
            self._results[key] = find_mapping(layer, native_engine(), specify(layer))
        return replace(self._results[key], name=layer.name, parameters=layer.parameters)


def bound_of(design: Specification, settings: MapperSettings, kind: str) -> LayerBound:
    """One kind of bound of a layer (see ``figure_bounds``)."""
    if kind == ARITHMETIC:
        return arithmetic_bound(design)
    if kind == ROOT:
        return root_bound(design, settings)
    return searched_bound(design, settings, kind)


def common_work(trial: Trial, specifications: Iterable[Specification]) -> CommonWork:
    """What a trial's workload asks of any hardware; ``specifications`` are those of its layers."""
    return CommonWork(
        runs=tuple(layer.runs for layer in trial.layers) if trial.layers else (1,),
        computes=tuple(prod(one.problem.dimensions.values()) for one in specifications),
        criterion=mapper_settings(trial).objective[0],
        fused=is_fused(trial),
    )


def is_plain(trial: Trial) -> bool:
    """Whether every layer has its own best mapping, whatever the others have."""
    return not is_fused(trial) and trial.experiment.network.objective is NetworkObjective.layers


def is_fused(trial: Trial) -> bool:
    """Whether layers may share traffic."""
    fusion = trial.experiment.fusion
    return fusion.mode is not FusionMode.none or fusion.level is not None


def _as_arrays(designs: Sequence[tuple[LayerDesign, ...]], failures: Mapping[int, str]) -> DescribedPoints:
    layers = max(map(len, designs), default=0)
    width = max((len(layer.rows) for design in designs for layer in design), default=0)
    family = np.full((len(designs), layers), -1, np.int32)
    row = np.full((len(designs), layers, width), -1, np.int32)
    seconds = np.full(len(designs), nan)
    families: dict[bytes, tuple[int, DesignFamily]] = {}
    rows: dict[bytes, int] = {}
    known: dict[int, tuple[int, list[int]]] = {}
    for place, (number, layer) in _each(designs):
        if id(layer) not in known:
            which, _ = families.setdefault(layer.family.key, (len(families), layer.family))
            known[id(layer)] = which, [rows.setdefault(one.tobytes(), len(rows)) for one in layer.rows]
        family[place, number], own = known[id(layer)]
        row[place, number, : len(own)] = own
        seconds[place] = layer.cycle_seconds
    table: AnyArray = np.frombuffer(b"".join(rows)).reshape(-1, ROW)
    return DescribedPoints([one for _, one in families.values()], family, table, row, seconds, failures)


def _each(designs: Sequence[tuple[LayerDesign, ...]]) -> Iterator[tuple[int, tuple[int, LayerDesign]]]:
    for place, design in enumerate(designs):
        for layer in enumerate(design):
            yield place, layer


def _stop_if_asked() -> None:
    if stop_asked():
        raise KeyboardInterrupt
