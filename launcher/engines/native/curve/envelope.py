"""The lower envelope of points (capacity, traffic): what no other point beats in both."""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray


def lower_envelope(capacity: AnyArray, traffic: AnyArray) -> AnyArray:
    """Numbers of the points on the envelope, by rising capacity and falling traffic; of equal ones the first."""
    order = np.lexsort((traffic, capacity))
    sorted_traffic = traffic[order]
    before = np.minimum.accumulate(sorted_traffic)
    lower = np.ones(len(order), dtype=bool)
    lower[1:] = sorted_traffic[1:] < before[:-1]
    return order[lower]


def reached(capacities: AnyArray, wanted: AnyArray | int) -> AnyArray:
    """Numbers of the points that some capacities reach on an envelope; -1 where nothing fits."""
    return np.asarray(np.searchsorted(capacities, wanted, side="right") - 1)
