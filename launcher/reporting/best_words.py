"""Which trials of a sweep are best by what it is after, in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

from launcher.reporting.metric_words import metric_phrase, metric_text, metric_title
from launcher.results.best import best_rows
from launcher.results.goals import Goals, direction_of
from launcher.results.parameters import plain
from launcher.results.trial_rows import TrialRow, rows_by_work


def best_words(best: Sequence[TrialRow], goals: Goals, names: Sequence[str]) -> str:
    """The answer without a full stop: the best value and where it is, or the front and its ends.

    Args:
        best: at least one: those that keep all limits, the best first; of several objectives the front.
        goals: what is best.
        names: the keys that tell trials apart.
    """
    return front_words(best, goals, names) if goals.several else f"the {_least_words(best[0], goals, names)}"


def front_words(front: Sequence[TrialRow], goals: Goals, names: Sequence[str]) -> str:
    """``4 best trade-offs between energy and area: from 33.58 uJ and 1.558 mm2 (arch.rows=32) to ...``."""
    first, last = (f"{values_words(row, goals)}{_in_brackets(row, names)}" for row in (front[0], front[-1]))
    ends = first if len(front) == 1 else f"from {first} to {last}"
    return f"{trade_offs(len(front), goals)}: {ends}"


def trade_offs(number: int, goals: Goals) -> str:
    """``4 best trade-offs between energy and area``."""
    titles = [metric_title(name) for name in goals.objectives]
    return f"{number:,} best trade-off{'' if number == 1 else 's'} between {_listed(titles)}"


def values_words(row: TrialRow, goals: Goals) -> str:
    """What a trial has of the objectives: ``33.58 uJ and 65,540 cycles``."""
    return _listed([metric_phrase(name, row.metrics.get(name, nan)) for name in goals.objectives])


def goals_words(goals: Goals) -> str:
    """The objectives by their titles: ``energy and area``; ``most`` or ``least`` where nobody would expect that."""
    ways = zip(goals.objectives, goals.directions, strict=True)
    return _listed(
        [f"{'' if way == direction_of(name) else f'{superlative(way)} '}{metric_title(name)}" for name, way in ways]
    )


def superlative(direction: str) -> str:
    """``least`` or ``most``."""
    return "least" if direction == "minimize" else "most"


def last_words(rows: Sequence[TrialRow], goals: Goals, parameters: Sequence[str]) -> str:
    """What a sweep's last line says; nothing where no trial is best, or where they do different work."""
    best = best_rows(rows, goals)
    return best_words(best, goals, parameters) if best and len(works_of(rows, goals, parameters)) == 1 else ""


def works_of(rows: Sequence[TrialRow], goals: Goals, parameters: Sequence[str]) -> list[list[TrialRow]]:
    """Rows that are compared: a study compares all its trials, a grid those of the same work."""
    return [*rows_by_work(rows, parameters).values()] if goals.listed else [list(rows)]


def _least_words(row: TrialRow, goals: Goals, names: Sequence[str]) -> str:
    name = goals.objectives[0]
    value, point = metric_text(name, row.metrics.get(name, nan)), _point(row, names)
    where = f", with {point}" if point else ""
    return f"{superlative(goals.directions[0])} {metric_title(name)} is {value}{where}"


def _in_brackets(row: TrialRow, names: Sequence[str]) -> str:
    point = _point(row, names)
    return f" ({point})" if point else ""


def _point(row: TrialRow, names: Sequence[str]) -> str:
    return ", ".join(f"{key}={plain(row.point[key])}" for key in names if key in row.point)


def _listed(texts: Sequence[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
