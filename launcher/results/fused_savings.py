"""What fusing a group saves, by level and by tensor, against the best mapping of the network without fusing."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.results.evaluation import Evaluation
from launcher.results.fused import FusedLayers
from launcher.results.layers import layer_name
from launcher.results.result import Result
from launcher.summing import sum_in_order

RESCALING = "online softmax"
"""What its accesses are called among the energies of components."""


@dataclass(frozen=True)
class Saving:
    """Energy of one place, over all runs of a group, in pJ."""

    place: str
    alone_pj: float
    fused_pj: float

    @property
    def saved_pj(self) -> float:
        return self.alone_pj - self.fused_pj


def saved_energy_pj(result: Result) -> float:
    """What all groups of a network save; 0 where nothing is fused or there is nothing to compare with."""
    return sum_in_order(
        alone_energy_pj(group) - group.energy_pj * group.runs for group in fused_groups(result) if group.alone
    )


def fused_groups(result: Result) -> list[FusedLayers]:
    """The groups of more than one layer."""
    return [group for group in result.groups if group.is_fused]


def alone_energy_pj(group: FusedLayers) -> float:
    """Energy of a group's layers without fusing, over all runs."""
    return sum_in_order(one.energy_pj for one in group.alone) * group.runs


def alone_cycles(group: FusedLayers) -> int:
    """Cycles of a group's layers without fusing, over all runs."""
    return sum(one.cycles for one in group.alone) * group.runs


def savings_by_level(result: Result, group: FusedLayers) -> list[Saving]:
    """Per storage level, outermost first, leakage included; networks, arithmetic and an online softmax at the end."""
    fused = evaluations_of(result, group)
    levels = dict.fromkeys(level.level for one in (*group.alone, *fused) for level in reversed(one.levels))
    figures = [(name, _level(group.alone, name), _level(fused, name)) for name in levels]
    figures.append(("networks", _networks(group.alone), _networks(fused)))
    figures.append((RESCALING, 0.0, group.rescaling.energy_pj))
    return [Saving(name, one * group.runs, other * group.runs) for name, one, other in figures if one or other]


def savings_by_tensor(result: Result, group: FusedLayers) -> list[Saving]:
    """Per layer, tensor and level, what its accesses cost; the largest change first."""
    found = []
    for name, alone, fused in zip(group.layers, group.alone, evaluations_of(result, group), strict=False):
        before, after = _tensors(name, alone), _tensors(name, fused)
        for place in dict.fromkeys((*before, *after)):
            found.append(Saving(place, before.get(place, 0.0) * group.runs, after.get(place, 0.0) * group.runs))
    return sorted((one for one in found if one.saved_pj), key=lambda one: -abs(one.saved_pj))


def evaluations_of(result: Result, group: FusedLayers) -> tuple[Evaluation, ...]:
    """Figures of a group's layers, as they run in it."""
    runs = {layer_name(run): run.result.evaluation for run in result.layers}
    return tuple(found for name in group.layers if (found := runs[name]) is not None)


def _level(evaluations: tuple[Evaluation, ...], name: str) -> float:
    return sum_in_order(level.energy_pj for one in evaluations for level in one.levels if level.level == name)


def _networks(evaluations: tuple[Evaluation, ...]) -> float:
    return sum_in_order(energy for one in evaluations for energy in one.network_energy_pj.values())


def _tensors(layer: str, evaluation: Evaluation) -> dict[str, float]:
    return {
        f"{layer}.{name} at {level.level}": sum_in_order(space.energy_pj.values())
        for level in evaluation.levels
        for name, space in level.data_spaces.items()
        if any(space.energy_pj.values())
    }
