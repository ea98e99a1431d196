"""Compute classes of the ``tables`` estimator: adders, multipliers, MACs, and memory cells that multiply."""

from __future__ import annotations

from collections.abc import Iterable

from launcher.estimation.attributes import Attributes
from launcher.estimation.base import ComponentEstimate, flat_actions
from launcher.estimation.library import ANALOG_FILE, LOGIC_FILE, Library
from launcher.estimation.logic import LogicFigures
from launcher.estimation.storage import cells_per_value


def integer_mac(read: Attributes, library: Library) -> ComponentEstimate:
    """A multiplier of ``multiplier_width`` x ``multiplier_width`` bits and an adder of ``adder_width`` bits."""
    width = read.integer("multiplier_width", "bits of each factor")
    return _units(read, (_multiplier(read, library, width, width), _adder(read, library, "adder_width")))


def integer_adder(read: Attributes, library: Library) -> ComponentEstimate:
    """An adder of ``width`` bits."""
    return _units(read, (_adder(read, library, "width"),))


def integer_multiplier(read: Attributes, library: Library) -> ComponentEstimate:
    """A multiplier of ``width_a`` x ``width_b`` bits, or ``width`` x ``width``."""
    first = "width" if not read.has("width_a") else "width_a"
    a_bits = read.integer(first, "bits of the first factor")
    b_bits = read.integer("width_b", "bits of the second factor", default=a_bits)
    return _units(read, (_multiplier(read, library, a_bits, b_bits),))


def cell_mac(read: Attributes, library: Library) -> ComponentEstimate:
    """One multiply-accumulate in memory cells: cells of a value x input cycles of a value.

    The cells' area is counted where they are storage, so it is 0 here.
    """
    cell_bits = read.integer("cell_bits", "bits a memory cell holds")
    figures = library.analog.cell(cell_bits)
    if figures is None or "compute" not in figures.energy_pj:
        read.fail(f"no memory cell of {cell_bits} bits", f"cell_bits: 1 to 4, or own rows in {ANALOG_FILE}")
    energy = cells_per_value(read) * input_cycles(read) * figures.energy_pj["compute"]
    return ComponentEstimate(flat_actions(compute=energy, leak=0.0), 0.0, figures.notes)


def input_cycles(read: Attributes) -> int:
    """Cycles in which one value enters the array: word bits / DAC bits, rounded up."""
    return -(-read.word_bits() // read.integer("dac_bits", "bits a DAC converts at a time"))


def _adder(read: Attributes, library: Library, attribute: str) -> LogicFigures:
    figures = library.logic.adder(read.technology_nm(), read.integer(attribute, "bits of the sum"))
    if figures is None:
        read.fail("no table has a row for adders", f"rows 'adder' in {LOGIC_FILE}")
    return figures


def _multiplier(read: Attributes, library: Library, a_bits: int, b_bits: int) -> LogicFigures:
    figures = library.logic.multiplier(read.technology_nm(), a_bits, b_bits)
    if figures is None:
        read.fail("no table has a row for multipliers", f"rows 'multiplier' in {LOGIC_FILE}")
    return figures


def _units(read: Attributes, units: Iterable[LogicFigures]) -> ComponentEstimate:
    parts = tuple(units)
    compute = sum(part.energy_pj for part in parts)
    leak = sum(part.leak_mw for part in parts) * read.cycle_ns()
    notes = tuple(note for part in parts for note in part.notes)
    return ComponentEstimate(flat_actions(compute=compute, leak=leak), sum(part.area_um2 for part in parts), notes)
