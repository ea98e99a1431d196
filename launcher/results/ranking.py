"""Which trials are best."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan

from launcher.figures import Figure, in_order
from launcher.results.parameters import varying_parameters
from launcher.results.result import Result


def ranked(results: Sequence[Result], objective: str | Sequence[str] = "edp") -> list[Result]:
    """The results, best first; ties go to the next criterion.

    Trials that break a constraint come after the others, trials without a mapping last.

    Raises:
        ValueError: there is no such criterion.
    """
    criteria = tuple(in_order(objective))

    def key(result: Result) -> tuple[float, ...]:
        values = [one.of(result) for one in criteria]
        return (float(not result.ok), float(bool(result.broken)), *(inf if isnan(value) else value for value in values))

    return sorted(results, key=key)


def best_by_figure(results: Sequence[Result], figures: Sequence[Figure]) -> dict[Figure, Result]:
    """Of each figure, the trial that is best in it, among those with a mapping that keep all constraints.

    Ties go to the trial that is better in EDP, then energy, then cycles.
    """
    good = ranked([result for result in results if result.ok and not result.broken])
    signs = {figure: -1.0 if figure.better == "more" else 1.0 for figure in figures}
    return {figure: min(good, key=lambda one: sign * figure.of(one)) for figure, sign in signs.items()} if good else {}


def compares_hardware(results: Sequence[Result]) -> bool:
    """Whether the trials run the same work on different hardware, so that their figures can be compared."""
    return len(results) > 2 and all(
        name in ("arch", "configuration") or name.startswith("arch.") for name in varying_parameters(results)
    )
