"""On random small specifications the mapper's optimum is the best of all mappings, for every objective."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from effort import seeds
from mapper_bounds import bounds_of, least_figures
from mapspace_oracle import enumerate_mappings, violations
from random_specifications import random_specification

from launcher.engines.interface import Mapped, MapperSettings
from launcher.engines.native.batch import BatchEvaluator, MappingBatch
from launcher.engines.native.mapper.costs.coefficients import coefficients_of
from launcher.engines.native.mapper.costs.lower_bounds import PerfectBounds
from launcher.engines.native.mapper.costs.machine_constants import machine_of
from launcher.engines.native.mapper.costs.network_prices import layout_levels
from launcher.engines.native.mapper.optima import pareto, search
from launcher.engines.native.mapper.search.candidates import Queue
from launcher.engines.native.mapper.search.objective import criteria_order
from launcher.engines.native.mapper.space.fan_outs import spatial_assignments
from launcher.engines.native.mapper.space.mapspace import mapspace_of
from launcher.errors import NoValidMappingError
from launcher.figures import CRITERIA, Criterion, in_order
from launcher.specification.specification import Specification

OBJECTIVES = (*((name,) for name in CRITERIA), ("cycles", "energy"), ("energy", "edp"))
MOST_MAPPINGS = 6000
MOST_ONE_BY_ONE = 150
"""Where networks cost energy per hop, the model must take mappings one by one."""

Figures = tuple[np.ndarray, np.ndarray]


def _all(specification: Specification) -> MappingBatch | None:
    """All mappings, legal or not; None when there are too many to try."""
    hops = any(level.attributes for level in specification.architecture.levels)
    return enumerate_mappings(specification, MOST_ONE_BY_ONE if hops else MOST_MAPPINGS)


def _all_legal(specification: Specification) -> Figures | None:
    """Energy and cycles of every legal mapping; None when there are too many to try."""
    mappings = _all(specification)
    if mappings is None:
        return None
    result = BatchEvaluator(specification).evaluate(mappings)
    return result.energy_pj[result.legal], result.cycles[result.legal].astype(float)


def _value(criterion: Criterion, energy: np.ndarray, cycles: np.ndarray) -> np.ndarray:
    return np.asarray(energy**criterion.energy * cycles**criterion.cycles)


def _assert_best(found: Mapped, objective: tuple[str, ...], figures: Figures) -> None:
    """Criterion by criterion, the mapping is the best of those that are best in all criteria before."""
    evaluation = found.evaluation
    own = np.array(evaluation.energy_pj), np.array(float(evaluation.cycles))
    alive = np.ones(len(figures[0]), np.bool_)
    for criterion in in_order(objective):
        values = _value(criterion, *figures)
        best = values[alive].min()
        assert float(_value(criterion, *own)) == pytest.approx(best, rel=1e-9), criterion.name
        alive &= values <= best * (1 + 1e-12)


KINDS = ("gemm", "elementwise", "conv", "strided", "batched", "grouped", "transposed")


@pytest.mark.parametrize(
    ("kind", "rare", "first"),
    [
        *((kind, rare, first) for kind in KINDS for rare in (1, 3) for first in (0, 40)),
    ],
)
def test_the_optimum_is_the_best_of_all_mappings(kind: str, rare: float, first: int) -> None:
    for seed in seeds(first, 40):
        random = Random(seed)
        specification = random_specification(random, kind, rare=rare)
        figures = _all_legal(specification)
        if figures is None:
            continue
        objective = random.choice(OBJECTIVES)
        if not len(figures[0]):
            with pytest.raises(NoValidMappingError, match=r"\w"):
                search(specification, MapperSettings(objective))
            continue
        found = search(specification, MapperSettings(objective))
        _assert_best(found, objective, figures)
        assert found.optimality.status == "proved"
        assert not violations(specification, found.mapping)


@pytest.mark.parametrize("kind", ["gemm", "conv", "strided", "batched", "grouped", "transposed"])
def test_no_mapping_is_below_the_bound_of_its_fan_outs_and_bypasses(kind: str) -> None:
    compared = 0
    for seed in seeds(500, 60):
        specification = random_specification(Random(seed), kind, rare=2)
        mappings = _all(specification)
        if mappings is None:
            continue
        least = least_figures(specification, mappings)
        for key, bound in _energy_bounds(specification).items():
            if key in least:
                compared += 1
                assert bound <= least[key][0] * (1 + 1e-9), seed
    assert compared > 80


def _energy_bounds(specification: Specification) -> dict[bytes, float]:
    """The search's lower bounds by spatial factors and what is kept, over all layouts of the factors."""
    space = mapspace_of(specification)
    if space.impossible:
        return {}
    machine = machine_of(space)
    spatial = spatial_assignments(space, layout_levels(specification, machine))
    bounds = PerfectBounds(machine, coefficients_of(space, machine, spatial))
    queue = Queue(space, machine, bounds, criteria_order(("energy",)))
    return bounds_of(queue, spatial, lambda candidate, _: candidate.bounds[0])


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "batched", "grouped"])
def test_the_front_is_that_of_all_mappings(kind: str) -> None:
    for seed in seeds(400, 20):
        specification = random_specification(Random(seed), kind)
        figures = _all_legal(specification)
        if figures is None or not len(figures[0]):
            continue
        front = [(p.evaluation.energy_pj, p.evaluation.cycles) for p in pareto(specification, MapperSettings())]
        expected = _front(*figures)
        assert [cycles for _, cycles in front] == [cycles for _, cycles in expected]
        assert [energy for energy, _ in front] == pytest.approx([energy for energy, _ in expected], rel=1e-9)


def _front(energy: np.ndarray, cycles: np.ndarray) -> list[tuple[float, float]]:
    front: list[tuple[float, float]] = []
    for i in np.lexsort((cycles, energy)):
        if not front or (cycles[i] < front[-1][1] and energy[i] > front[-1][0] * (1 + 1e-12)):
            front.append((float(energy[i]), float(cycles[i])))
        elif cycles[i] < front[-1][1]:
            front[-1] = (front[-1][0], float(cycles[i]))
    return front
