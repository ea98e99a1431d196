"""The curve of a fused group: the lower envelope over all its classes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from launcher.engines.native.curve.envelope import lower_envelope
from launcher.engines.native.curve.joint import Joint
from launcher.engines.native.curve.layer import LayerCurve, layer_curve
from launcher.engines.native.curve.two_levels import BUFFER, two_level_chain
from launcher.engines.native.fusion.classes import FusedClass, orders, shared_bounds, stay_options
from launcher.engines.native.fusion.group import part_of
from launcher.engines.native.fusion.parts import LayerPart, own_specification
from launcher.engines.native.fusion.rescaling import rescaling_of
from launcher.errors import SpecificationError
from launcher.results.traffic_curve import TrafficCurve
from launcher.specification.chain import Chain, check_chain


def curve_fused(chain: Chain) -> TrafficCurve:
    """All layers as one group: the lower envelope over all classes and all own tilings.

    Tensors that flow wait in the buffer. While a layer runs, the buffer holds its own tiles and the persistent ones of
    all others. An online softmax's running values wait with the columns; they take no room of their own, as in
    ``fusion.rescaling``, whose accesses to the outermost memory are part of the traffic.

    Raises:
        SpecificationError: a flow that does not make sense, or windows that slide over a tensor that is written.
    """
    check_chain(chain)
    on_two = two_level_chain(chain)
    joints = list(_classes(on_two))
    numbers = np.repeat(np.arange(len(joints)), [len(one.capacities) for one in joints])
    capacities = np.concatenate([one.capacities for one in joints])
    kept = lower_envelope(capacities, np.concatenate([one.traffic for one in joints]))
    return TrafficCurve(tuple(joints[numbers[number]].point(int(capacities[number])) for number in kept))


def _classes(chain: Chain) -> Iterator[Joint]:
    """Every class with the curves of its layers; those whose parts are the same come once."""
    curves: dict[LayerPart, LayerCurve] = {}
    seen: set[tuple[LayerPart, ...]] = set()
    for fused in _fused_classes(chain):
        parts = tuple(part_of(chain, fused, layer) for layer in range(len(chain.layers)))
        if parts in seen:
            continue
        seen.add(parts)
        own = [_curve(chain, part, curves) for part in parts]
        # A word of the outermost memory costs 1 pJ, and nothing else costs any.
        rescaling = rescaling_of(chain, fused.waits, fused.shared, fused.stays)
        yield Joint(chain, own, fused, round(rescaling.energy_pj))


def _fused_classes(chain: Chain) -> Iterator[FusedClass]:
    waits = (BUFFER,) * len(chain.flows)
    for shared in shared_bounds(chain):
        for order in orders(shared):
            options = (stay_options(chain, layer, order) for layer in range(len(chain.layers)))
            for stays in product(*options):
                yield FusedClass(waits, order, stays)


def _curve(chain: Chain, part: LayerPart, known: dict[LayerPart, LayerCurve]) -> LayerCurve:
    if part not in known:
        layer = chain.layers[part.layer - chain.first]
        specification = own_specification(layer, part)
        if specification is None:
            raise SpecificationError(f"{layer.name} cannot take part in a fused group")
        known[part] = layer_curve(specification, layer.reduction)
    return known[part]
