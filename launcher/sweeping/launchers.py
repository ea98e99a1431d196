"""What Hydra's launchers need to know or have before trials start in them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from launcher.errors import LauncherError

BASIC = "BasicLauncher"
JOBLIB = "JoblibLauncher"
_SLURM = "SlurmLauncher"
_SUBMITIT = "LocalLauncher"
_RAY = "RayLauncher"
_FAR = (_SLURM, _SUBMITIT, _RAY)

_SUBDIR = "${hydra.job.num}"
_OUTPUT = ".hydra"
_NO_LOGGING = "none"


def workers_of(config: DictConfig, wanted: int | None) -> int:
    """How many trials a launcher runs at a time.

    Args:
        config: the multirun's configuration, with its launcher.
        wanted: ``sweep.parallel``.

    Raises:
        LauncherError: several are wanted of a launcher that runs one, or none.
    """
    if kind_of_launcher(config) == BASIC:
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
    """Start what launches of Hydra's jobs share, since they overlap.

    Raises:
        LauncherError: what the launcher needs is not on this machine, or its settings cannot be used.
    """
    kind = kind_of_launcher(config)
    if kind == _SLURM and shutil.which("srun") is None:
        raise LauncherError(
            "hydra/launcher=submitit_slurm: there is no Slurm on this machine (no srun)",
            hint="start the sweep on a login node of the cluster, or use hydra/launcher=joblib or submitit_local",
        )
    if kind == _RAY:
        _start_ray(launcher, workers)
    if kind == JOBLIB:
        _start_workers(launcher)


def needs_hydra(config: DictConfig, swept: Sequence[str]) -> bool:
    """Whether trials must be Hydra's jobs: in launchers unknown here, or where Hydra's own is to happen to them.

    Callbacks, folders named in another way, variables of the environment, logging, references to Hydra's
    configuration, and settings of joblib beyond the number of workers are Hydra's own.

    Args:
        config: the multirun's configuration.
        swept: the swept keys.
    """
    kind, hydra, choices = kind_of_launcher(config), config.hydra, config.hydra.runtime.choices
    raw: Any = OmegaConf.to_container(hydra, resolve=False)
    task = OmegaConf.to_yaml(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]))
    return (
        kind not in (BASIC, JOBLIB, *_FAR)
        or (kind == JOBLIB and not _is_usual(raw["launcher"]))
        or raw["sweep"]["subdir"] != _SUBDIR
        or raw["output_subdir"] != _OUTPUT
        or bool(raw["callbacks"] or raw["job"]["env_set"] or raw["job"]["chdir"])
        or choices.get("hydra/job_logging") != _NO_LOGGING
        or any(name.startswith("hydra") for name in swept)
        or "${hydra" in task
    )


def hands_over_slowly(config: DictConfig) -> bool:
    """Whether a job takes seconds to start, so that it had better run many trials: on Ray, and through submitit."""
    return kind_of_launcher(config) in _FAR


def _is_usual(settings: Mapping[str, Any]) -> bool:
    """Whether joblib's launcher is left as it is, the number of workers aside."""
    from hydra_plugins.hydra_joblib_launcher.config import JobLibLauncherConf  # noqa: PLC0415

    usual = vars(JobLibLauncherConf())
    return all(value == usual.get(key) for key, value in settings.items() if key != "n_jobs")


def _start_workers(launcher: Any) -> None:
    """Start joblib's workers. Launches that overlap would all want to, and the slower ones fail at that.

    Raises:
        LauncherError: they do not start with the launcher's settings.
    """
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


def stop(config: DictConfig) -> None:
    """End trials under way: whoever interrupted the sweep does not want to wait for what will be asked again."""
    if kind_of_launcher(config) == JOBLIB:
        from joblib.externals.loky import get_reusable_executor  # noqa: PLC0415

        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _start_ray(launcher: Any, workers: int) -> None:
    # The launcher would start Ray in its first launch; several at once would start it several times.
    from hydra_plugins.hydra_ray_launcher._launcher_util import start_ray  # noqa: PLC0415

    settings = launcher.ray_cfg.init
    if "address" not in settings and settings.get("num_cpus") is None:
        settings["num_cpus"] = workers
    start_ray(settings)


def kind_of_launcher(config: DictConfig) -> str:
    """The launcher's class, :data:`BASIC` for example."""
    return str(config.hydra.launcher._target_).rpartition(".")[2]
