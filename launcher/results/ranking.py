"""Which trials are best."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import inf, isnan
from typing import Protocol, TypeVar

from launcher.figures import BY_KEY, Figure, in_order


class Ranked(Protocol):
    """What can be ranked: a result, or a row of a table."""

    @property
    def ok(self) -> bool: ...
    @property
    def broken(self) -> Collection[str]: ...


T = TypeVar("T", bound=Ranked)


def ranked(
    trials: Sequence[T], objective: str | Sequence[str] = "edp", of: Callable[[Figure, T], float] = Figure.of
) -> list[T]:
    """The trials, best first; ties go to the next criterion.

    Trials that break a constraint come after the others, trials without a mapping last.

    Args:
        trials: in any order.
        objective: the criterion, or criteria in order.
        of: the exact value of a trial's figure.

    Raises:
        ValueError: there is no such criterion.
    """
    figures = [BY_KEY[one.figure] for one in in_order(objective)]

    def key(trial: T) -> tuple[float, ...]:
        values = [of(one, trial) for one in figures]
        return (float(not trial.ok), float(bool(trial.broken)), *(inf if isnan(value) else value for value in values))

    return sorted(trials, key=key)


def best_by_figure(
    trials: Sequence[T], figures: Sequence[Figure], of: Callable[[Figure, T], float] = Figure.of
) -> dict[Figure, T]:
    """Of each figure, the trial that is best in it, among those with a mapping that keep all constraints.

    Ties go to the trial that is better in EDP, then energy, then cycles.
    """
    good = ranked([one for one in trials if one.ok and not one.broken], of=of)
    signs = {figure: -1.0 if figure.better == "more" else 1.0 for figure in figures}
    return {figure: min(good, key=lambda one: sign * of(figure, one)) for figure, sign in signs.items()} if good else {}


def compares_hardware(trials: int, differing: Sequence[str]) -> bool:
    """Whether so many trials run the same work on different hardware, so that their figures can be compared."""
    return trials > 2 and all(name in ("arch", "configuration") or name.startswith("arch.") for name in differing)
