"""The loop of a sweep: asking for points, running them, telling what came out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, Trial

from launcher.config.explain import explain
from launcher.config.sweep_schema import Kept
from launcher.disks import FullDiskError
from launcher.errors import LauncherError
from launcher.figures import METRICS
from launcher.interrupts import stop_asked
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.trials import trial_line
from launcher.results.caveats import caveats
from launcher.results.files import RESULT_JSON, read_result
from launcher.results.metrics import recorded_metrics
from launcher.results.parameters import point_name
from launcher.results.result import Result
from launcher.results.trial_rows import PRUNED, TrialRow, remark_of
from launcher.sweeping.executors import is_death
from launcher.sweeping.jobs import EndedJob, Job, Jobs
from launcher.sweeping.parent import ParentRun
from launcher.sweeping.plan import SweepPlan
from launcher.sweeping.points.interface import Key, Point, key_of
from launcher.sweeping.progress import ProgressLine
from launcher.sweeping.pruning import PointBounds
from launcher.sweeping.rows import common_reasons, study_rows, trial_row
from launcher.sweeping.study import SharedStudy, is_begun, result_of
from launcher.trial.run import failed

_WAIT_S = 1.0
_LOOK_EVERY_S = 30.0


@dataclass
class _Open:
    """A trial under way, and those that wait for it because their points are the same."""

    trial: Trial
    point: Point
    folder: Path | None
    resumed: bool = False
    same: list[Trial] = field(default_factory=list)


class SweepLoop:
    """One process's part in a sweep."""

    def __init__(
        self,
        plan: SweepPlan,
        study: SharedStudy,
        jobs: Jobs,
        common: Sequence[str],
        parent: ParentRun,
        progress: ProgressLine,
        bounds: PointBounds | None = None,
    ) -> None:
        """A part that has not begun.

        Args:
            plan, study, jobs, parent, progress: of the sweep.
            common: what all trials are told beside their points.
            bounds: tells points that cannot be the best; None where none is to be left out.
        """
        self._bounds = bounds
        self._best: float | None = None  # the least loss of the first objective so far
        self._plan = plan
        self._points = plan.points
        self._goals = plan.goals
        self._study = study
        self._jobs = jobs
        self._common = tuple(common)
        self._parent = parent
        self._progress = progress
        self._open: dict[int, _Open] = {}
        self._known: dict[Key, tuple[int, Mapping[str, Any]]] = {}
        self._tried: set[Key] = set()
        self._learnt = 0  # so many of the study's finished trials are remembered
        self._failures = 0
        self._abandoned: list[Trial] = []
        self._look_again = 0.0
        limit = plan.settings.timeout_s
        self._deadline = time.monotonic() + limit if limit else inf

    def run(self) -> None:
        """Go on until all trials were made, there are no more points, time is up or too much fails.

        Raises:
            LauncherError: more trials failed than ``sweep.max_failures`` allows.
            KeyboardInterrupt: Ctrl-C; what was under way is left for the next run of the same sweep.
        """
        rows = self._rows()
        self._progress.earlier(rows)
        self._failures = sum(row.fails for row in rows)
        while True:
            if stop_asked():
                raise KeyboardInterrupt
            while self._jobs.room:
                if self._left_over():
                    self._take_over(self._abandoned.pop())
                elif self._wants_more():
                    self._start(self._study.ask(self._folder_of))
                else:
                    break
            if not self._jobs.busy:
                return
            for ended in self._jobs.wait(_WAIT_S):
                if stop_asked():  # Ctrl-C reaches workers too: what they say then is no result
                    break
                self._end(ended)
                self._check_failures()

    def _rows(self) -> list[TrialRow]:
        return study_rows(self._study.trials, self._points, self._goals)

    def _left_over(self) -> bool:
        """Whether there are trials of processes that died; others die while this one runs."""
        if not self._abandoned and time.monotonic() > self._look_again:
            self._look_again = time.monotonic() + _LOOK_EVERY_S
            self._learn()
            for trial, left_in in self._study.abandoned():
                # What ended is told before anything is run, which may be the same again.
                if not self._conclude_left(trial, left_in):
                    self._abandoned.append(trial)
        return bool(self._abandoned)

    def _conclude_left(self, trial: Trial, left_in: Path | None) -> bool:
        """Tell what came out of a trial of a process that died; False when it has to be run."""
        finished = _finished_before(left_in, trial) if left_in else None
        kept: Mapping[str, Any] | None = result_of(trial)
        if (finished is None and kept is None) or not self._study.is_abandoned(trial):
            return False
        if finished is not None and left_in is not None:
            self._study.claim(trial, left_in)
            self._conclude(_Open(trial, self._points.choose(trial), left_in, resumed=True), finished)
        elif kept is not None:  # written down, not told; its files are gone
            self._study.claim(trial, self._folder_of(trial))
            self._tell(trial, kept)
        return True

    def _take_over(self, trial: Trial) -> None:
        if self._study.is_abandoned(trial):
            self._study.claim(trial, self._folder_of(trial))
            self._start(trial, resumed=True)

    def _learn(self) -> Sequence[FrozenTrial]:
        """Remember what finished, in other processes too; the trials under way."""
        under_way, finished = self._study.under_way(), self._study.finished
        for trial in finished[self._learnt :]:
            self._remember(trial, result_of(trial))
        self._learnt = len(finished)
        return under_way

    def _wants_more(self) -> bool:
        if time.monotonic() > self._deadline:
            return False
        under_way = self._learn()
        if self._points.size is not None:
            return len(self._tried) + len(self._not_tried(under_way)) < self._points.total
        return len(self._study.finished) + len(under_way) < self._points.total

    def _not_tried(self, under_way: Sequence[FrozenTrial]) -> set[Key]:
        """The points under way, in other processes too, that were not tried before.

        A trial whose point its process has not chosen yet counts as one more.
        """
        points = [(trial, self._points.point_of(trial)) for trial in under_way]
        whole = len(self._points.names)
        keys = {key_of(point) if len(point) == whole else (("trial", trial.number),) for trial, point in points}
        return keys - self._tried

    def _start(self, trial: Trial, *, resumed: bool = False) -> None:
        if self._plan.is_grid and trial.number >= self._points.total:
            self._study.drop(trial)
            return
        point = self._points.choose(trial)
        same = self._known.get(key_of(point))
        if same is not None:
            number, result = same
            self._reuse(trial, number, result)
            return
        for one in self._open.values():
            if key_of(one.point) == key_of(point):
                one.same.append(trial)
                return
        if not resumed and self._is_under_way_elsewhere(trial, key_of(point)):
            self._study.drop(trial)
            return
        overrides = (*self._points.overrides(trial), *self._common)
        hopeless = self._bounds.hopeless(overrides, self._best) if self._bounds and not resumed else None
        if hopeless is not None:
            self._leave_out(trial, {"status": PRUNED, "reason": hopeless, "metrics": {}, "remark": "", "folder": ""})
            return
        folder = self._folder_of(trial) if self._plan.settings.keep is Kept.all else None
        number = self._points.number_of(trial)
        self._open[number] = _Open(trial, point, folder, resumed)
        self._jobs.start(Job(number, overrides, folder))

    def _is_under_way_elsewhere(self, trial: Trial, key: Key) -> bool:
        """Whether another process tries the same point, which it may have chosen at this very moment.

        Of two that choose at once, the one that asked first goes on. It looks before it begins, and once more then:
        who does not see the other the second time was seen to have begun.
        """
        if self._plan.is_grid or not self._study.has_company:
            return False

        def rivals() -> list[FrozenTrial]:
            return [one for one in self._study.rivals() if key_of(self._points.point_of(one)) == key]

        if any(is_begun(one) or one.number < trial.number for one in rivals()):
            return True
        self._study.begin(trial)
        return any(one.number < trial.number for one in rivals())

    def _leave_out(self, trial: Trial, record: Mapping[str, Any]) -> None:
        self._study.keep(trial, record)
        self._study.leave_out(trial)
        self._remember(trial, record)
        self._progress.add(trial_row(trial, record, self._points, self._goals))

    def _folder_of(self, trial: Trial) -> Path:
        return self._plan.folder / str(self._points.number_of(trial))

    def _end(self, ended: EndedJob) -> None:
        one = self._open.pop(ended.number)
        one.folder = ended.folder or one.folder
        outcome = ended.outcome
        if isinstance(outcome, FullDiskError):
            raise outcome  # nothing is known of this trial, and the next ones would find no room, either
        if not isinstance(outcome, Result):
            outcome = failed(f"trial {ended.number}", dict(one.point), _told(outcome))
            if one.folder is not None:
                write_artifacts(outcome, one.folder)
        self._conclude(one, outcome)

    def _conclude(self, one: _Open, result: Result) -> None:
        """Write down, record, tell: in this order, so that a kill in between loses nothing and doubles nothing."""
        metrics = recorded_metrics(result)
        status, reason = result.status, result.reason
        lacking = self._goals.missing(metrics) if result.ok else None
        if lacking is not None:
            status, reason = "failed", f"{lacking} has no value; there are {', '.join(sorted(metrics)[:12])}, ..."
        wanted = (*METRICS, *self._goals.metrics)
        record = {
            "status": status,
            "reason": reason,
            "metrics": {name: metrics[name] for name in dict.fromkeys(wanted) if name in metrics},
            "remark": remark_of(result),
            "caveats": list(caveats(result)) if isinstance(result, Result) else [],
            "folder": str(one.folder or ""),
        }
        self._study.keep(one.trial, record)
        number = self._points.number_of(one.trial)
        if one.folder is not None:
            name = point_name(one.point, self._points.columns)
            self._parent.record(number, result, one.folder, name, again=one.resumed)
        label = point_name(one.point, self._points.columns) or f"trial {number}"
        self._tell(one.trial, record, trial_line(result, label) if self._plan.is_grid else "")
        for trial in one.same:
            self._reuse(trial, number, record)

    def _reuse(self, trial: Trial, number: int, record: Mapping[str, Any]) -> None:
        shared = {**record, "same_as": record.get("same_as", number)}
        if record["status"] == PRUNED:
            self._leave_out(trial, shared)
        else:
            self._study.keep(trial, shared)
            self._tell(trial, shared)

    def _tell(self, trial: Trial, record: Mapping[str, Any], said: str = "") -> None:
        row = trial_row(trial, record, self._points, self._goals)
        values = self._goals.values(row.metrics) if row.ok else None
        searched = row.ok and not self._plan.is_grid  # only Optuna's samplers ask how far a limit is missed
        limits = {str(one): one.violation(row.metrics) for one in self._goals.constraints} if searched else {}
        self._study.tell(trial, values, limits)
        self._remember(trial, record, here=True)
        self._failures += row.fails
        self._progress.add(row, said)

    def _remember(self, trial: Trial | FrozenTrial, record: Mapping[str, Any] | None, *, here: bool = False) -> None:
        """What failed elsewhere for a reason outside the model may succeed ``here``."""
        if record is None:
            return
        key = key_of(self._points.point_of(trial))
        self._tried.add(key)
        if here or record["status"] != "failed":
            self._known.setdefault(key, (self._points.number_of(trial), record))
        if record["status"] == "ok" and not self._goals.broken(record["metrics"]):
            loss = self._goals.losses(record["metrics"])[0]
            self._best = loss if self._best is None else min(self._best, loss)

    def _check_failures(self) -> None:
        share, total = self._plan.settings.max_failures, self._points.total
        if share * total < self._failures < total:
            many = "trial" if self._failures == 1 else "trials"
            raise LauncherError(
                f"{self._failures} {many} failed, more than sweep.max_failures={share:g} of {total}: "
                f"{common_reasons(self._rows())}",
                hint="narrow the space, or raise sweep.max_failures: the same command goes on from here; with "
                "sweep.restart=true it begins anew",
            )


def _told(error: BaseException) -> BaseException:
    """Why a trial has no result, for a person."""
    if is_death(error):
        return LauncherError("its worker process was killed, perhaps for lack of memory")
    told = explain(error)
    return error if str(told) == "" else told


def _finished_before(folder: Path, trial: Trial) -> Result | None:
    """The result of a trial that ended just before its sweep was killed."""
    file = folder / RESULT_JSON
    started = trial.datetime_start
    try:
        if started is None or file.stat().st_mtime < started.timestamp():
            return None
        return read_result(folder)
    except (OSError, LauncherError):
        return None
