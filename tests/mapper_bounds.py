"""Lower bounds of the search, and the least figures of enumerated mappings, by fan-outs and what is kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from launcher.engines.native.batch import BatchEvaluator, MappingBatch
from launcher.engines.native.mapper.search.candidates import Candidate, Queue
from launcher.engines.native.mapper.space.bypass import Pattern
from launcher.engines.native.mapper.space.fan_outs import SpatialAssignments
from launcher.specification.specification import Specification

Chosen = tuple[Pattern, ...]


def least_figures(specification: Specification, mappings: MappingBatch) -> dict[bytes, tuple[float, float]]:
    """Least energy in pJ and least cycles of the legal mappings."""
    result = BatchEvaluator(specification).evaluate(mappings)
    found: dict[bytes, tuple[float, float]] = {}
    spatial = mappings.factors[:, :, :2].prod(axis=2).astype(np.int64)
    for i in np.flatnonzero(result.legal):
        key = spatial[i].tobytes() + mappings.keep[i].tobytes()
        energy, cycles = found.get(key, (np.inf, np.inf))
        found[key] = min(energy, float(result.energy_pj[i])), min(cycles, float(result.cycles[i]))
    return found


def bounds_of(
    queue: Queue, assignments: SpatialAssignments, value: Callable[[Candidate, Chosen], float]
) -> dict[bytes, float]:
    """The least value of the queue's candidates, over all layouts of the fan-outs."""
    space = assignments.space
    names = list(space.specification.problem.dimensions)
    active = [names.index(name) for name in space.dimensions]
    spatial = np.ones((len(space.levels), len(names)), np.int64)
    found: dict[bytes, float] = {}
    while True:
        while not queue.list_choices():
            pass
        candidate = queue.pop()
        if candidate is None:
            return found
        spatial[:, active] = assignments.factors[candidate.index]
        chosen = tuple(queue.patterns[p][number] for p, number in enumerate(candidate.chosen))
        key = spatial.tobytes() + np.array(chosen, np.bool_).T.tobytes()
        found[key] = min(found.get(key, np.inf), value(candidate, chosen))
