"""What templates make of a layer where loops may be imperfect: sides are filled, loops in time fit what remains."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from random import Random

import pytest

from launcher.config.compose import compose
from launcher.specification.constraints import BlockConstraint, FactorBounds
from launcher.specification.specification import Specification
from launcher.trial.fitting import Factors, Fitting, largest_divisor
from launcher.trial.steps import specify

RAGGED = ("layer=gemm", "layer.D=197", "layer.E=50", "layer.L=197", "tracking=none")


def specified(*overrides: str, config_dir: Path | None = None) -> Specification:
    return specify(compose([*RAGGED, *overrides], config_dir))


def block(specification: Specification, level: str, kind: str = "spatial") -> BlockConstraint:
    found: BlockConstraint = getattr(specification.constraints.at(level), kind)
    return found


def exact(specification: Specification, level: str, kind: str = "spatial") -> dict[str, int | None]:
    """Factors of a block that are not 1."""
    factors = block(specification, level, kind).factors
    return {name: bounds.exact for name, bounds in factors.items() if bounds.exact != 1}


@pytest.mark.parametrize(
    ("factors", "rows", "columns", "streamed"),
    [("perfect", {}, {"E": 10}, {}), ("spatial", {"D": 16}, {"E": 16}, {}), ("all", {"D": 16}, {"E": 16}, {"L": 16})],
)
def test_sides_are_filled_and_loops_in_time_only_where_every_loop_may_be_imperfect(
    factors: str, rows: dict[str, int], columns: dict[str, int], streamed: dict[str, int]
) -> None:
    found = specified("arch=gemmini", f"mapspace.factors={factors}")
    assert exact(found, "inter_PERows_spatial") == rows
    assert exact(found, "inter_PECols_spatial") == columns
    assert exact(found, "Registers", "temporal") == streamed


def test_a_side_is_never_filled_with_more_than_there_is() -> None:
    found = specified("arch=gemmini", "arch.rows=64", "layer.D=14", "mapspace.factors=spatial")
    assert exact(found, "inter_PERows_spatial") == {"D": 14}


@pytest.mark.parametrize("arch", ["tpu", "pim"])
def test_the_least_use_of_a_side_does_not_depend_on_divisors(arch: str) -> None:
    prime = (f"arch={arch}", "layer.D=1009", "layer.E=1009")
    share = 2 if arch == "tpu" else 4
    for factors in ("perfect", "spatial", "all"):
        trial = compose([*RAGGED, *prime, f"mapspace.factors={factors}"])
        used = block(specify(trial), "inter_PERows_spatial").factors["D"]
        assert used == FactorBounds(least=1 if factors == "perfect" else trial.experiment.arch.rows // share)


@pytest.mark.parametrize("factors", ["spatial", "all"])
def test_dimensions_along_which_windows_slide_keep_perfect_factors(factors: str) -> None:
    conv = ("layer=resnet18_2_3x3", "model=resnet18", "arch.rows=10", "arch.cols=10", f"mapspace.factors={factors}")
    outputs = specify(compose([*conv, "arch.dataflow=os", "tracking=none"]))
    assert exact(outputs, "inter_PERows_spatial") == {"D": 10}
    assert exact(outputs, "inter_PECols_spatial") == {"L": 8}  # of 56
    weights = specify(compose([*conv, "arch.dataflow=ws", "layer.E=5", "tracking=none"]))
    assert exact(weights, "inter_PECols_spatial") == {"E": 5}  # R is 3, and 2 places are left
    assert exact(weights, "Registers", "temporal") == {"L": 14}


def test_simbas_rows_of_registers_are_whole() -> None:
    """They are hardware, not loops."""
    odd = ("arch=simba", "arch.pes=7", "arch.vector_macs=3", "arch.vector_width=5")
    perfect, spatial = (specified(*odd, f"mapspace.factors={one}") for one in ("perfect", "spatial"))
    assert perfect.architecture == spatial.architecture


def test_norm_operations_fill_their_lanes() -> None:
    lanes = ("layer=layernorm", "model=bert_base", "model.sequence=197", "arch.norm_lanes=16", "tracking=none")
    fills = {one: specify(compose([*lanes, f"mapspace.factors={one}"])) for one in Factors}
    found = {one: exact(specification, "inter_Lanes_spatial") for one, specification in fills.items()}
    assert found == {"perfect": {}, "spatial": {"L": 16}, "all": {"L": 16}}
    # 13 blocks of 16 columns remain, of which the accumulators' room takes a divisor, or all that fit.
    columns = {one: exact(specification, "Accumulator", "temporal").get("L", 1) for one, specification in fills.items()}
    assert columns["spatial"] in (1, 13) and 1 <= (columns["all"] or 0) <= 13


def test_ends_obey_what_remains() -> None:
    random = Random(20)
    for _ in range(300):
        values, columns = random.randint(1, 400), random.randint(1, 400)
        room, lanes, registers = random.randint(1, 600), random.randint(1, 40), random.randint(1, 300)
        for factors in Factors:
            fitting = Fitting({"E": values, "L": columns}, factors)
            ends = fitting.norm_factors(room, lanes, registers)
            taken = ends["lanes"] * ends["registers"] * ends["reduction"] * ends["columns"]
            assert taken <= room and ends["lanes"] <= lanes and ends["registers"] <= registers
            left_values, left_columns = ceil(values / ends["registers"]), ceil(columns / ends["lanes"])
            assert ends["reduction"] <= left_values and ends["columns"] <= left_columns
            if factors is not Factors.all:
                assert values % ends["registers"] == 0
                assert left_values % ends["reduction"] == 0 and left_columns % ends["columns"] == 0
            if factors is Factors.perfect:
                assert ends["lanes"] == largest_divisor(columns, min(lanes, room))
            else:
                assert ends["lanes"] == min(columns, lanes, room)


def test_a_template_of_ones_own_fills_its_sides(tmp_path: Path) -> None:
    (tmp_path / "arch").mkdir()
    (tmp_path / "arch_templates").mkdir()
    (tmp_path / "arch" / "mine.yaml").write_text("name: mine\ntemplate: mine.yaml.j2\nrows: 8\n")
    (tmp_path / "arch_templates" / "mine.yaml.j2").write_text(
        """architecture:
  version: 0.4
  nodes:
  - !Container {name: system, attributes: {technology: "32nm", global_cycle_seconds: 1.2e-9}}
  - !Component {name: DRAM, class: DRAM, attributes: {type: LPDDR4, width: 64, datawidth: 8}}
  - !Container
    name: rows
    spatial: {meshY: {{ arch.rows }}}
    constraints: {spatial: {factors: {{ only(D=fill(sizes.D, arch.rows)) }}, split: 0}}
  - !Component
    name: cells
    class: SRAM
    attributes: {width: 8, depth: 4, datawidth: 8}
    constraints: {temporal: {factors: {{ only("D", "E", **spread_in_time(4, "L")) }}}}
  - !Component {name: mac, class: intmac, attributes: {multiplier_width: 8, adder_width: 16}}
"""
    )
    sides = {}
    for factors in Factors:
        found = specified("arch=mine", f"mapspace.factors={factors}", config_dir=tmp_path)
        sides[factors.value] = exact(found, "inter_rows_spatial") | exact(found, "cells", "temporal")
    assert sides == {"perfect": {}, "spatial": {"D": 8}, "all": {"D": 8, "L": 4}}
