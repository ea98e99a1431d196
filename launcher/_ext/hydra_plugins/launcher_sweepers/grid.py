"""``hydra/sweeper=grid``: Hydra's cartesian product, with one parent run and one table at the end."""

from __future__ import annotations

from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

from launcher.sweeping.sweep import Sweep


class GridSweeper(BasicSweeper):
    """All combinations of the given values, in order."""

    def sweep(self, arguments: list[str]) -> Any:
        assert self.config is not None
        sweep = Sweep.begin(self.config, arguments)
        with sweep:
            batches = super().sweep(arguments)
            sweep.finished = [job._return_value for batch in batches for job in batch]
        return batches
