"""Timeloop's dense analytical model: accesses, energy and cycles of one mapping."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from launcher.engines.native.accesses import LevelAccesses, count_accesses
from launcher.engines.native.cost import (
    BandwidthLimit,
    Counts,
    InstanceAccesses,
    LevelCost,
    gate_of,
    level_cost,
    level_cycles,
)
from launcher.engines.native.energies import compute_energy_pj, level_energies
from launcher.engines.native.formulas import leakage
from launcher.engines.native.imperfect.counts import SharedAccesses, count_tensors
from launcher.engines.native.imperfect.networks import imperfect_network_energies_pj
from launcher.engines.native.legality import check_architecture, find_violation
from launcher.engines.native.lowering import Nest, lower
from launcher.engines.native.network_costs import counts_hops, network_energies_pj, network_latency_cycles
from launcher.engines.native.reuse import Traffic, traffic_below
from launcher.engines.native.reuse_rules import reuse_rules
from launcher.engines.native.tiles import Tensor, tensors_of
from launcher.errors import SpecificationError
from launcher.results.evaluation import DataSpaceStats, Evaluation, LevelStats, Words
from launcher.specification.architecture import StorageLevel
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


@dataclass(frozen=True)
class CountedMapping:
    """What is counted of a mapping, per level (innermost first) and tensor where it is a list of lists.

    Attributes:
        accesses: of one instance; averages where instances differ.
        busiest: of the instance that has most to do.
        networks_pj: energy of every network that can cost any.
    """

    accesses: Sequence[Sequence[InstanceAccesses]]
    busiest: Sequence[Sequence[Counts]]
    networks_pj: Dict[str, float]


def evaluate(
    specification: Specification, mapping: Mapping, *, before_2025: bool = False, first_fills: bool = False
) -> Evaluation:
    """Figures of one mapping: as Timeloop would print them where all factors are perfect, else the true ones.

    A mapping that the hardware cannot hold is a result (``legal=False`` with the reason); a mapping that is not one
    of this problem on this architecture is an error.

    Args:
        specification, mapping: what is evaluated; figures are those of all iterations of shared loops.
        before_2025: follow the versions of Timeloop before January 2025, in which a tile that stood still between
            two moves lost the overlap with its next position. This matters to sliding windows only.
        first_fills: follow those before May 2023, which counted the first fill of a partial result. Imperfect
            mappings do not know this rule.

    Raises:
        SpecificationError: levels, dimensions or data spaces that do not exist, factors that do not make up the
            problem's extents, an architecture that contradicts itself or asks for what is not supported (with
            imperfect factors: no_coalesce, hops, windows that slide along them), or an energy table without a needed
            action.
    """
    check_architecture(specification.architecture)
    nest = lower(specification, mapping)
    if not (nest.is_perfect or specification.repeats.is_once):
        raise SpecificationError(
            "loops shared with other layers are counted around perfect factors only",
            where="mapping",
            expected="factors that divide what remains of each dimension",
        )
    tensors = tensors_of(specification.problem)
    reason = find_violation(specification, tensors, nest)
    if reason is not None:
        return Evaluation(legal=False, reason=reason)
    if nest.is_perfect:
        counted = _counted(specification, tensors, nest, before_2025, first_fills)
    else:
        counted = _counted_imperfect(specification, tensors, nest, before_2025)
    return _evaluation(specification, tensors, nest, counted)


def _counted(
    specification: Specification, tensors: tuple[Tensor, ...], nest: Nest, before_2025: bool, first_fills: bool
) -> CountedMapping:
    accesses = _accesses(specification, tensors, nest, before_2025, first_fills)
    return CountedMapping(accesses, accesses, network_energies_pj(specification, nest, accesses))


def _counted_imperfect(
    specification: Specification, tensors: tuple[Tensor, ...], nest: Nest, before_2025: bool
) -> CountedMapping:
    counted = count_tensors(specification, tensors, nest, pause_is_turn=before_2025)
    accesses = list(zip(*(one.accesses for one in counted), strict=True))
    busiest = [[access.busiest for access in level] for level in accesses]
    return CountedMapping(accesses, busiest, imperfect_network_energies_pj(specification, counted))


def _accesses(
    specification: Specification, tensors: tuple[Tensor, ...], nest: Nest, before_2025: bool, first_fills: bool
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
        _repeat(specification, tensor, traffic)
        firsts = specification.repeats.first(tensor.name)
        per_tensor.append(count_accesses(tensor, nest, kept, rules, traffic, firsts, first_fills=first_fills))
    return [list(level) for level in zip(*per_tensor, strict=True)]


def _repeat(specification: Specification, tensor: Tensor, traffic: Sequence[Traffic]) -> None:
    """Count the iterations of shared loops: how often a level's tile is brought in decides what crosses above it."""
    repeats = specification.repeats
    traffic[0].repeat(repeats.times)
    for level, above in zip(specification.architecture.levels, traffic[1:], strict=False):
        above.repeat(repeats.fetched(level.name, tensor.name))


def _evaluation(
    specification: Specification, tensors: tuple[Tensor, ...], nest: Nest, counted: CountedMapping
) -> Evaluation:
    architecture, times = specification.architecture, specification.repeats.times
    iterations = nest.iterations * times
    names = tuple(tensor.name for tensor in tensors)
    speeds = [
        level_cycles(level, names, access, iterations)
        for level, access in zip(architecture.levels, counted.busiest, strict=True)
    ]
    busy_cycles = max(iterations, *(cycles for cycles, _ in speeds))
    costs = _level_costs(specification, nest, counted.accesses, busy_cycles)
    computes = specification.problem.computes * times
    compute_pj = computes * compute_energy_pj(specification)
    networks_pj = counted.networks_pj
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
            _level_stats(level, tensors, counted.accesses[index], costs[index], speeds[index])
            for index, level in enumerate(architecture.levels)
        ),
        compute_energy_pj=compute_pj,
        network_energy_pj=networks_pj,
    )


def _level_costs(
    specification: Specification, nest: Nest, accesses: Sequence[Sequence[InstanceAccesses]], cycles: int
) -> list[LevelCost]:
    """Per level, its energy in a run of ``cycles``, network latency not included."""
    architecture = specification.architecture
    energies, names = level_energies(specification), specification.problem.data_space_names
    costs = []
    for index, level in enumerate(architecture.levels):
        gate, share = gate_of(architecture, index)
        leakage_pj = leakage(energies[index].leak_pj_per_cycle, cycles, share, nest.levels[gate].instances)
        instances = nest.levels[index].instances
        costs.append(level_cost(level, energies[index], names, accesses[index], instances, leakage_pj))
    return costs


def _level_stats(
    level: StorageLevel,
    tensors: tuple[Tensor, ...],
    accesses: Sequence[InstanceAccesses],
    cost: LevelCost,
    speed: tuple[int, BandwidthLimit | None],
) -> LevelStats:
    data_spaces = {
        tensor.name: _stats(access, cost.instances, actions)
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


def _stats(access: InstanceAccesses, instances: float, actions_pj: Dict[str, float]) -> DataSpaceStats:
    reads, fills, updates = (_number(words) for words in (access.reads, access.fills, access.updates))
    stats = DataSpaceStats(access.tile_words, reads, fills, updates, instances, actions_pj)
    if not isinstance(access, SharedAccesses):
        return stats
    totals = access.totals
    return replace(stats, total_reads=totals.reads, total_fills=totals.fills, total_updates=totals.updates)


def _number(words: int | Fraction) -> Words:
    """A whole number as such, however large."""
    return words.numerator if words.denominator == 1 else float(words)
