"""A composed experiment, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.config.layer_sizes import LayerSizes
from launcher.config.schema import Experiment

ALL = "all"
"""The choice of ``layer`` that stands for all layers of the model."""


@dataclass(frozen=True)
class Trial:
    """A composed experiment, ready to run.

    Attributes:
        experiment: typed and range-checked.
        layer: the layer's sizes as numbers.
        parameters: what a person would filter runs by, flat: ``arch`` -> ``gemmini``, ``arch.rows`` -> 16.
        template_folders: where the user's own templates are looked up.
        layers: trials of the layers of a network; empty for a single layer. Of a network, ``layer`` is its first.
    """

    experiment: Experiment
    layer: LayerSizes
    parameters: dict[str, object]
    template_folders: tuple[Path, ...] = ()
    layers: tuple[Trial, ...] = ()

    @property
    def name(self) -> str:
        """How people call this trial, e.g. ``gemmini 16x16 KQV`` or ``gemmini 16x16 bert_base``."""
        label, layer = entry(self.experiment.arch, "label"), self.parameters["layer"]
        subject = self.parameters["model"] if layer == ALL else layer
        return " ".join(str(part) for part in (self.parameters.get("arch"), label, subject) if part)

    @property
    def runs(self) -> int:
        """How often the layer runs in the whole model: repeats per block times the blocks that it is part of."""
        return self.layer.repeats * self.layer.blocks if self.experiment.count_repeats else 1


def entry(node: object, key: str) -> Any:
    """A value of a group that is typed, or a plain mapping because a user brought it; None when it is not there."""
    return node.get(key) if isinstance(node, dict) else getattr(node, key, None)
