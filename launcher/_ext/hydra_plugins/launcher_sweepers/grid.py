"""``hydra/sweeper=grid``: Hydra's cartesian product, with one parent run and one table at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from launcher.sweeping.sweep import Sweep


class GridSweeper(BasicSweeper):
    """All combinations of the given values, in order."""

    def sweep(self, arguments: list[str]) -> Any:
        assert self.config is not None and self.hydra_context is not None
        overrides = OverridesParser.create(self.hydra_context.config_loader).parse_overrides(arguments)
        trials = [trial for batch in self.split_arguments(overrides, max_batch_size=None) for trial in batch]
        super().validate_batch_is_legal(trials)  # before anything is recorded or left on disk
        sweep = Sweep.begin(self.config, arguments, len(trials))
        with sweep:
            batches = super().sweep(arguments)
            sweep.finished = [job._return_value for batch in batches for job in batch]
        return batches

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """All batches were checked before the first one started."""
