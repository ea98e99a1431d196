"""Lower bounds of what the mappings of one specification can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, inf, prod

from launcher.engines.interface import MapperSettings
from launcher.engines.native.energies import compute_energy_pj
from launcher.engines.native.mapper.optima import least_value, root_figures
from launcher.errors import NoValidMappingError
from launcher.figures import CRITERIA
from launcher.specification.specification import Specification

_LOOKS = 12
"""Effort for a bound: a few searches take a hundred times as long as the others to prove the last per cent."""


@dataclass(frozen=True)
class LayerBound:
    """No mapping of a layer is better in any of these; infinite where there is no mapping.

    Attributes:
        energy_pj, cycles: each by itself.
        value: of the mapper's first criterion, in the unit of its figure.
    """

    energy_pj: float
    cycles: float
    value: float

    @property
    def feasible(self) -> bool:
        return self.value < inf

    def tightened(self, other: LayerBound) -> LayerBound:
        """Both bounds hold."""
        return LayerBound(
            max(self.energy_pj, other.energy_pj), max(self.cycles, other.cycles), max(self.value, other.value)
        )


NO_MAPPING = LayerBound(inf, inf, inf)


def arithmetic_bound(specification: Specification) -> LayerBound:
    """What the compute units alone take: it holds whatever is done with the traffic, with other layers as well."""
    computes = prod(specification.problem.dimensions.values())
    cycles = ceil(computes / specification.architecture.compute.instances)
    return LayerBound(computes * compute_energy_pj(specification), cycles, 0.0)


def root_bound(specification: Specification, settings: MapperSettings) -> LayerBound:
    """What the mapper knows before it searches: compulsory traffic, and the compute units that mappings can use."""
    try:
        energy_pj, cycles, value = root_figures(specification, settings)
    except NoValidMappingError:
        return NO_MAPPING
    return LayerBound(energy_pj, cycles, value * CRITERIA[settings.objective[0]].scale)


def searched_bound(specification: Specification, settings: MapperSettings, criterion: str) -> LayerBound:
    """What a short search for one criterion (the mapper's own first one, ``energy`` or ``cycles``) proves."""
    objective = settings.objective if criterion == settings.objective[0] else (criterion,)
    try:
        least = least_value(specification, replace(settings, objective=objective, front=False), _LOOKS)
    except NoValidMappingError:
        return NO_MAPPING
    if least == inf:
        return NO_MAPPING
    return LayerBound(
        least if criterion == "energy" else 0.0,
        least if criterion == "cycles" else 0.0,
        least * CRITERIA[criterion].scale if criterion == settings.objective[0] else 0.0,
    )
