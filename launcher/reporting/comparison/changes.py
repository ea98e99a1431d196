"""Which accesses changed, by how much, and why: the addends of two energies side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isclose

from launcher.reporting.comparison.reasons import why_cost, why_words
from launcher.results.energy_table import COMPUTE, EnergyRow, compute_name, energy_rows
from launcher.results.loop_reuse import Side
from launcher.results.result import Result
from launcher.summing import sum_in_order

_SIDES: dict[str, Side] = {"read": "below", "update": "below", "fill": "above"}
_SAME = 1e-6
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Counted:
    """One action in the first trial and in the second.

    Attributes:
        action: ``read``, ``fill``, ``update``, ``leak``, ``transfer``, ``compute`` or ``other``.
        words: moved over all instances and runs, or operations; None where nothing is counted.
        energy_pj: over all instances and runs.
    """

    action: str
    words: tuple[int | None, int | None]
    energy_pj: tuple[float, float]

    @property
    def by_words_pj(self) -> float:
        """The part of the difference that is due to the number of words, at the mean of both energies per word."""
        first, second = self.words
        if first is None or second is None:
            return 0.0
        costs = [energy / words for energy, words in zip(self.energy_pj, (first, second), strict=True) if words]
        return (second - first) * sum_in_order(costs) / len(costs) if costs else 0.0

    @property
    def by_cost_pj(self) -> float:
        """The rest: due to the energy of one word."""
        rest = self.energy_pj[1] - self.energy_pj[0] - self.by_words_pj
        return 0.0 if abs(rest) < _ROUNDING * max(self.energy_pj) else rest


@dataclass(frozen=True)
class Change:
    """What changed of a data space on one side of a level, or of the networks, the leakage or the arithmetic.

    Attributes:
        component: storage level, network or compute units, as the second trial calls it.
        data_space: the tensor; empty where the energy belongs to none.
        counted: its actions; reads and updates of accumulated data stand together, because the same loops cause both.
        reasons: sentences, without a full stop.
    """

    component: str
    data_space: str
    counted: tuple[Counted, ...]
    reasons: tuple[str, ...] = field(default=())

    @property
    def energy_pj(self) -> float:
        """Second minus first."""
        return sum_in_order(one.energy_pj[1] - one.energy_pj[0] for one in self.counted)


def changes_between(first: Result, second: Result, runs: tuple[int, int] = (1, 1)) -> tuple[Change, ...]:
    """All that changed, the largest effect on the energy first. The energies sum to the difference of the totals.

    Args:
        first, second: trials of single layers that have a mapping.
        runs: how often each is run; counts and energies are of all runs.
    """
    pairs: dict[tuple[str, str, str], tuple[dict[str, EnergyRow], dict[str, EnergyRow]]] = {}
    for index, result in enumerate((first, second)):
        for row in energy_rows(result):
            pairs.setdefault(_key(row), ({}, {}))[index][row.action] = row
    found = [_change(key, rows, (first, second), runs) for key, rows in pairs.items()]
    return tuple(sorted((one for one in found if _differs(one)), key=_effect, reverse=True))


def _key(row: EnergyRow) -> tuple[str, str, str]:
    side = _SIDES.get(row.action, row.action)
    return (COMPUTE if row.action == "compute" else row.component, row.data_space, side)


def _change(
    key: tuple[str, str, str],
    rows: tuple[dict[str, EnergyRow], dict[str, EnergyRow]],
    results: tuple[Result, Result],
    runs: tuple[int, int],
) -> Change:
    component, data_space, side = key
    actions = dict.fromkeys([*rows[0], *rows[1]])
    counted = tuple(_counted(action, (rows[0].get(action), rows[1].get(action)), runs) for action in actions)
    moved = [one for one in counted if any(one.words) or any(one.energy_pj)]
    counted = tuple(sorted(moved or counted, key=lambda one: one.action != "update"))
    change = Change(compute_name(results[1]) if component == COMPUTE else component, data_space, counted)
    return Change(change.component, data_space, counted, tuple(_reasons(change, side, results, runs)))


def _counted(action: str, rows: tuple[EnergyRow | None, EnergyRow | None], runs: tuple[int, int]) -> Counted:
    counts = action in (*_SIDES, "compute")
    words = tuple((one.words or 0) * times if one else 0 for one, times in zip(rows, runs, strict=True))
    energies = tuple(one.energy_pj * times if one else 0.0 for one, times in zip(rows, runs, strict=True))
    return Counted(action, (words[0], words[1]) if counts else (None, None), (energies[0], energies[1]))


def _reasons(change: Change, side: str, results: tuple[Result, Result], runs: tuple[int, int]) -> Iterable[str]:
    if not _differs(change):
        return
    if any(one.words[0] != one.words[1] for one in change.counted):
        if runs[0] != runs[1]:
            yield f"{runs[1]:,} instead of {runs[0]:,} runs"
        yield from why_words(change.component, change.data_space, side, results)
    matters = abs(sum_in_order(one.by_cost_pj for one in change.counted)) > _SAME * max(abs(change.energy_pj), 1.0)
    if matters or change.counted[0].words[0] is None:
        yield from why_cost(
            change.component, [(one.action, one.words, one.energy_pj) for one in change.counted], results
        )


def _differs(change: Change) -> bool:
    return any(
        one.words[0] != one.words[1] or not isclose(*one.energy_pj, rel_tol=_SAME, abs_tol=_SAME)
        for one in change.counted
    )


def _effect(change: Change) -> tuple[float, int]:
    words = max(abs((one.words[1] or 0) - (one.words[0] or 0)) for one in change.counted)
    return abs(change.energy_pj), words
