"""Running trials through a Hydra launcher, several at a time where it can."""

from __future__ import annotations

import queue
import signal
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from launcher.result import Result


@dataclass(frozen=True)
class Job:
    """A trial to be run: its number in the study, and its overrides."""

    number: int
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """A trial that ended.

    Attributes:
        number: of the trial.
        outcome: its result, or why there is none.
        folder: where its files are; None when it did not come so far.
    """

    number: int
    outcome: Result | BaseException
    folder: Path | None = None


def common_overrides(workers: int) -> tuple[str, ...]:
    """What all trials are told when so many run at a time, since they share the machine."""
    return ("mapper.threads=1",) if workers > 1 else ()


class Jobs:
    """Trials that run in a launcher.

    Every trial is a launch of its own, so a slow one keeps nobody waiting. Launches overlap in threads; one more than
    there are workers is under way, so that a worker finds its next trial while the sweep writes down the last one.
    """

    def __init__(self, launcher: Launcher, workers: int) -> None:
        self._launcher = launcher
        self._workers = workers
        self._done: queue.SimpleQueue[tuple[Job, JobReturn | BaseException]] = queue.SimpleQueue()
        self._running: set[int] = set()
        self._suspects: deque[Job] = deque()
        self._tried_again: set[int] = set()

    @property
    def room(self) -> bool:
        """Whether another trial may start now."""
        if self._suspects or self._running & self._tried_again:
            return False
        return len(self._running) < (self._workers + 1 if self._workers > 1 else 1)

    @property
    def overrides(self) -> tuple[str, ...]:
        """What all trials are told."""
        return common_overrides(self._workers)

    @property
    def busy(self) -> bool:
        return bool(self._running or self._suspects)

    def start(self, job: Job) -> None:
        """Start a trial; :meth:`wait` gives what comes out."""
        self._running.add(job.number)
        if self._workers == 1:
            self._launch(job)
        else:
            threading.Thread(target=self._launch_apart, args=(job,), name=f"trial-{job.number}", daemon=True).start()

    def wait(self, timeout_s: float) -> Ended | None:
        """The next trial that ended; None when none did in time."""
        try:
            job, outcome = self._done.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self._running.discard(job.number)
        ended = self._judge(job, outcome)
        if self._suspects and not self._running:
            again = self._suspects.popleft()
            self._tried_again.add(again.number)
            self.start(again)
        return ended

    def _judge(self, job: Job, outcome: JobReturn | BaseException) -> Ended | None:
        if isinstance(outcome, JobReturn):
            folder = Path(str(outcome.hydra_cfg.hydra.runtime.output_dir)) if outcome.hydra_cfg else None
            return Ended(job.number, _result(outcome), folder)
        if self._workers > 1 and is_death(outcome) and job.number not in self._tried_again:
            # One worker's death takes all trials with it that run beside: each gets a second chance, alone.
            self._suspects.append(job)
            return None
        return Ended(job.number, outcome)

    def _launch_apart(self, job: Job) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # Workers inherit it: Ctrl-C is for the sweep, which ends them; each would print where it was otherwise.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._launch(job)

    def _launch(self, job: Job) -> None:
        try:
            returned: Sequence[JobReturn] = self._launcher.launch([list(job.overrides)], initial_job_idx=job.number)
            self._done.put((job, returned[0]))
        except BaseException as error:
            if self._workers == 1 and not isinstance(error, Exception):
                raise  # Ctrl-C
            self._done.put((job, error))


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
