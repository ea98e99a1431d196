"""A summary as a document, in exact values."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.reporting.metric_words import typeset
from launcher.reporting.origins import failures_of, flags_of, origin_facts
from launcher.reporting.question import answer_of, labels, question_of, standing
from launcher.reporting.sheets import FIGURES, Column, ReportDocument, Sheet, figures
from launcher.results.best import best_by_goals, best_rows, front_first
from launcher.results.cycle_limits import limiting
from launcher.results.finished import FinishedTrial, Trials
from launcher.results.goals import Goals
from launcher.results.result import Result
from launcher.results.trial_rows import rows_of_results
from launcher.results.workloads import Workload, workloads_of

_LAST = (
    Column("limited_by", "limited by"),
    Column("status", "status", exact=True),
    Column("mapping", "mapping", exact=True),
)


def summary_document(trials: Trials) -> ReportDocument:
    """The document on any number of trials, also none: workload by workload, the best first."""
    question = question_of(trials.results, trials.goals)
    workloads = workloads_of(trials.results)
    failures = failures_of(trials.trials, trials.skipped, [labels(one, question.swept) for one in trials.results])
    return ReportDocument(
        title=", ".join(trials.names) or "no trials",
        sheets=(
            _trials(trials, workloads, question.swept, question.goals),
            _best(workloads, question.swept, question.goals),
        ),
        facts=(*question.facts, *origin_facts(trials)),
        sentences=tuple(map(typeset, answer_of(trials.results, question))),
        notes=(
            *(f"{len(one.trials):,} x {one.status}: {one.reason}" for one in failures),
            *(f"{flag} ({number:,} of {len(trials):,} trials)" for flag, number in flags_of(trials)),
        ),
    )


def _trials(trials: Trials, workloads: Sequence[Workload], swept: Sequence[str], goals: Goals) -> Sheet:
    known = {id(trial.result): trial for trial in trials}
    several = len(workloads) > 1
    columns = [Column("workload", "workload")] if several else []
    columns += [Column("name", "trial")] if not swept else []
    columns += [Column("front", "front", "flag")] if goals.several else []
    columns += [*(Column(name, name) for name in swept), *FIGURES, *_LAST]
    columns += [Column("reason", "reason"), Column("place", "place", exact=True)]
    rows = []
    for workload in workloads:
        ordered = rows_of_results(workload.results, goals)
        on_front = {row.number for row in best_rows(ordered, goals)} if goals.several else set()
        for row in front_first(ordered, goals):
            one = workload.results[row.number]
            name = ((workload.name,) if several else ()) + ((one.name,) if not swept else ())
            place = _place(known[id(one)])
            front = (row.number in on_front,) if goals.several else ()
            reason = one.reason if not one.ok else "; ".join(row.broken) or None
            rows.append((*name, *front, *_values(one, swept), *figures(one), *_last(one), reason, place))
    return Sheet("trials", f"trials, {'the front' if goals.several else 'best'} first", tuple(columns), tuple(rows))


def _best(workloads: Sequence[Workload], swept: Sequence[str], goals: Goals) -> Sheet:
    several = len(workloads) > 1
    columns = [Column("workload", "workload")] if several else []
    columns += [Column("best_by", "best by"), *([] if swept else [Column("name", "trial")])]
    columns += [*(Column(name, name) for name in swept), *FIGURES]
    rows = []
    for workload in workloads:
        for figure, row in best_by_goals(rows_of_results(workload.results, goals), goals).items():
            one = workload.results[row.number]
            name = ((workload.name,) if several else ()) + (figure.title.lower(), *(() if swept else (one.name,)))
            rows.append((*name, *_values(one, swept), *figures(one)))
    return Sheet("best", "best by each figure", tuple(columns), tuple(rows))


def _values(result: Result, names: Sequence[str]) -> tuple[object, ...]:
    return tuple(result.parameters.get(name) for name in names)


def _last(result: Result) -> tuple[object, ...]:
    limit = limiting(result)
    return limit.label if limit else None, result.status, standing(result) if result.ok else None


def _place(trial: FinishedTrial) -> str:
    return trial.origin.run_id or str(trial.origin.folder or "")
