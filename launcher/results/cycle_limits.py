"""What limits the cycles: how many cycles each resource alone would need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

from launcher.results.energy_table import compute_name
from launcher.results.evaluation import LevelStats
from launcher.results.result import Result
from launcher.specification.architecture import Architecture

Kind = Literal["compute", "read", "write", "shared", "latency"]


@dataclass(frozen=True)
class CycleLimit:
    """One resource of the machine.

    Attributes:
        component: the compute units, or a storage level.
        kind: ``compute``; the bandwidth of a level (``read``, ``write``, ``shared``); or ``latency``, the fill and
            drain of networks, which comes on top of the slowest resource.
        cycles: what this resource alone would need: its work divided by what it does in a cycle.
        limiting: whether it is the slowest, which the whole waits for.
        words: moved through the bandwidth, over all instances in use; operations of the compute units.
        per_cycle: words or operations that all instances in use can do in a cycle.
    """

    component: str
    kind: Kind
    cycles: int
    limiting: bool = False
    words: float = 0.0
    per_cycle: float = 0.0

    @property
    def label(self) -> str:
        return self.component if self.kind == "compute" else f"{self.component} {self.kind}"


def cycle_limits(result: Result) -> tuple[CycleLimit, ...]:
    """All resources of a layer with what each would need, outermost level first, then compute, then latency.

    Levels without a bandwidth, and bandwidths that nothing uses, do not limit and are left out. Empty without a
    mapping, and for a network, whose layers have limits of their own. Where instances of a level differ (imperfect
    factors), the bandwidth that limits a level is that of its busiest instance, all others are averages.
    """
    if result.mapping is None or result.evaluation is None or result.specification is None:
        return ()
    architecture = result.specification.architecture
    steps = result.mapping.iterations(result.specification.problem)
    units = result.evaluation.computes / steps
    alike = result.mapping.is_perfect
    needs = [
        need for stats in reversed(result.evaluation.levels) for need in _bandwidths(stats, architecture, alike=alike)
    ]
    needs.append(CycleLimit(compute_name(result), "compute", steps, words=result.evaluation.computes, per_cycle=units))
    # Of equals the compute units are named: nothing waits for a bandwidth that just suffices.
    first = max(needs, key=lambda need: (need.cycles, need.kind == "compute"))
    slowest = first.cycles
    limits = [replace(need, limiting=need is first) for need in needs]
    rest = result.evaluation.cycles - slowest
    if rest > 0:
        limits.append(CycleLimit("networks", "latency", rest))
    return tuple(limits)


def limiting(result: Result) -> CycleLimit | None:
    """The resource that the cycles wait for; None without a mapping, and for a network."""
    return next((limit for limit in cycle_limits(result) if limit.limiting), None)


def bandwidth_use(limits: tuple[CycleLimit, ...], level: str, total_cycles: float) -> dict[Kind, float]:
    """Share of the cycles in which a level's bandwidth is in use, by kind."""
    return {limit.kind: limit.cycles / total_cycles for limit in limits if limit.component == level and total_cycles}


def _bandwidths(stats: LevelStats, architecture: Architecture, *, alike: bool) -> Iterator[CycleLimit]:
    level = architecture.level(stats.level)
    reads = writes = 0.0
    for name, space in stats.data_spaces.items():
        scale = level.bandwidth_of(name)
        reads += space.reads * scale
        writes += (space.fills + space.updates) * scale
    used = max((space.utilized_instances for space in stats.data_spaces.values()), default=1.0)
    needs: tuple[tuple[Kind, float, float | None], ...] = (
        ("read", reads, level.read_bandwidth),
        ("write", writes, level.write_bandwidth),
        ("shared", reads + writes, level.shared_bandwidth),
    )
    for kind, words, per_cycle in needs:
        if per_cycle and words:
            cycles = ceil(words / per_cycle)
            if kind == stats.limited_by and not alike:
                cycles = stats.cycles
            yield CycleLimit(level.name, kind, cycles, words=words * used, per_cycle=per_cycle * used)
