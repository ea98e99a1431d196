"""The table of all points of a study that settles a whole space: ``points.parquet``, a row for each point.

The columns: ``number``, the swept keys, ``status``, the figures, ``bound.<objective>``, ``reason`` and ``box``. What is
not known is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from launcher.errors import LauncherError
from launcher.sweeping.exhaustive.numbering import Keys, point_at, size_of, strides_of
from launcher.sweeping.points.interface import Value
from launcher.whole_files import whole_file

POINTS_PARQUET = "points.parquet"

STATUSES = ("searched", "infeasible", "failed", "limit", "excluded", "open")
"""What is known of a point: its best mapping, that there is none, that it is no design, that a limit on what is known
without a search excludes it, that a bound does, or nothing yet, with the reason where its search failed. A point's
status is the place of its word in this."""

_GROUP = 2**16
"""Rows that are written at once."""

_BOUND = "bound."
_KEYS = b"launcher.keys"
_FIGURES = b"launcher.figures"
_NONE = -1


@dataclass(frozen=True)
class PointTable:
    """All points of a space; a point's number is its place in every array.

    Attributes:
        keys: swept key -> its values; of the numbers the last key's place changes fastest.
        status: uint8, the place in :data:`STATUSES`.
        figures: name -> float64, in the units of :mod:`launcher.figures`; NaN where unknown.
        bounds: objective -> float64, what the point's figure is at least, or at most when it is maximised; NaN where
            there is none.
        reasons: why points have no mapping, each text once.
        reason: int32, the place in ``reasons``; -1 where there is none.
        box: int32, which exclusion of the certificate covers the point; -1 where none does.
    """

    keys: Keys
    status: NDArray[np.uint8]
    figures: Mapping[str, NDArray[np.float64]]
    bounds: Mapping[str, NDArray[np.float64]]
    reasons: Sequence[str]
    reason: NDArray[np.int32]
    box: NDArray[np.int32]

    @property
    def size(self) -> int:
        """The number of points."""
        return size_of(self.keys)

    def places(self, key: str, numbers: NDArray[Any]) -> NDArray[Any]:
        """Where the value of a key stands among its values, for each of some points."""
        places: NDArray[Any] = numbers // strides_of(self.keys)[key] % len(self.keys[key])
        return places

    def row(self, number: int) -> dict[str, Value]:
        """What the file says of one point, without what is not known."""
        columns = [*self.figures.items(), *((_BOUND + name, bound) for name, bound in self.bounds.items())]
        known = {name: float(values[number]) for name, values in columns if not np.isnan(values[number])}
        word = STATUSES[self.status[number]]
        row: dict[str, Value] = {"number": number, **point_at(self.keys, number), "status": word, **known}
        if self.reason[number] != _NONE:
            row["reason"] = self.reasons[self.reason[number]]
        if self.box[number] != _NONE:
            row["box"] = int(self.box[number])
        return row

    def select(
        self,
        *,
        status: str | None = None,
        where: Mapping[str, Value] | None = None,
        by: str | None = None,
        largest: bool = False,
        most: int | None = None,
    ) -> NDArray[np.int64]:
        """The numbers of some points, ascending, or the best first.

        Args:
            status: which they have; None is any.
            where: key -> the value that they have.
            by: a figure, by which they are ordered; points without it are left out.
            largest: whether a large figure is a good one.
            most: how many at most, after ordering.

        Raises:
            LauncherError: no such status, key, value or figure.
        """
        chosen = np.ones(self.size, dtype=bool)
        if status is not None:
            chosen &= self.status == _place(status, STATUSES, "status")
        numbers = np.arange(self.size)
        for key, value in (where or {}).items():
            _place(key, list(self.keys), "key")
            chosen &= self.places(key, numbers) == _place(value, self.keys[key], f"value of {key}")
        found = np.flatnonzero(chosen)
        if by is not None:
            _place(by, list(self.figures), "figure")
            values = self.figures[by][found]
            known = ~np.isnan(values)
            order = np.argsort(-values[known] if largest else values[known], kind="stable")
            found = found[known][order]
        return found[:most]

    def write(self, path: Path) -> None:
        """Write the table in one piece; some ten megabytes of a million points are copied at a time.

        Raises:
            LauncherError: the file cannot be written.
        """
        meta = {_KEYS: json.dumps({key: list(values) for key, values in self.keys.items()})}
        meta[_FIGURES] = json.dumps([list(self.figures), list(self.bounds)])
        schema = next(self._batches()).schema.with_metadata(meta)
        try:
            with whole_file(path) as temporary, _writer(temporary, schema, [*self.keys, "status", "reason"]) as writer:
                for batch in self._batches():
                    writer.write_batch(batch.replace_schema_metadata(meta), row_group_size=_GROUP)
        except OSError as error:
            raise LauncherError(f"the table cannot be written: {error.strerror or error}", where=str(path)) from error

    def _batches(self) -> Iterator[pa.RecordBatch]:
        kinds = {key: _dictionary(values) for key, values in self.keys.items()}
        for start in range(0, max(self.size, 1), _GROUP):
            part = slice(start, min(start + _GROUP, self.size))
            numbers = np.arange(part.start, part.stop, dtype=np.int32)
            columns: dict[str, pa.Array] = {"number": pa.array(numbers)}
            columns |= {key: _encoded(self.places(key, numbers), kind) for key, kind in kinds.items()}
            columns["status"] = _encoded(self.status[part], pa.array(STATUSES))
            columns |= {name: _nullable(values[part]) for name, values in self.figures.items()}
            columns |= {_BOUND + name: _nullable(values[part]) for name, values in self.bounds.items()}
            columns["reason"] = _encoded(self.reason[part], pa.array(self.reasons, pa.string()))
            columns["box"] = pa.array(self.box[part], mask=self.box[part] == _NONE)
            yield pa.record_batch(list(columns.values()), names=list(columns))


def read_points(path: Path) -> PointTable:
    """The table that :meth:`PointTable.write` left.

    Raises:
        LauncherError: it cannot be read, is damaged, or is a table of something else.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            meta = file.schema_arrow.metadata or {}
            if _KEYS not in meta:
                raise LauncherError(
                    "the table is none of a study's points", where=str(path), expected="one that a study wrote"
                )
            keys, (figures, bounds) = json.loads(meta[_KEYS]), json.loads(meta[_FIGURES])
            table = file.read(["number", "status", *figures, *(_BOUND + name for name in bounds), "reason", "box"])
        return _table(table, keys, figures, bounds)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise LauncherError(f"the table of points cannot be read: {reason[0][:200]}", where=str(path)) from error


