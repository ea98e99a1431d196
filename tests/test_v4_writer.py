"""Specifications written as v4 nodes, for Timeloop's front end, mean what they meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.config.compose import compose
from launcher.engines.interface import MapperSettings
from launcher.engines.native.native_engine import NativeEngine
from launcher.errors import SpecificationError
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Document, dump_mapping, parse_specification, read_mapping
from launcher.timeloop_files.v4_writer import v4_document
from launcher.timeloop_files.writer import to_text
from launcher.trial.steps import specify


def machine(arch: str, layer: str = "KTQ") -> Specification:
    return specify(compose(["tracking=none", f"arch={arch}", f"layer={layer}", "model=bert_base"]))


@pytest.mark.parametrize("arch", ["gemmini", "eyeriss", "simba", "tpu", "pim", "dimc", "aimc"])
@pytest.mark.parametrize("layer", ["KTQ", "softmax"])
def test_read_back_it_has_the_same_optimum(arch: str, layer: str) -> None:
    specification = machine(arch, layer)
    again = parse_specification(to_text(v4_document(specification)), "written")
    assert again.constraints == specification.constraints
    assert again.energy == specification.energy and again.area == specification.area
    names = [level.name for level in specification.architecture.levels]
    assert [level.name for level in again.architecture.levels] == names
    best = NativeEngine().map(specification, MapperSettings())
    theirs = NativeEngine().map(again, MapperSettings())
    assert theirs.mapping == best.mapping
    assert theirs.evaluation.energy_pj == best.evaluation.energy_pj


@pytest.mark.parametrize("arch", ["gemmini", "eyeriss", "pim"])
def test_with_a_mapping_nothing_is_left_open(arch: str) -> None:
    specification = machine(arch)
    best = NativeEngine().map(specification, MapperSettings(("energy",))).mapping
    again = parse_specification(to_text(v4_document(specification, best)), "written")
    assert NativeEngine().map(again, MapperSettings(("cycles",))).mapping == best


def test_a_level_that_fans_out_by_itself_is_refused() -> None:
    specification = machine("gemmini")
    levels = tuple(level for level in specification.architecture.levels if not level.is_dummy)
    bare = replace(specification, architecture=replace(specification.architecture, levels=levels))
    with pytest.raises(SpecificationError, match="'Scratchpad' fans out by itself"):
        v4_document(bare)


def test_imperfect_factors_survive_a_file() -> None:
    specification = specify(
        compose(["tracking=none", "arch=dimc", "layer=gemm", "layer.D=10", "layer.E=6", "layer.L=3"])
    )
    loops = {
        "DRAM": (Loop("D", 3),),
        "inter_Columns_spatial": (Loop("D", 4, 2),),
        "Cells": (Loop("L", 3), Loop("E", 6)),
    }
    levels = []
    for level in specification.architecture.levels:
        own = loops.get(level.name, ())
        spatial = own if level.is_dummy else ()
        keep = ("Weights", "Inputs", "Outputs") if level.name == "DRAM" else ()
        levels.append(LevelMapping(level.name, keep, spatial_x=spatial, temporal=() if spatial else own))
    mapping = Mapping(tuple(levels))
    assert not mapping.is_perfect
    assert {dimension: mapping.extent(dimension) for dimension in "DEL"} == {"D": 10, "E": 6, "L": 3}
    text = dump_mapping(mapping, specification)
    assert "D4,2" in text
    assert read_mapping([Document.from_text(text, "written")], specification) == mapping
    assert NativeEngine().evaluate(specification, mapping).legal
