"""Specifications that several tests of the mapper share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from golden_cases import architecture_from_json, energy_table_from_json, golden_path, load_golden, load_json

from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

SPACES = ("Weights", "Inputs", "Outputs")


@cache
def optima() -> dict[str, Any]:
    """The proved optima of gemmini."""
    return load_json(golden_path("gemmini_optima"))


def optimum_specification(case: Mapping[str, Any]) -> Specification:
    """The specification of one case of the proved optima."""
    data = optima()
    spaces = tuple(
        DataSpace(name, tuple((Term(dimension),) for dimension in ranks), name == "Outputs")
        for name, ranks in data["data_spaces"].items()
    )
    return Specification(
        architecture_from_json(data["architecture"], "gemmini"),
        Problem("matmul", case["dimensions"], spaces),
        _constraints(data["constraints"][case["constraints"]]),
        energy_table_from_json(data["architecture"]),
    )


def _constraints(written: Mapping[str, Any]) -> Constraints:
    levels = {}
    for name, kept in written["keep"].items():
        levels[name] = LevelConstraint(
            keep=frozenset(kept),
            bypass=frozenset(SPACES) - set(kept),
            temporal=_block(written["temporal"].get(name, "")),
            spatial=_block(written["spatial"].get(name, "").partition(":")[2]),
        )
    return Constraints(levels)


def _block(written: str) -> BlockConstraint:
    pairs = [pair.split("=") for pair in written.split(",") if pair.strip()]
    return BlockConstraint({name.strip(): FactorBounds(exact=int(value)) for name, value in pairs})


def gemmini(dimensions: Mapping[str, int], **changes: LevelConstraint) -> Specification:
    """The constrained gemmini on a matmul of any size, with the constraints of some levels replaced."""
    specification = optimum_specification({"dimensions": dict(dimensions), "constraints": "constrained"})
    return replace(specification, constraints=Constraints({**specification.constraints.levels, **changes}))


def relaxed_gemmini(dimensions: Mapping[str, int]) -> Specification:
    """The gemmini whose array is fixed and whose temporal factors are free, on a matmul of any size."""
    return optimum_specification({"dimensions": dict(dimensions), "constraints": "relaxed"})


def keeps(*kept: str, **blocks: BlockConstraint) -> LevelConstraint:
    """A level that keeps some data spaces and bypasses the others."""
    return LevelConstraint(keep=frozenset(kept), bypass=frozenset(SPACES) - set(kept), **blocks)


def exactly(**factors: int) -> BlockConstraint:
    """A block with exact factors."""
    return BlockConstraint({name: FactorBounds(exact=factor) for name, factor in factors.items()})


def pim(dimensions: Mapping[str, int]) -> Specification:
    """The in-memory array on a matmul: half of the array's sides at least, the buffer free to keep or bypass."""
    golden = load_golden("pim_gemm_small").specification
    sides = {
        "inter_PECols_spatial": BlockConstraint({"E": FactorBounds(least=16), "D": FactorBounds(exact=1)}),
        "inter_PERows_spatial": BlockConstraint({"D": FactorBounds(least=16), "E": FactorBounds(exact=1)}),
    }
    levels = {name: keeps(spatial=block) for name, block in sides.items()}
    levels["scratchpad"] = keeps("Weights", temporal=exactly(D=1, E=1, L=1))
    problem = Problem("matmul", {**golden.problem.dimensions, **dimensions}, golden.problem.data_spaces)
    return replace(golden, problem=problem, constraints=Constraints(levels))


def softmax(columns: int, rows: int) -> Specification:
    """A norm operation of two sweeps on gemmini's norm engine, with nothing constrained but what is kept."""
    golden = load_golden("gemmini_norm_softmax").specification
    problem = Problem("norm", {**golden.problem.dimensions, "E": rows, "L": columns}, golden.problem.data_spaces)
    levels = {}
    for level in golden.architecture.levels:
        kept = [space for space in SPACES if any(_keeps(case, level.name, space) for case in _norm_cases())]
        levels[level.name] = keeps(*kept)
    return replace(golden, problem=problem, constraints=Constraints(levels))


def _norm_cases() -> tuple[Any, ...]:
    return load_golden("gemmini_norm_softmax").cases


def _keeps(case: Any, level: str, space: str) -> bool:
    return space in case.mapping.level(level).keep


def convolution(arch: str, **dimensions: int) -> Specification:
    """A convolution on gemmini or eyeriss with the constraints of the architecture."""
    golden = load_golden({"gemmini": "gemmini_conv3x3_stride2", "eyeriss": "eyeriss_conv3x3"}[arch]).specification
    problem = Problem("conv", {**golden.problem.dimensions, **dimensions}, golden.problem.data_spaces)
    others = dict.fromkeys(problem.dimensions, 1)
    if arch == "gemmini":
        levels = {
            "Scratchpad": keeps("Weights", "Inputs", temporal=exactly(D=1)),
            "inter_PERows_spatial": keeps(spatial=exactly(**{**others, "D": 16})),
            "Accumulator": keeps("Outputs"),
            "inter_PECols_spatial": keeps(spatial=exactly(**{**others, "E": 16})),
            "Registers": keeps("Weights", temporal=exactly(E=1, D=1, R=1, S=1)),
        }
    else:
        levels = {
            "shared_glb": keeps("Inputs", "Outputs"),
            "inter_PE_column_spatial": keeps(spatial=exactly(**_without(others, "D", "Q"))),
            "inter_PE_spatial": keeps(spatial=exactly(**_without(others, "D", "E", "S"))),
            "ifmap_spad": keeps("Inputs", temporal=exactly(**others)),
            "weights_spad": keeps("Weights", temporal=exactly(**_without(others, "E", "R"))),
            "psum_spad": keeps("Outputs", temporal=exactly(**_without(others, "D"))),
        }
    return replace(golden, problem=problem, constraints=Constraints(levels))


def _without(factors: Mapping[str, int], *names: str) -> dict[str, int]:
    return {name: factor for name, factor in factors.items() if name not in names}
