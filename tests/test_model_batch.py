"""The batch model against golden cases and against the plain model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from golden_cases import golden_names, load_golden

from launcher.engines.native.batch import BatchEvaluator, MappingBatch, batch_of, mapping_at
from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.specification import Specification


@pytest.mark.parametrize("name", golden_names())
def test_batch_meets_every_golden_case(name: str) -> None:
    golden = load_golden(name)
    result = BatchEvaluator(golden.specification).evaluate(
        batch_of(golden.specification, [case.mapping for case in golden.cases])
    )
    expected = [case.expected for case in golden.cases]
    assert result.legal.tolist() == [case["legal"] for case in expected]
    assert result.cycles.tolist() == [case.get("cycles", 0) for case in expected]
    np.testing.assert_allclose(result.energy_pj, [case.get("energy_pj", 0.0) for case in expected], rtol=1e-12)


def test_a_mapping_survives_the_way_into_a_batch_and_back() -> None:
    golden = load_golden("eyeriss_conv3x3")
    mappings = [case.mapping for case in golden.cases]
    batch = batch_of(golden.specification, mappings)
    kept = {name: n for n, name in enumerate(golden.specification.problem.data_space_names)}
    for index, mapping in enumerate(mappings):
        levels = tuple(replace(level, keep=tuple(sorted(level.keep, key=kept.__getitem__))) for level in mapping)
        assert mapping_at(golden.specification, batch, index).levels == levels


@pytest.mark.parametrize("name", ["gemmini_conv3x3_stride2", "gemmini_gemm_small", "eyeriss_conv3x3"])
def test_constraints_that_switch_reuse_off_mean_the_same_in_both_models(name: str) -> None:
    golden = load_golden(name)
    spaces = golden.specification.problem.data_space_names
    rng = np.random.default_rng(7)
    mappings = [case.mapping for case in golden.cases[:25]]
    for _ in range(4):

        def some() -> frozenset[str]:
            return frozenset(name for name in spaces if rng.random() < 0.3)

        constraints = Constraints(
            {
                level.name: LevelConstraint(
                    no_coalesce=some(),
                    temporal=BlockConstraint(no_reuse=some(), rmw_first_update=some()),
                    spatial=BlockConstraint(no_reuse=some(), no_link_transfer=some()),
                )
                for level in golden.specification.architecture.levels[:-1]
            }
        )
        assert_same(replace(golden.specification, constraints=constraints), mappings)


def assert_same(specification: Specification, mappings: list) -> None:
    result = BatchEvaluator(specification).evaluate(batch_of(specification, mappings))
    for index, mapping in enumerate(mappings):
        single = evaluate(specification, mapping)
        assert result.legal[index] == single.legal
        assert result.cycles[index] == single.cycles
        assert result.energy_pj[index] == pytest.approx(single.energy_pj, rel=1e-12)


def test_malformed_mappings_are_named() -> None:
    golden = load_golden("gemmini_gemm_small")
    batch = batch_of(golden.specification, [case.mapping for case in golden.cases[:5]])
    factors = batch.factors.copy()
    factors[3, -1, 2, 0] *= 2
    with pytest.raises(SpecificationError, match="dimension 'E' multiply to 192, but its extent is 96"):
        BatchEvaluator(golden.specification).evaluate(MappingBatch(factors, batch.orders, batch.keep))
    orders = batch.orders.copy()
    orders[2, 1, 2, 0] = orders[2, 1, 2, 1]
    with pytest.raises(SpecificationError, match="no permutation"):
        BatchEvaluator(golden.specification).evaluate(MappingBatch(batch.factors, orders, batch.keep))


def test_an_empty_batch_gives_empty_arrays() -> None:
    golden = load_golden("gemmini_gemm_small")
    result = BatchEvaluator(golden.specification).evaluate(batch_of(golden.specification, []))
    assert len(result.legal) == len(result.energy_pj) == len(result.cycles) == 0
