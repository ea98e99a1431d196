"""A sweep's answer in a sentence and a table, in Markdown: what its run in MLflow says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from launcher.figures import METRICS, TABLES
from launcher.reporting.best_words import best_words, works_of
from launcher.reporting.numbers import cell
from launcher.reporting.trials import counts
from launcher.results.best import best_rows
from launcher.results.goals import Goals
from launcher.results.parameters import ABSENT, plain
from launcher.results.trial_rows import TrialRow, row_value

_MOST_ROWS = 10


def sweep_note(rows: Sequence[TrialRow], best: Sequence[TrialRow], goals: Goals) -> str:
    """The answer, how many trials there were, and the best of them.

    Args:
        rows: all trials.
        best: those that keep all limits, the best first; of several objectives the front.
        goals: what was optimised.
    """
    if not best:
        return f"None of the trials is what was asked for: {counts(rows)}."
    names = varying(rows)
    works = works_of(rows, goals, names)
    if goals.several and len(works) > 1:  # the front of each; among all of them the least work would win
        fronts = [front for work in works if (front := best_rows(work, goals))]
        answers, best = [best_words(front, goals, names) for front in fronts], [row for one in fronts for row in one]
    else:
        answers = [best_words(best, goals, names)]
    shown = best[:_MOST_ROWS]
    more = [f"and {len(best) - len(shown):,} more"] if len(best) > len(shown) else []
    told = [f"**{words[0].upper()}{words[1:]}.**" for words in answers[:_MOST_ROWS]]
    return "\n\n".join([*told[:-1], f"{told[-1]} {counts(rows)}.", _table(shown, names, goals), *more])


def varying(rows: Sequence[TrialRow]) -> list[str]:
    """The keys in which the trials differ; all of them where there is but one trial."""
    names = list(dict.fromkeys(name for row in rows for name in row.point))
    return [name for name in names if len({repr(row.point.get(name)) for row in rows}) > 1] or names


def _table(rows: Sequence[TrialRow], names: Sequence[str], goals: Goals) -> str:
    wanted = [METRICS[name][0] for name in goals.objectives if name in METRICS]
    shown = dict.fromkeys((*(one for one in wanted if one not in TABLES), *TABLES))
    figures = [one for one in shown if any(isfinite(row_value(one, row)) for row in rows)]
    lines = [["trial", *names, *(one.title_with_unit for one in figures)], ["--:"] * (1 + len(names) + len(figures))]
    for row in rows:
        point = [plain(row.point.get(name, ABSENT)) for name in names]
        lines.append([str(row.number), *point, *(cell(one, row_value(one, row)) for one in figures)])
    return "\n".join(
        f"| {' | '.join(one.replace('|', '&#124;').replace('*', '&#42;') for one in line)} |" for line in lines
    )
