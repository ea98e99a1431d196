"""A curve in the terminal: the points that tell most, and what the memories reach."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from launcher.reporting.curve.document import curve_document
from launcher.reporting.sheet_table import sheet_table
from launcher.results.traffic_curve import CurveStudy


def print_curve(study: CurveStudy, console: Console, asked_kib: Sequence[float] = (), *, verbose: bool = False) -> None:
    """Print a curve.

    Args:
        study: the curve.
        console: where.
        asked_kib: capacities that were asked for.
        verbose: with the tiles and loops of every point that is shown.
    """
    document = curve_document(study, asked_kib)
    console.print(escape(document.title), style="bold", highlight=False, soft_wrap=True)
    for name, text in document.facts:
        console.print(f"{name}: {escape(text)}", highlight=False, soft_wrap=True)
    for sheet in document.sheets:
        console.print(sheet_table(sheet, hidden=() if verbose else ("shared", "persistent", "tiles", "loops")))
    for sentence in document.sentences:
        console.print(escape(sentence), highlight=False, soft_wrap=True)
