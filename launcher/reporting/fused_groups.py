"""Fused groups in the terminal: the nest that splits, who fills which level, and what fusing saves."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from launcher.reporting.bars import Bars
from launcher.reporting.fused_nest import fused_nest, room_text, rooms
from launcher.reporting.numbers import change, percent, significant
from launcher.results.fused import FusedLayers
from launcher.results.fused_savings import Saving, fused_groups, savings_by_level, savings_by_tensor
from launcher.results.result import Result

_BAR = 10
_MOST_TENSORS = 6


def print_groups(result: Result, console: Console) -> None:
    """Print every fused group of a network; nothing where nothing is fused."""
    for group in fused_groups(result):
        for line in fused_nest(result, group):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        console.print(_room_table(result, group, console))
        if group.alone:
            console.print(_savings_table(savings_by_level(result, group), "what fusing saves", "level"))
            tensors = savings_by_tensor(result, group)[:_MOST_TENSORS]
            console.print(_savings_table(tensors, "what changes most", "tensor"))


def _room_table(result: Result, group: FusedLayers, console: Console) -> Table:
    table = Table(title="words per instance: own + held for other layers", title_justify="left")
    table.add_column("level", no_wrap=True)
    table.add_column("while", no_wrap=True)
    table.add_column("full", no_wrap=True, width=_BAR)
    table.add_column("", no_wrap=True, justify="right")
    table.add_column("words", no_wrap=True)
    level = ""
    for room in rooms(result, group):
        bars = Bars(console, max(room.capacity or 0, room.own + room.held), _BAR)
        bar = bars.bar([(room.own, "d0"), (room.held, "d1")], shaded=True)
        table.add_row(
            "" if room.level == level else escape(room.level),
            escape(room.layer),
            bar,
            percent(room.share),
            room_text(room),
        )
        level = room.level
    return table


def _savings_table(savings: list[Saving], title: str, heading: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(heading)
    for name in ("alone uJ", "fused uJ", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in savings:
        figures = significant(one.alone_pj * 1e-6), significant(one.fused_pj * 1e-6)
        table.add_row(Text(one.place), *figures, change_of(one))
    return table


def change_of(saving: Saving) -> str:
    """By how much an energy changes: ``-83.3%``."""
    return change(saving.fused_pj / saving.alone_pj - 1) if saving.alone_pj else "new"
