"""What templates may call beside Jinja2's own filters."""

from __future__ import annotations

from math import floor

from launcher.config.tensor_bits import widths
from launcher.errors import ConfigurationError
from launcher.trial.fitting import Fitting, largest_divisor


def rows_of(kib: float, width_bits: int, instances: int = 1) -> int:
    """Rows of ``width_bits`` in each of ``instances`` memories that together hold ``kib`` KiB.

    Raises:
        ConfigurationError: not even one row fits.
    """
    rows = floor(kib * 8192 / width_bits / instances)
    if rows < 1:
        raise ConfigurationError(
            f"{kib:g} KiB do not hold one row of {width_bits} bits in each of {instances} memories",
            expected=f"at least {width_bits * instances / 8192:g} KiB",
            hint="a larger memory, narrower rows, or a smaller array",
        )
    return rows


def words_in(kib: float, width_bits: int, word_bits: int, value_bits: int | None = None) -> int:
    """Words of ``word_bits`` in a memory of ``kib`` KiB whose rows of ``width_bits`` hold whole words.

    Or values of ``value_bits``, which lie in the same rows without gaps.
    """
    row_bits = whole_words(width_bits, word_bits)
    return rows_of(kib, row_bits) * row_bits // (value_bits or word_bits)


def whole_words(width_bits: int, word_bits: int) -> int:
    """Bits of a row that hold whole words: at least one, else as many as fit in ``width_bits``."""
    return max(width_bits // word_bits, 1) * word_bits


def functions_of(fitting: Fitting) -> dict[str, object]:
    """The functions by name.

    Args:
        fitting: what they know of the layer.
    """
    return {
        "fill": fitting.fill,
        "largest_divisor": largest_divisor,
        "rows_of": rows_of,
        "words_in": words_in,
        "norm_factors": fitting.norm_factors,
        "whole_words": whole_words,
        "widths": widths,
        "least_use": fitting.least_use,
        "only": fitting.only,
        "fixed": fitting.fixed,
        "order": fitting.order,
        "spread": fitting.spread,
        "spread_in_time": fitting.spread_in_time,
        "scaled": lambda bandwidth, factor: None if bandwidth is None else bandwidth * factor,
    }
