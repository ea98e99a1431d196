"""Two evaluations of one mapping, figure by figure, and what Timeloop's approximate counts account for.

Timeloop averages over the iterations of imperfect factors, the last of which are shorter, so that even the
multiply-accumulates that it prints need not be those of the problem; its steps are the product of all factors in time;
and of the transfers of a network, which differ where the last iteration of a fan-out is shorter, it charges one kind
(Horeni et al., Ruby, ISPASS 2022). The native model counts every word, step and transfer once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from math import isclose, prod

from launcher.results.evaluation import Evaluation, LevelStats
from launcher.specification.mapping import Mapping
from launcher.specification.problem import Problem

TOLERANCE = 1e-6
"""Relative, on energies and utilization; cycles and accesses must be equal."""

_MOST = 12
_COUNTS = ("reads", "fills", "updates")


@dataclass(frozen=True)
class _Approximate:
    """What Timeloop counts otherwise, as the mapping alone shows: steps, and transfers of networks."""

    steps: bool = False
    transfers: bool = False


@dataclass(frozen=True)
class _Figure:
    """A figure in both evaluations; ``exact`` ones must be equal.

    ``follows`` says whether a difference follows from counts or steps of imperfect factors that differ.
    """

    name: str
    here: float
    there: float
    exact: bool
    follows: bool

    @property
    def differs(self) -> bool:
        if self.exact:
            return self.here != self.there
        return not isclose(self.here, self.there, rel_tol=TOLERANCE, abs_tol=1e-9)

    def __str__(self) -> str:
        return f"{self.name}: {self.here:.12g} here, {self.there:.12g} there"


def differences(ours: Evaluation, theirs: Evaluation) -> tuple[str, ...]:
    """Figures on which two evaluations of one mapping do not agree, the totals first; empty when they agree."""
    if not theirs.legal:
        return (f"the mapping is illegal there: {theirs.reason}",)
    found = [str(figure) for figure in _figures(ours, theirs) if figure.differs]
    more = len(found) - _MOST
    return (*found[:_MOST], *([f"and {more} more figures"] if more > 0 else []))


def unexplained(ours: Evaluation, theirs: Evaluation, mapping: Mapping, problem: Problem) -> tuple[str, ...]:
    """Figures that differ, although nothing that Timeloop counts approximately accounts for it; empty for none.

    A tile is no such count, an energy differs for a reason only where accesses or cycles do, and so on.
    """
    approximate = _Approximate(
        steps=steps_of_timeloop(mapping) != mapping.iterations(problem),
        transfers=any(not loop.is_perfect for level in mapping for loop in level.spatial),
    )
    differing = [figure for figure in _figures(ours, theirs, approximate) if figure.differs]
    odd = [str(figure) for figure in differing if not figure.follows]
    rest = len(differing) - len(odd[:_MOST])
    return (*odd[:_MOST], f"and {rest} more figures") if odd and rest else tuple(odd)


def steps_of_timeloop(mapping: Mapping) -> int:
    """Cycles without a stall to Timeloop: as if every loop in time always ran to its end."""
    return prod(loop.bound for level in mapping for loop in level.temporal)


def _figures(ours: Evaluation, theirs: Evaluation, approximate: _Approximate = _Approximate()) -> Iterator[_Figure]:
    """All of them, the totals first."""
    pairs = tuple(zip(ours.levels, theirs.levels, strict=True))
    other_computes = ours.computes != theirs.computes
    other_cycles = approximate.steps or any(mine.cycles != other.cycles for mine, other in pairs)
    compute = "energy of computing in pJ", ours.compute_energy_pj, theirs.compute_energy_pj
    energies = [_Figure(*compute, exact=False, follows=other_computes)]
    sent_otherwise = approximate.transfers or any(_counts_differ(*pair) for pair in pairs)
    for name, energy in ours.network_energy_pj.items():
        network = f"energy of {name} in pJ", energy, theirs.network_energy_pj.get(name, 0.0)
        energies.append(_Figure(*network, exact=False, follows=sent_otherwise))
    leaks = other_cycles or any(mine.instances != other.instances for mine, other in pairs)
    levels = [tuple(_level_figures(*pair, leaks=leaks, other_steps=approximate.steps)) for pair in pairs]
    differing = any(figure.differs for figure in (*energies, *(energy for energy, *_ in levels)))
    yield _Figure("cycles", ours.cycles, theirs.cycles, exact=True, follows=other_cycles)
    yield _Figure("energy in pJ", ours.energy_pj, theirs.energy_pj, exact=False, follows=differing)
    used = other_computes or ours.cycles != theirs.cycles
    yield _Figure("utilization", ours.utilization, theirs.utilization, exact=False, follows=used)
    yield from energies
    for figures in levels:
        yield from figures


def _level_figures(mine: LevelStats, other: LevelStats, *, leaks: bool, other_steps: bool) -> Iterator[_Figure]:
    """Of one level, its energy first; ``leaks`` says whether cycles or instances differ that leakage follows from."""
    counts = _counts_differ(mine, other)
    leakage = _Figure(
        f"{mine.level}: leakage in pJ", mine.leakage_pj, other.leakage_pj, exact=False, follows=leaks
    )  # fmt: skip
    spent = counts or leakage.differs
    yield _Figure(f"{mine.level}: energy in pJ", mine.energy_pj, other.energy_pj, exact=False, follows=spent)
    yield leakage
    slower = counts or other_steps
    yield _Figure(f"{mine.level}: cycles", mine.cycles, other.cycles, exact=True, follows=slower)
    for space, stats in mine.data_spaces.items():
        there = other.data_spaces[space]
        yield _Figure(
            f"{mine.level}: tile words of {space}", stats.tile_words, there.tile_words, exact=True, follows=False
        )
        for count in _COUNTS:
            label = f"{mine.level}: {count} of {space}"
            yield _Figure(label, getattr(stats, count), getattr(there, count), exact=True, follows=True)


def _counts_differ(mine: LevelStats, other: LevelStats) -> bool:
    """Whether accesses, or the instances among which they are shared out, are others."""
    return mine.instances != other.instances or any(
        getattr(stats, count) != getattr(other.data_spaces[space], count)
        for space, stats in mine.data_spaces.items()
        for count in _COUNTS
    )


def approximate_counts(ours: Evaluation, theirs: Evaluation, mapping: Mapping, problem: Problem) -> str:
    """What both say of a mapping with imperfect factors, and a count that shows why they do not say the same."""
    totals = [f"{one.energy_pj * 1e-6:.5g} uJ and {one.cycles:,} cycles" for one in (ours, theirs)]
    if totals[0] == totals[1]:
        said = f"{totals[0]} both natively and in Timeloop"
    else:
        said = f"{' natively, '.join(totals)} in Timeloop"
    return f"{said}, whose counts of imperfect factors are approximate: it {_evidence(ours, theirs, mapping, problem)}"


def _evidence(ours: Evaluation, theirs: Evaluation, mapping: Mapping, problem: Problem) -> str:
    """The computes, or else accesses that all instances of a level share, the outermost first, or steps, or others."""
    if theirs.computes != problem.computes:
        return f"has {theirs.computes:,} multiply-accumulates instead of {problem.computes:,}"
    outermost_first = list(reversed(list(zip(ours.levels, theirs.levels, strict=True))))
    alone = [pair for pair in outermost_first if all(level.instances <= 1 for level in pair)]
    if counts := _other_counts(alone, ""):
        return counts
    taken, needed = steps_of_timeloop(mapping), mapping.iterations(problem)
    if taken != needed:
        return f"takes {taken:,} steps instead of {needed:,}, as if every loop always ran to its end"
    networks = ours.network_energy_pj, theirs.network_energy_pj
    return (
        _other_counts(outermost_first, " per instance")
        or _other_transfers(*networks)
        or _other_instances(outermost_first)
    )


def _other_counts(pairs: Sequence[tuple[LevelStats, LevelStats]], where: str) -> str:
    """The first accesses that differ; empty when none do."""
    for mine, other in pairs:
        for space, stats in mine.data_spaces.items():
            for count in _COUNTS:
                counted, there = getattr(stats, count), getattr(other.data_spaces[space], count)
                if counted != there:
                    return f"has {there:,} {count} of {space} at {mine.level}{where} instead of {counted:,.10g}"
    return ""


def _other_transfers(ours_pj: Dict[str, float], theirs_pj: Dict[str, float]) -> str:
    """What the first network costs that does not cost the same; empty when all do."""
    for name, here in ours_pj.items():
        there = theirs_pj.get(name, 0.0)
        if not isclose(here, there, rel_tol=TOLERANCE, abs_tol=1e-9):
            return f"charges {there:,.5g} pJ for the transfers of {name} instead of {here:,.5g} pJ"
    return ""


def _other_instances(pairs: Sequence[tuple[LevelStats, LevelStats]]) -> str:
    mine, other = next(pair for pair in pairs if pair[0].instances != pair[1].instances)
    return (
        f"uses {other.instances:,.5g} instances of {mine.level} on average, where up to {mine.instances:,.5g} are used"
    )
