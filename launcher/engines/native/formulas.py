"""The model's formulas, once for the plain model, for arrays of mappings and for the compiled search.

They take numbers or arrays of them; compiled code makes versions of its own of them (``compilation.helper``). Where
Python's numbers and arrays have no operation in common, both ways to write a formula stand below each other. The order
of operations is Timeloop's: the last bit depends on it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

import numpy as np

from launcher.engines.native.arrays import AnyArray

Number = TypeVar("Number", float, AnyArray, AnyArray | float)


def elide_first_touch(words: Number, untouched: Number) -> Number:
    """Words that are read from a level, or filled into it, of ``words`` that the levels inside it ask for.

    A word of a read-write data space that nobody has written yet is neither read nor filled in. ``untouched`` is how
    many such words an instance is responsible for: none of a data space that is only read.
    """
    return words - untouched


def round_half_away(words: Number, below: Number) -> Number:
    """The nearest whole number, halves up as C rounds them (Python: to even); ``below`` is the one at or below it."""
    return below + (words - below >= 0.5)


def blocks(words: int | Fraction, parts: int, block: int) -> int:
    """Accesses for exact words, however many, of which each is ``parts`` of the ``block`` that an access moves."""
    return -(-words * parts // block)


def block_count(words: Number, parts: Number, block: Number) -> Number:
    """``blocks`` for arrays, and for words that need not be whole numbers."""
    count: Number = np.ceil(words * parts / block)
    return count


def words_per_cycle(words: Number, iterations: Number, scale: float) -> Number:
    """Bandwidth that accesses need when they are spread evenly over the compute cycles, weighted by a data space."""
    return words / iterations * scale


def slowdown(available: float, need: float) -> float:
    """Share of the full speed (at most 1) that a bandwidth leaves."""
    return available / need if available < need else 1.0


def slowdowns(available: float, need: AnyArray | float) -> AnyArray:
    """``slowdown`` for arrays; the bandwidth is finite."""
    return np.asarray(available / np.maximum(need, available))


def access_energy(
    read_pj: Number, fill_pj: Number, update_pj: Number, utilization: Number, instances: Number, other_pj: Number
) -> Number:
    """Energy of one data space's accesses in all instances of a level, and of its ``other_pj`` (address generation).

    Args:
        read_pj, fill_pj, update_pj: of one instance's blocks.
        utilization: instances that share an access, because they lie in one physical row.
        instances: in use.
        other_pj: what is added, for all instances.
    """
    return (read_pj + fill_pj + update_pj) / utilization * instances + other_pj


def leakage(pj_per_cycle: float, cycles: Number | float, share: float, gate_instances: Number) -> Number:
    """Leakage of a level; each instance in use of the level that gates it makes ``share`` of its own leak."""
    return pj_per_cycle * cycles * (share * gate_instances)


def power_product(energy_power: int, cycles_power: int, energy_pj: Number, cycles: Number) -> Number:
    """Value of a criterion: energy to a power of 0 or 1, times cycles to another; both are not 0 at the same time."""
    value = energy_pj if energy_power else cycles
    for _ in range(energy_power + cycles_power - 1):
        value = value * cycles
    return value
