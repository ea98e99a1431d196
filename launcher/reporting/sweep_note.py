"""A sweep's answer in a sentence and a table, in Markdown: what its run in MLflow says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

from launcher.figures import METRICS, TABLES
from launcher.reporting.numbers import cell, significant, with_unit
from launcher.reporting.trials import counts
from launcher.results.parameters import ABSENT, plain
from launcher.results.trial_rows import TrialRow, row_value

_MOST_ROWS = 10


def sweep_note(rows: Sequence[TrialRow], best: Sequence[TrialRow], objectives: Sequence[str]) -> str:
    """The answer, how many trials there were, and the best of them.

    Args:
        rows: all trials.
        best: those that keep all limits, the best first; of several objectives the front.
        objectives: metrics that were optimised, the first one first.
    """
    if not best:
        return f"None of the trials is what was asked for: {counts(rows)}."
    names = varying(rows)
    shown = best[:_MOST_ROWS]
    more = [f"and {len(best) - len(shown):,} more"] if len(best) > len(shown) else []
    return "\n\n".join([f"**{_answer(best, names, objectives)}** {counts(rows)}.", _table(shown, names), *more])


def varying(rows: Sequence[TrialRow]) -> list[str]:
    """The keys in which the trials differ; all of them where there is but one trial."""
    names = list(dict.fromkeys(name for row in rows for name in row.point))
    return [name for name in names if len({repr(row.point.get(name)) for row in rows}) > 1] or names


def _answer(best: Sequence[TrialRow], names: Sequence[str], objectives: Sequence[str]) -> str:
    if len(objectives) > 1:
        many = "1 best trade-off" if len(best) == 1 else f"{len(best):,} best trade-offs"
        return f"{many} between {' and '.join(map(_title, objectives))}."
    name, first = objectives[0], best[0]
    point = ", ".join(f"{key}={plain(first.point[key])}" for key in names if key in first.point)
    chosen = f", with {point}" if point else ""
    most = "most" if name in METRICS and METRICS[name][0].better == "more" else "least"
    return f"The {most} {_title(name)} is {_value(name, first)}{chosen}."


def _title(name: str) -> str:
    return METRICS[name][0].title if name in METRICS else name


def _value(name: str, row: TrialRow) -> str:
    if name not in METRICS:
        return significant(row.metrics.get(name, nan))
    figure = METRICS[name][0]
    return with_unit(figure, row_value(figure, row))


def _table(rows: Sequence[TrialRow], names: Sequence[str]) -> str:
    figures = [one for one in TABLES if any(isfinite(row_value(one, row)) for row in rows)]
    lines = [["trial", *names, *(one.title_with_unit for one in figures)], ["--:"] * (1 + len(names) + len(figures))]
    for row in rows:
        point = [plain(row.point.get(name, ABSENT)) for name in names]
        lines.append([str(row.number), *point, *(cell(one, row_value(one, row)) for one in figures)])
    return "\n".join(
        f"| {' | '.join(one.replace('|', '&#124;').replace('*', '&#42;') for one in line)} |" for line in lines
    )
