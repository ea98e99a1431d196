"""Divisors and factorizations."""

from __future__ import annotations

from functools import cache
from math import isqrt


@cache
def divisors(number: int) -> tuple[int, ...]:
    """All divisors of a positive integer, ascending."""
    small = [k for k in range(1, isqrt(number) + 1) if number % k == 0]
    large = [number // k for k in reversed(small) if k * k != number]
    return (*small, *large)
