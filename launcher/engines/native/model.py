"""Timeloop's dense analytical model: accesses, energy and cycles of one mapping."""

from __future__ import annotations

from launcher.engines.native.accesses import LevelAccesses, count_accesses
from launcher.engines.native.cost import BandwidthLimit, LevelCost, gate_of, level_cost, level_cycles
from launcher.engines.native.energies import compute_energy_pj, level_energies
from launcher.engines.native.formulas import leakage
from launcher.engines.native.legality import check_architecture, find_violation
from launcher.engines.native.lowering import Nest, lower
from launcher.engines.native.network_costs import counts_hops, network_energies_pj, network_latency_cycles
from launcher.engines.native.reuse import traffic_below
from launcher.engines.native.reuse_rules import reuse_rules
from launcher.engines.native.tiles import Tensor, tensors_of
from launcher.results.result import DataSpaceStats, Evaluation, LevelStats
from launcher.specification.architecture import StorageLevel
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


def evaluate(specification: Specification, mapping: Mapping, *, before_2025: bool = False) -> Evaluation:
    """Figures of one mapping, as Timeloop would print them.

    A mapping that the hardware cannot hold is a result (``legal=False`` with the reason); a mapping that is not one
    of this problem on this architecture is an error.

    Args:
        specification, mapping: what is evaluated.
        before_2025: follow the versions of Timeloop before January 2025, in which a tile that stood still between
            two moves lost the overlap with its next position. This matters to sliding windows only.

    Raises:
        SpecificationError: levels, dimensions or data spaces that do not exist, factors that do not multiply to the
            problem's extents, an architecture that contradicts itself or asks for what is not supported, or an
            energy table without a needed action.
    """
    check_architecture(specification.architecture)
    nest = lower(specification, mapping)
    tensors = tensors_of(specification.problem)
    reason = find_violation(specification, tensors, nest)
    if reason is not None:
        return Evaluation(legal=False, reason=reason)
    return _evaluation(specification, tensors, nest, _accesses(specification, tensors, nest, before_2025))


def _accesses(
    specification: Specification, tensors: tuple[Tensor, ...], nest: Nest, before_2025: bool
) -> list[list[LevelAccesses]]:
    """Per level (innermost first), the accesses of each tensor."""
    hop_levels = counts_hops(specification)
    per_tensor = []
    for number, tensor in enumerate(tensors):
        rules = reuse_rules(specification, tensor.name)
        traffic = [
            traffic_below(tensor, nest, index, rule, count_hops=index in hop_levels, pause_is_turn=before_2025)
            for index, rule in enumerate(rules)
        ]
        kept = [level.keep[number] for level in nest.levels]
        per_tensor.append(count_accesses(tensor, nest, kept, rules, traffic))
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
    costs = _level_costs(specification, nest, accesses, busy_cycles)
    computes = nest.iterations * nest.compute_units
    compute_pj = computes * compute_energy_pj(specification)
    networks_pj = network_energies_pj(specification, nest, accesses)
    # Timeloop's order: compute, levels from the innermost, networks by name.
    energy = compute_pj
    for cost in costs:
        energy += cost.total_pj
    for name in sorted(networks_pj):
        energy += networks_pj[name]
    cycles = busy_cycles + network_latency_cycles(architecture)
    return Evaluation(
        legal=True,
        energy_pj=energy,
        cycles=cycles,
        utilization=computes / architecture.compute.instances / cycles,
        computes=computes,
        levels=tuple(
            _level_stats(level, tensors, accesses[index], costs[index], speeds[index])
            for index, level in enumerate(architecture.levels)
        ),
        compute_energy_pj=compute_pj,
        network_energy_pj=networks_pj,
    )


def _level_costs(
    specification: Specification, nest: Nest, accesses: list[list[LevelAccesses]], cycles: int
) -> list[LevelCost]:
    """Per level, its energy in a run of ``cycles``, network latency not included."""
    architecture = specification.architecture
    energies = level_energies(specification)
    costs = []
    for index, level in enumerate(architecture.levels):
        gate, share = gate_of(architecture, index)
        leakage_pj = leakage(energies[index].leak_pj_per_cycle, cycles, share, nest.levels[gate].instances)
        costs.append(level_cost(level, energies[index], accesses[index], nest.levels[index].instances, leakage_pj))
    return costs


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
