"""Why there is no mapping, in words, and what would be the nearest change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mapper_cases import SPACES, exactly, gemmini, keeps

from launcher.engines.interface import MapperSettings
from launcher.engines.native.mapper.optima import pareto, search
from launcher.errors import NoValidMappingError
from launcher.specification.constraints import BlockConstraint, FactorBounds, LevelConstraint
from launcher.specification.specification import Specification

SIZE = {"E": 1024, "D": 1024, "L": 4096}


def _reason(specification: Specification) -> NoValidMappingError:
    with pytest.raises(NoValidMappingError) as caught:
        search(specification, MapperSettings())
    return caught.value


def _rows(**bounds: FactorBounds) -> LevelConstraint:
    others = {name: FactorBounds(exact=1) for name in "EDL" if name not in bounds}
    return keeps(spatial=BlockConstraint({**others, **bounds}))


def test_a_tile_that_does_not_fit() -> None:
    error = _reason(gemmini(SIZE, Registers=keeps("Outputs", temporal=exactly(E=1, D=1, L=16))))
    assert error.what == (
        "no valid mapping: Registers must hold at least 16 words of Outputs but has 1 (Registers wants L = 16)"
    )
    assert error.hint == "the nearest change that admits a mapping: let Outputs bypass Registers"


def test_a_fan_out_that_wants_more_than_the_layer_has() -> None:
    rows = _rows(D=FactorBounds(least=16, most=16))
    error = _reason(gemmini({**SIZE, "D": 8}, inter_PERows_spatial=rows))
    assert error.what == "no valid mapping: PERows wants D >= 16 and D <= 16, the layer has D = 8"
    assert error.hint == "the nearest change that admits a mapping: D = 8 at PERows"


def test_a_lower_bound_above_the_extent_is_told_alone() -> None:
    rows = _rows(D=FactorBounds(least=12, most=16))
    error = _reason(gemmini({**SIZE, "D": 8}, inter_PERows_spatial=rows))
    assert "PERows wants D >= 12, the layer has D = 8" in error.what


def test_a_fan_out_with_too_few_children() -> None:
    error = _reason(gemmini(SIZE, inter_PERows_spatial=_rows(D=FactorBounds(exact=32))))
    assert "PERows has only 16 children (1 along X, 16 along Y) of the 32 it needs" in error.what
    assert error.hint == "the nearest change that admits a mapping: D = 16 at PERows"


def test_a_level_without_children() -> None:
    error = _reason(gemmini(SIZE, Scratchpad=keeps("Weights", "Inputs", spatial=exactly(D=4))))
    assert "Scratchpad has only 1 child of the 4 it needs" in error.what
    assert "Scratchpad (spatial) wants D = 4" in error.what


def test_factors_that_do_not_multiply_to_the_extent() -> None:
    error = _reason(gemmini({**SIZE, "D": 24}))
    assert "PERows wants D = 16, the layer has D = 24" in error.what
    assert error.hint is not None
    assert "D = 12 at PERows" in error.hint


def test_several_blocks_that_take_too_much() -> None:
    levels = {"Accumulator": keeps("Outputs", temporal=exactly(E=16)), "DRAM": keeps(*SPACES, temporal=exactly(E=8))}
    error = _reason(gemmini(SIZE, **levels))
    for part in ("Accumulator wants E = 16", "DRAM wants E = 8", "PECols wants E = 16", "the layer has E = 1024"):
        assert part in error.what


def test_a_factor_of_a_dimension_that_the_layer_does_not_have() -> None:
    error = _reason(gemmini({**SIZE, "L": 1}))
    assert "Registers wants L = 16, the layer has L = 1" in error.what


def test_a_data_space_that_is_kept_nowhere() -> None:
    levels = {"DRAM": keeps("Weights", "Inputs"), "Accumulator": keeps()}
    error = _reason(gemmini(SIZE, **levels))
    assert "every level bypasses Outputs" in error.what
    assert error.hint == "the nearest change that admits a mapping: keep Outputs at DRAM"


def test_a_buffer_that_cannot_be_filled_enough() -> None:
    specification = gemmini({"E": 16, "D": 16, "L": 16})
    levels = tuple(
        replace(level, min_utilization=0.5) if level.name == "Scratchpad" else level
        for level in specification.architecture.levels
    )
    error = _reason(replace(specification, architecture=replace(specification.architecture, levels=levels)))
    assert "Scratchpad must be filled with at least 262144 words" in error.what
    assert error.hint == "the nearest change that admits a mapping: min_utilization = 0.000976 at Scratchpad"


def test_the_front_has_the_same_reason() -> None:
    specification = gemmini({**SIZE, "D": 24})
    with pytest.raises(NoValidMappingError, match="PERows wants D = 16"):
        pareto(specification, MapperSettings())
