"""Tables that every output format can write: exact values, and how people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Literal

from launcher.figures import DETAILS, Figure
from launcher.reporting.numbers import percent, short_count, significant
from launcher.results.parameters import ABSENT, plain
from launcher.results.result import Result

Kind = Literal["text", "prose", "flag", "count", "figure", "share", "ratio"]
_DIGITS = 3


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Attributes:
        key: its name where a program reads it, with the unit of the exact values: ``energy_pj``.
        heading: its name where people read it.
        kind: ``text``; ``prose`` (sentences); ``flag`` (yes or nothing); ``count`` (whole numbers), ``figure``,
            ``share`` (0 to 1), ``ratio`` (to another trial).
        unit: in which people read it.
        factor: from the exact values to that unit.
        exact: only programs read it.
    """

    key: str
    heading: str
    kind: Kind = "text"
    unit: str = ""
    factor: float = 1.0
    exact: bool = False

    @property
    def is_text(self) -> bool:
        return self.kind in ("text", "prose", "flag")

    def shown(self, value: object) -> str:
        """A value as people read it: three significant digits, whole numbers below ten thousand in full."""
        if self.kind == "flag":
            return "yes" if value else ""
        if self.is_text or not isinstance(value, int | float):
            return plain(value)
        if not isfinite(value):
            return ABSENT
        if self.kind == "count":
            return short_count(value)
        if self.kind == "share":
            return percent(value)
        shown = significant(value * self.factor, _DIGITS)
        return f"{shown}x" if self.kind == "ratio" else shown


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        key: its name where a program reads it.
        title: above it.
        columns: its columns.
        rows: a value per column; None where there is none.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]

    def for_people(self) -> Sheet:
        """Without columns that only programs read, and without those that are empty in every row."""
        kept = [
            index
            for index, column in enumerate(self.columns)
            if not column.exact and any(row[index] not in (None, "") for row in self.rows)
        ]
        columns = tuple(self.columns[index] for index in kept)
        return replace(self, columns=columns, rows=tuple(tuple(row[index] for index in kept) for row in self.rows))

    def records(self) -> list[dict[str, object]]:
        """The rows as JSON values: exact, null where there is none."""
        return [
            {column.key: exact(value) for column, value in zip(self.columns, row, strict=True)} for row in self.rows
        ]


@dataclass(frozen=True)
class ReportDocument:
    """What a command has to say.

    Attributes:
        title: of the whole.
        facts: what was asked, how it was made: heading and text.
        sentences: the answer, or the explanation; one paragraph each.
        sheets: tables; the first one is the data, which CSV holds alone.
        listings: heading and text that keeps its lines: loop nests.
        notes: remarks a reader must see.
        data: more for programs: exact values that the sheets do not have.
    """

    title: str
    sheets: tuple[Sheet, ...]
    facts: tuple[tuple[str, str], ...] = ()
    sentences: tuple[str, ...] = ()
    listings: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)


def figure_column(figure: Figure) -> Column:
    """The column of a figure."""
    return Column(figure.key, figure.title, figure.kind, figure.unit, figure.factor)


FIGURES = tuple(map(figure_column, DETAILS))
"""The figures of a trial."""


def figures(result: Result) -> tuple[float | None, ...]:
    """The exact values of :data:`FIGURES`; None where there are none."""
    return tuple(figure.exact(result) for figure in DETAILS)


def exact(value: object) -> object:
    """A value as JSON has it: lists of plain values, no infinite numbers, nothing that only Python knows."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): exact(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [exact(item) for item in value]
    return str(value)
