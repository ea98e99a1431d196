"""Reads the estimator's CSV files, and says file and line of what is wrong in them."""

from __future__ import annotations

import csv
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from launcher.errors import EstimationError

_SMALLEST, _LARGEST = 1e-30, 1e30
"""Of numbers: products of some of them must be numbers, too."""


class Row(NamedTuple):
    """One line: its number in the file, its text columns and its number columns (None: left empty)."""

    line: int
    texts: tuple[str, ...]
    numbers: tuple[float | None, ...]


class Layout(NamedTuple):
    """Columns of a table. ``optional`` ones may be absent or empty; other columns of the file are ignored."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    optional: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "columns " + ", ".join(
            f"{name} (may be empty)" if name in self.optional else name for name in (*self.texts, *self.numbers)
        )


def read_csv(path: Path, layout: Layout) -> list[Row]:
    """Every row of a CSV file. Lines that begin with ``#`` and empty lines are skipped.

    Raises:
        EstimationError: the file cannot be read, a column is missing, or a cell is empty, no number, negative
            or infinite.
    """
    rows: list[Row] = []
    positions: tuple[list[int | None], list[int | None]] | None = None
    reader = csv.reader(_lines(path), strict=True)
    try:
        for cells in reader:
            if not any(cells):
                continue
            if positions is None:
                positions = _positions(cells, layout, path, reader.line_num)
            else:
                rows.append(_row(cells, positions, layout, path, reader.line_num))
    except csv.Error as error:
        raise EstimationError(f"not a CSV file: {error}", where=f"{path}, line {reader.line_num}") from error
    if positions is None:
        raise EstimationError("the table is empty", where=str(path), expected=str(layout))
    return rows


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EstimationError(f"cannot read the table: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise EstimationError(f"the table is not UTF-8 text: {error.reason}", where=str(path)) from error
    # A comment becomes an empty line, so that line numbers stay those of the file.
    return ["\n" if line.startswith("#") else line for line in text.splitlines(keepends=True)]


def _positions(header: list[str], layout: Layout, path: Path, line: int) -> tuple[list[int | None], list[int | None]]:
    names = [cell.strip() for cell in header]

    def position(column: str) -> int | None:
        if column in names:
            return names.index(column)
        if column in layout.optional:
            return None
        raise EstimationError(
            f"the table has no column {column!r}, only {', '.join(names)}",
            where=f"{path}, line {line}",
            expected=str(layout),
        )

    return [position(column) for column in layout.texts], [position(column) for column in layout.numbers]


def _row(
    cells: list[str], positions: tuple[list[int | None], list[int | None]], layout: Layout, path: Path, line: int
) -> Row:
    where = f"{path}, line {line}"
    texts = (
        _text(cells, at, column, column in layout.optional, where)
        for at, column in zip(positions[0], layout.texts, strict=True)
    )
    numbers = (
        _number(cells, at, column, column in layout.optional, where)
        for at, column in zip(positions[1], layout.numbers, strict=True)
    )
    return Row(line, tuple(texts), tuple(numbers))


def _text(cells: list[str], at: int | None, column: str, optional: bool, where: str) -> str:
    text = cells[at].strip() if at is not None and at < len(cells) else ""
    if not text and not optional:
        raise EstimationError(f"column {column!r} is empty", where=where, expected="a value in this column")
    return text


def _number(cells: list[str], at: int | None, column: str, optional: bool, where: str) -> float | None:
    text = _text(cells, at, column, optional, where)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not isfinite(value) or value < 0:
        raise EstimationError(f"column {column!r} holds {text!r}", where=where, expected="a number that is 0 or more")
    if value and not _SMALLEST <= value <= _LARGEST:
        expected = f"0, or a number from {_SMALLEST:g} to {_LARGEST:g}"
        raise EstimationError(f"column {column!r} holds {text!r}", where=where, expected=expected)
    return value
