"""``hydra/sweeper=grid`` and ``hydra/sweeper=optuna``: the launcher's own loop, over all combinations or a study.

Hydra imports every plugin at every start, so whatever takes time to import is imported late.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class LauncherSweeper(Sweeper):
    """Tries the points of a grid, or those that Optuna chooses."""

    def __init__(self, points: str, params: DictConfig | None = None) -> None:
        self.points = points
        self.params = {str(key): value for key, value in (params or {}).items()}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> Any:
        from launcher.sweeping.composition import SweepLoader  # noqa: PLC0415
        from launcher.sweeping.executors import ResultOnly  # noqa: PLC0415
        from launcher.sweeping.plan import plan_of  # noqa: PLC0415
        from launcher.sweeping.run import run_sweep  # noqa: PLC0415

        assert self.hydra_context is not None
        assert self.task_function is not None
        assert self.config is not None
        loader = self.hydra_context.config_loader
        if self.points == "exhaustive":
            return self._settle(arguments)
        plan = plan_of(self.points, self.config, self.params, arguments, loader)
        values = [name for name in plan.points.names if "." in name or name == "configuration"]
        callbacks = copy(self.hydra_context.callbacks)
        callbacks.callbacks = [ResultOnly(), *callbacks.callbacks]  # the first is called last
        context = HydraContext(SweepLoader(loader, values), callbacks)
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=self.task_function, config=self.config
        )
        return run_sweep(self.config, plan, launcher, loader, arguments)

    def _settle(self, arguments: list[str]) -> Any:
        from launcher.sweeping.exhaustive.plan import exhaustive_plan  # noqa: PLC0415
        from launcher.sweeping.exhaustive.run import run_exhaustive  # noqa: PLC0415

        assert self.hydra_context is not None
        assert self.task_function is not None
        assert self.config is not None
        loader = self.hydra_context.config_loader
        plan = exhaustive_plan(self.config, self.params, arguments, loader)
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self.hydra_context, task_function=self.task_function, config=self.config
        )
        return run_exhaustive(self.config, plan, launcher, loader, arguments)
