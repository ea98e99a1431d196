"""``hydra/sweeper=optuna``: Optuna chooses the points.

Hydra imports every plugin at every start, so whatever takes time to import is imported late.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class OptunaSweeper(Sweeper):
    """Searches the swept keys' space for the best values of the metrics in ``sweep.objectives``."""

    def __init__(self, params: DictConfig | None = None) -> None:
        self.params = {str(key): value for key, value in (params or {}).items()}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> Any:
        from launcher.sweeping.composition import SweepLoader  # noqa: PLC0415
        from launcher.sweeping.jobs import ResultOnly  # noqa: PLC0415
        from launcher.sweeping.run import run_sweep  # noqa: PLC0415
        from launcher.sweeping.space import parse_space  # noqa: PLC0415

        assert self.hydra_context is not None
        assert self.task_function is not None
        assert self.config is not None
        loader = self.hydra_context.config_loader
        space = parse_space(self.params, arguments, loader)
        values = [one.name for one in space.dimensions if "." in one.name]
        callbacks = copy(self.hydra_context.callbacks)
        callbacks.callbacks = [ResultOnly(), *callbacks.callbacks]  # the first is called last
        context = HydraContext(SweepLoader(loader, values), callbacks)
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=self.task_function, config=self.config
        )
        return run_sweep(self.config, space, launcher, arguments)
