"""Where the energy goes: one row per level, data space and action. The rows sum to the total."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose

from launcher.results.evaluation import DataSpaceStats, Evaluation, LevelStats
from launcher.results.result import Result

COMPUTE = "compute"
"""What the arithmetic is called where no architecture gives it a name."""

_COUNTED_ACTIONS = ("read", "fill", "update")
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class EnergyRow:
    """One addend of the total energy.

    Attributes:
        component: storage level, network or compute units.
        data_space: the tensor; empty where the energy belongs to none.
        action: ``read``, ``fill``, ``update``, ``leak``, ``transfer``, ``compute``, or ``other`` for energy of a
            level that its engine did not split further.
        words: words moved by this action over all instances, or operations of the compute units; None where
            nothing is counted.
        energy_pj: over all instances.
    """

    component: str
    data_space: str
    action: str
    words: int | None
    energy_pj: float


def energy_rows(result: Result) -> tuple[EnergyRow, ...]:
    """All addends of the result's energy, outermost level first; empty when there is no evaluation.

    Data spaces that bypass a level, and levels that only stand for a fan-out and cost nothing, are left out.
    """
    evaluation = result.evaluation
    if evaluation is None:
        return ()
    rows = [row for level in _costly_levels(evaluation) for row in _level_rows(level)]
    rows += [EnergyRow(name, "", "transfer", None, energy) for name, energy in evaluation.network_energy_pj.items()]
    rows.append(EnergyRow(compute_name(result), "", "compute", evaluation.computes, evaluation.compute_energy_pj))
    return tuple(rows)


def compute_name(result: Result) -> str:
    """The name of the arithmetic units."""
    return result.specification.architecture.compute.name if result.specification else COMPUTE


def energy_by_component_pj(result: Result) -> dict[str, float]:
    """Energy per storage level (outermost first), network and compute units, as in :func:`energy_rows`."""
    evaluation = result.evaluation
    if evaluation is None:
        return {}
    energies = {level.level: level.energy_pj for level in _costly_levels(evaluation)}
    return energies | dict(evaluation.network_energy_pj) | {compute_name(result): evaluation.compute_energy_pj}


def energy_shares(result: Result) -> dict[str, float]:
    """:func:`energy_by_component_pj` divided by the total; empty when the total is 0."""
    energies = energy_by_component_pj(result)
    total = _total(result.evaluation)
    return {name: energy / total for name, energy in energies.items()} if total else {}


def _total(evaluation: Evaluation | None) -> float:
    return evaluation.energy_pj if evaluation else 0.0


def _costly_levels(evaluation: Evaluation) -> list[LevelStats]:
    def is_silent(level: LevelStats) -> bool:
        return level.energy_pj == 0 and all(not space.tile_words for space in level.data_spaces.values())

    return [level for level in reversed(evaluation.levels) if not is_silent(level)]


def _level_rows(level: LevelStats) -> Iterator[EnergyRow]:
    attributed = level.leakage_pj
    for name, space in level.data_spaces.items():
        if not space.tile_words and not any(space.energy_pj.values()):
            continue
        for action, energy in space.energy_pj.items():
            attributed += energy
            yield EnergyRow(level.level, name, action, _words(space, action), energy)
    yield EnergyRow(level.level, "", "leak", None, level.leakage_pj)
    if not isclose(attributed, level.energy_pj, rel_tol=_NEGLIGIBLE):
        yield EnergyRow(level.level, "", "other", None, level.energy_pj - attributed)


def _words(space: DataSpaceStats, action: str) -> int | None:
    if action not in _COUNTED_ACTIONS:
        return None
    return {"read": space.total_reads, "fill": space.total_fills, "update": space.total_updates}[action]
