"""The entry: the best partition of chains into groups, the best class of each group, and the best own nests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum

from launcher.engines.interface import OnProgress
from launcher.engines.native.fusion.chain_search import ChainSearch, Partition
from launcher.engines.native.fusion.classes import waiting_levels
from launcher.engines.native.fusion.corners import Corners, minimise
from launcher.engines.native.fusion.supports import CYCLES, ENERGY, Direction
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.confirm import check_figures
from launcher.engines.native.mapper.warmup import warm_up
from launcher.errors import ConfigurationError, NoValidMappingError
from launcher.figures import CRITERIA
from launcher.results.proof import Proof, ProofLine
from launcher.specification.chain import Unit
from launcher.specification.constraints import Factors


@dataclass(frozen=True)
class Whole:
    """Partitions of all chains of a network.

    Attributes:
        partitions, runs: of each chain.
    """

    partitions: tuple[Partition, ...]
    runs: tuple[int, ...]

    @property
    def energy_pj(self) -> float:
        return fsum(one.energy_pj * runs for one, runs in zip(self.partitions, self.runs, strict=True))

    @property
    def cycles(self) -> int:
        return sum(one.cycles * runs for one, runs in zip(self.partitions, self.runs, strict=True))


@dataclass(frozen=True)
class Fused:
    """What the search found.

    Attributes:
        whole: the partitions.
        unfused: the best without any fusing (as far as that is possible; else the same).
        proved: whether nothing is better.
        proof: what was minimised, its bound, and what that rests on.
        counters: of the search.
        seconds: wall time.
    """

    whole: Whole
    unfused: Whole
    proved: bool
    proof: Proof
    counters: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def fuse(
    units: Sequence[Unit],
    objective: str = "edp",
    timeout_s: float | None = None,
    on_progress: OnProgress | None = None,
) -> Fused:
    """The least energy, cycles, or product of both, over all partitions, classes and own nests.

    Args:
        units: at least one chain.
        objective: one of the mapper's criteria; over the sums of all chains.
        timeout_s: wall-clock limit; None means until it is proved.
        on_progress: called now and then while a search takes longer than a second.

    Raises:
        NoValidMappingError: a layer has no mapping, alone or in a group, or none was found in time.
        SpecificationError: a flow or a constraint that does not make sense.
        ConfigurationError: an unknown objective.
    """
    if objective not in CRITERIA:
        raise ConfigurationError(f"unknown objective {objective!r}", expected=f"one of {', '.join(CRITERIA)}")
    for unit in units:
        for layer in unit.chain.layers:
            warm_up(layer.specification, Factors.perfect)
    clock, criterion = Clock(timeout_s, on_progress), CRITERIA[objective]
    search = _Search([ChainSearch(unit.chain, clock, unit.groups) for unit in units], units)
    plain = _Search([chain.without_fusing() for chain in search.chains], units)
    unfused = minimise(criterion, plain.ask, plain.lower, plain.first(), lambda: clock.expired).best
    known = unfused if all(unit.groups is None for unit in units) else None
    corners = minimise(criterion, search.ask, search.lower, search.first(), lambda: clock.expired, known)
    if corners.best is None:
        raise _none(units, finished=not clock.expired)
    return _fused(corners, search, unfused, clock.seconds)


class _Search:
    """All chains at once."""

    def __init__(self, chains: Sequence[ChainSearch], units: Sequence[Unit]) -> None:
        self.chains, self.lines = chains, list[ProofLine]()
        self._runs = tuple(unit.runs for unit in units)

    def ask(self, direction: Direction) -> tuple[float, Whole | None]:
        """The least sum over all chains in a direction."""
        answers = [chain.best(direction) for chain in self.chains]
        self._record(direction, [answer.bound for answer in answers])
        bound = fsum(answer.bound * runs for answer, runs in zip(answers, self._runs, strict=True))
        partitions = tuple(answer.partition for answer in answers if answer.partition is not None)
        return bound, Whole(partitions, self._runs) if len(partitions) == len(answers) else None

    def lower(self, direction: Direction) -> float:
        """A bound of the sum that needs no search."""
        bounds = [chain.lower(direction) for chain in self.chains]
        self._record(direction, bounds)
        return fsum(bound * runs for bound, runs in zip(bounds, self._runs, strict=True))

    def _record(self, direction: Direction, bounds: Sequence[float]) -> None:
        trios = zip(self.chains, bounds, self._runs, strict=True)
        chains = tuple(chain.record(direction, bound, runs) for chain, bound, runs in trios)
        total = fsum(one.bound * one.runs for one in chains)
        self.lines.append(ProofLine(direction.energy, direction.cycles, total, chains))

    def first(self) -> Direction:
        """A direction to begin with: energy and cycles weigh about the same where no layer is fused."""
        energy = cycles = 0.0
        for chain, runs in zip(self.chains, self._runs, strict=True):
            for layer in chain.alone:
                layer.root(ENERGY)
                energy += layer.lower(ENERGY) * runs
                cycles += layer.lower(CYCLES) * runs
        return Direction(1.0, energy / cycles) if 0 < energy < float("inf") and cycles else Direction(1.0, 1.0)

    @property
    def counters(self) -> dict[str, int]:
        """Classes, and searches of own nests."""
        total: Counter[str] = Counter()
        for chain in self.chains:
            total += chain.counters
        return dict(total)


def _fused(corners: Corners[Whole], search: _Search, unfused: Whole | None, seconds: float) -> Fused:
    assert corners.best is not None
    _confirm(corners.best)
    value = corners.criterion.value(corners.best.energy_pj, corners.best.cycles)
    proof = Proof(corners.criterion.name, value, corners.bound, tuple(search.lines))
    return Fused(corners.best, unfused or corners.best, corners.is_proved, proof, search.counters, seconds)


def _confirm(whole: Whole) -> None:
    """See that the exact model has the search's figures for every nest.

    Raises:
        MapperDefectError: it has not.
    """
    for partition in whole.partitions:
        for group in partition.groups:
            for nest in group.nests:
                check_figures(nest.evaluation, nest.energy_pj, nest.cycles, nest.mapping)


def _none(units: Sequence[Unit], *, finished: bool) -> NoValidMappingError:
    names = ", ".join(layer.name for unit in units for layer in unit.chain.layers)
    if not finished:
        return NoValidMappingError(f"no mapping of {names} was found in time", hint="allow more time")
    for unit in units:
        for first, last in unit.groups or ():
            group = unit.chain.part(first, last)
            for number, levels in enumerate(waiting_levels(group)):
                if not levels:
                    both = f"{group.layers[number].name} and {group.layers[number + 1].name}"
                    return NoValidMappingError(
                        f"{both} cannot be fused: no level on chip may hold {group.tensor(number)} for both",
                        hint="other groups, or constraints that keep it at a level of both",
                    )
    return NoValidMappingError(
        f"{names}: a layer has no mapping, alone or fused",
        hint="map the layers one by one: the message names the constraints and capacities in conflict",
    )
