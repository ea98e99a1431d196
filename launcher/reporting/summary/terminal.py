"""A summary in the terminal: the tables that the sweep itself ended with."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from launcher.reporting.origins import failures_of, flags_of, origin_facts
from launcher.reporting.question import answer_of, labels, question_of
from launcher.reporting.show import print_facts
from launcher.reporting.trials import print_best, print_trials
from launcher.results.finished import Trials
from launcher.results.workloads import workloads_of

_MOST = 30


def print_summary(trials: Trials, console: Console, *, verbose: bool = False) -> None:
    """Print any number of trials, also none.

    Args:
        trials: the trials.
        console: where.
        verbose: all of them, and how they were made; otherwise the best ones of each workload.
    """
    question = question_of(trials.results, trials.goals)
    print_facts(question.facts, console)
    for sentence in answer_of(trials.results, question):
        console.print(escape(sentence), style="bold", highlight=False)
    workloads = workloads_of(trials.results)
    for workload in workloads:
        if len(workloads) > 1:
            console.print(f"\n{escape(workload.name)}", style="bold", highlight=False)
        print_trials(workload.results, console, question.goals, most=None if verbose else _MOST, every=verbose)
        if len(workload.results) > 1:
            print_best(workload.results, console, question.goals)
    for failure in failures_of(trials.trials, trials.skipped, [labels(one, question.swept) for one in trials.results]):
        if failure.status == "not read":
            console.print(f"[yellow]{len(failure.trials):,} not read:[/] {escape(failure.reason)}", soft_wrap=True)
    for flag, number in flags_of(trials):
        of = f" ({number:,} of {len(trials):,} trials)" if number < len(trials) else ""
        console.print(f"[yellow]note:[/] {escape(flag)}{of}", soft_wrap=True)
    if verbose:
        print_facts(origin_facts(trials), console)
