"""Functions run wherever a launcher would run trials."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from launcher.config.schema import register
from launcher.paths import data_folder
from launcher.sweeping.executors import HydraLaunches, executor_of, is_death
from launcher.sweeping.launchers import hands_over_slowly, needs_hydra

ASKED = ("hydra/sweeper=basic", "hydra.sweep.dir={0}")
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@contextmanager
def multirun(folder: Path, *overrides: str) -> Iterator[tuple[DictConfig, Launcher]]:
    register()
    with initialize_config_dir(str(data_folder("conf")), version_base="1.3", job_name="test"):
        loader = GlobalHydra.instance().config_loader()
        asked = [*(one.format(folder) for one in ASKED), "hydra.job.num=0", *overrides]
        config = loader.load_configuration("config", asked, RunMode.MULTIRUN)
        context = HydraContext(loader, Callbacks())
        yield (
            config,
            Plugins.instance().instantiate_launcher(
                hydra_context=context, task_function=lambda config: str(config.arch.name), config=config
            ),
        )


def check(executor: Executor) -> None:
    running = [executor.submit(math.gcd, number, 12) for number in (8, 9, 12)]
    assert [one.result(100) for one in running] == [4, 3, 12]
    failing = executor.submit(math.sqrt, -1)
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        failing.result(100)


@pytest.mark.parametrize("asked", [(), JOBLIB], ids=["basic", "joblib"])
def test_functions_run_where_trials_would(tmp_path: Path, asked: tuple[str, ...]) -> None:
    with multirun(tmp_path, *asked) as (config, launcher):
        executor = executor_of(config, launcher, 2 if asked else 1)
        check(executor)
        assert (executor.submit(os.getpid).result(100) == os.getpid()) == (not asked)


@pytest.mark.parametrize("asked", [(), JOBLIB], ids=["basic", "joblib"])
def test_functions_run_as_hydras_jobs(tmp_path: Path, asked: tuple[str, ...]) -> None:
    with multirun(tmp_path, *asked) as (_, launcher):
        executor = HydraLaunches(launcher, apart=False)
        check(executor)
        returned = executor.launch(["arch=pim"], 7).result(100)
        assert returned.return_value == "pim"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".jobs", "7"]


def test_workers_that_are_killed_are_replaced(tmp_path: Path) -> None:
    with multirun(tmp_path, *JOBLIB) as (config, launcher):
        executor = executor_of(config, launcher, 2)
        death = executor.submit(os._exit, 1).exception(100)
        assert death is not None
        assert is_death(death)
        check(executor)


@pytest.mark.parametrize(
    ("overrides", "needed"),
    [
        ((), False),
        (JOBLIB, False),
        ((*JOBLIB, "hydra.launcher.batch_size=2"), True),
        (("hydra.sweep.subdir=${hydra.job.override_dirname}",), True),
        (("+hydra.job.env_set.X=1",), True),
        (("hydra.job.chdir=true",), True),
        (("hydra/job_logging=default",), True),
        (("arch.label='${hydra:job.num}'",), True),
        (("+hydra.callbacks.own._target_=hydra.experimental.callback.Callback",), True),
    ],
    ids=str,
)
def test_trials_are_hydras_jobs_where_hydra_does_something_with_them(
    tmp_path: Path, overrides: tuple[str, ...], needed: bool
) -> None:
    with multirun(tmp_path, *overrides) as (config, _):
        assert needs_hydra(config, ["arch.rows"]) == needed
        assert needs_hydra(config, ["hydra.job.name"])


@pytest.mark.parametrize(("launcher", "needed"), [("RayLauncher", False), ("LocalLauncher", False), ("Own", True)])
def test_trials_are_hydras_jobs_in_launchers_that_are_not_known(tmp_path: Path, launcher: str, needed: bool) -> None:
    with multirun(tmp_path) as (config, _):
        config.hydra.launcher._target_ = f"somewhere.{launcher}"
        assert needs_hydra(config, ["arch.rows"]) == needed
        assert hands_over_slowly(config) != needed
