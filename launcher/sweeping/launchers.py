"""What Hydra's launchers need to know or have before trials start in them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from launcher.errors import LauncherError

_BASIC = "BasicLauncher"
_JOBLIB = "JoblibLauncher"
_SLURM = "SlurmLauncher"
_RAY = "RayLauncher"

_JOBLIB_DEFAULTS = ("auto", "2*n_jobs")
_TOGETHER = 16
"""Trials that joblib hands over at once, when they are short enough."""


def workers_of(config: DictConfig, wanted: int | None) -> int:
    """How many trials a launcher runs at a time.

    Args:
        config: the multirun's configuration, with its launcher.
        wanted: ``sweep.parallel``.

    Raises:
        LauncherError: several are wanted of a launcher that runs one, or none.
    """
    if _kind(config) == _BASIC:
        if wanted not in (None, 1):
            raise LauncherError(
                f"sweep.parallel={wanted}: Hydra's basic launcher runs one trial at a time",
                hint="hydra/launcher=joblib",
            )
        return 1
    if wanted is not None:
        return wanted
    cores = os.cpu_count() or 1
    for key in ("hydra.launcher.n_jobs", "hydra.launcher.ray.init.num_cpus"):
        own = OmegaConf.select(config, key)
        if own == 0:
            raise LauncherError(f"{key}=0", expected="a number of workers, or -1 for one per core")
        if own is not None:
            return int(own) if own > 0 else max(1, cores + 1 + int(own))
    return cores


def prepare(config: DictConfig, launcher: Launcher, workers: int) -> None:
    """Start what launches share, since they overlap.

    Raises:
        LauncherError: what the launcher needs is not on this machine, or its settings cannot be used.
    """
    kind = _kind(config)
    if kind == _SLURM and shutil.which("srun") is None:
        raise LauncherError(
            "hydra/launcher=submitit_slurm: there is no Slurm on this machine (no srun)",
            hint="start the sweep on a login node of the cluster, or use hydra/launcher=joblib or submitit_local",
        )
    if kind == _RAY:
        _start_ray(launcher, workers)
    if kind == _JOBLIB:
        if most_together(config) > 1:
            # It splits what it is given evenly among workers, but only what it looks at beforehand.
            launcher.joblib.update(batch_size=_TOGETHER, pre_dispatch=workers * _TOGETHER)  # type: ignore[attr-defined]
        start_workers(config, launcher)


def start_workers(config: DictConfig, launcher: Any) -> None:
    """Start joblib's workers. Launches that overlap would all want to, and the slower ones fail at that.

    Raises:
        LauncherError: they do not start with the launcher's settings.
    """
    if _kind(config) != _JOBLIB:
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415

    from hydra_plugins.hydra_joblib_launcher._core import process_joblib_cfg  # noqa: PLC0415
    from joblib import Parallel, delayed  # noqa: PLC0415

    # A worker would start it otherwise, and Python opens the starting thread to Ctrl-C then.
    resource_tracker.ensure_running()
    settings = launcher.joblib
    settings["backend"] = "loky"
    process_joblib_cfg(settings)
    try:
        with without_interrupts():
            Parallel(**settings)([delayed(int)()])
    except Exception as error:
        raise LauncherError(
            f"joblib cannot start workers: {error}",
            where="hydra.launcher",
            hint="python launch.py hydra/launcher=joblib --cfg hydra -p hydra.launcher shows its settings",
        ) from error


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Processes that are started inside do not hear Ctrl-C, which is for the sweep, and the sweep ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def most_together(config: DictConfig) -> int:
    """How many trials of one launch a launcher gives to the same worker, one after the other; 1 for most launchers.

    joblib's own settings of this kind, when given, are left as they are.
    """
    own = config.hydra.launcher
    ours = _kind(config) == _JOBLIB and (own.batch_size, own.pre_dispatch) == _JOBLIB_DEFAULTS
    return _TOGETHER if ours else 1


def stop(config: DictConfig) -> None:
    """End trials under way: whoever interrupted the sweep does not want to wait for what will be asked again."""
    if _kind(config) == _JOBLIB:
        from joblib.externals.loky import get_reusable_executor  # noqa: PLC0415

        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _start_ray(launcher: Any, workers: int) -> None:
    # The launcher would start Ray in its first launch; several at once would start it several times.
    from hydra_plugins.hydra_ray_launcher._launcher_util import start_ray  # noqa: PLC0415

    settings = launcher.ray_cfg.init
    if "address" not in settings and settings.get("num_cpus") is None:
        settings["num_cpus"] = workers
    start_ray(settings)


def _kind(config: DictConfig) -> str:
    return str(config.hydra.launcher._target_).rpartition(".")[2]
