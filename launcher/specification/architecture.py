"""The hardware as the model sees it: storage levels, a compute level, and explicit networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, gcd, inf

from launcher.specification.tile_room import TileRoom

CYCLE_SECONDS = "global_cycle_seconds"
"""Attribute of an architecture: how long a cycle is."""

DUMMY_CLASS = "dummy_storage"
"""Class of the storage level that stands for a container's fan-out (it holds nothing)."""

MESH_CLASSES = ("Legacy", "XY_NoC")
TREE_CLASS = "ReductionTree"
MULTICAST_CLASS = "SimpleMulticast"
"""Classes of networks: only the multicast takes its energies from the energy table, the others from attributes."""


@dataclass(frozen=True)
class Component:
    """Anything that has a name, a class and attributes, and that an estimator can put figures on.

    Attributes:
        name: unique in the architecture.
        component_class: the Timeloop/Accelergy class, e.g. ``SRAM`` or ``intmac``.
        instances: how many exist in the whole machine.
        attributes: as written in the architecture, expressions evaluated, container attributes inherited.
        required_actions: actions the estimator must put a figure on.
        subclass: what the estimator should look for instead of ``component_class``, when it is given.
    """

    name: str
    component_class: str
    instances: int = 1
    attributes: Mapping[str, object] = field(default_factory=dict)
    required_actions: tuple[str, ...] = ()
    subclass: str | None = None


