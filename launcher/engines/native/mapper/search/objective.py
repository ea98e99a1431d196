"""What is minimised, and how two mappings compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from launcher.errors import ConfigurationError

EDP, ENERGY, CYCLES = 0, 1, 2
"""Criteria, as numbers."""

CRITERIA = ("edp", "energy", "cycles")
"""Known criteria; ties of the wanted ones are broken by the others in this order."""

TIE_TOLERANCE = 1e-12
"""Relative difference below which two energies count as equal (sums in another order differ in the last bits)."""


def criteria_order(objective: tuple[str, ...]) -> tuple[int, ...]:
    """The wanted criteria followed by the remaining ones, as positions in ``CRITERIA``.

    Raises:
        ConfigurationError: an unknown or repeated criterion, or none at all.
    """
    unknown = [name for name in objective if name not in CRITERIA]
    if unknown or not objective or len(set(objective)) != len(objective):
        raise ConfigurationError(
            f"unknown objective {unknown[0]!r}"
            if unknown
            else f"the objective {objective!r} is not a list of criteria",
            where="mapper.objective",
            expected=f"one or more of {', '.join(CRITERIA)}, each at most once, the most important first",
        )
    names = (*objective, *(name for name in CRITERIA if name not in objective))
    return tuple(CRITERIA.index(name) for name in names)


def criteria_values(order: Sequence[int], energy_pj: float, cycles: float) -> list[float]:
    """Values of the criteria in the given order (EDP in pJ x cycles)."""
    values = {EDP: energy_pj * cycles, ENERGY: energy_pj, CYCLES: cycles}
    return [values[which] for which in order]


def is_better(values: Sequence[float], others: Sequence[float], *, or_equal: bool = False) -> bool:
    """Whether the first criterion on which two lists of values differ speaks for ``values``."""
    for value, other in zip(values, others, strict=True):
        if value < other * (1 - TIE_TOLERANCE):
            return True
        if value > other * (1 + TIE_TOLERANCE):
            return False
    return or_equal


def best_of(order: Sequence[int], energy_pj: np.ndarray, cycles: np.ndarray) -> int:
    """The first of the best of several mappings."""
    candidates = np.arange(len(energy_pj))
    for values in criteria_arrays(order, energy_pj, cycles):
        chosen = values[candidates]
        candidates = candidates[chosen <= chosen.min() * (1 + TIE_TOLERANCE)]
    return int(candidates[0])


def criteria_arrays(order: Sequence[int], energy_pj: np.ndarray, cycles: np.ndarray) -> list[np.ndarray]:
    """``criteria_values`` of many mappings."""
    values = {EDP: energy_pj * cycles, ENERGY: energy_pj, CYCLES: cycles}
    return [values[which] for which in order]
