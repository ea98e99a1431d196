"""Several layers as one: sums over all runs of every layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import fsum

from launcher.engines.fuse import FusedNetwork
from launcher.results.evaluation import Evaluation, LevelStats
from launcher.results.fused import FusedLayers
from launcher.results.fused_savings import RESCALING
from launcher.results.result import FusedPair, LayerRun, Optimality, Result, SearchStatistics


def total(
    name: str,
    parameters: Mapping[str, object],
    layers: Sequence[LayerRun],
    seconds: float,
    fusions: Sequence[FusedPair] = (),
    fused: FusedNetwork | None = None,
) -> Result:
    """The result of a network.

    Energy and cycles are sums over all runs of all layers, EDP is total energy x total cycles, utilization is
    weighted by cycles. Every layer has the mapping that is best for itself, or for the network where that was searched.

    Args:
        name: how people call the network.
        parameters: what is common to the layers.
        layers: at least one; when one of them has no mapping, neither has the network.
        seconds: wall time of the whole trial.
        fusions: what fusing did to the pairs among the layers.
        fused: the partition of the layers into groups, where that was searched.
    """
    first = layers[0].result
    groups = fused.groups if fused else ()
    flags = tuple(dict.fromkeys(flag for layer in layers for flag in layer.result.flags))
    without = next((layer.result for layer in layers if not layer.result.ok), None)
    return Result(
        name=name,
        status=without.status if without else "ok",
        reason=f"{without.name}: {without.reason}" if without else None,
        parameters=dict(parameters),
        engine=first.engine,
        estimator=first.estimator,
        evaluation=None if without else _sum(layers, groups),
        optimality=None if without else fused.optimality if fused else _weakest(layers),
        search=fused.search if fused else _effort(layers),
        flags=flags,
        factors=first.factors,
        seconds=seconds,
        cached=all(layer.result.cached for layer in layers),
        layers=tuple(layers),
        fusions=tuple(fusions),
        groups=groups,
        proof=fused.proof if fused else None,
    )


def _sum(layers: Sequence[LayerRun], groups: Sequence[FusedLayers]) -> Evaluation:
    pairs = [(layer.result.evaluation, layer.runs) for layer in layers if layer.result.evaluation]
    beside = [(group.rescaling, group.runs) for group in groups if group.rescaling.cycles]
    cycles = sum(one.cycles * runs for one, runs in pairs) + sum(one.cycles * runs for one, runs in beside)
    rescaling_pj = fsum(one.energy_pj * runs for one, runs in beside)
    networks = dict.fromkeys(name for one, _ in pairs for name in one.network_energy_pj)
    return Evaluation(
        legal=True,
        energy_pj=fsum([*(one.energy_pj * runs for one, runs in pairs), rescaling_pj]),
        cycles=cycles,
        utilization=fsum(one.utilization * one.cycles * runs for one, runs in pairs) / cycles,
        computes=sum(one.computes * runs for one, runs in pairs),
        levels=_levels(pairs),
        compute_energy_pj=fsum(one.compute_energy_pj * runs for one, runs in pairs),
        network_energy_pj={
            **{name: fsum(one.network_energy_pj.get(name, 0.0) * runs for one, runs in pairs) for name in networks},
            **({RESCALING: rescaling_pj} if beside else {}),
        },
    )


def _levels(pairs: Sequence[tuple[Evaluation, int]]) -> tuple[LevelStats, ...]:
    """Energy and leakage by level name, over all layers; traffic stays with the layers."""
    stats = [(level, runs) for one, runs in pairs for level in one.levels]
    names = dict.fromkeys(level.level for level, _ in stats)
    return tuple(
        LevelStats(
            level=name,
            energy_pj=fsum(level.energy_pj * runs for level, runs in stats if level.level == name),
            leakage_pj=fsum(level.leakage_pj * runs for level, runs in stats if level.level == name),
            cycles=sum(level.cycles * runs for level, runs in stats if level.level == name),
            data_spaces={},
        )
        for name in names
    )


def _weakest(layers: Sequence[LayerRun]) -> Optimality | None:
    """What can be said of all layers: proved only when every one is."""
    known = [layer.result.optimality for layer in layers if layer.result.optimality]
    weakest = max(known, key=lambda one: (one.status != "proved", one.gap or 0.0), default=None)
    return replace(weakest, lower_bound=None) if weakest else None


def _effort(layers: Sequence[LayerRun]) -> SearchStatistics:
    searches = {id(layer.result): layer.result.search for layer in layers if layer.result.search}
    return SearchStatistics(seconds=fsum(search.seconds for search in searches.values() if search))
