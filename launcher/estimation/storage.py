"""Storage classes of the ``tables`` estimator: DRAM, SRAM, smart buffers, register files, registers, memory cells."""

from __future__ import annotations

from math import ceil, log2

from launcher.estimation.attributes import Attributes
from launcher.estimation.base import ComponentEstimate, storage_actions
from launcher.estimation.library import ANALOG_FILE, LOGIC_FILE, Library
from launcher.estimation.logic import LogicFigures
from launcher.estimation.sram import SramFigures, SramSize

_WIDEST_SRAM_BITS = 1024
_UNREAD_PORT_ATTRIBUTES = ("n_rdwr_ports", "n_rd_ports", "n_wr_ports", "nports", "num_ports")


def dram(read: Attributes, library: Library) -> ComponentEstimate:
    """DRAM: energy per bit of its type times the bits of an access; no leakage, no area."""
    kind = read.choice("type", tuple(library.dram_pj_per_bit))
    energy = library.dram_pj_per_bit[kind] * read.row_bits()
    return ComponentEstimate(storage_actions(energy, energy, 0.0), 0.0)


def sram(read: Attributes, library: Library) -> ComponentEstimate:
    """SRAM from the CACTI grid."""
    figures = _sram_figures(read, library)
    share = read.cluster_size()
    leak = figures.leak_mw * read.cycle_ns() / share
    actions = storage_actions(figures.read_pj, figures.write_pj, leak)
    return ComponentEstimate(actions, figures.area_um2 / share, figures.notes)


def smart_buffer(read: Attributes, library: Library) -> ComponentEstimate:
    """SRAM with two address generators, one for reading and one for writing: adders as wide as an address.

    Every access costs one address; both generators leak and take area.
    """
    figures = _sram_figures(read, library)
    generator = address_generator(read, library)
    share = read.cluster_size()
    leak = (figures.leak_mw + 2 * generator.leak_mw) * read.cycle_ns() / share
    actions = storage_actions(figures.read_pj + generator.energy_pj, figures.write_pj + generator.energy_pj, leak)
    notes = (*figures.notes, *(f"address generators: {note}" for note in generator.notes))
    return ComponentEstimate(actions, (figures.area_um2 + 2 * generator.area_um2) / share, notes)


def register(read: Attributes, library: Library) -> ComponentEstimate:
    """Flip-flops: an access moves one row, area counts all rows."""
    width, rows = read.row_bits(), read.row_count()
    figures = library.logic.register(read.technology_nm(), width)
    if figures is None:
        read.fail("no table has a row for registers", f"rows 'register' in {LOGIC_FILE}")
    share = read.cluster_size()
    leak = figures.leak_mw * rows * read.cycle_ns() / share
    actions = storage_actions(figures.energy_pj, figures.energy_pj, leak)
    return ComponentEstimate(actions, figures.area_um2 * rows / share, figures.notes)


def memory_cells(read: Attributes, library: Library) -> ComponentEstimate:
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
    actions = storage_actions(cells * figures.energy_pj["read"], cells * figures.energy_pj["write"], 0.0)
    return ComponentEstimate(actions, rows * cells * figures.area_um2, figures.notes)


def cells_per_value(read: Attributes) -> int:
    """Cells that hold one value: word bits / cell bits, rounded up."""
    return -(-read.word_bits() // read.integer("cell_bits", "bits a memory cell holds"))


def address_generator(read: Attributes, library: Library) -> LogicFigures:
    """One address generator: an adder of ceil(log2(depth)) bits, at least one."""
    bits = max(1, ceil(log2(read.row_count())))
    adder = library.logic.adder(read.technology_nm(), bits)
    if adder is None:
        read.fail("no table has a row for adders", f"rows 'adder' in {LOGIC_FILE}")
    return adder


def _sram_figures(read: Attributes, library: Library) -> SramFigures:
    technology = read.technology_nm()
    width = read.row_bits()
    beside = ceil(width / _WIDEST_SRAM_BITS)
    size = SramSize(
        width_bits=ceil(width / beside),
        rows=read.row_count(),
        banks=read.integer("n_banks", "number of banks", default=1),
        ports=read.integer("n_rw_ports", "number of read-write ports", default=1),
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
    return SramFigures(
        beside * figures.read_pj,
        beside * figures.write_pj,
        beside * figures.leak_mw,
        beside * figures.area_um2,
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