@dataclass(frozen=True)
class StorageLevel(Component):
    """One level of the storage hierarchy.

    Attributes:
        mesh_x, mesh_y: how its instances lie in the plane; ``mesh_x * mesh_y == instances``.
        word_bits: width of a word: of one value, unless ``value_bits`` says another.
        value_bits: data space -> bits of one of its values here. Values of another width than a word lie side by side
            without gaps: capacity, bandwidth and accesses count their bits.
        block_size: words per access (one access of energy moves one block).
        cluster_size: instances that share one physical row.
        capacity_words: words one instance holds; None means unlimited.
        reserved_bits: of one instance, what tiles of other layers take; Timeloop's files know none.
        multiple_buffering: the capacity is divided by this.
        min_utilization: least share of the effective capacity that a tile must fill.
        read_bandwidth, write_bandwidth, shared_bandwidth: words per cycle and instance; None means unlimited.
        bandwidth_scale: data space -> factor on its bandwidth consumption (default 1).
        network_fill_latency, network_drain_latency: cycles, of the inferred network below this level.
        read_network, update_network: names of explicit networks between this level and the one below.
        reduction_supported: False when it cannot accumulate (matters to network ingresses only).
        power_gated_at: outer level whose use switches this level's leakage.
        vector_access_energy_pj: overrides all of the level's energies, leakage included.
        addr_gen_energy_pj: energy per address generation; None or negative means none.
    """

    mesh_x: int = 1
    mesh_y: int = 1
    word_bits: int = 8
    value_bits: Mapping[str, int] = field(default_factory=dict)
    block_size: int = 1
    cluster_size: int = 1
    capacity_words: int | None = None
    reserved_bits: int = 0
    multiple_buffering: float = 1.0
    min_utilization: float = 0.0
    read_bandwidth: float | None = None
    write_bandwidth: float | None = None
    shared_bandwidth: float | None = None
    bandwidth_scale: Mapping[str, float] = field(default_factory=dict)
    network_fill_latency: int = 0
    network_drain_latency: int = 0
    read_network: str | None = None
    update_network: str | None = None
    reduction_supported: bool = True
    power_gated_at: str | None = None
    vector_access_energy_pj: float | None = None
    addr_gen_energy_pj: float | None = None

    @property
    def effective_capacity_words(self) -> int | None:
        """Words a tile may fill, after multiple buffering and what is reserved; None means unlimited."""
        bits = self._effective_bits
        return None if bits is None else (bits - self.reserved_bits) // self.word_bits

    def bits_of(self, space: str) -> int:
        """Bits of one value of a data space here."""
        return self.value_bits.get(space, self.word_bits)

    def share_of(self, space: str) -> float:
        """Words that one value of a data space takes."""
        return self.bits_of(space) / self.word_bits

    def words_of(self, space: str, values: int) -> int:
        """Words that so many values of a data space fill, the last one perhaps in part."""
        return -(-values * self.bits_of(space) // self.word_bits)

    def bandwidth_of(self, space: str) -> float:
        """Words of a bandwidth that one value of a data space consumes."""
        return self.bandwidth_scale.get(space, 1.0) * self.share_of(space)

    def row_parts(self, space: str) -> tuple[int, int]:
        """Parts that one value of a data space has of an access, and parts that an access moves: whole numbers."""
        bits, access = self.bits_of(space), self.block_size * self.word_bits
        common = gcd(bits, access)
        return bits // common, access // common

    def room(self, spaces: Sequence[str]) -> TileRoom:
        """What tiles of these data spaces take, and may take, of one instance."""
        widths, bits = [self.bits_of(space) for space in spaces], self._effective_bits
        unit = gcd(*widths) or self.word_bits
        return TileRoom(
            unit,
            unit == self.word_bits and all(width == unit for width in widths),
            tuple(width // unit for width in widths),
            None if bits is None else (bits - self.reserved_bits) // unit,
            (bits or 0) / unit * self.min_utilization,
        )

    @property
    def _effective_bits(self) -> int | None:
        if self.capacity_words is None:
            return None
        if not self.value_bits:
            return floor(self.capacity_words / self.multiple_buffering) * self.word_bits
        return floor(self.capacity_words * self.word_bits / self.multiple_buffering)

    @property
    def is_dummy(self) -> bool:
        """Whether this level only stands for a container's fan-out."""
        return self.component_class == DUMMY_CLASS


@dataclass(frozen=True)
class ComputeLevel(Component):
    """The arithmetic units below level 0."""

    mesh_x: int = 1
    mesh_y: int = 1
    word_bits: int = 8


@dataclass(frozen=True)
class Network(Component):
    """An explicit network that a storage level names as its read or update network.

    Attributes:
        action_name: the ERT action charged per transfer (``SimpleMulticast``).
        per_data_space_actions: whether the action's name is suffixed with ``_<data space>``.
        multicast_argument: the ERT argument that holds the number of destinations.
        fill_latency: cycles, added twice by Timeloop.
    """

    action_name: str = "transfer"
    per_data_space_actions: bool = False
    multicast_argument: str = "num_destinations"
    fill_latency: int = 0

    @property
    def has_actions(self) -> bool:
        """Whether its energies are those of actions; those of a mesh or a reduction tree stand in its attributes."""
        return self.component_class not in (*MESH_CLASSES, TREE_CLASS)


@dataclass(frozen=True)
class Architecture:
    """A machine.

    Attributes:
        name: for reports.
        levels: storage levels, INNERMOST first (level 0 feeds the compute units).
        compute: the arithmetic units.
        networks: explicit networks by name.
        attributes: global attributes (``technology``, ``global_cycle_seconds``).
    """

    name: str
    levels: tuple[StorageLevel, ...]
    compute: ComputeLevel
    networks: Mapping[str, Network] = field(default_factory=dict)
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def components(self) -> tuple[Component, ...]:
        """Every component, outermost first, as Timeloop writes them."""
        return (*self.networks.values(), *reversed(self.levels), self.compute)

    @property
    def priced(self) -> tuple[Component, ...]:
        """Every component whose actions need figures, outermost first."""
        return tuple(one for one in self.components if not isinstance(one, Network) or one.has_actions)

    @property
    def cycle_seconds(self) -> float | None:
        """Length of a cycle in seconds; None where the architecture does not say it."""
        given = self.attributes.get(CYCLE_SECONDS)
        if isinstance(given, bool) or not isinstance(given, int | float):
            return None
        return float(given) if 0 < given < inf else None

    def level(self, name: str) -> StorageLevel:
        return next(level for level in self.levels if level.name == name)

    def level_index(self, name: str) -> int:
        return next(i for i, level in enumerate(self.levels) if level.name == name)

    def fanout(self, index: int) -> tuple[int, int]:
        """(X, Y) children of one instance of level ``index``: the bounds of its spatial loops."""
        outer = self.levels[index]
        inner: StorageLevel | ComputeLevel = self.levels[index - 1] if index else self.compute
        return inner.mesh_x // outer.mesh_x, inner.mesh_y // outer.mesh_y
