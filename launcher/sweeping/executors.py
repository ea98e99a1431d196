"""Running functions where Hydra's launchers run jobs: one ``Executor`` for each of them."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from copy import copy
from functools import partial
from itertools import count
from typing import Any, TypeVar

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from launcher.sweeping.launchers import BASIC, JOBLIB, kind_of_launcher, without_interrupts

_Out = TypeVar("_Out")

_THREAD = "trial-"
_IDLE_S = 300.0
"""Workers without work end after so long."""

_THREADS_OF_LIBRARIES = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR")


def executor_of(config: DictConfig, launcher: Launcher, workers: int) -> Executor:
    """What runs functions where the configuration's launcher would run jobs.

    ``submit(function, *arguments)`` returns a future. In this process it returns when the function does, and Ctrl-C
    passes; elsewhere, functions and arguments are pickled. Its ``shutdown`` ends nothing that others may use.

    Args:
        config: the multirun's configuration.
        launcher: its launcher.
        workers: how many functions run at a time.
    """
    kind = kind_of_launcher(config)
    if kind == BASIC or (kind == JOBLIB and workers == 1):
        return InProcess()
    if kind == JOBLIB:
        return LokyWorkers(workers)
    return HydraLaunches(launcher, apart=workers > 1)


def in_turn(
    executor: Executor, workers: int, task: Callable[..., _Out], calls: Iterable[Sequence[Any]]
) -> Iterator[Future[_Out]]:
    """Futures of calls of a function, in order; no more are handed out than keeps ``workers`` busy.

    What lies in wait with joblib's workers when Ctrl-C ends them makes joblib complain, and keeps others running.
    """
    under_way: deque[Future[_Out]] = deque()
    for arguments in calls:
        if len(under_way) > (workers if workers > 1 else 0):
            yield under_way.popleft()
        under_way.append(executor.submit(task, *arguments))
    yield from under_way


class InProcess(Executor):
    """Runs functions at once."""

    def submit(self, fn: Callable[..., _Out], /, *args: Any, **kwargs: Any) -> Future[_Out]:
        future: Future[_Out] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class LokyWorkers(Executor):
    """joblib's worker processes, which stay for the next sweep; new ones come when one of them is killed.

    They are joblib's own in every respect, so that whatever else uses joblib in this process goes on using them.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        threads = str(max(1, (os.cpu_count() or 1) // workers))
        self._environment = {f"{name}_NUM_THREADS": threads for name in _THREADS_OF_LIBRARIES}
        self._pool: Any = None

    def submit(self, fn: Callable[..., _Out], /, *args: Any, **kwargs: Any) -> Future[_Out]:
        with without_interrupts():  # it may start processes
            if self._pool is not None:
                try:
                    return self._submitted(fn, *args, **kwargs)
                except Exception as error:  # its workers died, or whoever else uses joblib has made another one
                    if not is_death(error):
                        raise
            self._pool = self._made()
            return self._submitted(fn, *args, **kwargs)

    def _submitted(self, fn: Callable[..., _Out], *args: Any, **kwargs: Any) -> Future[_Out]:
        future: Future[_Out] = self._pool.submit(fn, *args, **kwargs)
        return future

    def _made(self) -> Any:
        """joblib's pool. Each time that it is asked for, it keeps another folder for large arrays."""
        from multiprocessing import resource_tracker  # noqa: PLC0415

        from joblib.executor import get_memmapping_executor  # noqa: PLC0415

        # A worker would start it otherwise, and Python opens the starting thread to Ctrl-C then.
        resource_tracker.ensure_running()
        return get_memmapping_executor(self._workers, timeout=_IDLE_S, env=self._environment)


class HydraLaunches(Executor):
    """Runs functions as jobs of a launcher of Hydra's: on Ray, on Slurm, or whatever else it reaches."""

    def __init__(self, launcher: Launcher, *, apart: bool) -> None:
        """``apart``: whether launches overlap, each in a thread of its own."""
        self._launcher = launcher
        self._apart = apart
        self._numbers = count()

    def submit(self, fn: Callable[..., _Out], /, *args: Any, **kwargs: Any) -> Future[_Out]:
        """Run a function in a job whose own folder is hidden in the sweep's."""
        launcher, number = copy(self._launcher), next(self._numbers)
        launcher.task_function = partial(_without_config, partial(fn, *args, **kwargs))  # type: ignore[attr-defined]
        future: Future[_Out] = Future()
        self._start(launcher, [f"hydra.sweep.subdir=.jobs/{number}"], number, future, _returned)
        return future

    def launch(self, overrides: Sequence[str], number: int) -> Future[JobReturn]:
        """Run the sweep's own task with these overrides, as the job with this number."""
        future: Future[JobReturn] = Future()
        self._start(self._launcher, overrides, number, future, lambda one: one)
        return future

    def _start(
        self,
        launcher: Launcher,
        overrides: Sequence[str],
        number: int,
        future: Future[_Out],
        take: Callable[[JobReturn], _Out],
    ) -> None:
        def run() -> None:
            try:
                (job,) = launcher.launch([list(overrides)], initial_job_idx=number)
                future.set_result(take(job))
            except BaseException as error:
                if not self._apart and not isinstance(error, Exception):
                    raise  # Ctrl-C
                future.set_exception(error)

        def run_apart() -> None:
            with without_interrupts():
                run()

        if self._apart:
            threading.Thread(target=run_apart, name=f"{_THREAD}{number}", daemon=True).start()
        else:
            run()


class ResultOnly(Callback):
    """A Hydra callback that leaves of a job's configuration only what is read.

    Workers send the configuration back twice with every result, which takes longer than a small search.
    """

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        job_return.cfg = None
        job_return.hydra_cfg = OmegaConf.create({"hydra": {"runtime": {"output_dir": folder_of(job_return)}}})


def folder_of(job: JobReturn) -> str:
    """Where a job's files are."""
    return str(job.hydra_cfg.hydra.runtime.output_dir)  # type: ignore[union-attr]


def value_of(job: JobReturn) -> Any:
    """What a job returned, or raised. ``JobReturn.return_value`` would raise it."""
    return job._return_value


def await_launches(seconds: float) -> None:
    """Let launches whose workers were stopped clean up behind themselves, for so long at most.

    A process that ends meanwhile cleans up as well, and joblib then complains that there is nothing left to remove.
    """
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name.startswith(_THREAD):
            thread.join(max(0.0, deadline - time.monotonic()))


def is_death(error: BaseException) -> bool:
    """Whether a worker process was killed, rather than a function went wrong."""
    return type(error).__name__ in (
        "TerminatedWorkerError",
        "BrokenProcessPool",
        "ShutdownExecutorError",
        "WorkerCrashedError",
    )


def _without_config(call: Callable[[], _Out], config: DictConfig) -> _Out:
    return call()


def _returned(job: JobReturn) -> Any:
    value = value_of(job)
    if job.status != JobStatus.COMPLETED:
        raise value if isinstance(value, BaseException) else RuntimeError(f"the job failed: {value}")
    return value
