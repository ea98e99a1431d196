"""Children of a fan-out that share words or get them from a neighbour, as the model sees them."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.deltas import Step
from launcher.engines.native.fanout import Array, Delivery, FanOut
from launcher.engines.native.mapper.machine import FloatArray, Machine
from launcher.engines.native.mapper.mapspace import Mapspace
from launcher.engines.native.mapper.spatial import SpatialAssignments


def fan_out(
    space: Mapspace, machine: Machine, spatial: SpatialAssignments, index: int, level: int, p: int, *, hops: bool
) -> FanOut:
    """The children below one instance of a level, as data space p sees them when each holds one word."""
    x, y = spatial.layout(index, level)
    names = list(space.specification.problem.dimensions)
    tensor = machine.tensors[p]
    loops, strides, steps = [], [], dict.fromkeys(x + y, 1)
    for d in (*x, *y):
        number = names.index(space.dimensions[d])
        loops.append((number, int(spatial.factors[index, level, d])))
        strides.append(tensor.displacement(number, steps[d]))
        steps[d] *= loops[-1][1]
    block = space.levels[level].spatial
    used_x = int(np.prod([spatial.factors[index, level, d] for d in x], initial=1))
    used_y = int(np.prod([spatial.factors[index, level, d] for d in y], initial=1))
    array = Array(
        max(block.fanout_x, used_x), max(block.fanout_y, used_y), bool(machine.multicast[level, p]), count_hops=hops
    )
    return FanOut(tensor, tuple(loops), strides, array)


def relayed_shares(
    space: Mapspace, machine: Machine, spatial: SpatialAssignments, groups: FloatArray
) -> FloatArray:
    """Per assignment and data space: of the words that compute units had just before, the share level 0 must repeat.

    Compute units keep nothing, but a unit whose neighbour was given the same word the step before gets it from there.
    For data spaces whose tiles can overlap this is a lower bound.
    """
    shares = np.ones((len(spatial.factors), len(machine.tensors)))
    for p, tensor in enumerate(machine.tensors):
        if not machine.links[0, p]:
            continue
        if machine.boxes[p]:
            shares[:, p] = 1 / groups[:, 0, p]
            continue
        known: dict[tuple[bytes, int], float] = {}
        for index in range(len(spatial.factors)):
            key = (spatial.factors[index, 0].tobytes(), int(spatial.choice[index, 0]))
            if key not in known:
                still = (0,) * len(tensor.ranks)
                word = (tuple((0, 1) for _ in tensor.ranks),)
                below = fan_out(space, machine, spatial, index, 0, p, hops=False)
                relay: Delivery | None = below.relay(Step(1, 1, word, still, word))
                known[key] = relay.accesses / below.delivery.accesses if relay else 1.0
            shares[index, p] = known[key]
    return shares
