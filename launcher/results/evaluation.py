"""The model's verdict on a mapping: traffic, energy and cycles, level by level."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Literal

Words = int | float
"""A number of words: whole, or an average."""


@dataclass(frozen=True)
class AccessTotals:
    """Words read, written from above and written from below; of one data space at one level."""

    reads: int
    fills: int
    updates: int


_FROM_INSTANCES = -1


@dataclass(frozen=True)
class DataSpaceStats:
    """Traffic of one data space at one storage level, in words PER INSTANCE.

    Under an imperfect mapping not all instances do the same: the figures per instance are then averages, and need not
    be whole numbers.

    Attributes:
        tile_words: size of the tile kept here (0 when bypassed).
        reads, fills, updates: words read, written from above, written from below.
        utilized_instances: instances of the level that the mapping uses.
        energy_pj: over all instances, by action (``read``, ``fill``, ``update``), without leakage.
        total_reads, total_fills, total_updates: words over all instances; when they are not given, those per instance
            times the instances.
    """

    tile_words: int
    reads: Words
    fills: Words
    updates: Words
    utilized_instances: float
    energy_pj: Dict[str, float] = field(default_factory=dict)
    total_reads: int = _FROM_INSTANCES
    total_fills: int = _FROM_INSTANCES
    total_updates: int = _FROM_INSTANCES

    def __post_init__(self) -> None:
        for name in ("reads", "fills", "updates"):
            if getattr(self, f"total_{name}") == _FROM_INSTANCES:
                total = _times(getattr(self, name), self.utilized_instances)
                object.__setattr__(self, f"total_{name}", total)


def _times(words: Words, instances: float) -> int:
    """Words of all instances; exact for whole numbers, however large."""
    return round(words * (int(instances) if instances == int(instances) else instances))


@dataclass(frozen=True)
class LevelStats:
    """One storage level.

    Attributes:
        energy_pj: over all instances, leakage included.
        leakage_pj: the leakage in it.
        cycles: cycles this level's bandwidth asks for; the largest over all levels limits the whole.
        limited_by: the bandwidth that made ``cycles`` exceed the compute cycles (``read``, ``write``, ``shared``).
        capacity_words: effective capacity of one instance; None means unlimited.
    """

    level: str
    energy_pj: float
    leakage_pj: float
    cycles: int
    data_spaces: Dict[str, DataSpaceStats]
    limited_by: Literal["read", "write", "shared"] | None = None
    capacity_words: int | None = None

    @property
    def instances(self) -> float:
        """Instances of the level that the mapping uses."""
        return max((space.utilized_instances for space in self.data_spaces.values()), default=0.0)


@dataclass(frozen=True)
class Evaluation:
    """The model's verdict on one mapping.

    Attributes:
        legal: False when a capacity or fan-out is exceeded; then ``reason`` says which and by how much,
            and all figures are 0.
        energy_pj: total.
        cycles: total, network latencies included.
        utilization: (computes / compute units) / cycles.
        levels: per storage level, innermost first.
        compute_energy_pj: arithmetic.
        network_energy_pj: energy by network name.
    """

    legal: bool
    reason: str | None = None
    energy_pj: float = 0.0
    cycles: int = 0
    utilization: float = 0.0
    computes: int = 0
    levels: tuple[LevelStats, ...] = ()
    compute_energy_pj: float = 0.0
    network_energy_pj: Dict[str, float] = field(default_factory=dict)

    @property
    def edp_j_cycles(self) -> float:
        """Energy-delay product in J x cycles."""
        return self.energy_pj * 1e-12 * self.cycles

    @property
    def energy_per_mac_pj(self) -> float:
        return self.energy_pj / self.computes if self.computes else 0.0
