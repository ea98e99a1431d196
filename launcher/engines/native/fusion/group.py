"""A fused group that was found: its class, every layer's own nest, and what fusing costs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from launcher.engines.native.fusion.classes import FusedClass, fetches_of, flowing_spaces
from launcher.engines.native.fusion.own_nest import OwnNest
from launcher.engines.native.fusion.parts import LayerPart
from launcher.results.fused import NOTHING, Rescaling
from launcher.specification.chain import Chain, SharedLoop, bounds_of


@dataclass(frozen=True)
class FusedGroup:
    """A fused group, or a layer by itself (then the class shares and fixes nothing).

    Attributes:
        names: of the layers.
        fused: the class.
        nests: per layer its own nest, with figures over all iterations.
        rescaling: what an online softmax costs beside the nests.
    """

    names: tuple[str, ...]
    fused: FusedClass
    nests: tuple[OwnNest, ...]
    rescaling: Rescaling = NOTHING

    @property
    def energy_pj(self) -> float:
        return fsum([*(nest.energy_pj for nest in self.nests), self.rescaling.energy_pj])

    @property
    def cycles(self) -> int:
        return sum(nest.cycles for nest in self.nests) + self.rescaling.cycles

    @property
    def is_fused(self) -> bool:
        return len(self.names) > 1


def alone(name: str, nest: OwnNest) -> FusedGroup:
    """A layer that is mapped by itself."""
    return FusedGroup((name,), FusedClass((), (), ((),)), (nest,))


def part_of(
    chain: Chain,
    fused: FusedClass,
    layer: int,
    reserved: Sequence[tuple[str, int]] = (),
) -> LayerPart:
    """What a class asks of one layer."""
    bounds = bounds_of(fused.shared, layer)
    relevant = {space.name: space.relevant for space in chain.layers[layer].problem.data_spaces}
    return LayerPart(
        chain.first + layer,
        in_layer_order(chain, fused.shared, layer),
        waiting(chain, fused.waits, layer),
        tuple((level, space, fetches_of(relevant[space], bounds)) for level, space in fused.stays[layer]),
        tuple(sorted(reserved)),
    )


def waiting(chain: Chain, waits: Sequence[str], layer: int) -> tuple[tuple[str, str], ...]:
    """(data space, level) of a layer's tensors that flow."""
    return tuple((space, waits[number]) for space, number in flowing_spaces(chain, layer).items())


def in_layer_order(chain: Chain, shared: Sequence[SharedLoop], layer: int) -> tuple[tuple[str, int], ...]:
    """Bounds of the shared loops in the order of a layer's own dimensions: parts of equal size are the same part."""
    bounds = bounds_of(shared, layer)
    return tuple((name, bounds[name]) for name in chain.layers[layer].problem.dimensions if name in bounds)
