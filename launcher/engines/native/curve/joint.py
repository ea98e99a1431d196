"""Layers that share one buffer: run apart, or as a class of fused mappings has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.curve.envelope import lower_envelope, reached
from launcher.engines.native.curve.layer import LayerCurve, layer_curve
from launcher.engines.native.curve.two_levels import two_level_chain
from launcher.engines.native.fusion.classes import FusedClass, own_extents
from launcher.results.traffic_curve import CurvePoint, TrafficCurve
from launcher.specification.chain import Chain, bounds_of


def curve_apart(chain: Chain) -> TrafficCurve:
    """The layers one after the other, each with the whole buffer: their traffic at equal capacity, added up.

    Of a single layer this is its own curve.

    Raises:
        SpecificationError: windows slide over a tensor that is written.
    """
    on_two = two_level_chain(chain)
    joint = Joint(on_two, [layer_curve(one.specification, one.reduction) for one in on_two.layers])
    kept = lower_envelope(joint.capacities, joint.traffic)
    return TrafficCurve(tuple(joint.point(int(joint.capacities[number])) for number in kept))


class Joint:
    """Layers that share a buffer, every one with its own curve.

    Attributes:
        capacities: (P,) words of the buffer at which a layer's traffic falls and all fit, in no order.
        traffic: (P,) words of all layers there, and what rescaling moves.
    """

    def __init__(
        self, chain: Chain, curves: Sequence[LayerCurve], fused: FusedClass | None = None, rescaled: int = 0
    ) -> None:
        self._chain, self._curves, self._fused = chain, curves, fused
        persistent = [0] * len(curves) if fused is None else _persistent_words(chain, fused)
        self._others = [sum(persistent) - own for own in persistent]
        starts = [curve.capacities + others for curve, others in zip(curves, self._others, strict=True)]
        least = max(start[0] for start in starts)
        self.capacities: AnyArray = np.concatenate([start[start >= least] for start in starts])
        reads = (curve.traffic[reached(start, self.capacities)] for curve, start in zip(curves, starts, strict=True))
        self.traffic: AnyArray = sum(reads, np.full(len(self.capacities), rescaled))

    def point(self, capacity: int) -> CurvePoint:
        """What is best with a buffer of so many words."""
        chosen = [
            int(reached(curve.capacities, capacity - others))
            for curve, others in zip(self._curves, self._others, strict=True)
        ]
        layers = [layer.name for layer in self._chain.layers]
        place = int(np.flatnonzero(self.capacities == capacity)[0])
        triples = zip(self._curves, layers, chosen, strict=True)
        tilings = tuple(curve.tiling(layer, which) for curve, layer, which in triples)
        point = CurvePoint(capacity, int(self.traffic[place]), tilings)
        if self._fused is None:
            return point
        stays = enumerate(self._fused.stays)
        persistent = tuple((layers[number], space) for number, tiles in stays for _, space in tiles)
        return replace(point, shared=self._fused.shared, persistent=persistent)


def _persistent_words(chain: Chain, fused: FusedClass) -> list[int]:
    """Per layer, words of its tiles that stay while the others run: each a tensor's share of one iteration."""
    words = []
    for number, (layer, stays) in enumerate(zip(chain.layers, fused.stays, strict=True)):
        extents = own_extents(layer, bounds_of(fused.shared, number))
        words.append(sum(layer.problem.data_space(space).size(extents) for _, space in stays))
    return words
