"""Sliding windows: bounds of nests never exceed their mappings, and unconstrained convolutions are proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partialmethod
from math import inf
from pathlib import Path
from random import Random

import pytest
import random_specifications
from mapspace_oracle import enumerate_mappings
from random_specifications import random_architecture, random_constraints, random_specification

from launcher.config.compose import compose
from launcher.engines.interface import MapperSettings
from launcher.engines.native.mapper.optima import search
from launcher.engines.native.mapper.search import judge, worker
from launcher.engines.native.mapper.search.judge import BoundedNest, Judge, Verdict
from launcher.errors import NoValidMappingError
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import read_specification
from launcher.trial.steps import specify

MOST_MAPPINGS = 3_000
FOLDER = Path(__file__).parent / "small_timeloop_files"


@pytest.mark.parametrize(
    ("name", "energy_pj", "cycles"),
    [("conv_small", 144_344, 4_608), ("conv", 1_590_352, 56_448), ("dw", 446_272, 7_056)],
)
def test_unconstrained_convolutions_are_proved(name: str, energy_pj: float, cycles: int) -> None:
    specification = read_specification([FOLDER / "base.yaml", FOLDER / f"{name}.yaml"])
    found = search(specification, MapperSettings(("edp",)))
    assert found.optimality.status == "proved"
    assert found.evaluation.energy_pj == pytest.approx(energy_pj)
    assert found.evaluation.cycles == cycles
    assert found.search.counters["evaluated"] < 10_000


def _convolution(random: Random) -> Problem:
    """A small one with any strides and dilations."""

    def term(name: str, *coefficients: int) -> Term:
        return Term(name, random.choice(coefficients))

    extents = {"E": random.choice((1, 2)), "P": random.choice((2, 3, 4, 6)), "R": random.choice((2, 3, 4))}
    extents |= {"Q": random.choice((1, 1, 2)), "S": random.choice((1, 1, 2))}
    rows, columns = (term("P", 1, 1, 2, 3), term("R", 1, 1, 2, 3)), (term("Q", 1, 2), term("S", 1, 2))
    return Problem(
        "convolution",
        extents,
        (
            DataSpace("W", ((Term("E"),), (Term("R"),), (Term("S"),))),
            DataSpace("I", ((Term("E"),), rows, columns)),
            DataSpace("O", ((Term("P"),), (Term("Q"),)), read_write=True),
        ),
    )


class _Ledger:
    """Least bounds of nests with the same factors, and the best of all their mappings; none is accepted."""

    def __init__(self) -> None:
        self.bounds: dict[tuple[object, ...], tuple[float, float]] = {}
        self.figures: dict[tuple[object, ...], tuple[float, float]] = {}

    def judge(self, one: Judge, nest: BoundedNest) -> Iterator[Verdict]:
        key = one._key(nest)
        if key not in self.bounds:
            batch = one._batch(nest, members := one._members(nest), _every(members))
            result = one._evaluate(batch)
            self.figures[key] = float(result.energy_pj.min()), float(result.cycles.min())
        energy, cycles = self.bounds.get(key, (inf, inf))
        self.bounds[key] = min(energy, nest.energy_pj), min(cycles, nest.cycles)
        return iter(())


def _every(members: Sequence[Sequence[object]]) -> list[tuple[int, ...]]:
    numbers: list[tuple[int, ...]] = [()]
    for choices in members:
        numbers = [(*one, k) for one in numbers for k in range(len(choices))]
    return numbers


def _record(one: Judge, ledger: _Ledger, nest: BoundedNest) -> Iterator[Verdict]:
    return ledger.judge(one, nest)


def _compare(specification: Specification, monkeypatch: pytest.MonkeyPatch) -> int:
    """See that no mapping is below its nest's bound; returns how many nests there are."""
    ledger = _Ledger()
    monkeypatch.setattr(Judge, "judge", partialmethod(_record, ledger))
    monkeypatch.setattr(worker, "MOST_WAITING", 1)
    with suppress(NoValidMappingError):
        search(specification, MapperSettings(("energy",)))
    for key, (energy_pj, cycles) in ledger.bounds.items():
        assert energy_pj <= ledger.figures[key][0] * (1 + 1e-9), key
        assert cycles <= ledger.figures[key][1], key
    return len(ledger.bounds)


