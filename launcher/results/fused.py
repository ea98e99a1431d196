"""Layers of a network that run as one nest: shared outer loops, tensors that wait on chip, tiles that stay."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from launcher.results.evaluation import Evaluation
from launcher.specification.chain import SharedLoop


@dataclass(frozen=True)
class Rescaling:
    """What a softmax over pieces of columns costs beside the nests, over all iterations of the shared loops.

    Attributes:
        energy_pj, cycles: what the accesses cost; the energy includes what the softmax's machine leaks meanwhile.
        words: of the layer behind, scaled anew, each read and written once.
        level: where these words stay.
        running_words: maxima and sums of columns, each read and written once.
        running_level: where they stay.
    """

    energy_pj: float = 0.0
    cycles: int = 0
    words: int = 0
    level: str = ""
    running_words: int = 0
    running_level: str = ""


NOTHING = Rescaling()


@dataclass(frozen=True)
class FusedLayers:
    """One group of a partition; a layer by itself shares nothing.

    Attributes:
        layers: names, in order.
        runs: how often the network runs the group.
        energy_pj, cycles: of one run.
        shared: loops around all layers, outermost first; a loop's names are those of its dimension in each layer.
        waits: tensor (``KTQ.Outputs``) -> level at which it waits for the next layer.
        persistent: layer -> level -> data spaces whose tiles stay while the other layers run.
        rescaling: what an online softmax costs beside the nests.
        fusible: whether fusing its layers with others was searched.
        alone: of each layer, its figures in the best mapping of the network without fusing; empty where there is none.
    """

    layers: tuple[str, ...]
    runs: int
    energy_pj: float
    cycles: int
    shared: tuple[SharedLoop, ...] = ()
    waits: Dict[str, str] = field(default_factory=dict)
    persistent: Dict[str, Dict[str, tuple[str, ...]]] = field(default_factory=dict)
    rescaling: Rescaling = NOTHING
    fusible: bool = False
    alone: tuple[Evaluation, ...] = ()

    @property
    def is_fused(self) -> bool:
        return len(self.layers) > 1
