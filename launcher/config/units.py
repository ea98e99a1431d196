"""Values that a person wrote with a unit: ``256KiB``, ``7nm``, ``1GHz``; keys of a configuration say theirs."""

from __future__ import annotations

import re
from math import isfinite

_WRITTEN = re.compile(r"\s*(?P<number>[-+]?(?:\d[\d_,]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\d\s].*?)?\s*")

_SECONDS = {
    "ps": 1e-12,
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "h": 3600.0,
}
_BYTES = {"b": 1.0, "byte": 1.0, "k": 2.0**10, "m": 2.0**20, "g": 2.0**30}
_BYTES |= {f"{letter}{rest}": _BYTES[letter] for letter in "kmg" for rest in ("b", "ib")}
_JOULES = {"fj": 1e-15, "pj": 1e-12, "nj": 1e-9, "uj": 1e-6, "mj": 1e-3, "j": 1.0}
_WATTS = {"nw": 1e-9, "uw": 1e-6, "mw": 1e-3, "w": 1.0}
_METRES = {"pm": 1e-12, "nm": 1e-9, "um": 1e-6, "mm": 1e-3}
_AREAS = {"nm2": 1e-12, "um2": 1e-6, "mm2": 1.0, "cm2": 100.0}
_HERTZ = {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}

_UNITS = {
    "kib": ("KiB", _BYTES, 2.0**10),
    "nm": ("nm", _METRES, 1e-9),
    "ns": ("ns", _SECONDS, 1e-9),
    "s": ("s", _SECONDS, 1.0),
    "pj": ("pJ", _JOULES, 1e-12),
    "uj": ("uJ", _JOULES, 1e-6),
    "w": ("W", _WATTS, 1.0),
    "mm2": ("mm2", _AREAS, 1.0),
    "bits": ("bits", {"bit": 1.0, "b": 1.0, "byte": 8.0}, 1.0),
    "bandwidth": ("words per cycle", {"word": 1.0, "words/cycle": 1.0, "word/cycle": 1.0, "words per cycle": 1.0}, 1.0),
    "utilization": ("a share", {"%": 0.01}, 1.0),
}
"""Last word of a key -> its unit, units that people write in small letters, and the key's own among them."""


def unit_of(key: str) -> str:
    """The unit of a key's value, as people read it; empty where its name says none."""
    unit = _UNITS.get(re.split(r"[._]", key)[-1])
    return unit[0] if unit else ""


def without_unit(key: str, text: str) -> float | None:
    """The number that a text means for a key, in the key's own unit; None when nobody can say.

    Args:
        key: e.g. ``arch.scratchpad_kib``.
        text: e.g. ``1MiB``, which is 1024 there.
    """
    found = _WRITTEN.fullmatch(text)
    if not found:
        return None
    number, written = float(found["number"].replace("_", "").replace(",", "")), (found["unit"] or "").strip()
    if not written:
        return number if isfinite(number) else None
    known = _UNITS.get(re.split(r"[._]", key)[-1])
    if known is None:
        return None
    _, units, own = known
    name = _in_small_letters(written)
    factor = units.get(name, units.get(name.removesuffix("s")) if name.endswith("s") else None)
    if known[0] == "ns" and name in _HERTZ and number:
        return float(f"{1e9 / (number * _HERTZ[name]):.12g}")
    if known[0] == "bits" and written in ("B", "Bytes"):
        factor = 8.0
    return None if factor is None else float(f"{number * factor / own:.12g}")


def _in_small_letters(unit: str) -> str:
    return unit.lower().replace("\u00b5", "u").replace("\u03bc", "u").replace("\u00b2", "2").replace("^2", "2")
