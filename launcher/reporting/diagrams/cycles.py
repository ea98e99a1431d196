"""What limits the cycles, as bars."""

from __future__ import annotations

from launcher.reporting.diagrams.energy import component_styles
from launcher.reporting.diagrams.svg import draw, text_width
from launcher.reporting.numbers import short_count
from launcher.results.cycle_limits import cycle_limits
from launcher.results.result import Result

_WIDTH = 520.0
_ROW = 26.0
_TEXT = 13.0
_VALUE_WIDTH = 168.0
_TOP = 4.0
_LEAST_LEFT = 60.0
_BOLD = 1.1  # bold letters are wider


def cycles_svg(result: Result, *, standalone: bool = False) -> str:
    """The cycles that compute and every bandwidth would need alone; the longest limits. Empty without a mapping."""
    limits = cycle_limits(result)
    if not limits or not result.cycles:
        return ""
    styles = component_styles(result)
    left = max(_LEAST_LEFT, *(text_width(limit.label, _TEXT) * _BOLD + 22 for limit in limits))
    scale = (_WIDTH - left - _VALUE_WIDTH) / max(limit.cycles for limit in limits)
    bars = [
        {
            "label": limit.label,
            "css_class": styles.get(limit.component, "do"),
            "rects": [(styles.get(limit.component, "do"), left, limit.cycles * scale, f"{limit.cycles:,} cycles")],
            "end": left + limit.cycles * scale,
            "value": short_count(limit.cycles),
            "share": limit.cycles / result.cycles,
            "strong": limit.limiting,
        }
        for limit in limits
    ]
    return draw(
        "bars.svg.j2",
        standalone=standalone,
        title=f"cycles of {result.name} by what would limit them",
        width=_WIDTH,
        height=_TOP + _ROW * len(bars) + 4,
        top=_TOP,
        row=_ROW,
        left=left,
        legend=[],
        bars=bars,
    )
