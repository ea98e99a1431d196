"""Energy and cycles from access counts, with Timeloop's order of additions so that the last bit agrees."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

from launcher.engines.native.accesses import LevelAccesses
from launcher.engines.native.energies import AccessEnergies
from launcher.engines.native.nest import Level
from launcher.specification.architecture import StorageLevel

BandwidthLimit = Literal["read", "write", "shared"]


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
    level: StorageLevel, names: tuple[str, ...], accesses: list[LevelAccesses], iterations: int
) -> tuple[int, BandwidthLimit | None]:
    """Cycles that a level's bandwidth asks for, and which bandwidth exceeds the compute cycles.

    Accesses are spread evenly over the compute cycles; what a level cannot deliver slows everything down.
    """
    read_need = write_need = 0.0
    for name, access in zip(names, accesses, strict=True):
        scale = level.bandwidth_scale.get(name, 1.0)
        read_need += access.reads / iterations * scale
        write_need += (access.fills + access.updates) / iterations * scale
    slowdown = 1.0
    limit: BandwidthLimit | None = None
    needs: tuple[tuple[BandwidthLimit, float | None, float], ...] = (
        ("read", level.read_bandwidth, read_need),
        ("write", level.write_bandwidth, write_need),
        ("shared", level.shared_bandwidth, write_need + read_need),
    )
    for kind, available, need in needs:
        if available is not None and available < need and available / need < slowdown:
            slowdown = available / need
            limit = kind
    cycles = ceil(iterations / slowdown)
    return cycles, limit if cycles > iterations else None


def level_cost(
    level: StorageLevel, block: Level, energies: AccessEnergies, accesses: list[LevelAccesses], cycles: int
) -> LevelCost:
    """Energy of one storage level.

    Args:
        level: the level.
        block: what the mapping does there.
        energies: pJ per action.
        accesses: per data space, the accesses of one instance.
        cycles: of the whole run, without network latency; leakage lasts that long.
    """
    instances = float(block.instances)
    clusters = min(block.instances, level.instances // level.cluster_size)
    utilization = block.instances / clusters
    leakage = energies.leak_pj_per_cycle * cycles * max(1.0, instances)
    total = 0.0
    actions_pj = []
    for access in accesses:
        read = _blocks(access.reads, level) * energies.read_pj
        fill = _blocks(access.fills, level) * energies.fill_pj
        update = _blocks(access.updates, level) * energies.update_pj
        total += (read + fill + update) / utilization * instances + leakage / len(accesses)
        scale = instances / utilization
        actions_pj.append({"read": read * scale, "fill": fill * scale, "update": update * scale})
    return LevelCost(total, leakage, actions_pj, instances)


def _blocks(words: int, level: StorageLevel) -> int:
    return -(-words // level.block_size)
