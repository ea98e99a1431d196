"""Where commands print: tables fit the width, and no figure is ever cut."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.containers import Lines
from rich.markup import escape
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from launcher.plain_text import is_plain_text, plain
from launcher.verbosity import Verbosity

_PIPED_WIDTH = 200
"""Of what is no terminal, unless ``COLUMNS`` says another."""

_BOUNDLESS = 10_000
_KEPT = 2
"""The first columns say what a row is: they are never left out."""

_LEAST_TEXT = 12
"""Text may be folded to so many characters before a table gets wider than the terminal."""


class FittingConsole(Console):
    """A console on which tables lose columns, the last one first, before a figure is cut, and say which.

    What was left out stands below. A table that does not fit with the fewest columns is as wide as it must be.
    """

    def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
        """As rich does, without what a terminal would take for commands."""
        for segment in super().render(renderable, options):
            shown = segment.control or is_plain_text(segment.text)
            yield segment if shown else Segment(plain(segment.text), segment.style)

    def print(self, *objects: Any, **how: Any) -> None:
        """As rich does, tables fitted; long lines are broken where words end, not where the terminal does."""
        if how.get("soft_wrap") and self.is_terminal and len(objects) == 1 and isinstance(objects[0], str):
            text = Text.from_markup(objects[0]) if how.pop("markup", True) else Text(objects[0])
            for line in text.split("\n", allow_blank=True):
                for piece in _pieces(line, self.width):
                    piece.rstrip()  # a space beyond the last column would be a line of its own
                    super().print(piece, **how)
            return
        if len(objects) != 1 or not isinstance(objects[0], Table):
            super().print(*objects, **how)
            return
        table = objects[0]
        left_out = _fit(table, self)
        needed = _total([_bounds(one, table, self)[0] for one in table.columns], table, self)
        given = self._width
        self.width = max(self.width, needed)  # rather wider than the terminal than cut
        try:
            super().print(table, **how)
        finally:
            self._width = given
        tell_left_out(self, left_out)


def tell_left_out(console: Console, headings: Sequence[str]) -> None:
    """Say which columns did not fit."""
    names = ", ".join(" ".join(one.replace("-\n", "").split()) for one in headings if one.strip())
    if names:
        line = f"left out at {console.width} columns: {names}"
        console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)


def console_for(verbosity: Verbosity | str) -> Console:
    """Where results and progress are shown; nowhere when quiet."""
    return open_console(quiet=verbosity == Verbosity.quiet)


def warnings_console() -> Console:
    """Where warnings are shown, also when quiet."""
    return open_console(stderr=True)


def tell_unused(overrides: Sequence[str], beginnings: tuple[str, ...], why: str) -> None:
    """Say which overrides, of those that begin in one of these ways, have no effect."""
    unused = ", ".join(one for one in overrides if one.lstrip("+").startswith(beginnings))
    if unused:
        line = f"[yellow]note:[/] {escape(unused)} has no effect: {why}"
        warnings_console().print(line, highlight=False, soft_wrap=True)


def open_console(*, quiet: bool = False, stderr: bool = False) -> Console:
    """A console as wide as the terminal; what is piped is wide enough for most tables."""
    console = FittingConsole(quiet=quiet, stderr=stderr)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return FittingConsole(quiet=quiet, stderr=stderr, width=_PIPED_WIDTH)


def _pieces(line: Text, width: int) -> Lines:
    """A line in pieces of whole words, so that nobody's terminal cuts through a number; a long word stays whole."""
    breaks, start, last = [], 0, 0
    for word in re.finditer(r"\S+\s*", line.plain):
        if cell_len(line.plain[start : word.end()].rstrip()) > width and word.start() > start + _indent(line.plain):
            breaks.append(word.start())
            start = word.start()
        last = word.end()
    return line.divide(breaks) if last else Lines([line])


def _indent(plain: str) -> int:
    return len(plain) - len(plain.lstrip())


def _fit(table: Table, console: Console) -> list[str]:
    """Leave out what does not fit, and share the room among the rest; the headings of what was left out."""
    left_out: list[str] = []
    while _total([_bounds(one, table, console)[0] for one in table.columns], table, console) > console.width:
        if not table.show_header or len(table.columns) <= _KEPT:
            _fold_text(table, console)
            break
        left_out.insert(0, str(table.columns[-1].header))
        table.columns = table.columns[:-1]
    bounds = [_bounds(one, table, console) for one in table.columns]
    most = [maximum for _, maximum in bounds]
    if _total(most, table, console) > console.width:
        room = max(0, console.width - _total([minimum for minimum, _ in bounds], table, console))
        for column, width in zip(table.columns, _shared(bounds, room), strict=True):
            column.width = width
    return left_out


def _bounds(column: Column, table: Table, console: Console) -> tuple[int, int]:
    """What a column's content takes at least, words uncut, and at most."""
    if column.width is not None:
        return column.width, column.width
    options = console.options.update(width=_BOUNDLESS)
    cells = [*column.cells, *([column.header] if table.show_header else [])]
    sizes = [Measurement.get(console, options, one) for one in cells]
    maximum = max((one.maximum for one in sizes), default=0)
    minimum = maximum if column.no_wrap else max((one.minimum for one in sizes), default=0)
    least = column.min_width or 0
    return max(minimum, least), max(maximum, least)


def _total(widths: Sequence[int], table: Table, console: Console) -> int:
    """The width of the table when its columns' content is so wide: with borders and padding."""
    options = console.options.update(width=_BOUNDLESS)
    most = sum(_bounds(one, table, console)[1] for one in table.columns)
    return sum(widths) + Measurement.get(console, options, table).maximum - most


def _fold_text(table: Table, console: Console) -> None:
    """Let columns of text fold, the widest first; columns of figures stand to the right and do not."""
    texts = [one for one in table.columns if one.justify == "left"]
    for column in sorted(texts, key=lambda one: -_bounds(one, table, console)[0]):
        least = [_bounds(one, table, console)[0] for one in table.columns]
        excess = _total(least, table, console) - console.width
        if excess <= 0:
            return
        own = _bounds(column, table, console)[0]
        column.no_wrap, column.overflow, column.min_width = False, "fold", None
        column.width = max(min(own, _LEAST_TEXT), own - excess)


def _shared(bounds: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Each column's least width, and its share of the room, in proportion to what it lacks."""
    lacks = [maximum - minimum for minimum, maximum in bounds]
    widths: list[int] = []
    for (minimum, _), lack in zip(bounds, lacks, strict=True):
        left = sum(lacks[len(widths) :])
        more = min(lack, round(room * lack / left)) if left else 0
        room -= more
        widths.append(minimum + more)
    return widths
