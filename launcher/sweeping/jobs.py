"""Running trials, several at a time where their launcher can."""

from __future__ import annotations

import math
import queue
import re
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hydra.core.utils import JobReturn, JobStatus

from launcher.results.result import Result
from launcher.sweeping.compositions import Compositions
from launcher.sweeping.executors import HydraLaunches, folder_of, value_of
from launcher.sweeping.trials import BatchOutcome, ComposedTrial, TrialLimits, run_batch

_TASK_S, _FAR_TASK_S = 1.0, 30.0
"""What a worker gets at once takes about so long. Handing it over takes some hundredths of a second, or seconds."""

_TOGETHER, _FAR_TOGETHER = 16, 1000
"""Trials that a worker gets at once, when they are short enough."""


@dataclass(frozen=True)
class Job:
    """A trial to be run: its number in the study, its overrides, and the folder for its files, if it leaves any."""

    number: int
    overrides: tuple[str, ...]
    folder: Path | None


@dataclass(frozen=True)
class EndedJob:
    """A trial that ended.

    Attributes:
        number: of the trial.
        outcome: its result, or why there is none.
        folder: where its files are; None when it did not come so far.
    """

    number: int
    outcome: Result | BaseException
    folder: Path | None = None


class TrialRunner(Protocol):
    """Who runs trials."""

    largest: int
    """How many it runs one after the other at most."""

    task_s: float
    """What it gets at once should take about so long."""

    def submit(self, jobs: Sequence[Job]) -> Future[BatchOutcome]:
        """Start some trials, one after the other."""


class ComposedTrials:
    """Trials that are composed here and run without Hydra."""

    def __init__(
        self, executor: Executor, compositions: Compositions, limits: TrialLimits, *, far: bool = False
    ) -> None:
        """Who runs them, what they are composed of, and whether handing trials over takes seconds (``far``)."""
        self.largest = (_FAR_TOGETHER if far else _TOGETHER) if limits.shared else 1
        self.task_s = _FAR_TASK_S if far else _TASK_S
        self.executor = executor
        self.compositions = compositions
        self.limits = limits

    def submit(self, jobs: Sequence[Job]) -> Future[BatchOutcome]:
        future: Future[BatchOutcome] = Future()
        try:
            return self.executor.submit(run_batch, [*map(self.composed, jobs)], self.limits)
        except Exception as error:
            future.set_exception(error)
            return future

    def composed(self, job: Job) -> ComposedTrial:
        """A trial that is ready to run.

        Raises:
            HydraException, OmegaConfBaseException, LauncherError: it cannot be composed.
        """
        return ComposedTrial(job.overrides, *self.compositions.of(job.overrides), job.folder)


class HydraTrials:
    """Trials that are Hydra's jobs, each on its own."""

    largest, task_s = 1, _TASK_S

    def __init__(self, launches: HydraLaunches) -> None:
        self._launches = launches

    def submit(self, jobs: Sequence[Job]) -> Future[BatchOutcome]:
        (job,) = jobs
        future: Future[BatchOutcome] = Future()

        def conclude(launched: Future[JobReturn]) -> None:
            error = launched.exception()
            if error is not None:
                future.set_exception(_in_short(error))
            else:
                returned = launched.result()
                folder = Path(folder_of(returned)) if returned.hydra_cfg else None
                future.set_result(BatchOutcome([_result(returned)], [folder], math.inf))

        self._launches.launch(job.overrides, job.number).add_done_callback(conclude)
        return future


@dataclass(frozen=True)
class _Ended:
    jobs: Sequence[Job]
    future: Future[BatchOutcome]


class Jobs:
    """Trials under way.

    A worker gets a single trial, and a slow one keeps nobody waiting, unless trials are so short that handing them
    over takes as long as they do: then it gets a few at once.
    """

    def __init__(self, runner: TrialRunner, workers: int, *, total: int = 0) -> None:
        """How trials will run.

        Args:
            runner: who runs them.
            workers: how many it runs at a time.
            total: how many there may be; towards the end workers get fewer, so that they end together.
        """
        self._runner = runner
        self._workers = workers
        self._left = total
        self._done: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
        self._running: set[int] = set()
        self._next: list[Job] = []
        self._tasks = 0  # under way: what is handed to a worker at once
        self._trial_s = math.inf
        self._suspects: deque[Job] = deque()
        self._tried_again: set[int] = set()

    @property
    def room(self) -> bool:
        """Whether another trial may start now."""
        if self._suspects or self._running & self._tried_again:
            return False
        return self._tasks < (self._workers + 1 if self._workers > 1 else 1)

    @property
    def busy(self) -> bool:
        return bool(self._running or self._suspects)

    def start(self, job: Job) -> None:
        """Start a trial, perhaps together with those that are started next; :meth:`wait` gives what comes out."""
        self._running.add(job.number)
        self._next.append(job)
        if len(self._next) >= self._together():
            self._submit_next()

    def wait(self, timeout_s: float) -> list[EndedJob]:
        """The next trials that ended; none when none did in time."""
        self._submit_next()
        try:
            one = self._done.get(timeout=timeout_s)
        except queue.Empty:
            return []
        self._tasks -= 1
        self._left -= len(one.jobs)
        self._running -= {job.number for job in one.jobs}
        ended = self._judge(one)
        if self._suspects and not self._running:
            again = self._suspects.popleft()
            self._tried_again.add(again.number)
            self.start(again)
        return ended

    def _together(self) -> int:
        """How many trials a worker gets next."""
        most = min(self._runner.largest, int(self._runner.task_s / self._trial_s), self._left // (8 * self._workers))
        return max(most, 1)

    def _submit_next(self) -> None:
        if self._next:
            jobs, self._next = tuple(self._next), []
            self._tasks += 1
            self._runner.submit(jobs).add_done_callback(lambda future: self._done.put(_Ended(jobs, future)))

    def _judge(self, ended: _Ended) -> list[EndedJob]:
        jobs, error = ended.jobs, ended.future.exception()
        if error is None:
            batch = ended.future.result()
            self._trial_s = batch.seconds / len(jobs)
            each = zip(jobs, batch.outcomes, batch.folders, strict=True)
            return [EndedJob(job.number, outcome, folder) for job, outcome, folder in each]
        if self._workers > 1 and jobs[0].number not in self._tried_again:
            # One worker's death takes all trials with it that run beside, and one result that cannot be sent those
            # that were sent with it: each gets a second chance, alone.
            self._suspects.extend(jobs)
            return []
        return [EndedJob(job.number, error) for job in jobs]


def _in_short(error: BaseException) -> BaseException:
    """submitit tells a job's whole traceback, with lines around it; the last line of it says what went wrong."""
    traced = re.search(r"failed during processing with trace:\n-+\n(.*?)\n-{10,}", str(error), re.DOTALL)
    return RuntimeError(traced[1].strip().splitlines()[-1]) if traced else error


def _result(job: JobReturn) -> Result | BaseException:
    value = value_of(job)
    if job.status == JobStatus.COMPLETED and isinstance(value, Result):
        return value
    return value if isinstance(value, BaseException) else RuntimeError(f"the trial returned {type(value).__name__}")
