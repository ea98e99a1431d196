"""Running trials through a Hydra launcher, several at a time where it can."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from launcher.results.result import Result
from launcher.sweeping.launchers import without_interrupts

_THREAD = "trial-"
_TASK_S = 1.0
"""What a worker gets at once takes about so long. Handing it over takes some hundredths of a second."""


@dataclass(frozen=True)
class Job:
    """A trial to be run: its number in the study, and its overrides."""

    number: int
    overrides: tuple[str, ...]


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


@dataclass(frozen=True)
class _Launch:
    """What a launch of some trials returned, in their order, or why it returned nothing."""

    jobs: Sequence[Job]
    outcome: Sequence[JobReturn] | BaseException
    seconds: float


class ResultOnly(Callback):
    """A Hydra callback that leaves of a trial's configuration only what the sweep reads.

    Workers send the configuration back twice with every result, which takes longer than a small search.
    """

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        job_return.cfg = None
        job_return.hydra_cfg = OmegaConf.create({"hydra": {"runtime": {"output_dir": _folder(job_return)}}})


class Jobs:
    """Trials that run in a launcher.

    Launches overlap in threads, so that a worker finds its next trial while the sweep writes down the last one. A
    launch is a single trial, and a slow one keeps nobody waiting, unless trials are so short that handing them over
    takes as long as they do: then a launch is a few for every worker.
    """

    def __init__(self, launcher: Launcher, workers: int, *, total: int = 0, largest: int = 1) -> None:
        """How trials will run.

        Args:
            launcher: who runs them.
            workers: how many it runs at a time.
            total: how many there may be; towards the end launches are smaller, so that workers end together.
            largest: how many trials of one launch the launcher gives to a worker, one after the other.
        """
        self._launcher = launcher
        self._workers = workers
        self._left = total
        self._largest = largest
        self._done: queue.SimpleQueue[_Launch] = queue.SimpleQueue()
        self._running: set[int] = set()
        self._next: list[Job] = []
        self._tasks = 0  # under way: what a launch hands to one worker
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
        if self._next and job.number != self._next[-1].number + 1:
            self._launch_next()  # a launcher numbers the trials of a launch itself
        self._running.add(job.number)
        self._next.append(job)
        if len(self._next) >= self._together():
            self._launch_next()

    def wait(self, timeout_s: float) -> list[EndedJob]:
        """The next trials that ended; none when none did in time."""
        self._launch_next()
        try:
            launch = self._done.get(timeout=timeout_s)
        except queue.Empty:
            return []
        # A launch takes the longer, the more is under way beside it.
        worker_s = launch.seconds * self._workers / max(self._tasks, self._workers)
        self._trial_s = worker_s * self._tasks_of(launch.jobs) / len(launch.jobs)
        self._tasks -= self._tasks_of(launch.jobs)
        self._left -= len(launch.jobs)
        self._running -= {job.number for job in launch.jobs}
        ended = self._judge(launch)
        if self._suspects and not self._running:
            again = self._suspects.popleft()
            self._tried_again.add(again.number)
            self.start(again)
        return ended

    def _together(self) -> int:
        """How many trials the next launch has."""
        if self._largest == 1:
            return 1
        of_a_worker = min(self._largest, int(_TASK_S / self._trial_s), self._left // (8 * self._workers))
        return of_a_worker * self._workers if of_a_worker > 1 else 1

    def _tasks_of(self, jobs: Sequence[Job]) -> int:
        return min(len(jobs), self._workers)

    def _launch_next(self) -> None:
        if self._next:
            self._launch(self._next)
            self._next = []

    def _judge(self, launch: _Launch) -> list[EndedJob]:
        jobs, outcome = launch.jobs, launch.outcome
        if not isinstance(outcome, BaseException):
            return [_ended(job, one) for job, one in zip(jobs, outcome, strict=True)]
        if self._workers > 1 and jobs[0].number not in self._tried_again:
            # One worker's death takes all trials with it that run beside, and one result that cannot be sent those of
            # its launch: each gets a second chance, alone.
            self._suspects.extend(jobs)
            return []
        return [EndedJob(job.number, outcome) for job in jobs]

    def _launch(self, jobs: Sequence[Job]) -> None:
        self._tasks += self._tasks_of(jobs)
        if self._workers == 1:
            self._run(jobs)
        else:
            threading.Thread(
                target=self._run_apart, args=(jobs,), name=f"{_THREAD}{jobs[0].number}", daemon=True
            ).start()

    def _run_apart(self, jobs: Sequence[Job]) -> None:
        with without_interrupts():
            self._run(jobs)

    def _run(self, jobs: Sequence[Job]) -> None:
        started = time.monotonic()
        outcome: Sequence[JobReturn] | BaseException
        try:
            outcome = self._launcher.launch([list(job.overrides) for job in jobs], initial_job_idx=jobs[0].number)
        except BaseException as error:
            if self._workers == 1 and not isinstance(error, Exception):
                raise  # Ctrl-C
            outcome = error
        self._done.put(_Launch(jobs, outcome, time.monotonic() - started))


def await_launches(seconds: float) -> None:
    """Let launches whose workers were stopped clean up behind themselves, for so long at most.

    A process that ends meanwhile cleans up as well, and joblib then complains that there is nothing left to remove.
    """
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name.startswith(_THREAD):
            thread.join(max(0.0, deadline - time.monotonic()))


def _ended(job: Job, returned: JobReturn) -> EndedJob:
    return EndedJob(job.number, _result(returned), Path(_folder(returned)) if returned.hydra_cfg else None)


def _folder(job: JobReturn) -> str:
    return str(job.hydra_cfg.hydra.runtime.output_dir)  # type: ignore[union-attr]


def _result(job: JobReturn) -> Result | BaseException:
    """What a job returned. ``JobReturn.return_value`` would raise what the job raised."""
    value: Any = job._return_value
    if job.status == JobStatus.COMPLETED and isinstance(value, Result):
        return value
    return value if isinstance(value, BaseException) else RuntimeError(f"the trial returned {type(value).__name__}")


def is_death(error: BaseException) -> bool:
    """Whether a worker process was killed, rather than a trial went wrong."""
    return type(error).__name__ in (
        "TerminatedWorkerError",
        "BrokenProcessPool",
        "ShutdownExecutorError",
        "WorkerCrashedError",
    )
