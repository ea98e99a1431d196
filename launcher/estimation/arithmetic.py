"""Compute classes: adders, multipliers, MACs, and memory cells that multiply."""

from __future__ import annotations

from launcher.estimation.attributes import Attributes
from launcher.estimation.library import ANALOG_FILE, LOGIC_FILE, Library
from launcher.estimation.logic import LogicFigures
from launcher.estimation.parts import COMPUTE_ACTIONS, LEAK, Composition, Part
from launcher.estimation.storage import cells_per_value


def integer_mac(read: Attributes, library: Library) -> Composition:
    """A multiplier of ``multiplier_width`` x ``multiplier_width_b`` bits (default: both the same), and an adder of
    ``adder_width`` bits.

    Off the table a multiplier's figures grow with a b max(a, b), the law that its rows follow, the one of 8 x 16 bits
    among them.
    """
    width = read.integer("multiplier_width", "bits of each factor")
    other = read.integer("multiplier_width_b", "bits of the second factor", default=width)
    return Composition(
        COMPUTE_ACTIONS, (_multiplier(read, library, width, other), _adder(read, library, "adder_width"))
    )


def integer_adder(read: Attributes, library: Library) -> Composition:
    """An adder of ``width`` bits."""
    return Composition(COMPUTE_ACTIONS, (_adder(read, library, "width"),))


def integer_multiplier(read: Attributes, library: Library) -> Composition:
    """A multiplier of ``width_a`` x ``width_b`` bits, or ``width`` x ``width``."""
    first = "width" if not read.has("width_a") else "width_a"
    a_bits = read.integer(first, "bits of the first factor")
    b_bits = read.integer("width_b", "bits of the second factor", default=a_bits)
    return Composition(COMPUTE_ACTIONS, (_multiplier(read, library, a_bits, b_bits),))


def cell_mac(read: Attributes, library: Library) -> Composition:
    """One multiply-accumulate in memory cells: cells of a value x input cycles of a value.

    The cells' area is counted where they are storage, so it is 0 here.
    """
    cell_bits = read.integer("cell_bits", "bits a memory cell holds")
    figures = library.analog.cell(cell_bits)
    if figures is None or "compute" not in figures.energy_pj:
        read.fail(f"no memory cell of {cell_bits} bits", f"cell_bits: 1 to 4, or own rows in {ANALOG_FILE}")
    uses = {"compute": {"compute": cells_per_value(read) * input_cycles(read)}}
    part = Part(
        "cells", "memory_cell", {"bits": cell_bits}, figures.energy_pj, figures.area_um2, uses, 0, figures.notes
    )
    return Composition(COMPUTE_ACTIONS, (part,))


def input_cycles(read: Attributes) -> int:
    """Cycles in which one input enters the array: its bits (default: those of a word) / DAC bits, rounded up."""
    bits = read.integer("input_bits", "bits of one input", default=read.word_bits())
    return -(-bits // read.integer("dac_bits", "bits a DAC converts at a time"))


def _adder(read: Attributes, library: Library, attribute: str) -> Part:
    width = read.integer(attribute, "bits of the sum")
    figures = library.logic.adder(read.technology_nm(), width)
    if figures is None:
        read.fail("no table has a row for adders", f"rows 'adder' in {LOGIC_FILE}")
    return _unit(read, "adder", {"width": width}, figures)


def _multiplier(read: Attributes, library: Library, a_bits: int, b_bits: int) -> Part:
    figures = library.logic.multiplier(read.technology_nm(), a_bits, b_bits)
    if figures is None:
        read.fail("no table has a row for multipliers", f"rows 'multiplier' in {LOGIC_FILE}")
    return _unit(read, "multiplier", {"width_a": a_bits, "width_b": b_bits}, figures)


def _unit(read: Attributes, kind: str, widths: dict[str, int], figures: LogicFigures) -> Part:
    """One operation of the component is one of the unit."""
    return Part(
        kind,
        f"aladdin_{kind}",
        {**read.technology_attribute(), **widths},
        {"read": figures.energy_pj, LEAK: figures.leak_mw * read.cycle_ns()},
        figures.area_um2,
        {"compute": {"read": 1}, LEAK: {LEAK: 1}},
        1,
        figures.notes,
    )
