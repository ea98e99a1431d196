"""Differences as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, nan

from launcher.reporting.comparison.changes import Change, Counted
from launcher.reporting.comparison.cycles import CyclesChange, waits
from launcher.reporting.metric_words import metric_title
from launcher.reporting.numbers import count, energy, short_count, significant
from launcher.results.goals import Goals, parse_goals
from launcher.results.result import Result
from launcher.results.trial_rows import rows_of_results
from launcher.summing import sum_in_order

_DIGITS = 3
_MATTERS = 0.005
_MOST = 8
_DONE = {"read": "read", "fill": "filled in", "update": "updated"}
_OTHERS = {"leak": "leakage", "transfer": "transfers", "other": "other energy"}


def lead(number: int, first: Result, second: Result, goals: Goals | None = None) -> str:
    """What the second takes against the first of energy, cycles and the objectives, without a full stop.

    Args:
        number: of the second.
        first, second: they.
        goals: what the sweep was after that both belong to; None means EDP.
    """
    for one, of in ((1, first), (number, second)):
        if not of.ok:
            return f"{one} has no mapping, so there is nothing to compare: {(of.reason or of.status).splitlines()[0]}"
    wanted = (goals or parse_goals(None)).objectives
    rows = [row.metrics for row in rows_of_results([first, second], goals)]
    beside = [name for name in wanted if name not in ("energy_pj", "cycles")]
    others = [(metric_title(name), rows[0].get(name, nan), rows[1].get(name, nan)) for name in beside]
    if first.energy_pj == second.energy_pj and first.cycles == second.cycles:
        differing = [f", {ratio(new, old)} the {title}" for title, old, new in others if new != old]
        return f"{number} takes the same energy and cycles as 1{''.join(differing)}"
    difference = signed_energy(second.energy_pj - first.energy_pj, like=first.energy_pj)
    energies = f"{ratio(second.energy_pj, first.energy_pj)} the energy of 1 ({difference})"
    pairs = [("cycles", first.cycles, second.cycles), *others]
    *parts, last = [energies, *(f"{ratio(new, old)} the {title}" for title, old, new in pairs)]
    return f"{number} takes {', '.join(parts)} and {last}"


def change_line(change: Change, like: float) -> str:
    """``-101 uJ  Scratchpad: Inputs read 28.3M instead of 56.6M words``.

    Args:
        change: the change.
        like: an energy whose unit suits all lines.
    """
    whose = f"{change.data_space} " if change.data_space else ""
    counted = ", ".join(_counted(one) for one in change.counted)
    return f"{signed_energy(change.energy_pj, like)}  {change.component}: {whose}{counted}"


def those_that_matter(changes: Sequence[Change], total_pj: float) -> tuple[Change, ...]:
    """The first few changes, as long as they are more than half a percent of the total energy."""
    return tuple(one for one in changes if abs(one.energy_pj) > _MATTERS * total_pj)[:_MOST]


def rest_line(shown: Sequence[Change], changes: Sequence[Change], like: float) -> str:
    """What the changes that are not shown add up to; empty when all are shown."""
    rest = changes[len(shown) :]
    if not rest:
        return ""
    total = signed_energy(sum_in_order(one.energy_pj for one in rest), like)
    return f"{total}  in {len(rest)} smaller change{'s' if len(rest) > 1 else ''}"


def cycles_lines(number: int, changes: tuple[CyclesChange, ...]) -> Iterator[str]:
    """What both trials wait for, and what changed of that."""
    both = waits(changes, 0), waits(changes, 1)
    if not all(both):
        return
    if both[0] == both[1]:
        yield f"both wait for {both[0]}"
    else:
        yield f"1 waits for {both[0]}, {number} for {both[1]}"
    for one in changes:
        if any(one.limiting):
            yield cycles_line(number, one)


def cycles_line(number: int, change: CyclesChange) -> str:
    """``Scratchpad read needs 1,880,064 instead of 3,649,536 cycles: 30.1M instead of 58.4M words``."""
    before, after = change.cycles
    if before == after:
        return f"{change.resource} needs {count(after or 0)} cycles in both"
    if before is None or after is None:
        needs = f"needed {count(before)}" if before is not None else f"needs {count(after or 0)}"
        return f"{change.resource} {needs} cycles, in {'1' if before is not None else number} only"
    reason = f": {change.reason}" if change.reason else ""
    return f"{change.resource} needs {count(after)} instead of {count(before)} cycles{reason}"


def ratio(value: float, base: float) -> str:
    """``0.775x``; ``-`` where there is none."""
    return f"{significant(value / base, _DIGITS)}x" if base and isfinite(value / base) else "-"


def signed_energy(energy_pj: float, like: float | None = None) -> str:
    """An energy with its sign."""
    return f"{'+' if energy_pj > 0 else ''}{energy(energy_pj, like)}"


def sentence(texts: Iterable[str]) -> str:
    """Reasons as one sentence."""
    return "; ".join(texts)


def _counted(one: Counted) -> str:
    before, after = one.words
    if before is None or after is None:
        return _OTHERS.get(one.action, one.action)
    if one.action == "compute":
        return f"{short_count(after)} operations" + (f" instead of {short_count(before)}" if before != after else "")
    words = short_count(after) if before == after else f"{short_count(after)} instead of {short_count(before)}"
    return f"{_DONE.get(one.action, one.action)} {words} words"
