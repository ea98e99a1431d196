"""Energy and time of a token over the length of the cache."""

from __future__ import annotations

from launcher.reporting.diagrams.axes import PlotAxis, axis_of
from launcher.reporting.diagrams.svg import draw
from launcher.reporting.numbers import short_count
from launcher.results.generation import Generation

_WIDTH, _HEIGHT = 720.0, 420.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 20.0, 44.0, 46.0


def generation_svg(name: str, generation: Generation, *, standalone: bool = False) -> str:
    """Both figures as multiples of the first step's, so that one axis has room for them.

    Args:
        name: how people call what generates.
        generation: with one step at least.
        standalone: a file of its own.
    """
    steps, first = generation.steps, generation.steps[0]
    lines = {
        "energy": [one.energy_pj / first.energy_pj for one in steps],
        "time": [one.cycles / first.cycles for one in steps],
    }
    lengths = [float(one.cache_length) for one in steps]
    x = axis_of(lengths, _LEFT, _WIDTH - _RIGHT, logarithmic=False)
    y = axis_of([value for values in lines.values() for value in values], _HEIGHT - _BOTTOM, _TOP)
    return draw(
        "curve.svg.j2",
        standalone=standalone,
        title=f"a token over the length of the cache: {name}",
        width=_WIDTH,
        height=_HEIGHT,
        box=(_LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM),
        x_ticks=[(x.place(value), short_count(value)) for value in x.ticks],
        y_ticks=[(y.place(value), f"{value:g}") for value in y.ticks],
        x_title="tokens in the cache",
        y_title="energy and time of a token, the first step's = 1",
        lines=[
            {"class": style, "points": _line(lengths, lines[figure], x, y), "name": figure, "dashes": dashes, "x": at}
            for figure, style, dashes, at in (("energy", "d0", "", 12), ("time", "d2", "5 3", 142))
        ],
        marks=[],
    )


def _line(lengths: list[float], values: list[float], x: PlotAxis, y: PlotAxis) -> str:
    return " ".join(f"{x.place(one):.1f},{y.place(two):.1f}" for one, two in zip(lengths, values, strict=True))
