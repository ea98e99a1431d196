"""Results that are accumulated window by window (transposed convolutions): what is mapped, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from mapspace_oracle import enumerate_mappings
from random_specifications import random_specification

from launcher.engines.interface import MapperSettings
from launcher.engines.native.batch import BatchEvaluator, mapping_at
from launcher.engines.native.mapper.optima import search
from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.specification.constraints import Constraints, Factors
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

P, R, D = Term("P"), Term("R"), Term("D")


def _with_outputs(outputs: tuple[tuple[Term, ...], ...], **extents: int) -> Specification:
    """A small problem with inputs P and weights D, R, whose outputs have these ranks, unconstrained."""
    specification = random_specification(Random(4), "transposed")
    spaces = (
        DataSpace("W", ((D,), (R,))),
        DataSpace("I", ((P,),)),
        DataSpace("O", outputs, read_write=True),
    )
    problem = Problem("transposed", {"D": 2, "P": 4, "R": 3, **extents}, spaces)
    return replace(specification, problem=problem, constraints=Constraints())


@pytest.mark.parametrize(
    ("outputs", "extents"),
    [
        (((D,), (Term("P", 4), R)), {}),
        (((D,), (Term("P", 2), R)), {"R": 1}),
        (((D,), (Term("P", 2), Term("R", 2))), {}),
        (((D, P), (P, R)), {}),
        (((Term("D", 2),), (P, R)), {}),
    ],
)
def test_a_projection_that_leaves_gaps_is_refused(
    outputs: tuple[tuple[Term, ...], ...], extents: dict[str, int]
) -> None:
    with pytest.raises(SpecificationError, match="'O' leaves gaps: some of its words are never updated"):
        search(_with_outputs(outputs, **extents), MapperSettings())


def test_strides_that_other_dimensions_fill_are_no_gaps() -> None:
    ranks = ((Term("D", 3), Term("P", 6), R),)
    specification = _with_outputs(ranks)
    found = search(specification, MapperSettings())
    assert found.optimality.status == "proved"
    assert found.evaluation.energy_pj == evaluate(specification, found.mapping).energy_pj
    doubled = _with_outputs(((D,), (P, P, R)))
    assert search(doubled, MapperSettings()).optimality.status == "proved"


def test_imperfect_factors_around_windows_of_results_are_refused() -> None:
    with pytest.raises(SpecificationError, match="'O' overlap") as caught:
        search(_with_outputs(((D,), (P, R)), D=5), MapperSettings(factors=Factors.all))
    assert "mapspace.factors=perfect" in str(caught.value)


def test_mappings_at_which_the_model_stops_are_illegal_in_a_batch() -> None:
    """A fan-out over P around a loop over 4 R: the box of a tile has gaps though the whole has none."""
    stopped = 0
    for seed in (64, 109, 161):
        specification = random_specification(Random(seed), "transposed")
        mappings = enumerate_mappings(specification, 1000)
        assert mappings is not None
        result = BatchEvaluator(specification).evaluate(mappings)
        for index in range(0, len(mappings), 3):
            try:
                one = evaluate(specification, mapping_at(specification, mappings, index))
            except SpecificationError as error:
                assert "leaves gaps" in str(error)
                assert not result.legal[index]
                stopped += 1
                continue
            assert one.legal == bool(result.legal[index])
            assert np.isclose(one.energy_pj, result.energy_pj[index], rtol=1e-12)
            assert one.cycles == result.cycles[index]
    assert stopped
