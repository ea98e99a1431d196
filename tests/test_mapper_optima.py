"""The mapper's optimum where it is known, and its proof everywhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mapper_cases import SPACES, convolution, keeps, optima, optimum_specification, pim, softmax
from mapspace_oracle import random_mappings, violations

from launcher.config.compose import composition
from launcher.engines.interface import MapperSettings
from launcher.engines.native.batch import BatchEvaluator
from launcher.engines.native.mapper.optima import least_value, search
from launcher.engines.native.native_engine import NativeEngine
from launcher.specification.specification import Specification
from launcher.trial.steps import specify

CASES = [(number, objective) for number, case in enumerate(optima()["cases"]) for objective in case["optimum"]]


@pytest.mark.parametrize(("number", "objective"), CASES)
def test_known_optima_are_met(number: int, objective: str) -> None:
    case = optima()["cases"][number]
    specification = optimum_specification(case)
    found = search(specification, MapperSettings((objective,)))
    expected = case["optimum"][objective]
    evaluation = found.evaluation
    assert found.optimality.status == "proved"
    assert evaluation.cycles == expected["cycles"]
    if "energy_uJ" in expected:
        assert evaluation.energy_pj / 1e6 == pytest.approx(expected["energy_uJ"], rel=1e-9)
        assert evaluation.edp_j_cycles == pytest.approx(expected["edp_J_cycles"], rel=1e-9)
    assert not violations(specification, found.mapping)


def _smaller() -> dict[str, Specification]:
    return {
        "pim": pim({"D": 64, "E": 64, "L": 32}),
        "softmax": softmax(columns=64, rows=48),
        "gemmini convolution": convolution("gemmini", E=64, D=64, R=3, S=3, L=56, Q=56),
        "eyeriss convolution": convolution("eyeriss", E=16, D=32, R=3, S=3, L=14, Q=14),
    }


@pytest.mark.parametrize("name", ["pim", "softmax", "gemmini convolution", "eyeriss convolution"])
@pytest.mark.parametrize("objective", ["edp", "energy", "cycles"])
def test_no_random_mapping_is_better(name: str, objective: str) -> None:
    specification = _smaller()[name]
    found = search(specification, MapperSettings((objective,)))
    assert found.optimality.status == "proved"
    assert not violations(specification, found.mapping)
    others = BatchEvaluator(specification).evaluate(random_mappings(specification, 3000, seed=1))
    assert others.legal.sum() > 50
    energy, cycles = others.energy_pj[others.legal], others.cycles[others.legal]
    best = {"edp": (energy * cycles).min() * 1e-12, "energy": energy.min(), "cycles": cycles.min()}
    assert found.optimality.lower_bound <= best[objective] * (1 + 1e-9)


def test_a_large_convolution_is_never_worse_than_random_mappings() -> None:
    specification = convolution("eyeriss", E=64, D=64, R=3, S=3, L=56, Q=56)
    found = search(specification, MapperSettings(("edp",)))
    assert found.optimality.status == "proved"
    others = BatchEvaluator(specification).evaluate(random_mappings(specification, 4000, seed=2))
    edp = (others.energy_pj * others.cycles)[others.legal]
    assert len(edp) > 20
    assert found.evaluation.edp_j_cycles <= edp.min() * 1e-12


def test_the_engine_searches_and_evaluates() -> None:
    specification = pim({"D": 64, "E": 64, "L": 32})
    engine = NativeEngine()
    found = engine.map(specification, MapperSettings())
    assert engine.name == "native"
    assert engine.version
    assert engine.evaluate(specification, found.mapping) == found.evaluation


def test_what_may_be_bypassed_is_bypassed_where_that_is_better() -> None:
    free = pim({"D": 64, "E": 64, "L": 32})
    best = search(free, MapperSettings(("energy",)))
    energies = []
    for kept in ([], ["Inputs"], ["Outputs"], ["Inputs", "Outputs"], ["Weights"], list(SPACES)):
        fixed = _with_level(free, "shared_glb", keeps(*kept))
        energies.append(search(fixed, MapperSettings(("energy",))).evaluation.energy_pj)
    assert best.evaluation.energy_pj <= min(energies) * (1 + 1e-12)
    assert np.ptp(energies) > 0


def _with_level(specification: Specification, name: str, constraint: Any) -> Specification:
    levels = {**specification.constraints.levels, name: constraint}
    return replace(specification, constraints=replace(specification.constraints, levels=levels))


@pytest.mark.parametrize("objective", ["cycles", "energy", "edp"])
def test_what_a_search_proves_is_no_more_than_the_optimum_wherever_it_is_cut_short(objective: str) -> None:
    for rows, kib in ((4, 0.5), (16, 4), (16, 512)):
        made = ["arch=gemmini", "layer=conv", f"arch.rows={rows}", f"arch.scratchpad_kib={kib}", "tracking=none"]
        made += [f"layer.{name}={size}" for name, size in {"E": 4, "D": 6, "R": 3, "S": 3, "L": 6, "Q": 4}.items()]
        specification, settings = specify(composition(made).at({})), MapperSettings((objective,))
        optimum = least_value(specification, settings, 1000)
        proved = [least_value(specification, settings, looks) for looks in range(1, 30)]
        assert max(proved) <= optimum
        assert proved[-1] == optimum
