"""What limits the cycles, as bars."""

from __future__ import annotations

from math import inf

from launcher.reporting.diagrams.bars import DrawnBar, bars_svg
from launcher.reporting.diagrams.energy import component_styles
from launcher.reporting.numbers import short_count
from launcher.results.cycle_limits import cycle_limits
from launcher.results.result import Result

_VALUE_WIDTH = 168.0
_LEAST_LEFT = 60.0


def cycles_svg(result: Result, *, standalone: bool = False) -> str:
    """The cycles that compute and every bandwidth would need alone; the longest limits. Empty without a mapping."""
    limits = cycle_limits(result)
    if not limits or not result.cycles:
        return ""
    styles = component_styles(result)
    bars = []
    for limit in limits:
        style = styles.get(limit.component, "do")
        pieces = ((style, float(limit.cycles), f"{limit.cycles:,} cycles"),)
        share = limit.cycles / result.cycles
        bars.append(DrawnBar(limit.label, style, pieces, short_count(limit.cycles), share, strong=limit.limiting))
    title = f"cycles of {result.name} by what would limit them"
    return bars_svg(title, bars, labels=(_LEAST_LEFT, inf), values=_VALUE_WIDTH, standalone=standalone)
