"""Figures as people read them."""

from __future__ import annotations

from math import floor, isfinite, log10

ABSENT = "-"
"""Stands for a figure that does not exist."""


def significant(value: float, digits: int = 4) -> str:
    """``value`` with ``digits`` significant digits, and an exponent only when it is very large or very small."""
    if not isfinite(value):
        return ABSENT
    if value == 0:
        return "0"
    value_as_shown = float(f"{value:.{digits - 1}e}")  # 9.9999 is shown as 10.00
    magnitude = floor(log10(abs(value_as_shown)))
    if magnitude >= 12 or magnitude < -digits:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def count(value: float) -> str:
    """A whole number with thousands separators."""
    return f"{value:,.0f}" if isfinite(value) else ABSENT


def percent(share: float) -> str:
    """``0.123`` as ``12.3 %``."""
    return f"{100 * share:.1f} %" if isfinite(share) else ABSENT


def short_seconds(seconds: float) -> str:
    """A duration: ``38 ms``, ``2.41 s``, ``3 min 20 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"
