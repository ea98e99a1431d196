"""Types and ranges of the architectures in ``conf/arch``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from omegaconf import MISSING

from launcher.config.checked import SHARED, Checked, bandwidth, banks, between, bits, kib

Dataflow = StrEnum("Dataflow", {"ws": "ws", "is": "is", "os": "os"}, module=__name__)  # `is` is a word of Python's
"""What stays in the PEs: weights (ws), inputs (is) or outputs (os)."""

CellDataflow = StrEnum("CellDataflow", {"ws": "ws", "is": "is"}, module=__name__)
"""What stays in the memory cells: weights (ws) or inputs (is)."""


class DramType(StrEnum):
    """Kinds of DRAM that the tables have an energy per bit for."""

    LPDDR4 = "LPDDR4"
    LPDDR = "LPDDR"
    DDR3 = "DDR3"
    GDDR5 = "GDDR5"
    HBM2 = "HBM2"
    HMC = "HMC"


@dataclass
class Arch(Checked):
    """Fields that every architecture of this project has."""

    group: ClassVar[str] = "arch"

    name: str = MISSING
    label: str = MISSING
    template: str = MISSING
    norm_template: str = MISSING
    technology_nm: float = between(5, 250)
    cycle_ns: float = between(0.01, 1000)
    word_bits: int = bits(64)
    dram_type: DramType = MISSING
    dram_width_bits: int = bits()
    dram_bandwidth: float | None = bandwidth()
    norm_lanes: int = between(1, 65536)
    norm_registers: int = between(1, 2**24, "norm_registers")


@dataclass
class Array(Arch):
    """An architecture whose PEs, or memory cells, form one array."""

    rows: int = between(1, 4096, "pe_rows")
    cols: int = between(1, 4096, "pe_cols")


@dataclass
class Gemmini(Array):
    """Gemmini-like systolic array."""

    dataflow: Dataflow = field(default=MISSING, metadata={SHARED: "dataflow"})
    accumulator_bits: int = bits(128)
    streamed_columns: int = between(1, 2**20)
    scratchpad_kib: float = kib("buffer_kib")
    scratchpad_width_bits: int = bits()
    scratchpad_banks: int = banks()
    scratchpad_bandwidth: float | None = bandwidth("buffer_bandwidth")
    accumulator_kib: float = kib("accumulator_kib")
    accumulator_banks: int = banks()
    accumulator_bandwidth: float | None = bandwidth("accumulator_bandwidth")


@dataclass
class Eyeriss(Array):
    """Eyeriss-like row-stationary array."""

    accumulator_bits: int = bits(128)
    glb_kib: float = kib("buffer_kib")
    glb_width_bits: int = bits()
    glb_banks: int = banks()
    glb_bandwidth: float | None = bandwidth("buffer_bandwidth")
    ifmap_spad_kib: float = kib()
    ifmap_spad_width_bits: int = bits()
    ifmap_spad_bandwidth: float | None = bandwidth()
    weights_spad_kib: float = kib()
    weights_spad_width_bits: int = bits()
    weights_spad_bandwidth: float | None = bandwidth()
    psum_spad_kib: float = kib("accumulator_kib")
    psum_spad_bandwidth: float | None = bandwidth("accumulator_bandwidth")


@dataclass
class Simba(Arch):
    """Simba-like chiplet: PEs with vector MACs."""

    pes: int = between(1, 4096)
    vector_macs: int = between(1, 1024)
    vector_width: int = between(1, 1024)
    accumulator_bits: int = bits(128)
    adder_bits: int = bits(128)
    global_buffer_kib: float = kib("buffer_kib")
    global_buffer_width_bits: int = bits()
    global_buffer_banks: int = banks()
    global_buffer_bandwidth: float | None = bandwidth("buffer_bandwidth")
    input_buffer_kib: float = kib()
    input_buffer_width_bits: int = bits()
    input_buffer_banks: int = banks()
    input_buffer_bandwidth: float | None = bandwidth()
    weight_buffer_kib: float = kib()
    weight_buffer_width_bits: int = bits()
    weight_buffer_banks: int = banks()
    weight_buffer_bandwidth: float | None = bandwidth()
    accumulation_buffer_kib: float = kib("accumulator_kib")
    accumulation_buffer_banks: int = banks()
    accumulation_buffer_bandwidth: float | None = bandwidth("accumulator_bandwidth")
    weight_registers_per_row: int = between(1, 4096)


@dataclass
class Tpu(Array):
    """TPU-like systolic array with a memory of its own for weights."""

    accumulator_bits: int = bits(128)
    register_words: int = between(1, 1024)
    unified_buffer_kib: float = kib("buffer_kib")
    unified_buffer_width_bits: int = bits()
    unified_buffer_banks: int = banks()
    unified_buffer_bandwidth: float | None = bandwidth("buffer_bandwidth")
    weights_fifo_kib: float = kib()
    weights_fifo_width_bits: int = bits()
    weights_fifo_banks: int = banks()
    weights_fifo_bandwidth: float | None = bandwidth()
    accumulator_kib: float = kib("accumulator_kib")
    accumulator_banks: int = banks()
    accumulator_bandwidth: float | None = bandwidth("accumulator_bandwidth")
    weights_dram_type: DramType = MISSING
    weights_dram_width_bits: int = bits()
    weights_dram_bandwidth: float | None = bandwidth()


@dataclass
class Pim(Array):
    """Analog in-memory computing with memristor cells."""

    dataflow: CellDataflow = field(default=MISSING, metadata={SHARED: "dataflow"})
    cell_bits: int = bits(64)
    dac_bits: int = bits(64)
    adc_bits: int = bits(32)
    glb_kib: float = kib("buffer_kib")
    glb_width_bits: int = bits()
    glb_banks: int = banks()
    glb_word_bits: int = bits(64)
    glb_bandwidth: float | None = bandwidth("buffer_bandwidth")


@dataclass
class Dimc(Array):
    """Digital in-memory computing."""

    accumulator_bits: int = bits(128)
    scratchpad_kib: float = kib("buffer_kib")
    scratchpad_width_bits: int = bits()
    scratchpad_banks: int = banks()
    scratchpad_bandwidth: float | None = bandwidth("buffer_bandwidth")


@dataclass
class Aimc(Dimc):
    """In-memory computing with a buffer on each side of the array."""

    input_buffer_rows: int = between(1, 2**20)
    input_buffer_bandwidth: float | None = bandwidth()
    output_buffer_rows: int = between(1, 2**20)
    output_buffer_bandwidth: float | None = bandwidth()


ARCHITECTURES: dict[str, type[Arch]] = {
    "gemmini": Gemmini,
    "eyeriss": Eyeriss,
    "simba": Simba,
    "tpu": Tpu,
    "pim": Pim,
    "dimc": Dimc,
    "aimc": Aimc,
}
"""Name in the group ``arch_schema`` -> type."""
