"""``hydra/sweeper=grid``: Hydra's cartesian product, with one parent run and one table at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from launcher.sweeping.composition import SweepLoader
from launcher.sweeping.launchers import start_workers
from launcher.sweeping.points.configurations import configurations_of
from launcher.sweeping.points.trials import each_configuration
from launcher.sweeping.sweep import Sweep


class GridSweeper(BasicSweeper):
    """All combinations of the given values, in order, each with every configuration of ``configs``."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._task = task_function
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def sweep(self, arguments: list[str]) -> Any:
        assert self.config is not None and self.hydra_context is not None
        swept = [*self._parse_config(), *arguments]
        overrides = OverridesParser.create(self.hydra_context.config_loader).parse_overrides(swept)
        trials = [trial for batch in self.split_arguments(overrides, max_batch_size=None) for trial in batch]
        self._compose_once(trials, overrides)
        super().validate_batch_is_legal(trials)  # before anything is recorded or left on disk
        start_workers(self.config, self.launcher)
        sweep = Sweep.begin(self.config, swept, len(trials))
        with sweep:
            batches = super().sweep(arguments)
            sweep.finished = [job._return_value for batch in batches for job in batch]
        return batches

    def _compose_once(self, trials: Sequence[Sequence[str]], overrides: Sequence[Override]) -> None:
        """Let the trials share the composition of what they do not differ in."""
        assert self.config is not None and self.hydra_context is not None
        fixed = {one.key_or_group for one in overrides if not one.is_sweep_override()}
        keys = {item.lstrip("+~").partition("=")[0] for trial in trials for item in trial}
        values = [key for key in keys - fixed if "." in key or key == "configuration"]
        self.hydra_context = HydraContext(
            SweepLoader(self.hydra_context.config_loader, values), self.hydra_context.callbacks
        )
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self.hydra_context, task_function=self._task, config=self.config
        )

    def split_arguments(  # type: ignore[override] # a static method there
        self, overrides: list[Override], max_batch_size: int | None
    ) -> list[list[list[str]]]:
        """Batches of trials, each a list of overrides."""
        assert self.config is not None
        combinations = BasicSweeper.split_arguments(overrides, None)[0]
        trials = each_configuration(self.config, configurations_of(self.config), combinations)
        return [list(chunk) for chunk in self.split_overrides_to_chunks(trials, max_batch_size)]

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """All batches were checked before the first one started."""
