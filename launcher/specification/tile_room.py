"""What tiles of several data spaces take of one instance of a level, where their values need not be equally wide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TileRoom:
    """Units are as many bits as divide every value's: a word, where no value has a width of its own.

    Attributes:
        unit_bits: bits of a unit.
        is_words: whether a unit is a word of every data space.
        weights: units of one value, per data space.
        capacity: units that tiles may fill; None means unlimited.
        least: units that they must fill.
    """

    unit_bits: int
    is_words: bool
    weights: tuple[int, ...]
    capacity: int | None
    least: float

    def count(self, units: float) -> str:
        """So many units, in words or else in bits."""
        figure = units if self.is_words else units * self.unit_bits
        return f"{figure:.0f}" if figure == int(figure) else f"{figure:g}"

    def amount(self, units: float) -> str:
        """The same with its unit: ``12 words`` or ``96 bits``."""
        return f"{self.count(units)} {'words' if self.is_words else 'bits'}"
