"""A curve as a document: the points that tell most, what the memories reach, and for programs every point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from launcher.reporting.numbers import short_count, significant
from launcher.reporting.sheets import Column, ReportDocument, Sheet
from launcher.results.traffic_curve import CurvePoint, CurveStudy, TrafficCurve

_KIB = Column("capacity_kib", "capacity", "figure", "KiB")
_WORDS = Column("capacity_words", "words", "count")
_TRAFFIC = Column("traffic_words", "traffic", "count", "words")
_INTENSITY = Column("macs_per_word", "MACs per word", "figure")
_FUSED = replace(_TRAFFIC, heading="fused")
_APART = Column("unfused_traffic_words", "unfused", "count", "words")
_HOW = (Column("shared", "shared loops"), Column("persistent", "persistent"), Column("tiles", "tiles"))
_LOOPS = Column("loops", "loops outside")


def curve_document(study: CurveStudy, asked_kib: Sequence[float] = ()) -> ReportDocument:
    """What people read: a dozen points, the memories, and where fused and unfused cross.

    Args:
        study: the curve.
        asked_kib: capacities that were asked for; each must hold the smallest buffer.
    """
    return ReportDocument(
        title=heading(study),
        sheets=(telling_sheet(study), memories_sheet(study, asked_kib)),
        facts=tuple(facts(study)),
        sentences=tuple(sentences(study)),
    )


def every_point(study: CurveStudy, asked_kib: Sequence[float] = ()) -> ReportDocument:
    """What programs read: every point first, then what people read."""
    document = curve_document(study, asked_kib)
    return ReportDocument(document.title, (_points(study), *document.sheets), document.facts, document.sentences)


def heading(study: CurveStudy) -> str:
    """What the curve is of."""
    return f"least traffic over the capacity of one buffer: {study.name}"


def facts(study: CurveStudy) -> Iterator[tuple[str, str]]:
    """What the figures refer to."""
    yield "layers", "+".join(study.layers) + (f" (one of {study.runs:,} runs)" if study.runs > 1 else "")
    yield "word", f"{study.word_bits} bits"


def sentences(study: CurveStudy) -> Iterator[str]:
    """The answer: from where on traffic is compulsory, and when fusing pays."""
    last = study.curve.compulsory
    yield (
        f"From {size(study, last.capacity_words)} on, traffic is compulsory: {short_count(last.traffic_words)} words, "
        f"{significant(study.intensity(last), 3)} MACs per word."
    )
    if study.apart is None:
        return
    yield from _crossings(study)
    alone = study.apart.compulsory
    yield (
        f"Unfused, the layers need {size(study, alone.capacity_words)} for their least traffic, "
        f"{short_count(alone.traffic_words)} words: {significant(alone.traffic_words / last.traffic_words, 3)} times "
        "the fused group's."
    )


def size(study: CurveStudy, words: int) -> str:
    """A capacity as people read it: ``256 KiB``, or its words where that is little."""
    kib = study.kib(words)
    return f"{significant(kib, 3)} KiB" if kib >= 1 else f"{words:,} words"


def telling_points(study: CurveStudy) -> list[tuple[str, CurvePoint]]:
    """The points that tell most, each with what it is, by rising capacity."""
    curve = study.curve
    named: dict[int, list[str]] = {curve.least.capacity_words: ["least capacity"]}
    halves = {point.capacity_words: divisor for divisor, point in curve.halvings}
    for capacity, divisor in halves.items():
        named.setdefault(capacity, []).append(f"1/{divisor:,} of that traffic")
    named.setdefault(curve.knee.capacity_words, []).append("knee: at most twice the compulsory")
    named.setdefault(curve.compulsory.capacity_words, []).append("compulsory")
    points = {point.capacity_words: point for point in curve.points}
    return [(", ".join(named[capacity]), points[capacity]) for capacity in sorted(named)]


def telling_sheet(study: CurveStudy) -> Sheet:
    """The points that tell most."""
    columns = (Column("point", "point"), _KIB, _WORDS, *_traffic(study), _INTENSITY, *_HOW, _LOOPS)
    rows = [(name, *_row(study, one, one.capacity_words), *_how(one)) for name, one in telling_points(study)]
    return Sheet("telling", "points that tell most", columns, tuple(rows))


def memories_sheet(study: CurveStudy, asked_kib: Sequence[float] = ()) -> Sheet:
    """What each memory on the chip could reach if it were the buffer, and capacities that were asked for."""
    own = Column("memory_kib", "its own words", "figure", "KiB")
    columns = (Column("memory", "memory"), own, _WORDS, *_traffic(study), _INTENSITY)
    rows: list[tuple[object, ...]] = []
    asked = [(f"{kib:g} KiB", kib, study.words(kib)) for kib in asked_kib]
    for name, kib, words in [*((one.name, one.capacity_kib, one.capacity_words) for one in study.memories), *asked]:
        point = study.curve.at(words)
        if point is None:
            rows.append((name, kib, words, *(None for _ in columns[3:])))
        else:
            rows.append((name, kib, *_row(study, point, words)[1:]))
    return Sheet("memories", "what each memory could reach if it were the buffer", columns, tuple(rows))


def _traffic(study: CurveStudy) -> tuple[Column, ...]:
    return (_TRAFFIC,) if study.apart is None else (_FUSED, _APART)


def _row(study: CurveStudy, point: CurvePoint, words: int) -> tuple[object, ...]:
    """KiB and words of a capacity, the traffic it reaches, that of unfused layers, and operations per word."""
    apart = study.apart.at(words) if study.apart is not None else None
    unfused = () if study.apart is None else (apart.traffic_words if apart else None,)
    return study.kib(words), words, point.traffic_words, *unfused, study.intensity(point)


def _points(study: CurveStudy) -> Sheet:
    columns = (Column("curve", "curve"), _WORDS, _KIB, _TRAFFIC, _INTENSITY, *_HOW, _LOOPS)
    curves: dict[str, TrafficCurve] = {"layer": study.curve}
    if study.apart is not None:
        curves = {"fused": study.curve, "unfused": study.apart}
    rows = [
        (name, one.capacity_words, study.kib(one.capacity_words), one.traffic_words, study.intensity(one), *_how(one))
        for name, curve in curves.items()
        for one in curve.points
    ]
    return Sheet("points", "every point", columns, tuple(rows))


def _how(point: CurvePoint) -> tuple[str, str, str, str]:
    """Shared loops, persistent tiles, each layer's tile and its loops outside the buffer; loops outermost first."""
    return (
        " ".join(f"{'/'.join(dict.fromkeys(loop.names))}={loop.bound}" for loop in point.shared),
        " ".join(f"{layer}.{space}" for layer, space in point.persistent),
        _by_layer({one.layer: _factors(one.tile.items()) for one in point.tilings}),
        _by_layer({one.layer: _factors(one.loops) for one in point.tilings}),
    )


def _by_layer(texts: Mapping[str, str]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{layer}: {text}" for layer, text in texts.items() if text)


def _factors(pairs: Iterable[tuple[str, int]]) -> str:
    return " ".join(f"{name}={value}" for name, value in pairs)


def _crossings(study: CurveStudy) -> Iterator[str]:
    """Which of the two has less traffic, from which capacity on."""
    said = {"fused": "fusing saves traffic", "apart": "unfused layers need less", "equal": "both need the same"}
    parts = [f"from {size(study, capacity)} on {said[lower]}" for capacity, lower in study.crossings]
    yield f"Fused against unfused: {'; '.join(parts)}."
