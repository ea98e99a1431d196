"""What is minimised, and how two mappings compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.formulas import Number, power_product
from launcher.engines.native.mapper.kernels.search_tables import TIE_TOLERANCE
from launcher.errors import ConfigurationError
from launcher.figures import CRITERIA, Criterion, in_order

Order = tuple[Criterion, ...]
"""Criteria, the most important first."""


def criteria_order(objective: tuple[str, ...]) -> Order:
    """The wanted criteria, then those that break their ties.

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
    return tuple(in_order(objective))


def powers_of(order: Order) -> AnyArray:
    """(criteria, 2) powers of energy and cycles, as in ``Goal``."""
    return np.array([(criterion.energy, criterion.cycles) for criterion in order], np.int64)


def criteria_values(order: Order, energy_pj: Number, cycles: Number) -> list[Number]:
    """Values of the criteria in order, of one mapping or of many (EDP in pJ x cycles)."""
    return [power_product(criterion.energy, criterion.cycles, energy_pj, cycles) for criterion in order]


def is_better(values: Sequence[float], others: Sequence[float], *, or_equal: bool = False) -> bool:
    """Whether the first criterion on which two lists of values differ speaks for ``values``."""
    for value, other in zip(values, others, strict=True):
        if value < other * (1 - TIE_TOLERANCE):
            return True
        if value > other * (1 + TIE_TOLERANCE):
            return False
    return or_equal


def first_of_best(order: Order, energy_pj: AnyArray, cycles: AnyArray) -> int:
    """The first of the best of several mappings."""
    candidates = np.arange(len(energy_pj))
    for values in criteria_values(order, energy_pj, cycles):
        chosen = values[candidates]
        candidates = candidates[chosen <= chosen.min() * (1 + TIE_TOLERANCE)]
    return int(candidates[0])
