"""Timeloop's dense analytical model: accesses, energy and cycles of one mapping."""

from __future__ import annotations

from launcher.engines.native.accesses import LevelAccesses, count_accesses
from launcher.engines.native.cost import BandwidthLimit, LevelCost, level_cost, level_cycles
from launcher.engines.native.energies import compute_energy_pj, level_energies
from launcher.engines.native.legality import find_violation
from launcher.engines.native.nest import Nest, lower
from launcher.engines.native.networks import network_energies_pj, network_latency_cycles
from launcher.engines.native.reuse import ReuseOptions, traffic_below
from launcher.engines.native.tiles import Tensor, tensors_of
from launcher.result import DataSpaceStats, Evaluation, LevelStats
from launcher.specification.architecture import StorageLevel
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


def evaluate(specification: Specification, mapping: Mapping) -> Evaluation:
    """Figures of one mapping, as Timeloop would print them.

    A mapping that the hardware cannot hold is a result (``legal=False`` with the reason); a mapping that is not one
    of this problem on this architecture is an error.

    Raises:
        SpecificationError: levels, dimensions or data spaces that do not exist, factors that do not multiply to the
            problem's extents, or an energy table without a needed action.
    """
    nest = lower(specification, mapping)
    tensors = tensors_of(specification.problem)
    reason = find_violation(specification, tensors, nest)
    if reason is not None:
        return Evaluation(legal=False, reason=reason)
    accesses = _accesses(specification, tensors, nest)
    return _evaluation(specification, tensors, nest, accesses)


def _accesses(specification: Specification, tensors: tuple[Tensor, ...], nest: Nest) -> list[list[LevelAccesses]]:
    """Per level (innermost first), the accesses of each tensor."""
    architecture = specification.architecture
    per_tensor = []
    for number, tensor in enumerate(tensors):
        traffic = [
            traffic_below(tensor, nest, index, architecture.fanout(index), ReuseOptions())
            for index in range(len(nest.levels))
        ]
        per_tensor.append(count_accesses(tensor, nest, number, traffic))
    return [list(level) for level in zip(*per_tensor, strict=True)]


def _evaluation(
    specification: Specification, tensors: tuple[Tensor, ...], nest: Nest, accesses: list[list[LevelAccesses]]
) -> Evaluation:
    architecture = specification.architecture
    names = tuple(tensor.name for tensor in tensors)
    speeds = [
        level_cycles(level, names, access, nest.iterations)
        for level, access in zip(architecture.levels, accesses, strict=True)
    ]
    busy_cycles = max(nest.iterations, *(cycles for cycles, _ in speeds))
    energies = level_energies(specification)
    costs = [
        level_cost(level, block, energy, access, busy_cycles)
        for level, block, energy, access in zip(architecture.levels, nest.levels, energies, accesses, strict=True)
    ]
    computes = nest.iterations * nest.compute_units
    compute_pj = computes * compute_energy_pj(specification)
    networks = network_energies_pj(specification, nest, accesses)
    energy = compute_pj
    for cost in costs:
        energy += cost.total_pj
    for name in sorted(networks):
        energy += networks[name]
    cycles = busy_cycles + network_latency_cycles(architecture)
    levels = tuple(
        _level_stats(level, tensors, accesses[index], costs[index], speeds[index])
        for index, level in enumerate(architecture.levels)
    )
    return Evaluation(
        legal=True,
        energy_pj=energy,
        cycles=cycles,
        utilization=computes / architecture.compute.instances / cycles,
        computes=computes,
        levels=levels,
        compute_energy_pj=compute_pj,
        network_energy_pj=networks,
    )


def _level_stats(
    level: StorageLevel,
    tensors: tuple[Tensor, ...],
    accesses: list[LevelAccesses],
    cost: LevelCost,
    speed: tuple[int, BandwidthLimit | None],
) -> LevelStats:
    data_spaces = {
        tensor.name: DataSpaceStats(
            tile_words=access.tile_words,
            reads=access.reads,
            fills=access.fills,
            updates=access.updates,
            utilized_instances=cost.instances,
            energy_pj=actions,
        )
        for tensor, access, actions in zip(tensors, accesses, cost.actions_pj, strict=True)
    }
    cycles, limit = speed
    return LevelStats(
        level=level.name,
        energy_pj=cost.total_pj,
        leakage_pj=cost.leakage_pj,
        cycles=cycles,
        data_spaces=data_spaces,
        limited_by=limit,
        capacity_words=level.effective_capacity_words,
    )
