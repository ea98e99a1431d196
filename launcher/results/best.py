"""Which rows are best by what a sweep is after."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

from launcher.figures import CONTESTS, METRICS, Figure
from launcher.results.fronts import Front
from launcher.results.goals import Goals, direction_of
from launcher.results.ranking import best_by_figure, ranked
from launcher.results.trial_rows import TrialRow, row_value


def best_to_worst(rows: Sequence[TrialRow], goals: Goals) -> list[TrialRow]:
    """The best first, then those that break a limit, then those without a mapping.

    Of a study's hardware that is equally good, which often differs in what a layer does not use, the smallest comes
    first.
    """
    if goals.criteria:
        return ranked(rows, goals.criteria, row_value)

    def key(row: TrialRow) -> tuple[object, ...]:
        known = row.ok and _is_known(row, goals)
        losses = goals.losses(row.metrics) if known else []
        return (not row.ok, bool(row.broken), not known, losses, row.metrics.get("area_mm2", 0.0), row.number)

    return sorted(rows, key=key)


def best_rows(rows: Sequence[TrialRow], goals: Goals) -> list[TrialRow]:
    """The best trials that keep all limits, each point once.

    With one objective all of them, best first; with several the Pareto front, ordered by the first objective.
    """
    ordered = best_to_worst([row for row in rows if row.ranks and _is_known(row, goals)], goals)
    if not goals.several:
        return ordered
    front: Front[TrialRow] = Front()
    for row in ordered:
        front.add(row, goals.losses(row.metrics))
    return [row for equal in front.groups for row in equal]


def front_first(rows: Sequence[TrialRow], goals: Goals) -> list[TrialRow]:
    """All rows: of several objectives the front, then the others; of one objective from the best to the worst."""
    front = best_rows(rows, goals) if goals.several else []
    on_front = {id(row) for row in front}
    return [*front, *(row for row in best_to_worst(rows, goals) if id(row) not in on_front)]


def best_by_goals(rows: Sequence[TrialRow], goals: Goals) -> dict[Figure, TrialRow]:
    """Of each objective, and of each figure that is a contest in every sweep, the row that is best in it.

    An objective that is wanted the other way round than its figure is better is no contest here.
    """
    wanted = zip(goals.objectives, goals.directions, strict=True)
    own = [METRICS[name][0] for name, way in wanted if name in METRICS and way == direction_of(name)]
    found = best_by_figure(rows, tuple(dict.fromkeys((*CONTESTS, *own))), row_value)
    alone = own if not (goals.several or goals.criteria) else []
    return found | {figure: best_rows(rows, goals)[0] for figure in alone if figure in found}  # of equal ones the same


def _is_known(row: TrialRow, goals: Goals) -> bool:
    """Whether a row has the objectives' figures, as those of a study have; others are read with that in question."""
    return all(isfinite(row.metrics.get(name, nan)) for name in goals.objectives)
