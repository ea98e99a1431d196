"""Bars of block characters, in the colours of every other picture."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from launcher.reporting.diagrams.palette import classes

_COLOURS = {name: colour.dark for name, colour in classes()}
"""The dark page's colours: most terminals are dark, and on light ones they are strong enough."""

_EIGHTHS = " ▏▎▍▌▋▊▉"
_SHADES = "█▓▒░▚▞"


class Bars:
    """Draws bars for one console: in colour where it has any, in shades where not, in ASCII where it has only that."""

    def __init__(self, console: Console, largest: float, width: int) -> None:
        self._coloured = console.color_system is not None
        self._ascii = console.options.ascii_only
        self._scale = width / largest if largest > 0 else 0.0

    def bar(self, parts: Sequence[tuple[float, str]], *, shaded: bool = False) -> Text:
        """One bar.

        Args:
            parts: size and CSS class (:func:`launcher.reporting.diagrams.palette.classes`) of each piece.
            shaded: without colours the pieces must still be told apart, by shades in the order of the parts.
        """
        text = Text(no_wrap=True)
        drawn, total = 0, 0.0
        for number, (size, css_class) in enumerate(parts):
            total += size * self._scale
            cells = round(total) - drawn
            text.append(self._glyph(number if shaded else 0) * cells, style=_COLOURS.get(css_class, ""))
            drawn += max(cells, 0)
        rest = total - drawn
        eighth = round(rest * 8) if rest > 0 else 0
        if not drawn and total > 0:
            eighth = max(eighth, 1)  # what is there must be seen
        if eighth and not self._ascii and parts:
            text.append(_EIGHTHS[min(eighth, 7)], style=_COLOURS.get(parts[-1][1], ""))
        return text

    def key(self, name: str, css_class: str, number: int = 0) -> Text:
        """An entry of a legend."""
        return Text.assemble((self._glyph(number), _COLOURS.get(css_class, "")), f" {name}")

    def _glyph(self, number: int) -> str:
        if self._ascii:
            return "#=+-o*"[number % 6]
        return _SHADES[0 if self._coloured else number % len(_SHADES)]
