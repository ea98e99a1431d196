"""Metrics by their names in objectives and limits, as people read them."""

from __future__ import annotations

import re
from math import isfinite

from launcher.figures import METRICS
from launcher.reporting.numbers import percent, significant, with_unit
from launcher.results.parameters import ABSENT

_UNITS = re.compile(r"(?<!\S)(?:J\*cycles|J\*s|mm2)(?:\^2)?(?!\w)")
_SHARES = "energy_share."


def metric_title(name: str) -> str:
    """What people call it; what belongs to one level or layer keeps its name."""
    return METRICS[name][0].title if name in METRICS else name


def metric_text(name: str, value: float) -> str:
    """A value with its unit, as tables have it."""
    if not isfinite(value):
        return ABSENT
    if name not in METRICS:
        return percent(value) if name.startswith(_SHARES) else significant(value)
    figure, factor = METRICS[name]
    return with_unit(figure, value / factor)


def metric_phrase(name: str, value: float) -> str:
    """A value that says what it is of: with its unit, or with its name where it has none (``65,540 cycles``)."""
    known = name in METRICS and METRICS[name][0]
    if not known:
        return f"{name} {metric_text(name, value)}"
    if known.kind == "count":
        return f"{metric_text(name, value)} {known.title}"
    return metric_text(name, value) if known.unit else f"{known.title} {metric_text(name, value)}"


def typeset(text: str) -> str:
    """Units with signs as people set them: a page has them so, a terminal as they are typed."""
    return _UNITS.sub(lambda unit: unit[0].replace("*", "·").replace("mm2", "mm²").replace("^2", "²"), text)