def test_words_that_instances_get_on_average_are_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two fan-outs: what neighbours pass on is divided by the instances of all parents, as Timeloop does."""
    specification = read_specification([FOLDER / "base.yaml", FOLDER / "conv_small.yaml"])
    sizes = {"C": 2, "M": 1, "R": 3, "S": 1, "N": 1, "P": 6, "Q": 1}
    architecture = specification.architecture
    outermost = architecture.levels[-1]
    inner = [
        replace(level, instances=4 * level.instances, mesh_x=4 * level.mesh_x) for level in architecture.levels[:-1]
    ]
    compute = replace(architecture.compute, instances=4 * architecture.compute.instances, mesh_x=32)
    wide = replace(architecture, levels=(*inner, outermost), compute=compute)
    nothing = frozenset(specification.problem.data_space_names)
    constraints = Constraints(
        {
            "RF": LevelConstraint(
                keep=frozenset({"Inputs"}),
                bypass=nothing - {"Inputs"},
                temporal=BlockConstraint(default_max_factor=1),
            ),
            "GB": LevelConstraint(bypass=nothing),
        }
    )
    problem = replace(specification.problem, dimensions=sizes)
    narrow = replace(specification, architecture=wide, problem=problem, constraints=constraints)
    assert _compare(narrow, monkeypatch) > 10


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_no_mapping_is_below_the_bound_of_its_nest(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    for seed in range(first, first + 40):
        random = Random(seed)
        problem = _convolution(random)
        architecture, energy = random_architecture(random, problem, 0.3)
        constraints = random_constraints(random, architecture, problem, 0.5)
        specification = Specification(architecture, problem, constraints, energy)
        if enumerate_mappings(specification, MOST_MAPPINGS) is None:
            continue
        compared += _compare(specification, monkeypatch)
    assert compared > 100


def test_mappings_that_are_judged_in_portions_give_the_same_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(8):
        specification = random_specification(Random(seed), "conv", rare=1)
        whole = search(specification, MapperSettings(("edp",)))
        with monkeypatch.context() as patch:
            patch.setattr(judge, "AT_ONCE", 3)
            portions = search(specification, MapperSettings(("edp",)))
        assert portions.mapping == whole.mapping and portions.optimality.status == "proved"


def test_no_mapping_of_strided_windows_on_wide_fan_outs_is_below_the_bound_of_its_nest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Steps in time are longer than those between neighbours, or a multiple of them."""
    monkeypatch.setattr(random_specifications, "FANOUTS", ((1, 1), (3, 1), (1, 5), (5, 1), (4, 2), (3, 3), (1, 6)))
    compared = 0
    for seed in range(200, 230):
        random = Random(seed)
        problem = _convolution(random)
        sizes = {**problem.dimensions, "R": random.choice((3, 4, 5)), "P": random.choice((2, 3, 6))}
        problem = replace(problem, dimensions=sizes)
        architecture, energy = random_architecture(random, problem, 0.3)
        constraints = random_constraints(random, architecture, problem, 0.3)
        specification = Specification(architecture, problem, constraints, energy)
        if enumerate_mappings(specification, MOST_MAPPINGS) is not None:
            compared += _compare(specification, monkeypatch)
    assert compared > 50


def test_what_neighbours_cannot_pass_on_is_bounded_closely() -> None:
    """A depthwise layer of stride 2: rows of the array are one kernel row apart, and steps in time two."""
    specification = specify(compose(["arch=eyeriss", "model=mobilenet_v3", "layer=mobilenet_v3_2_depthwise"]))
    found = search(specification, MapperSettings(("edp",)))
    assert found.optimality.status == "proved"
    assert found.search.counters["nodes"] < 2_000
    assert found.search.counters["evaluated"] < 2_000
