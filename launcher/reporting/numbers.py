"""Figures as people read them."""

from __future__ import annotations

from math import floor, isfinite, log10

from launcher.figures import Figure
from launcher.results.parameters import ABSENT

_DIGITS = 3
_LARGE = 9
"""Figures of more digits before the point are written with an exponent."""

_UNITS = (("mJ", 1e10), ("uJ", 1e6), ("nJ", 1e3))  # 1e10: four digits of uJ read better than a fraction of mJ
_PJ = {"mJ": 1e9, "uJ": 1e6, "nJ": 1e3, "pJ": 1.0}


def significant(value: float, digits: int = 4) -> str:
    """``value`` with ``digits`` significant digits, and an exponent only when it is very large or very small."""
    if not isfinite(value):
        return ABSENT
    if value == 0:
        return "0"
    value_as_shown = float(f"{value:.{digits - 1}e}")  # 9.9999 is shown as 10.00
    magnitude = floor(log10(abs(value_as_shown)))
    if magnitude >= _LARGE or magnitude < -digits:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def cell(figure: Figure, value: float, digits: int = 4) -> str:
    """A figure's exact value in its unit, without the unit."""
    if figure.kind == "count":
        return count(value)
    if figure.kind == "share":
        return percent(value)
    return significant(value * figure.factor, digits)


def with_unit(figure: Figure, value: float, digits: int = 4) -> str:
    """A figure's exact value as :func:`cell` writes it, with the unit; none where there is no value."""
    return f"{cell(figure, value, digits)} {figure.unit}".rstrip() if isfinite(value) else ABSENT


def count(value: float) -> str:
    """A whole number with thousands separators."""
    return f"{value:,.0f}" if isfinite(value) else ABSENT


def percent(share: float) -> str:
    """``0.123`` as ``12.3 %``."""
    return f"{100 * share:.1f} %" if isfinite(share) else ABSENT


def change(share: float) -> str:
    """``-0.605`` as ``-60.5 %``."""
    return f"{100 * share:+.1f} %" if isfinite(share) else ABSENT


def short_seconds(seconds: float) -> str:
    """A duration: ``38 ms``, ``2.41 s``, ``3 min 20 s``; none where there is no number."""
    if not isfinite(seconds):
        return ABSENT
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def energy(energy_pj: float, like: float | None = None) -> str:
    """An energy with its unit, three significant digits: ``119 uJ``; in the unit that suits ``like``, when given."""
    size = abs(energy_pj if like is None else like)
    unit = next((name for name, least in _UNITS if size >= least), "pJ")
    return f"{significant(energy_pj / _PJ[unit], _DIGITS)} {unit}"


def short_count(value: float) -> str:
    """A number of words or cycles in three significant digits: ``512``, ``12.3k``, ``3.65M``."""
    if abs(value) < 1e4:
        return count(value)
    for unit, scale in (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)):
        if abs(value) < 999.5 * scale:
            return f"{significant(value / scale, _DIGITS)}{unit}"
    return significant(value, _DIGITS)
