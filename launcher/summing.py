"""Adding floating-point numbers so that every Python finds the same last bit.

Since 3.12 Python's own ``sum`` carries a correction along where it adds floats; before, it rounded after each of them.
"""

from __future__ import annotations

from collections.abc import Iterable


def sum_in_order(values: Iterable[float], start: float = 0) -> float:
    """The values added one after the other to ``start``, from left to right, each sum rounded."""
    total = start
    for value in values:
        total += value
    return total
