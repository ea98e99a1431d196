"""The figures that Timeloop itself has for components without an entry in the energy reference table.

Sources: the public technology model (``pat-public``) that Timeloop is built with, and its parsing of buffers and
arithmetic units. Nothing leaks by it, and wires cost nothing.
"""

from __future__ import annotations

from launcher.specification.architecture import ComputeLevel, StorageLevel

_DRAM_PJ_PER_16_BITS = 200.0


def built_in_energy_pj(level: StorageLevel) -> float:
    """Energy of one access to a static memory by the linear fit that Timeloop falls back on, in pJ.

    The fit goes through 1 pJ at 0.5 KB and 6 pJ at 100 KB for a 16-bit access. No capacity means no energy.
    """
    if not level.capacity_words:
        return 0.0
    width_bits = level.word_bits * level.block_size * level.cluster_size
    rows = -(-level.capacity_words // level.block_size)
    slope = (6.0 - 1.0) / (100.0 - 0.5)
    unit = slope * (width_bits * rows / (8 * 1024) - 0.5) + 1.0
    return unit * width_bits / 16 / level.cluster_size


def built_in_dram_energy_pj(level: StorageLevel) -> float:
    """Energy of one access to a DRAM: 200 pJ for 16 bits."""
    return _DRAM_PJ_PER_16_BITS * level.word_bits * level.block_size / 16


def built_in_compute_energy_pj(level: ComputeLevel) -> float:
    """Energy of one operation: 1 pJ for 16 x 16 bits, and as the product of the widths."""
    return (level.word_bits / 16) ** 2
