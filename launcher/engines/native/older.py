"""What earlier versions of Timeloop printed for a mapping: the rules by which they differ from today's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from launcher.engines.native.energies import (
    AccessEnergies,
    component_actions,
    compute_entry,
    largest_energy_pj,
    level_entry,
)
from launcher.engines.native.model import evaluate
from launcher.results.evaluation import Evaluation, LevelStats
from launcher.specification.energy import EnergyTable
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.summing import sum_in_order


@dataclass(frozen=True)
class OlderRules:
    """Rules of a version of Timeloop.

    Attributes:
        pause_is_turn: before January 2025, a tile that stood still lost its overlap with the next position.
        first_fills: before May 2023, the first fill of a partial result counted, though nothing is read for it.
        largest_energy: before June 2021, every action of a component cost as much as its dearest one, and the words of
            a data space filled blocks together, whatever was done with them.
    """

    pause_is_turn: bool = False
    first_fills: bool = False
    largest_energy: bool = False

    def __str__(self) -> str:
        said = []
        if self.pause_is_turn:
            said.append("before January 2025 (windows that slide after a pause)")
        if self.first_fills:
            said.append("before May 2023 (first fills of partial results counted)")
        if self.largest_energy:
            said.append("before June 2021 (every action as dear as the component's dearest)")
        return ", ".join(said)


OLDER_RULES = (
    OlderRules(pause_is_turn=True),
    OlderRules(first_fills=True),
    OlderRules(pause_is_turn=True, first_fills=True),
    OlderRules(first_fills=True, largest_energy=True),
    OlderRules(pause_is_turn=True, first_fills=True, largest_energy=True),
)
"""Those of all versions; a rule that does not matter to a mapping may be missing."""


def older_evaluations(specification: Specification, mapping: Mapping) -> Iterator[tuple[OlderRules, Evaluation]]:
    """The mapping's figures by the rules of earlier versions, the latest first.

    Raises:
        SpecificationError: as ``evaluate`` does.
    """
    for rules in OLDER_RULES:
        made = _with_largest_energies(specification) if rules.largest_energy else specification
        found = evaluate(made, mapping, before_2025=rules.pause_is_turn, first_fills=rules.first_fills)
        yield rules, _with_shared_blocks(made, found) if rules.largest_energy else found


def _with_largest_energies(specification: Specification) -> Specification:
    architecture = specification.architecture
    components = dict(specification.energy.components) if specification.energy else {}
    for level in architecture.levels:
        if level.name in components:
            energy = _largest(specification, level.name)
            components[level.name] = level_entry(AccessEnergies(energy, energy, energy))
    compute = architecture.compute.name
    if compute in components:
        components[compute] = compute_entry(_largest(specification, compute))
    return replace(specification, energy=EnergyTable(components))


def _largest(specification: Specification, name: str) -> float:
    return max(map(largest_energy_pj, component_actions(specification, name).values()), default=0.0)


def _with_shared_blocks(specification: Specification, evaluation: Evaluation) -> Evaluation:
    levels = tuple(
        _shared(one, level.block_size)
        for one, level in zip(evaluation.levels, specification.architecture.levels, strict=True)
    )
    saved = sum_in_order(old.energy_pj - new.energy_pj for old, new in zip(evaluation.levels, levels, strict=True))
    return replace(evaluation, levels=levels, energy_pj=evaluation.energy_pj - saved)


def _shared(level: LevelStats, block: int) -> LevelStats:
    spaces = {}
    for name, stats in level.data_spaces.items():
        words = (stats.reads, stats.fills, stats.updates)
        apart = sum(ceil(one / block) for one in words)
        share = ceil(sum(words) / block) / apart if apart else 1.0
        spaces[name] = replace(stats, energy_pj={key: pj * share for key, pj in stats.energy_pj.items()})
    saved = sum_in_order(
        sum_in_order(old.energy_pj.values()) - sum_in_order(new.energy_pj.values())
        for old, new in zip(level.data_spaces.values(), spaces.values(), strict=True)
    )
    return replace(level, data_spaces=spaces, energy_pj=level.energy_pj - saved)
