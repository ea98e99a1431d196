"""On random small specifications the optimum with imperfect factors is the best of all mappings by the definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from effort import seeds
from mapper_bounds import Chosen, bounds_of, least_figures
from mapspace_oracle import enumerate_mappings, violations
from random_specifications import random_specification

from launcher.engines.interface import Mapped, MapperSettings
from launcher.engines.native.batch import BatchEvaluator, MappingBatch
from launcher.engines.native.batch.imperfect import imperfect_figures
from launcher.engines.native.batch.specification_tables import build_tables
from launcher.engines.native.mapper.costs.machine_constants import machine_of
from launcher.engines.native.mapper.imperfect.assignments import assignments_of
from launcher.engines.native.mapper.imperfect.solver import ImperfectSolver
from launcher.engines.native.mapper.optima import pareto, search
from launcher.engines.native.mapper.search.automaton import Automaton, build_automaton
from launcher.engines.native.mapper.search.candidates import Candidate, Queue
from launcher.engines.native.mapper.search.objective import criteria_order
from launcher.engines.native.mapper.space.bypass import keep_of
from launcher.engines.native.mapper.space.fan_outs import spatial_assignments
from launcher.engines.native.mapper.space.mapspace import mapspace_of
from launcher.errors import NoValidMappingError
from launcher.figures import CRITERIA, in_order
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, Factors, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

OBJECTIVES = (*((name,) for name in CRITERIA), ("cycles", "energy"), ("energy", "edp"))
EXTENTS = (1, 2, 3, 5, 5, 7, 7, 10)
MOST_MAPPINGS = 5000
IMPERFECT = (Factors.spatial, Factors.all)

Figures = tuple[np.ndarray, np.ndarray]


def cases(kind: str, rare: float, seeds: range, factors: Factors) -> Iterator[tuple[Specification, MappingBatch]]:
    """Specifications whose mappings are few enough to try, and what networks cost can be counted."""
    for seed in seeds:
        random = Random(seed)
        specification = random_specification(random, kind, rare=rare)
        specification = _resized(random, specification)
        if imperfect_figures(specification, build_tables(specification)) is None:
            continue
        mappings = enumerate_mappings(specification, MOST_MAPPINGS, factors)
        if mappings is not None:
            yield specification, mappings


def _resized(random: Random, specification: Specification) -> Specification:
    """With extents that have few divisors, and with small windows along one rank."""
    problem = specification.problem
    windows = {"P": random.choice((2, 3)), "R": 2, "Q": 1, "S": 1}
    few = EXTENTS if "G" not in problem.dimensions else (1, 1, 2, 3, 5)  # a dimension more to try
    extents = {name: windows.get(name) or random.choice(few) for name in problem.dimensions}
    return replace(specification, problem=replace(problem, dimensions=extents))


def figures_of(specification: Specification, mappings: MappingBatch) -> Figures:
    """Energy in pJ and cycles of the legal mappings."""
    result = BatchEvaluator(specification).evaluate(mappings)
    return result.energy_pj[result.legal], result.cycles[result.legal].astype(float)


@pytest.mark.parametrize("factors", IMPERFECT)
@pytest.mark.parametrize(
    ("kind", "rare", "first"),
    [
        *((kind, rare, 0) for kind in ("gemm", "elementwise") for rare in (1, 3)),
        *((kind, 1, 0) for kind in ("conv", "strided", "batched", "grouped")),
    ],
)
def test_the_optimum_is_the_best_of_all_mappings(kind: str, rare: float, first: int, factors: Factors) -> None:
    compared = imperfect = 0
    for number, (specification, mappings) in enumerate(cases(kind, rare, seeds(first, 80), factors)):
        objective = OBJECTIVES[number % len(OBJECTIVES)]
        figures = figures_of(specification, mappings)
        if not len(figures[0]):
            with pytest.raises(NoValidMappingError, match=r"\w"):
                search(specification, MapperSettings(objective, factors=factors))
            continue
        found = search(specification, MapperSettings(objective, factors=factors))
        _assert_best(found, objective, figures)
        assert found.optimality.status == "proved"
        assert not violations(specification, found.mapping, factors)
        compared += 1
        imperfect += not found.mapping.is_perfect
    assert compared >= (15 if rare == 1 else 6)
    assert imperfect > compared / (10 if kind in ("conv", "strided", "grouped") else 3)


def _assert_best(found: Mapped, objective: tuple[str, ...], figures: Figures) -> None:
    """Criterion by criterion, the mapping is the best of those that are best in all criteria before."""
    evaluation = found.evaluation
    energy, cycles = figures
    alive = np.ones(len(energy), np.bool_)
    for criterion in in_order(objective):
        values = energy**criterion.energy * cycles**criterion.cycles
        own = evaluation.energy_pj**criterion.energy * float(evaluation.cycles) ** criterion.cycles
        best = values[alive].min()
        assert own == pytest.approx(best, rel=1e-9), (criterion.name, found.mapping)
        alive &= values <= best * (1 + 1e-12)


@pytest.mark.parametrize("factors", IMPERFECT)
def test_the_front_is_that_of_all_mappings(factors: Factors) -> None:
    imperfect = longer = 0
    for specification, mappings in cases("gemm", 1, seeds(400, 30), factors):
        figures = figures_of(specification, mappings)
        if not len(figures[0]):
            continue
        points = pareto(specification, MapperSettings(factors=factors))
        expected = _front(*figures)
        assert [p.evaluation.cycles for p in points] == [cycles for _, cycles in expected]
        assert [p.evaluation.energy_pj for p in points] == pytest.approx([e for e, _ in expected], rel=1e-9)
        imperfect += sum(not p.mapping.is_perfect for p in points)
        longer += len(points) > 1
    assert imperfect > 2
    assert longer > 0


def _front(energy: np.ndarray, cycles: np.ndarray) -> list[tuple[float, float]]:
    """The trade-offs that nothing beats, by increasing energy; energies that differ in the last digits are equal."""
    front: list[tuple[float, float]] = []
    for i in np.lexsort((cycles, energy)):
        point = float(energy[i]), float(cycles[i])
        if front and point[1] >= front[-1][1]:
            continue
        if front and point[0] <= front[-1][0] * (1 + 1e-12):
            front[-1] = (front[-1][0], point[1])
        else:
            front.append(point)
    return front


@pytest.mark.parametrize("factors", IMPERFECT)
@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv"])
def test_no_mapping_is_below_the_bounds(kind: str, factors: Factors) -> None:
    compared = tightened = 0
    for specification, mappings in cases(kind, 1, seeds(500, 30), factors):
        space = mapspace_of(specification, factors)
        if space.impossible or not any(space.imperfect):
            continue
        least = least_figures(_without_links(specification), mappings)
        for criterion, place in (("energy", 0), ("cycles", 1)):
            found = _bounds(specification, factors, criterion)
            for key, (plain, tight) in found.items():
                figure = least.get(key, (np.inf, np.inf))[place]
                assert plain <= figure * (1 + 1e-9), (criterion, specification.problem.dimensions)
                assert tight <= figure * (1 + 1e-9), (criterion, specification.problem.dimensions)
                compared += figure < np.inf
                tightened += plain < tight <= figure < np.inf
    assert compared > 30
    assert tightened > 2


def _without_links(specification: Specification) -> Specification:
    """Nothing comes from neighbours: help that is counted for perfect factors only."""
    names = frozenset(specification.problem.data_space_names)
    levels = {}
    for level in specification.architecture.levels:
        at = specification.constraints.at(level.name)
        levels[level.name] = replace(at, spatial=replace(at.spatial, no_link_transfer=names))
    return replace(specification, constraints=replace(specification.constraints, levels=levels))


def _bounds(specification: Specification, factors: Factors, criterion: str) -> dict[bytes, tuple[float, float]]:
    """Bounds by fan-outs and what is kept: of the queue, and with the solver's least energy."""
    space = mapspace_of(specification, factors)
    machine = machine_of(space)
    spatial = spatial_assignments(space, set())
    assignments = assignments_of(space, machine, spatial)
    order = criteria_order((criterion,))
    solver = ImperfectSolver(space, machine, assignments)
    automata: dict[Chosen, Automaton] = {}

    def tightened(candidate: Candidate, chosen: Chosen) -> float:
        if chosen not in automata:
            automata[chosen] = build_automaton(space, machine, keep_of(chosen), assignments.from_compute)
        energy = solver.prepare(solver.task(automata[chosen], candidate.index, chosen))
        return queue.tightened(candidate, energy).bounds[0] if energy < np.inf else np.inf

    queue = Queue(space, machine, assignments, order)
    plain = bounds_of(queue, spatial, lambda candidate, _: candidate.bounds[0])
    queue.restart()
    tight = bounds_of(queue, spatial, tightened)
    return {key: (bound, tight[key]) for key, bound in plain.items()}