def _table(table: pa.Table, keys: Keys, figures: Sequence[str], bounds: Sequence[str]) -> PointTable:
    numbers = table["number"].to_numpy()
    size = size_of(keys)
    if not np.array_equal(numbers, np.arange(size)):
        raise ValueError(f"it has {len(numbers):,} rows, and the space has {size:,} points")
    words, places = _decoded(table["status"])
    reasons, reason = _decoded(table["reason"])
    known = np.array([STATUSES.index(word) for word in words], dtype=np.uint8)
    return PointTable(
        keys=keys,
        status=known[places],
        figures={name: _floats(table[name]) for name in figures},
        bounds={name: _floats(table[_BOUND + name]) for name in bounds},
        reasons=reasons,
        reason=reason,
        box=table["box"].fill_null(_NONE).to_numpy().astype(np.int32),
    )


def _writer(path: Path, schema: pa.Schema, encoded: Sequence[str]) -> pq.ParquetWriter:
    """The checksums are there so that no damage is taken for a figure."""
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=encoded, write_page_checksum=True)


def _dictionary(values: Sequence[Value]) -> pa.Array:
    """A key's values as one type: numbers stay numbers where all are."""
    for kind, of in ((pa.int64(), (int,)), (pa.float64(), (int, float))):
        if all(isinstance(value, of) and not isinstance(value, bool) for value in values):
            return pa.array(values, kind)
    return pa.array([value if isinstance(value, str) else json.dumps(value) for value in values], pa.string())


def _encoded(places: NDArray[Any], words: pa.Array) -> pa.Array:
    indices = places.astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices == _NONE), words)


def _decoded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int32]]:
    """The words of a dictionary-encoded column, and the place of each row's; -1 where there is none."""
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    return whole.dictionary.to_pylist(), whole.indices.fill_null(_NONE).to_numpy().astype(np.int32)


def _nullable(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    floats: NDArray[np.float64] = column.fill_null(np.nan).to_numpy()
    return floats


def _place(word: Value, known: Sequence[Value], what: str) -> int:
    if word not in known:
        raise LauncherError(
            f"{word} is no {what} of the study", expected=", ".join(map(str, known[:20])) or "none: there is none"
        )
    return known.index(word)
