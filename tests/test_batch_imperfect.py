"""Imperfect mappings in batches against the plain model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from golden_cases import golden_from_json, load_json
from imperfect_cases import FREE, random_case, random_mapping
from random_specifications import random_specification

from launcher.engines.native.batch import BatchEvaluator, MappingBatch, batch_of
from launcher.engines.native.batch.imperfect import imperfect_figures
from launcher.engines.native.batch.specification_tables import build_tables
from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.specification.mapping import Loop, Mapping, with_residuals
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

FOLDER = Path(__file__).parent / "golden_imperfect"


def check(specification: Specification, mappings: list[Mapping]) -> int:
    """Compare a batch with the plain model; returns how many of the mappings are legal and imperfect."""
    result = BatchEvaluator(specification).evaluate(batch_of(specification, mappings))
    singles = [evaluate(specification, mapping) for mapping in mappings]
    assert result.legal.tolist() == [one.legal for one in singles]
    assert result.cycles.tolist() == [one.cycles for one in singles]
    np.testing.assert_allclose(result.energy_pj, [one.energy_pj for one in singles], rtol=1e-12)
    return sum(one.legal and not mapping.is_perfect for one, mapping in zip(singles, mappings, strict=True))


def compiled(specification: Specification) -> bool:
    return imperfect_figures(specification, build_tables(specification)) is not None


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided", "batched", "grouped"])
def test_a_batch_has_the_figures_of_the_plain_model(kind: str) -> None:
    random = Random(f"batch {kind}")
    ways: set[bool] = set()
    imperfect = 0
    for _ in range(40 if kind in ("gemm", "elementwise") else 15):
        specification, mapping = random_case(random, kind)
        others = [
            with_residuals(random_mapping(random, specification), specification.problem) for _ in range(9)
        ]  # fmt: skip
        imperfect += check(specification, [mapping, *others])
        ways.add(compiled(specification))
    assert imperfect > (80 if kind in ("gemm", "elementwise") else 20)
    assert True in ways  # transfers by number of destinations are for the plain model


@pytest.mark.parametrize("rare", [1, 3])
def test_a_batch_knows_limits_as_the_plain_model_does(rare: float) -> None:
    random = Random(f"limits {rare}")
    compared = imperfect = 0
    while compared < 60:
        specification = random_specification(random, "gemm", rare=rare)
        extents = {name: random.choice(FREE) for name in specification.problem.dimensions}
        specification = replace(specification, problem=replace(specification.problem, dimensions=extents))
        if not compiled(specification):
            continue
        compared += 1
        mappings = [
            with_residuals(random_mapping(random, specification), specification.problem) for _ in range(20)
        ]  # fmt: skip
        imperfect += check(specification, mappings)
    assert imperfect > 100


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json.gz")), ids=lambda file: file.name.split(".")[0])
def test_a_batch_meets_every_imperfect_golden_case(file: Path) -> None:
    golden = golden_from_json(load_json(file), file.name)
    assert compiled(golden.specification)
    batch = batch_of(golden.specification, [case.mapping for case in golden.cases])
    result = BatchEvaluator(golden.specification).evaluate(batch)
    expected = [case.expected for case in golden.cases]
    assert result.legal.tolist() == [case["legal"] for case in expected]
    assert result.cycles.tolist() == [case.get("cycles", 0) for case in expected]
    np.testing.assert_allclose(result.energy_pj, [case.get("energy_pj", 0.0) for case in expected], rtol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_a_batch_refuses_what_is_no_mapping_of_the_problem(seed: int) -> None:
    random = Random(seed)
    specification, mapping = random_case(random, "gemm")
    batch = batch_of(specification, [mapping, mapping])
    factors = batch.factors.copy()
    place = tuple(random.randrange(size) for size in factors.shape[1:])
    factors[(1, *place)] += random.choice((1, 2, 11))
    changed = MappingBatch(factors, batch.orders, batch.keep)
    extents = specification.problem.dimensions.values()
    if follows(specification.problem, factors[1]):
        assert len(BatchEvaluator(specification).evaluate(changed).legal) == 2
        return
    assert (factors[1].prod(axis=(0, 1)) > list(extents)).any()
    with pytest.raises(SpecificationError, match=r"multiply to \d+, but its extent is \d+"):
        BatchEvaluator(specification).evaluate(changed)


def follows(problem: Problem, factors: np.ndarray) -> bool:
    """Whether every end is at most what the loops inside leave."""
    for extent, ends in zip(problem.dimensions.values(), factors.reshape(-1, factors.shape[-1]).T, strict=True):
        left = extent
        for end in ends:
            if end > left:
                return False
            left = -(-left // end)
    return True


def test_a_batch_refuses_imperfect_windows() -> None:
    golden = golden_from_json(load_json(FOLDER / "imperfect_gemmini.json.gz"), "gemmini")
    problem = golden.specification.problem  # Inputs have the rank L + R
    windows = replace(golden.specification, problem=replace(problem, dimensions={**problem.dimensions, "R": 2}))
    outermost = golden.cases[0].mapping.levels[-1]
    loops = (Loop("L", 39), Loop("L", 2), Loop("E", 197), Loop("D", 100), Loop("R", 2))
    inner = [replace(one, spatial_x=(), spatial_y=(), temporal=()) for one in golden.cases[0].mapping.levels[:-1]]
    inner[-1] = replace(inner[-1], temporal=loops[:1])
    mapping = with_residuals(Mapping((*inner, replace(outermost, temporal=loops[1:]))), windows.problem)
    with pytest.raises(SpecificationError, match="dimension 'L' has imperfect factors, but the windows of 'Inputs'"):
        BatchEvaluator(windows).evaluate(batch_of(windows, [mapping]))
