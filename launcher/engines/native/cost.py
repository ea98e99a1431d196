"""Energy and cycles from access counts, with Timeloop's order of additions so that the last bit agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal, Protocol

from launcher.engines.native.energies import AccessEnergies
from launcher.engines.native.formulas import access_energy, blocks, slowdown, words_per_cycle
from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture, StorageLevel

BandwidthLimit = Literal["read", "write", "shared"]


class Counts(Protocol):
    """Words that one instance of a level reads, and takes from above and from below."""

    @property
    def reads(self) -> float: ...

    @property
    def fills(self) -> float: ...

    @property
    def updates(self) -> float: ...


class InstanceAccesses(Protocol):
    """One tensor at one level, per instance in use: whole numbers of words, or exact averages over the instances."""

    @property
    def read_write(self) -> bool: ...

    @property
    def tile_words(self) -> int: ...

    @property
    def reads(self) -> int | Fraction: ...

    @property
    def fills(self) -> int | Fraction: ...

    @property
    def updates(self) -> int | Fraction: ...


@dataclass(frozen=True)
class LevelCost:
    """Energy of one level over all its instances, in pJ.

    Attributes:
        total_pj: everything, leakage included.
        leakage_pj: the leakage in it.
        actions_pj: per data space, the energy of its reads, fills and updates.
        instances: instances in use.
    """

    total_pj: float
    leakage_pj: float
    actions_pj: list[dict[str, float]]
    instances: float


def level_cycles(
    level: StorageLevel, names: tuple[str, ...], accesses: Sequence[Counts], iterations: int
) -> tuple[int, BandwidthLimit | None]:
    """Cycles that a level's bandwidth asks for, and which bandwidth exceeds the compute cycles.

    Accesses are spread evenly over the compute cycles; what a level cannot deliver slows everything down.
    """
    read_need = write_need = 0.0
    for name, access in zip(names, accesses, strict=True):
        scale = level.bandwidth_of(name)
        read_need += words_per_cycle(access.reads, iterations, scale)
        write_need += words_per_cycle(access.fills + access.updates, iterations, scale)
    slowest = 1.0
    limit: BandwidthLimit | None = None
    needs: tuple[tuple[BandwidthLimit, float | None, float], ...] = (
        ("read", level.read_bandwidth, read_need),
        ("write", level.write_bandwidth, write_need),
        ("shared", level.shared_bandwidth, write_need + read_need),
    )
    for kind, available, need in needs:
        speed = 1.0 if available is None else slowdown(available, need)
        if speed < slowest:
            slowest, limit = speed, kind
    cycles = ceil(iterations / slowest)
    return cycles, limit if cycles > iterations else None


def level_cost(
    level: StorageLevel,
    energies: AccessEnergies,
    names: tuple[str, ...],
    accesses: Sequence[InstanceAccesses],
    instances: int,
    leakage_pj: float,
) -> LevelCost:
    """Energy of one storage level.

    Args:
        level: the level.
        energies: pJ per action.
        names, accesses: the data spaces, and the accesses of one instance of each; addresses are generated per value.
        instances: instances in use.
        leakage_pj: leakage of the whole level, shared equally by the data spaces.
    """
    clusters = min(instances, level.instances // level.cluster_size)
    utilization = instances / clusters
    total = 0.0
    actions_pj = []
    for name, access in zip(names, accesses, strict=True):
        parts, block = level.row_parts(name)
        read = blocks(access.reads, parts, block) * energies.read_pj
        fill = blocks(access.fills, parts, block) * energies.fill_pj
        update = blocks(access.updates, parts, block) * energies.update_pj
        addresses = access.fills + (access.updates if access.read_write else access.reads)
        address_pj = addresses * max(0.0, level.addr_gen_energy_pj or 0.0) * clusters
        total += access_energy(read, fill, update, utilization, instances, address_pj) + leakage_pj / len(accesses)
        scale = instances / utilization
        actions_pj.append({"read": read * scale, "fill": fill * scale, "update": update * scale})
    return LevelCost(total, leakage_pj, actions_pj, float(instances))


def gate_of(architecture: Architecture, index: int) -> tuple[int, float]:
    """The level whose instances in use make a level leak, and how many of its own each of them makes leak.

    That is the level itself, unless it is power-gated at an outer level with fewer instances.

    Raises:
        SpecificationError: it is gated at a level that does not exist.
    """
    level = architecture.levels[index]
    names = [other.name for other in architecture.levels]
    if level.power_gated_at is None:
        return index, 1.0
    if level.power_gated_at not in names:
        raise SpecificationError(
            f"level {level.name!r} is power-gated at {level.power_gated_at!r}, which does not exist",
            where=f"architecture, level {level.name}, power_gated_at",
            expected=f"one of the levels {', '.join(names)}",
        )
    gate = names.index(level.power_gated_at)
    share = level.instances / architecture.levels[gate].instances
    return (gate, share) if share > 1 else (index, 1.0)
