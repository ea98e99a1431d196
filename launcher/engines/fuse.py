"""A search of fused mappings as results: one for every layer, and what the groups are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from launcher.engines.interface import OnProgress
from launcher.engines.run import native_engine
from launcher.figures import CRITERIA
from launcher.results.evaluation import Evaluation
from launcher.results.fused import FusedLayers
from launcher.results.proof import Proof
from launcher.results.result import LayerRun, Optimality, Result, SearchStatistics
from launcher.specification.chain import Unit

if TYPE_CHECKING:
    from launcher.engines.native.fusion.chain_search import Partition
    from launcher.engines.native.fusion.fuse import Fused
    from launcher.engines.native.fusion.group import FusedGroup
    from launcher.engines.native.fusion.own_nest import OwnNest


@dataclass(frozen=True)
class FusedNetwork:
    """What the search of a network's partitions found.

    Attributes:
        layers: every layer with its own nest, by group.
        groups: the partition.
        optimality: of the whole; every layer's own is part of it.
        search: effort.
        proof: what the optimality rests on.
    """

    layers: tuple[LayerRun, ...]
    groups: tuple[FusedLayers, ...]
    optimality: Optimality
    search: SearchStatistics
    proof: Proof


def find_fused(
    units: Sequence[Unit],
    objective: str,
    timeout_s: float | None = None,
    on_progress: OnProgress | None = None,
) -> FusedNetwork:
    """The best partition of chains into groups, the best way to fuse each group, and the best nests.

    Args:
        units: the chains, with energies.
        objective: one criterion, over the whole.
        timeout_s: wall-clock limit.
        on_progress: called now and then.

    Raises:
        NoValidMappingError, SpecificationError, ConfigurationError: as ``fusion.fuse.fuse`` does.
    """
    # Compiled code is loaded only when something is mapped.
    from launcher.engines.native.fusion.fuse import fuse  # noqa: PLC0415

    found = fuse(units, objective, timeout_s, on_progress)
    optimality = _optimality(found)
    pairs = list(zip(units, found.whole.partitions, strict=True))
    layers = [run for unit, partition in pairs for run in _runs(unit, partition, optimality)]
    plain = [_alone(partition) for partition in found.unfused.partitions]
    groups = [
        _summary(unit, group, alone)
        for (unit, partition), alone in zip(pairs, plain, strict=True)
        for group in partition.groups
    ]
    effort = SearchStatistics(found.seconds, found.counters)
    return FusedNetwork(tuple(layers), tuple(groups), optimality, effort, found.proof)


def _optimality(found: Fused) -> Optimality:
    criterion = CRITERIA[found.proof.objective]
    value = criterion.value(found.whole.energy_pj, found.whole.cycles)
    gap = 0.0 if found.proved else (value - found.proof.bound) / value
    bound = (value if found.proved else found.proof.bound) * criterion.scale
    return Optimality("proved" if found.proved else "bounded", (criterion.name,), bound, gap)


def _runs(unit: Unit, partition: Partition, optimality: Optimality) -> list[LayerRun]:
    engine = native_engine()
    own = Optimality(optimality.status, optimality.objective)
    runs = []
    machines = {layer.name: layer.specification.architecture for layer in unit.chain.layers}
    for group in partition.groups:
        spread = _spread(unit, group)
        for name, nest in zip(group.names, group.nests, strict=True):
            result = Result(
                name=name,
                status="ok",
                parameters={"layer": name},
                engine=f"{engine.name} {engine.version}",
                estimator=nest.specification.energies_from,
                # With all its room: what other layers' tiles take of it, the groups say.
                specification=replace(nest.specification, architecture=machines[name]),
                mapping=nest.mapping,
                evaluation=nest.evaluation,
                optimality=own,
                flags=(*nest.specification.flags, *spread.get(name, ())),
            )
            runs.append(LayerRun(result, unit.runs))
    return runs


def _spread(unit: Unit, group: FusedGroup) -> dict[str, list[str]]:
    """Remarks on tensors that wait in several instances of a level, which the layers use in different ways.

    Fan-outs further out may spread a reduction over these instances, or copies, or one layer's share otherwise than the
    other's; what moving that between instances would cost is not counted.
    """
    first = [layer.name for layer in unit.chain.layers].index(group.names[0])
    remarks: dict[str, list[str]] = {}
    for number, level in enumerate(group.fused.waits):
        flow = unit.chain.flows[first + number]
        before, behind = (_outside(nest, level) for nest in group.nests[number : number + 2])
        names = flow.dimensions if flow is not None else {}
        if {names.get(one, one): factor for one, factor in before.items()} != behind or set(before) - set(names):
            tensor, users = unit.chain.tensor(first + number), group.names[number : number + 2]
            remarks.setdefault(users[0], []).append(
                f"{tensor} waits at {level}, whose instances {users[0]} and {users[1]} use differently; "
                "moving words between instances is not counted"
            )
    return remarks


def _outside(nest: OwnNest, level: str) -> dict[str, int]:
    """Factors of the fan-outs further out than a level."""
    place = nest.specification.architecture.level_index(level)
    found: dict[str, int] = {}
    for one in nest.mapping.levels[place + 1 :]:
        for loop in one.spatial:
            found[loop.dimension] = found.get(loop.dimension, 1) * loop.bound
    return found


def _alone(partition: Partition) -> dict[str, Evaluation]:
    """Figures of the layers that are mapped by themselves."""
    return {group.names[0]: group.nests[0].evaluation for group in partition.groups if not group.is_fused}


def _summary(unit: Unit, group: FusedGroup, alone: Mapping[str, Evaluation]) -> FusedLayers:
    persistent: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, stays in zip(group.names, group.fused.stays, strict=True):
        for level, space in stays:
            at = persistent.setdefault(name, {})
            at[level] = (*at.get(level, ()), space)
    first = [layer.name for layer in unit.chain.layers].index(group.names[0])
    tensors = (unit.chain.tensor(first + number) for number in range(len(group.names) - 1))
    return FusedLayers(
        layers=group.names,
        runs=unit.runs,
        energy_pj=group.energy_pj,
        cycles=group.cycles,
        shared=group.fused.shared,
        waits=dict(zip(tensors, group.fused.waits, strict=True)),
        persistent=persistent,
        rescaling=group.rescaling,
        fusible=any(unit.chain.flows),
        alone=tuple(alone[name] for name in group.names) if group.is_fused and set(group.names) <= alone.keys() else (),
    )
