"""Storage classes: DRAM, SRAM, smart buffers, register files, registers, memory cells."""

from __future__ import annotations

from math import ceil, log2

from launcher.estimation.attributes import Attributes
from launcher.estimation.library import ANALOG_FILE, LOGIC_FILE, Library
from launcher.estimation.logic import LogicFigures
from launcher.estimation.parts import LEAK, STORAGE_ACTIONS, Composition, Part, storage_uses
from launcher.estimation.sram import SramSize

_WIDEST_SRAM_BITS = 1024
_UNREAD_PORT_ATTRIBUTES = ("n_rdwr_ports", "n_rd_ports", "n_wr_ports", "nports", "num_ports")


def dram(read: Attributes, library: Library) -> Composition:
    """DRAM: energy per bit of its type times the bits of an access; no leakage, no area."""
    kind, width = read.choice("type", tuple(library.dram_pj_per_bit)), read.row_bits()
    energy = library.dram_pj_per_bit[kind] * width
    figures = {"read": energy, "write": energy, LEAK: 0.0}
    return Composition(
        STORAGE_ACTIONS, (Part("dram", "DRAM", {"type": kind, "width": width}, figures, 0.0, storage_uses(1)),)
    )


def sram(read: Attributes, library: Library) -> Composition:
    """SRAM from the CACTI grid."""
    return Composition(STORAGE_ACTIONS, (_memory(read, library),))


def smart_buffer(read: Attributes, library: Library) -> Composition:
    """SRAM with two address generators, one for reading and one for writing: adders as wide as an address.

    Every access costs one address; both generators leak and take area.
    """
    generator, bits = address_generator(read, library)
    count = 2 / read.cluster_size()
    generators = Part(
        "address_generators",
        "aladdin_adder",
        {**read.technology_attribute(), "width": bits},
        {"read": generator.energy_pj, LEAK: generator.leak_mw * read.cycle_ns()},
        generator.area_um2,
        storage_uses(count, write="read"),
        count,
        tuple(f"address generators: {note}" for note in generator.notes),
    )
    return Composition(STORAGE_ACTIONS, (_memory(read, library), generators))


def register(read: Attributes, library: Library) -> Composition:
    """Flip-flops: an access moves one row, area counts all rows."""
    width, rows = read.row_bits(), read.row_count()
    figures = library.logic.register(read.technology_nm(), width)
    if figures is None:
        read.fail("no table has a row for registers", f"rows 'register' in {LOGIC_FILE}")
    count = rows / read.cluster_size()
    part = Part(
        "registers",
        "aladdin_register",
        {**read.technology_attribute(), "width": width},
        {"read": figures.energy_pj, "write": figures.energy_pj, LEAK: figures.leak_mw * read.cycle_ns()},
        figures.area_um2,
        storage_uses(count),
        count,
        figures.notes,
    )
    return Composition(STORAGE_ACTIONS, (part,))


def memory_cells(read: Attributes, library: Library) -> Composition:
    """Memory cells of in-memory computing: every figure of a cell times the cells of a value. They do not leak.

    An access moves the values of one row (``width``, default one value); area counts ``depth`` rows (default one).
    """
    cell_bits = read.integer("cell_bits", "bits a memory cell holds")
    figures = library.analog.cell(cell_bits)
    if figures is None or not {"read", "write"} <= figures.energy_pj.keys():
        read.fail(f"no memory cell of {cell_bits} bits", f"cell_bits: 1 to 4, or own rows in {ANALOG_FILE}")
    width = read.integer("width", "bits of one row", default=read.word_bits())
    rows = read.integer("depth", "rows of values", default=1)
    cells = cells_per_value(read) * ceil(width / read.word_bits())
    uses = {"read": {"read": cells}, "write": {"write": cells}, "update": {"write": cells}}
    part = Part(
        "cells",
        "memory_cell",
        {"bits": cell_bits},
        figures.energy_pj,
        figures.area_um2,
        uses,
        rows * cells,
        figures.notes,
    )
    return Composition(STORAGE_ACTIONS, (part,))


def cells_per_value(read: Attributes) -> int:
    """Cells that hold one value: word bits / cell bits, rounded up."""
    return -(-read.word_bits() // read.integer("cell_bits", "bits a memory cell holds"))


def address_generator(read: Attributes, library: Library) -> tuple[LogicFigures, int]:
    """One address generator and its bits: an adder of ceil(log2(depth)) bits, at least one."""
    bits = max(1, ceil(log2(read.row_count())))
    adder = library.logic.adder(read.technology_nm(), bits)
    if adder is None:
        read.fail("no table has a row for adders", f"rows 'adder' in {LOGIC_FILE}")
    return adder, bits


def _memory(read: Attributes, library: Library) -> Part:
    technology = read.technology_nm()
    width = read.row_bits()
    beside = ceil(width / _WIDEST_SRAM_BITS)
    size = SramSize(
        width_bits=ceil(width / beside),
        rows=read.row_count(),
        banks=read.integer("n_banks", "number of banks", default=1),
        ports=_ports(read),
    )
    figures = library.sram.estimate(technology, size)
    if figures is None:
        read.fail(
            f"no memory of {size.width_bits} bits x {size.rows} rows, {size.banks} banks, {size.ports} ports "
            "lies in or between the tables' rows",
            library.sram.coverage(),
            "change its shape (wider rows, fewer banks), or give its figures in a table of your own",
        )
    notes = [*figures.notes, *_unread_ports(read)]
    if beside > 1:
        notes.append(f"{beside} memories of {size.width_bits} bits side by side")
    count = beside / read.cluster_size()
    shape = {"width": size.width_bits, "depth": size.rows, "n_banks": size.banks, "n_rw_ports": size.ports}
    return Part(
        "memory",
        "SRAM",
        {**read.technology_attribute(), **shape},
        {"read": figures.read_pj, "write": figures.write_pj, LEAK: figures.leak_mw * read.cycle_ns()},
        figures.area_um2,
        {"read": {"read": beside}, "write": {"write": beside}, "update": {"write": beside}, LEAK: {LEAK: count}},
        count,
        tuple(notes),
    )


def _unread_ports(read: Attributes) -> list[str]:
    """Port attributes of existing architectures that change nothing, here as in Accelergy's CACTI plug-in."""
    return [
        f"{name}={read.component.attributes[name]} has no effect (n_rw_ports sets the ports)"
        for name in _UNREAD_PORT_ATTRIBUTES
        if read.has(name) and str(read.component.attributes[name]) not in ("1", str(_ports(read)))
    ]


def _ports(read: Attributes) -> int:
    return read.integer("n_rw_ports", "number of read-write ports", default=1)
