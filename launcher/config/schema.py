"""Types and ranges of everything in ``conf/``; Hydra checks the types while it composes, we check the ranges."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from launcher.errors import ConfigurationError


def _between(least: float, most: float) -> Any:
    """A mandatory field whose value must lie in [least, most]."""
    return field(default=MISSING, metadata={"least": least, "most": most})


def _bits(most: int = 4096) -> Any:
    return _between(1, most)


def _kib() -> Any:
    return _between(2**-10, 2**24)


def _bandwidth() -> Any:
    return field(default=None, metadata={"least": 2**-20, "most": 2**24})


@dataclass
class Checked:
    """Checks the ranges that fields carry in their metadata, once the values are known."""

    group: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if "least" not in item.metadata or value is None:
                continue
            least, most = item.metadata["least"], item.metadata["most"]
            if not least <= value <= most:
                raise ConfigurationError(
                    f"{self.group}.{item.name}={value} is out of range",
                    expected=f"a number from {least:g} to {most:g}",
                    hint=f"{self.group}.{item.name}={min(max(least, 1), most):g}",
                )


class Dataflow(StrEnum):
    """What stays in the PEs: weights (ws) or outputs (os)."""

    ws = "ws"
    os = "os"


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
    rows: int = _between(1, 4096)
    cols: int = _between(1, 4096)
    technology_nm: float = _between(5, 250)
    cycle_ns: float = _between(0.01, 1000)
    word_bits: int = _bits(64)
    dram_type: DramType = MISSING
    dram_width_bits: int = _bits()
    dram_bandwidth: float | None = _bandwidth()
    norm_lanes: int = _between(1, 65536)
    norm_registers: int = _between(1, 2**24)


@dataclass
class Gemmini(Arch):
    """Gemmini-like systolic array."""

    dataflow: Dataflow = MISSING
    accumulator_bits: int = _bits(128)
    streamed_columns: int = _between(1, 2**20)
    scratchpad_kib: float = _kib()
    scratchpad_width_bits: int = _bits()
    scratchpad_banks: int = _between(1, 1024)
    scratchpad_bandwidth: float | None = _bandwidth()
    accumulator_kib: float = _kib()
    accumulator_banks: int = _between(1, 1024)
    accumulator_bandwidth: float | None = _bandwidth()


@dataclass
class Pim(Arch):
    """Analog in-memory computing."""

    cell_bits: int = _bits(64)
    dac_bits: int = _bits(64)
    adc_bits: int = _bits(32)
    glb_kib: float = _kib()
    glb_width_bits: int = _bits()
    glb_banks: int = _between(1, 1024)
    glb_word_bits: int = _bits(64)
    glb_bandwidth: float | None = _bandwidth()


@dataclass
class Model(Checked):
    """A Transformer, as far as its layers' sizes depend on it."""

    group: ClassVar[str] = "model"

    name: str = MISSING
    embedding: int = _between(1, 2**24)
    sequence: int = _between(1, 2**24)
    heads: int = _between(1, 2**16)
    feed_forward: int = _between(1, 2**24)
    blocks: int = _between(1, 2**16)


@dataclass
class Layer:
    """A layer: its shape and sizes; a size is a number or an expression over the model's parameters."""

    name: str = MISSING
    shape: str = MISSING
    D: Any = MISSING
    E: Any = MISSING
    L: Any = MISSING
    repeats: Any = 1


@dataclass
class Mapper(Checked):
    """How to search."""

    group: ClassVar[str] = "mapper"

    objective: Any = MISSING
    timeout_s: float | None = field(default=None, metadata={"least": 1e-3, "most": 1e9})
    threads: int = _between(1, 1024)


@dataclass
class Engine:
    """Who evaluates and searches."""

    name: str = MISSING


@dataclass
class Estimator:
    """Who says what an access costs."""

    name: str = MISSING
    tables: list[str] = field(default_factory=list)


@dataclass
class Tracking:
    """Where runs are recorded."""

    kind: str = MISSING
    experiment: str = MISSING
    uri: str | None = None


@dataclass
class Experiment:
    """One trial. ``arch`` is untyped because users bring architectures of their own."""

    arch: Any = MISSING
    model: Model = MISSING
    layer: Layer = MISSING
    mapper: Mapper = MISSING
    engine: Engine = MISSING
    estimator: Estimator = MISSING
    tracking: Tracking = MISSING


@dataclass
class GridSweeper:
    """``hydra/sweeper=grid``: the fields of Hydra's basic sweeper."""

    _target_: str = "hydra_plugins.launcher_sweepers.grid.GridSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = field(default_factory=dict)


def register() -> None:
    """Make the types known to Hydra under the names that ``conf/`` uses."""
    store = ConfigStore.instance()
    store.store(name="experiment_schema", node=Experiment)
    store.store(group="arch_schema", name="gemmini", node=Gemmini)
    store.store(group="arch_schema", name="pim", node=Pim)
    store.store(group="hydra/sweeper", name="grid", node=GridSweeper)
