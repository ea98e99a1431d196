"""How the trials were made, in a few lines: who says the figures, from which code, how far they can be trusted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from launcher.reporting.numbers import percent, short_seconds
from launcher.results.finished import FinishedTrial, SkippedTrial, Trials
from launcher.results.layers import layer_runs
from launcher.summing import sum_in_order

_MOST_ALIKE = 3
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?")


@dataclass(frozen=True)
class Failure:
    """Trials that failed alike: the same sentence, numbers aside.

    Attributes:
        reason: of the first of them.
        status: ``infeasible``, ``failed``, or ``not read``.
        trials: what sets each of them apart.
    """

    reason: str
    status: str
    trials: tuple[str, ...]
    variants: int = 1


def failures_of(
    trials: Sequence[FinishedTrial], skipped: Sequence[SkippedTrial], labels: Sequence[str]
) -> list[Failure]:
    """Failed trials by reason, the most frequent first; trials that could not be read come last.

    Args:
        trials: all of them.
        skipped: those that could not be read.
        labels: what to call each trial.
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for trial, label in zip(trials, labels, strict=True):
        if not trial.result.ok:
            reason = (trial.result.reason or "no reason given").strip()
            groups.setdefault((trial.result.status, _NUMBER.sub("#", reason)), []).append((reason, label))
    found = [
        Failure(members[0][0], status, tuple(label for _, label in members), len({reason for reason, _ in members}))
        for (status, _), members in groups.items()
    ]
    found.sort(key=lambda failure: -len(failure.trials))
    unread: dict[str, list[str]] = {}
    for one in skipped:
        unread.setdefault(one.reason, []).append(one.place)
    return found + [Failure(reason, "not read", tuple(places)) for reason, places in unread.items()]


def origin_facts(trials: Trials) -> list[tuple[str, str]]:
    """Pairs of a heading and its text; a heading without text is left out."""
    results = trials.results
    started = sorted(one.origin.started for one in trials if one.origin.started)
    when = sorted({f"{started[0]:%Y-%m-%d %H:%M}", f"{started[-1]:%Y-%m-%d %H:%M}"}) if started else []
    searched = sum_in_order(one.search.seconds for one in results if one.search)
    cached = sum(one.cached for one in results)
    facts = [
        ("read from", ", ".join(trials.names)),
        ("experiment", _counted(one.origin.experiment for one in trials)),
        ("study", _counted(one.origin.study for one in trials)),
        ("started", f"{' to '.join(when)} UTC" if when else ""),
        ("by", _counted(one.origin.user for one in trials)),
        ("engine", _counted(one.engine or None for one in results)),
        ("estimator", _counted(one.estimator or None for one in results)),
        ("commit", _counted(_commit(one) for one in trials)),
        ("optimality", optimality_summary(trials)),
        ("verified", verification_summary(trials)),
        (
            "searching",
            f"{short_seconds(searched)} in all{f', {cached} from the cache' if cached else ''}" * (searched > 0),
        ),
    ]
    return [(heading, text) for heading, text in facts if text]


def flags_of(trials: Trials) -> list[tuple[str, int]]:
    """Remarks on the figures, e.g. that one was interpolated, and in how many trials each occurs."""
    return grouped([one.flags for one in trials.results])


def grouped(remarks: Iterable[Iterable[str]], most_alike: int = _MOST_ALIKE) -> list[tuple[str, int]]:
    """Remarks, those of each trial, and in how many trials each occurs; the most frequent ones first.

    Of more than ``most_alike`` that say the same, numbers aside, the first one stands for all.
    """
    groups: dict[str, dict[str, set[int]]] = {}
    for number, one in enumerate(remarks):
        for flag in one:
            groups.setdefault(_NUMBER.sub("#", flag), {}).setdefault(flag, set()).add(number)
    told: list[tuple[str, int]] = []
    for alike in groups.values():
        if len(alike) > most_alike:
            told.append((f"{next(iter(alike))} (and alike)", len(set().union(*alike.values()))))
        else:
            told += [(flag, len(trials_)) for flag, trials_ in alike.items()]
    return sorted(told, key=lambda one: -one[1])


def optimality_summary(trials: Trials) -> str:
    """How many mappings are proved optimal, and how far the others may be from it. Layers count one by one."""
    known = [run.result.optimality for one in trials.results if one.ok for run in layer_runs(one)]
    by_status: Counter[str] = Counter(one.status for one in known if one)
    if not by_status:
        return ""
    gaps = [one.gap for one in known if one and one.status == "bounded" and one.gap is not None]
    words = {
        "proved": "proved optimal",
        "bounded": f"stopped early{f', at most {percent(max(gaps))} from the optimum' if gaps else ''}",
        "heuristic": "the best of those that were tried",
        "given": "given, not searched",
    }
    return "; ".join(f"{by_status[status]:,} {text}" for status, text in words.items() if by_status[status])


def verification_summary(trials: Trials) -> str:
    """How many mappings another engine evaluated with the same figures, and how many with others."""
    known = [run.result.verification for one in trials.results if one.ok for run in layer_runs(one)]
    agreed = Counter(one.by for one in known if one and one.agrees)
    explained = Counter(one.by for one in known if one and one.explanation is not None)
    differing = Counter(one.by for one in known if one and one.disputed)
    words = [f"{number:,} by {by}" for by, number in agreed.items()]
    words += [f"{number:,} with other counts of imperfect factors by {by}" for by, number in explained.items()]
    words += [f"{number:,} with other figures by {by}" for by, number in differing.items()]
    return "; ".join(words)


def _commit(trial: FinishedTrial) -> str | None:
    commit = trial.origin.commit
    return f"{commit[:12]}{' with changes' if trial.origin.modified else ''}" if commit else None


def _counted(values: Iterable[str | None]) -> str:
    """``a (3), b (1)``; without numbers where there is only one."""
    found = Counter(value for value in values if value)
    if len(found) == 1:
        return str(next(iter(found)))
    return ", ".join(f"{value} ({number:,})" for value, number in found.most_common())
