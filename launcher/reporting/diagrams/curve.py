"""The least traffic over the capacity of a buffer."""

from __future__ import annotations

from launcher.reporting.diagrams.axes import PlotAxis, axis_of, stairs
from launcher.reporting.diagrams.palette import component_classes
from launcher.reporting.diagrams.svg import draw, text_width
from launcher.reporting.numbers import short_count
from launcher.results.traffic_curve import CurveStudy, TrafficCurve

_WIDTH, _HEIGHT = 720.0, 420.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 20.0, 44.0, 46.0
_BEYOND = 4.0
_TEXT = 11.0
_ROW = 13.0


def curve_svg(study: CurveStudy, *, standalone: bool = False) -> str:
    """Both axes logarithmic: the curve, that of unfused layers, and a mark at each memory on the chip.

    Args:
        study: the curve, and what it is compared with.
        standalone: a file of its own.
    """
    curves = {"fused" if study.apart else "least traffic": study.curve} | (
        {"unfused": study.apart} if study.apart else {}
    )
    points = [point for curve in curves.values() for point in curve.points]
    most = max([*(point.capacity_words for point in points), *(one.capacity_words for one in study.memories)])
    words = [point.capacity_words for point in points]
    x = axis_of([study.kib(min(words)), study.kib(most) * _BEYOND], _LEFT, _WIDTH - _RIGHT, logarithmic=True)
    y = axis_of([point.traffic_words for point in points], _HEIGHT - _BOTTOM, _TOP, logarithmic=True)
    return draw(
        "curve.svg.j2",
        standalone=standalone,
        title=f"least traffic over the capacity of one buffer: {study.name}",
        width=_WIDTH,
        height=_HEIGHT,
        box=(_LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM),
        x_ticks=[(x.place(value), short_count(value) if value >= 1 else f"{value:g}") for value in x.ticks],
        y_ticks=[(y.place(value), short_count(value)) for value in y.ticks],
        x_title=f"capacity of the buffer, KiB ({study.word_bits}-bit words)",
        y_title="words read from and written to the outermost memory",
        lines=[
            {
                "class": style,
                "points": _line(study, curve, x, y),
                "name": name,
                "dashes": dashes,
                "x": 12 + 130 * number,
            }
            for number, ((name, curve), (style, dashes)) in enumerate(
                zip(curves.items(), (("d0", ""), ("d2", "5 3")), strict=False)
            )
        ],
        marks=_marks(study, x, y),
    )


def _line(study: CurveStudy, curve: TrafficCurve, x: PlotAxis, y: PlotAxis) -> str:
    places = [(x.place(study.kib(point.capacity_words)), y.place(point.traffic_words)) for point in curve.points]
    return stairs([*places, (x.end, places[-1][1])])


def _marks(study: CurveStudy, x: PlotAxis, y: PlotAxis) -> list[dict[str, object]]:
    """A line at each memory, with points on the curves that it reaches; labels that would meet stand lower."""
    styles = component_classes([one.name for one in study.memories])
    marks: list[dict[str, object]] = []
    ends: list[float] = []
    for memory in sorted(study.memories, key=lambda one: one.capacity_words):
        place = x.place(study.kib(memory.capacity_words))
        if place < x.start:
            continue
        reached = [curve.at(memory.capacity_words) for curve in (study.curve, study.apart) if curve is not None]
        dots = [
            {"y": y.place(point.traffic_words), "hint": f"{memory.name}: {short_count(point.traffic_words)} words"}
            for point in reached
            if point is not None
        ]
        width = text_width(memory.name, _TEXT) + 8
        row = next((number for number, end in enumerate(ends) if end < place), len(ends))
        ends[row : row + 1] = [place + width]
        marks.append({"x": place, "text": memory.name, "class": styles[memory.name], "dots": dots, "row": row * _ROW})
    return marks
