"""The whole check of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from launcher.commands.check.study.boxes import check_best, check_boxes
from launcher.commands.check.study.folders import KeptDesigns
from launcher.commands.check.study.leftovers import check_page, check_reach, check_trials_csv
from launcher.commands.check.study.question import changed_since, check_question
from launcher.commands.check.study.record import Numbers, StudyRecord, read_record
from launcher.commands.check.study.sample import check_sample, sample_of
from launcher.commands.check.study.searches import check_searches, to_be_searched
from launcher.commands.check.study.table import check_table
from launcher.commands.check.study.trials import StudyTrials
from launcher.sweeping.exhaustive.table import STATUSES


@dataclass(frozen=True)
class Effort:
    """How much of a study is looked at again.

    Attributes:
        sample: points that are composed again.
        search: points that are mapped again, of those not searched and of those whose files were not kept, each.
        seed: which ones.
    """

    sample: int = 200
    search: int = 5
    seed: int = 0


def check_study(folder: Path, effort: Effort, config_dir: Path | None = None) -> tuple[list[str], str]:
    """What is wrong with a study, one sentence each; and what to say when nothing is.

    Args:
        folder: of the study.
        effort: how much is looked at again.
        config_dir: groups of the user's own, where the study has such.

    Raises:
        LauncherError: a file is missing or damaged.
    """
    record = read_record(folder, config_dir)
    problems = [*check_question(record)]
    if problems:  # the rest would be held against another question
        return problems, ""
    problems = [*check_table(record), *check_best(record), *check_boxes(record)]
    # What is composed, evaluated and mapped is compared with these files, so they must agree with each other.
    if problems and not _only_open(problems):
        return problems, ""
    trials, draw = StudyTrials(record.study), np.random.default_rng(effort.seed)
    kept = KeptDesigns(record, trials)
    problems += [*kept.check(), *check_trials_csv(record), *check_reach(record), *check_page(record)]
    sample = sample_of(record, effort.sample, draw)
    problems += check_sample(record, trials, sample)
    again = to_be_searched(record, kept.numbers, effort.search, draw)
    problems += check_searches(record, trials, again)
    return problems, "" if problems else _summary(record, kept.numbers, sample, again)


def _only_open(problems: Sequence[str]) -> bool:
    return len(problems) == 1 and problems[0].startswith("it is not complete")


def _summary(record: StudyRecord, kept: Sequence[int], sample: Numbers, again: Numbers) -> str:
    """What was checked, and what is taken on trust."""
    counts = {word: int(record.having(word).sum()) for word in STATUSES}
    told = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    best = len(record.certificate.best)
    lines = [
        f"all right; {record.points.size:,} points: {told}; {best:,} best, "
        f"{len(kept):,} designs evaluated again, {len(sample):,} points composed again, {len(again):,} mapped again"
    ]
    searched = counts["searched"] - sum(record.having("searched")[kept])
    boxes = record.points.box[record.having("excluded") | record.having("infeasible") | record.having("limit")]
    used = len(np.unique(boxes[boxes >= 0]))
    trusted = [f"the bounds of {used:,} boxes"] if used else []
    trusted += [f"the figures of {searched:,} searched points whose files were not kept"] if searched else []
    trusted += [f"that {counts['infeasible']:,} points have no mapping"] if counts["infeasible"] else []
    if trusted:
        but = f", but for those {len(again):,}" if len(again) else ""
        lines.append(f"on trust: {' and '.join(trusted)}{but}")
    changed = changed_since(record)
    if changed:
        lines.append(f"since then changed: {' and '.join(changed)} of the launcher, and the figures did not")
    return "\n  ".join(lines)
