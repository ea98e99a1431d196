"""Layers of any size: figures, or one sentence that says what is too large."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from mapspace_oracle import random_mappings
from random_specifications import random_specification

from launcher.engines.interface import MapperSettings
from launcher.engines.native.batch import mapping_at
from launcher.engines.native.mapper.optima import search
from launcher.engines.native.mapper.search import judge
from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.specification.constraints import Factors
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import read_specification

FOLDER = Path(__file__).parent / "small_timeloop_files"


def _sized(name: str, **sizes: int) -> Specification:
    specification = read_specification([FOLDER / "base.yaml", FOLDER / f"{name}.yaml"])
    problem = specification.problem
    return replace(specification, problem=replace(problem, dimensions={**problem.dimensions, **sizes}))


@pytest.mark.parametrize("objective", ["edp", "energy", "cycles", "ed2p"])
@pytest.mark.parametrize(
    "sizes",
    [
        {},  # 2^66 operations
        {"M": 2**33, "N": 2**33, "K": 2**34},
        {"M": 3**14, "N": 5**9, "K": 7**11},
        {"M": 16_777_213, "N": 2**31 - 1, "K": 10**9},
    ],
)
def test_more_operations_than_fit_64_bits_are_mapped(sizes: dict[str, int], objective: str) -> None:
    specification = _sized("big", **sizes)
    found = search(specification, MapperSettings((objective,)))
    assert found.optimality.status == "proved"
    figures = evaluate(specification, found.mapping)
    assert (figures.energy_pj, figures.cycles) == (found.evaluation.energy_pj, found.evaluation.cycles)
    assert figures.cycles >= specification.problem.computes // 8 and figures.energy_pj > 0


def test_no_random_mapping_of_a_huge_layer_is_better() -> None:
    specification = _sized("big")
    best = search(specification, MapperSettings(("edp",))).evaluation
    mappings = random_mappings(specification, 300, 7)
    others = [evaluate(specification, mapping_at(specification, mappings, index)) for index in range(len(mappings))]
    legal = [other.energy_pj * other.cycles for other in others if other.legal]
    assert len(legal) > 3
    assert min(legal) >= best.energy_pj * best.cycles * (1 - 1e-9)


def test_a_huge_convolution_is_mapped() -> None:
    sizes = {"C": 2**26, "M": 2**26, "R": 1, "S": 3, "P": 2, "Q": 2}
    specification = _sized("conv", **sizes)
    found = search(specification, MapperSettings(("edp",), timeout_s=2.0))
    assert found.evaluation.legal and found.evaluation.cycles >= specification.problem.computes // 8


def test_mappings_that_are_judged_one_by_one_give_the_same_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(5):
        specification = random_specification(Random(seed), "conv", rare=1)
        many = search(specification, MapperSettings(("edp",)))
        with monkeypatch.context() as patch:
            patch.setattr(judge, "MOST_COMPUTES", 0)
            assert search(specification, MapperSettings(("edp",))).mapping == many.mapping


@pytest.mark.parametrize(
    ("sizes", "factors", "words"),
    [
        ({"M": 2**60}, Factors.perfect, "M = 1152921504606846976 is too large for the mapper"),
        ({"M": 2**24}, Factors.spatial, "M = 16777216 is too large for the mapper with imperfect factors"),
        ({"M": 735134400, "N": 735134400, "K": 735134400}, Factors.perfect, "too many divisors"),
    ],
)
def test_what_is_too_large_is_told(sizes: dict[str, int], factors: Factors, words: str) -> None:
    with pytest.raises(SpecificationError, match=words):
        search(_sized("big", **sizes), MapperSettings(("edp",), factors=factors))