def test_a_larger_end_than_the_least_can_be_better() -> None:
    """Seven rows on two units: ends of 2 and 3 leave 2 of 4, but with 3 one unit has nothing to do in the last pass.

    It does not ask for its inputs then. They wait at the units until a loop outside moves them.
    """
    spaces = (
        DataSpace("Weights", ((Term("E"),), (Term("D"),))),
        DataSpace("Inputs", ((Term("E"),),)),
        DataSpace("Outputs", ((Term("D"),),), read_write=True),
    )
    levels = (
        StorageLevel("Register", "SRAM", 2, mesh_x=2),
        StorageLevel("Buffer", "SRAM", 1),
        StorageLevel("DRAM", "DRAM", 1),
    )
    entry = {action: (ActionEnergy(1.0),) for action in ("read", "write", "compute")}
    architecture = Architecture("units", levels, ComputeLevel("mac", "intmac", 2, mesh_x=2))
    table = EnergyTable(dict.fromkeys(("Register", "Buffer", "DRAM", "mac"), entry))
    one = FactorBounds(exact=1)
    names = frozenset(space.name for space in spaces)
    constraints = {
        "Register": LevelConstraint(
            keep=frozenset({"Inputs"}), bypass=names - {"Inputs"}, temporal=BlockConstraint({"E": one, "D": one})
        ),
        "Buffer": LevelConstraint(
            bypass=names,
            temporal=BlockConstraint({"E": one, "D": FactorBounds(most=3)}),
            spatial=BlockConstraint({"E": one, "D": FactorBounds(exact=2)}),
        ),
        "DRAM": LevelConstraint(keep=names, temporal=BlockConstraint(permutation=("E", "D"))),
    }
    problem = Problem("rows", {"E": 5, "D": 7}, spaces)
    specification = Specification(architecture, problem, Constraints(constraints), table)
    found = search(specification, MapperSettings(("energy",), factors=Factors.all))
    assert [str(loop) for loop in found.mapping.levels[1].temporal] == ["D3,1"]
    mappings = enumerate_mappings(specification, MOST_MAPPINGS, Factors.all)
    assert mappings is not None
    _assert_best(found, ("energy",), figures_of(specification, mappings))
