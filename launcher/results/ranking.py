"""Which trials are best."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import inf, isfinite, isnan
from typing import Protocol, TypeVar

from launcher.figures import BY_KEY, Figure, in_order


class Ranked(Protocol):
    """What can be ranked: a result, or a row of a table."""

    @property
    def ok(self) -> bool: ...
    @property
    def broken(self) -> Collection[str]: ...


T = TypeVar("T", bound=Ranked)

_SAME = 1e-9
"""Lengths of cycles that differ by less are the same, rounded."""


def ranked(
    trials: Sequence[T], objective: str | Sequence[str] = "edp", of: Callable[[Figure, T], float] = Figure.of
) -> list[T]:
    """The trials, best first; ties go to the next criterion.

    Trials that break a constraint come after the others, trials without a mapping last. Where cycles are not equally
    long, criteria count time (:func:`comparable`).

    Args:
        trials: in any order.
        objective: the criterion, or criteria in order.
        of: the exact value of a trial's figure.

    Raises:
        ValueError: there is no such criterion.
    """
    figures = comparable([BY_KEY[one.figure] for one in in_order(objective)], trials, of)

    def key(trial: T) -> tuple[float, ...]:
        values = [of(one, trial) for one in figures]
        return (float(not trial.ok), float(bool(trial.broken)), *(inf if isnan(value) else value for value in values))

    return sorted(trials, key=key)


def comparable(
    figures: Sequence[Figure], trials: Sequence[T], of: Callable[[Figure, T], float] = Figure.of
) -> list[Figure]:
    """The figures by which these trials may be ranked: in seconds instead of cycles where cycles differ in length."""
    if not cycles_differ(trials, of):
        return list(figures)
    return list(dict.fromkeys(BY_KEY[one.in_time] if one.in_time else one for one in figures))


def cycles_differ(trials: Sequence[T], of: Callable[[Figure, T], float] = Figure.of) -> bool:
    """Whether the cycles of these trials are known to be of different lengths: of each that has a mapping."""
    latency, cycles = BY_KEY["latency_s"], BY_KEY["cycles"]
    pairs = [(of(latency, one), of(cycles, one)) for one in trials if one.ok]
    lengths = [time / count for time, count in pairs if isfinite(time) and count > 0]
    return len(lengths) == len(pairs) > 1 and max(lengths) > min(lengths) * (1 + _SAME)


def best_by_figure(
    trials: Sequence[T], figures: Sequence[Figure], of: Callable[[Figure, T], float] = Figure.of
) -> dict[Figure, T]:
    """Of each figure, the trial that is best in it, among those with a mapping that keep all constraints.

    Ties go to the trial that is better in EDP, then energy, then cycles. Where cycles are not equally long, figures
    that count them give way to those that count time.
    """
    figures = comparable(figures, trials, of)
    good = ranked([one for one in trials if one.ok and not one.broken], of=of)
    signs = {figure: -1.0 if figure.better == "more" else 1.0 for figure in figures}
    return {figure: min(good, key=lambda one: sign * of(figure, one)) for figure, sign in signs.items()} if good else {}


def compares_hardware(trials: int, differing: Sequence[str]) -> bool:
    """Whether so many trials run the same work on different hardware, so that their figures can be compared."""
    return trials > 2 and all(name in ("arch", "configuration") or name.startswith("arch.") for name in differing)
