"""Specifications, constraints and mappings to YAML and back are equal."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from random import Random

import pytest
import yaml
from golden_cases import golden_names, load_golden
from random_timeloop_files import random_mapping, random_specification

from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture, ComputeLevel, Network, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import (
    Document,
    dump_constraints,
    dump_mapping,
    dump_specification,
    parse_specification,
    read_mapped,
    read_mapping,
    read_mappings,
    read_specification,
)

SEEDS = pytest.mark.parametrize("seed", range(60))


def reread(specification: Specification) -> Specification:
    """Through YAML: the specification in one text, its constraints in another."""
    texts = (dump_specification(specification), dump_constraints(specification))
    return read_specification([Document.from_text(text, f"text {i}") for i, text in enumerate(texts)])


def without_attributes(architecture: Architecture) -> Architecture:
    """Attributes gain what Timeloop needs to derive a level's figures; everything else must be equal."""

    def bare(component: object) -> dict[str, object]:
        return {f.name: getattr(component, f.name) for f in fields(component) if f.name != "attributes"}  # type: ignore[arg-type]

    return Architecture(
        architecture.name,
        tuple(StorageLevel(**bare(level)) for level in architecture.levels),  # type: ignore[arg-type]
        ComputeLevel(**bare(architecture.compute)),  # type: ignore[arg-type]
        {name: Network(**bare(network)) for name, network in architecture.networks.items()},  # type: ignore[arg-type]
        architecture.attributes,
    )


@SEEDS
def test_specification(seed: int) -> None:
    specification = random_specification(Random(seed))
    again = reread(specification)
    assert without_attributes(again.architecture) == without_attributes(specification.architecture)
    for before, after in zip(specification.architecture.components, again.architecture.components, strict=True):
        for key in ("type", "technology", "n_ports", "kind"):
            assert after.attributes.get(key) == before.attributes.get(key)
    assert again.problem == specification.problem
    assert again.constraints == specification.constraints
    assert again.energy == specification.energy
    assert again.area == specification.area
    # Once read, nothing is added any more.
    assert reread(again) == again


@SEEDS
def test_mapping(seed: int) -> None:
    rng = Random(seed)
    specification = replace(random_specification(rng), constraints=Constraints())
    mapping = random_mapping(rng, specification.architecture, specification.problem)
    document = Document.from_text(dump_mapping(mapping, specification), "mapping")
    assert read_mapping([document], specification) == mapping


@SEEDS
def test_mapping_carries_what_the_constraints_switch_off(seed: int) -> None:
    rng = Random(seed)
    specification = random_specification(rng)
    mapping = random_mapping(rng, specification.architecture, specification.problem)
    document = Document.from_text(dump_mapping(mapping, specification), "mapping")
    bare = replace(specification, constraints=Constraints())
    ((with_switches, again),) = read_mapped([document], bare)
    assert again == mapping
    for index, level in enumerate(specification.architecture.levels):
        before, after = specification.constraints.at(level.name), with_switches.constraints.at(level.name)
        assert after.no_coalesce == before.no_coalesce
        assert after.temporal.no_reuse == before.temporal.no_reuse
        assert after.temporal.rmw_first_update == before.temporal.rmw_first_update
        x, y = specification.architecture.fanout(index)
        if x * y > 1:
            assert after.spatial.no_reuse == before.spatial.no_reuse
            assert after.spatial.no_link_transfer == before.spatial.no_link_transfer


@pytest.mark.parametrize("name", golden_names())
def test_golden_files(name: str) -> None:
    golden = load_golden(name)
    again = parse_specification(dump_specification(golden.specification), name)
    assert without_attributes(again.architecture) == without_attributes(golden.specification.architecture)
    assert (again.problem, again.energy) == (golden.specification.problem, golden.specification.energy)
    for case in golden.cases[:40]:
        document = Document.from_text(dump_mapping(case.mapping, golden.specification), name)
        mapping = read_mapping([document], again)
        # Timeloop's mappings name data spaces in the problem's order; ours do too once they were read.
        assert [(set(m.keep), m.spatial_x, m.spatial_y, m.temporal) for m in mapping] == [
            (set(m.keep), m.spatial_x, m.spatial_y, m.temporal) for m in case.mapping
        ]
        if case.legal:
            assert evaluate(again, mapping).energy_pj == evaluate(golden.specification, case.mapping).energy_pj


def test_several_mappings_in_a_list_and_alone() -> None:
    golden = load_golden("gemmini_gemm_small")
    specification, cases = golden.specification, golden.cases[:3]
    lists = [yaml.safe_load(dump_mapping(case.mapping, specification))["mapping"] for case in cases]
    together = Document.from_text(yaml.safe_dump({"mappings": lists}), "together")
    nested = Document.from_text(yaml.safe_dump({"mappings": [{"mapping": one} for one in lists]}), "nested")
    alone = Document.from_text(dump_mapping(cases[0].mapping, specification), "alone")
    expected = [
        read_mapping([Document.from_text(dump_mapping(c.mapping, specification), "x")], specification) for c in cases
    ]
    assert read_mappings([together], specification) == expected
    assert read_mappings([nested], specification) == expected
    assert read_mappings([alone, together], specification) == [expected[0], *expected]
    with pytest.raises(SpecificationError, match="3 mappings"):
        read_mapping([together], specification)


def test_switches_in_a_mapping_are_not_lost() -> None:
    golden = load_golden("gemmini_gemm_small")
    level = golden.specification.architecture.levels[-1].name
    switched = replace(
        golden.specification,
        constraints=Constraints({level: LevelConstraint(temporal=BlockConstraint(no_reuse=frozenset({"Inputs"})))}),
    )
    document = Document.from_text(dump_mapping(golden.cases[0].mapping, switched), "m")
    with pytest.raises(SpecificationError, match="switches off"):
        read_mappings([document], golden.specification)
    assert read_mappings([document], switched) == read_mappings([document], switched)


def test_what_timeloop_mappings_cannot_say_is_an_error() -> None:
    golden = load_golden("gemmini_gemm_small")
    levels = list(golden.cases[0].mapping.levels)
    dimension = next(iter(golden.specification.problem.dimensions))
    twice = (Loop(dimension, 2), Loop(dimension, 3))
    levels[-1] = LevelMapping(levels[-1].level, levels[-1].keep, temporal=twice)
    with pytest.raises(SpecificationError, match="two temporal loops"):
        dump_mapping(Mapping(tuple(levels)), golden.specification)
    levels[-1] = LevelMapping(levels[-1].level, levels[-1].keep, spatial_x=twice[:1])
    with pytest.raises(SpecificationError, match="no fan-out"):
        dump_mapping(Mapping(tuple(levels)), golden.specification)


def test_specification_for_timeloop_holds_no_constraints() -> None:
    golden = load_golden("pim_gemm_small")
    document = yaml.safe_load(dump_specification(golden.specification))
    assert set(document) == {"architecture", "problem", "ERT"}
    local = document["architecture"]["subtree"][0]["local"]
    names = [entry["name"].split("[")[0] for entry in local]
    assert names == [component.name for component in golden.specification.architecture.components]
    # Timeloop wants an explicit network named at both its ends.
    for outer, inner in pairwise(local[2:]):
        assert outer["attributes"].get("network_read") == inner["attributes"].get("network_fill")
        assert outer["attributes"].get("network_update") == inner["attributes"].get("network_drain")
