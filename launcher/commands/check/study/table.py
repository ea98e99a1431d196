"""Whether the table of all points is whole, and each row says what its status allows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from launcher.commands.check.study.record import AREAS, SLACK, Mask, StudyRecord, derived_figures, told
from launcher.sweeping.exhaustive.certificate import COMPLETE, STOPPED
from launcher.sweeping.exhaustive.table import POINTS_PARQUET


def check_table(record: StudyRecord) -> Iterator[str]:
    """What is wrong with the table by itself."""
    if hashlib.sha256((record.folder / POINTS_PARQUET).read_bytes()).hexdigest() != record.certificate.points_sha256:
        yield "points.parquet is not the table that the certificate is about: its digest is another"
    if not _is_whole(record):
        yield "points.parquet has columns that do not go with its numbers"
        return
    yield from _check_open(record)
    yield from _check_figures(record)
    yield from _check_reasons(record)


def _is_whole(record: StudyRecord) -> bool:
    """Whether writing what was read gives the same columns: keys that go with the numbers, nothing hidden."""
    with TemporaryDirectory() as folder:
        again = Path(folder) / POINTS_PARQUET
        record.points.write(again)
        try:
            return bool(pq.read_table(record.folder / POINTS_PARQUET).equals(pq.read_table(again)))
        except (OSError, ValueError, pa.ArrowException):
            return False


def _check_open(record: StudyRecord) -> Iterator[str]:
    is_open = record.having("open")
    if is_open.any():
        yield f"it is not complete: {int(is_open.sum()):,} of {record.points.size:,} points are open"
    if record.certificate.claim != (STOPPED if is_open.any() else COMPLETE):
        yield f"the certificate claims that {record.certificate.claim}"


def _check_figures(record: StudyRecord) -> Iterator[str]:
    figures, searched = record.points.figures, record.having("searched")
    for name in record.certificate.goals.metrics:
        known = np.isfinite(figures[name]) if name in figures else np.zeros(record.points.size, np.bool_)
        yield from _wrong(searched & ~known, f"searched, and {name} is not known")
    for name, values in figures.items():
        if name not in AREAS:
            yield from _wrong(~searched & ~np.isnan(values), f"not searched, and {name} is known")
    for name, values in derived_figures(record):
        differs = ~np.isclose(figures[name], values, rtol=SLACK, atol=0.0)
        yield from _wrong(searched & differs, f"{name} is not what energy and cycles make it")


def _check_reasons(record: StudyRecord) -> Iterator[str]:
    points = record.points
    without = record.having("searched") | record.having("excluded")
    yield from _wrong(without & (points.reason >= 0), "a reason is given, and there is nothing to give one for")
    yield from _wrong(~without & ~record.having("open") & (points.reason < 0), "no reason is given")
    # Areas are known of everything that is a design.
    for name in AREAS:
        known = np.isfinite(points.figures.get(name, np.full(points.size, np.nan)))
        yield from _wrong(record.having("failed") & known, "it is no design, so nothing is known of it")


def _wrong(rows: Mask, what: str) -> Iterator[str]:
    if rows.any():
        yield f"{told(np.flatnonzero(rows))}: {what}"
