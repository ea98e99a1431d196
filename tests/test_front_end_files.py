"""Files as people write them for Timeloop's front end and for older Timeloops: other names, forms and spellings."""

from __future__ import annotations

import pytest
from front_end_cases import BASE, COMPONENT, CONTAINER, MAC, MAPPING, NODES, PROBLEM, TABLES

from launcher.engines.interface import MapperSettings
from launcher.engines.native.mapper.optima import search
from launcher.engines.native.model import evaluate
from launcher.errors import NoValidMappingError, SpecificationError
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import (
    Document,
    dump_constraints,
    dump_mapping,
    dump_specification,
    parse_specification,
    read_mapped,
    read_mapping,
    read_specification,
)

NOTHING_KEPT = "- {target: inter_PE_spatial, type: dataspace, keep: [], bypass: [A, B, Z]}\n"


def documents(*texts: str) -> list[Document]:
    return [Document.from_text(text, f"{number}.yaml") for number, text in enumerate(texts)]


def figures(*texts: str) -> tuple[float, float]:
    """pJ and cycles of the one mapping in the texts."""
    specification = read_specification(documents(*texts))
    ((specific, mapping),) = read_mapped(documents(*texts), specification)
    evaluation = evaluate(specific, mapping)
    assert evaluation.legal, evaluation.reason
    return evaluation.energy_pj, evaluation.cycles


def spatial(specification: Specification, level: str) -> dict[str, int | None]:
    return {one: bounds.exact for one, bounds in specification.constraints.at(level).spatial.factors.items()}


# -- fan-outs by their names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["PE", "inter_PE_spatial"])
@pytest.mark.parametrize("directive", ["", NOTHING_KEPT, NOTHING_KEPT.replace("inter_PE_spatial", "PE")])
def test_a_container_stands_for_its_fan_out(who: str, directive: str) -> None:
    assert figures(BASE, PROBLEM, MAPPING.replace("WHO", who) + directive) == (26396, 224)


@pytest.mark.parametrize("who", ["RF", "inter_RF_spatial"])
def test_a_component_with_a_fan_out_of_its_own_stands_for_it(who: str) -> None:
    assert figures(NODES + COMPONENT + MAC + TABLES, PROBLEM, MAPPING.replace("WHO", who)) == (26396, 224)


def test_what_a_fan_out_level_is_said_to_keep_it_keeps() -> None:
    kept = MAPPING.replace("WHO", "PE") + "- {target: inter_PE_spatial, type: dataspace, keep: [A], bypass: [B, Z]}\n"
    specification = read_specification(documents(BASE, PROBLEM))
    ((_, mapping),) = read_mapped(documents(kept), specification)
    assert mapping.levels[1].keep == ("A",)


def test_two_names_for_one_fan_out() -> None:
    both = MAPPING.replace("WHO", "PE") + "- {target: inter_PE_spatial, type: spatial, factors: [N=8]}\n"
    with pytest.raises(SpecificationError, match="'inter_PE_spatial' has two spatial directives"):
        figures(BASE, PROBLEM, both)


@pytest.mark.parametrize(
    ("nodes", "target", "level"), [(CONTAINER, "PE", "inter_PE_spatial"), (COMPONENT, "RF", "inter_RF_spatial")]
)
def test_constraints_may_name_what_fans_out(nodes: str, target: str, level: str) -> None:
    constraints = f"constraints: {{targets: [{{target: {target}, type: spatial, factors: [N=4, K=2]}}]}}"
    read = read_specification(documents(NODES + nodes + MAC + TABLES, PROBLEM, constraints))
    assert spatial(read, level) == {"N": 4, "K": 2}


def test_containers_may_say_what_holds_anyway() -> None:
    said = "{spatial: {factors: [N=8]}, temporal: {factors: [N=1, K=1]}, dataspace: {keep: [], bypass: [A, B, Z]}}"
    container = CONTAINER.replace("{meshX: 8}", f"{{meshX: 8}}, constraints: {said}")
    assert spatial(read_specification(documents(NODES + container + MAC, PROBLEM)), "inter_PE_spatial")["N"] == 8
    with pytest.raises(SpecificationError, match="container 'PE' cannot keep 'A'"):
        read_specification(documents(NODES + container.replace("keep: []", "keep: [A]") + MAC, PROBLEM))


def test_a_container_without_fan_out_may_be_named() -> None:
    nodes = NODES + CONTAINER.replace("meshX: 8", "meshX: 1") + MAC
    constraints = "constraints: {targets: [{target: PE, type: spatial, factors: [N=1], split: 0}]}"
    read_specification(documents(nodes, PROBLEM, constraints))
    with pytest.raises(SpecificationError, match="container 'PE' has no fan-out"):
        read_specification(documents(nodes, PROBLEM, constraints.replace("N=1", "N=2")))


def test_a_container_may_be_a_branch() -> None:
    branches = """
  - !Parallel
    nodes:
    - !Component {name: RF, class: regfile, attributes: {depth: 64, width: 8, datawidth: 8},
        constraints: {dataspace: {keep: [A, B]}}}
    - !Container {name: rest, constraints: {dataspace: {keep: [Z]}}}
"""
    read = read_specification(documents(NODES + branches + MAC, PROBLEM))
    assert read.constraints.at("RF").bypass == {"Z"}


# -- older forms ----------------------------------------------------------------------------------------------------

OLDEST = """
arch:
  arithmetic: {name: MACs, instances: 8, meshX: 8, word-bits: 8}
  storage:
  - {name: Registers, instances: 8, meshX: 8, entries: 64, word-bits: 8}
  - {name: Buffer, instances: 1, sizeKB: 16, word-bits: 8, block-size: 8, read_bandwidth: 16}
  - {name: DRAM, technology: DRAM, instances: 1, word-bits: 8}
"""


def test_the_oldest_form() -> None:
    machine = read_specification(documents(OLDEST, PROBLEM)).architecture
    assert [level.name for level in machine.levels] == ["Registers", "Buffer", "DRAM"]
    assert [level.capacity_words for level in machine.levels] == [64, 16384, None]
    assert [machine.fanout(index) for index in range(3)] == [(1, 1), (8, 1), (1, 1)]
    assert (machine.compute.name, machine.compute.instances, machine.compute.word_bits) == ("MACs", 8, 8)
    assert [level.component_class for level in machine.levels] == ["SRAM", "SRAM", "DRAM"]


def test_the_oldest_form_needs_its_instances() -> None:
    with pytest.raises(SpecificationError, match="'instances' is missing"):
        read_specification(documents(OLDEST.replace("instances: 1, sizeKB", "sizeKB"), PROBLEM))


TREE = """
architecture:
  version: 0.3
  subtree:
  - name: system
    required_actions: [read]
    local: [{name: DRAM, class: DRAM, attributes: {word-bits: 8, block_size: 8}}]
    subtree:
    - name: PE[0..7]
      local:
      - {name: scratchpad, attributes: {width: 8}}
      - {name: RF, class: smartbuffer_RF, attributes: {memory_depth: 64, memory_width: 8, word-bits: 8}}
      - {name: MAC, class: intmac, attributes: {datawidth: 8}}
"""


def test_components_without_a_class_are_left_out_and_named() -> None:
    read = read_specification(documents(TREE, PROBLEM))
    assert [level.name for level in read.architecture.levels] == ["RF", "DRAM"]
    assert read.architecture.compute.instances == 8
    assert read.flags == ("component 'scratchpad' has no class: left out, as Timeloop leaves it out",)


# -- problems -------------------------------------------------------------------------------------------------------

LONG = """
problem:
  shape:
    name: mm
    dimensions: [Batch, Dout, B0]
    data_spaces:
    - {name: A, projection: [[[Batch]], [[B0]]]}
    - {name: W, projection: [[[Dout]], [[B0]]]}
    - {name: Z, projection: [[[Batch]], [[Dout]]], read_write: True}
  instance: {Batch: 8, Dout: 16, B0: 16}
mapping:
- {target: DRAM, type: temporal, factors: "Batch=8 Dout1", permutation: [Batch, Dout, B0]}
- {target: GB, type: temporal, factors: [Dout=2, B0=16], permutation: "Dout, B0"}
- {target: PE, type: spatial, factors: Dout8, permutation: Dout B0}
"""


def test_dimensions_may_have_longer_names() -> None:
    assert figures(BASE, LONG)[1] == 256
    assert figures(BASE, LONG) == figures(BASE, LONG.replace("Batch", "M").replace("Dout", "N").replace("B0", "K"))


def test_what_is_written_with_longer_names_is_read_back() -> None:
    specification = read_specification(documents(BASE, LONG))
    mapping = read_mapping(documents(LONG), specification)
    text = dump_specification(specification)
    again = parse_specification(text, "x")
    assert read_mapping([Document.from_text(dump_mapping(mapping, again), "x")], again) == mapping
    assert again.problem == specification.problem


def test_a_word_is_a_dimension_or_its_letters() -> None:
    with pytest.raises(SpecificationError, match="unknown dimension 'DoutB0' in the permutation"):
        figures(BASE, LONG.replace("Dout B0", "DoutB0"))


CNN = "R: 3, S: 3, P: 8, Q: 8, C: 4, K: 4, N: 1, Wstride: 2"


@pytest.mark.parametrize(
    "problem",
    [f"{{shape: cnn_layer, {CNN}}}", f"{{shape: cnn-layer, instance: {{{CNN}}}}}", f"{{{CNN}}}"],
)
def test_the_shape_that_timeloop_assumes(problem: str) -> None:
    read = read_specification(documents(BASE, f"problem: {problem}"))
    assert list(read.problem.dimensions) == [*"RSPQCKN"]
    assert [str(term.coefficient) for term in read.problem.data_space("Inputs").projection[2]] == ["1", "2"]
    assumed = ("the problem has no shape: cnn_layer, as Timeloop assumes",)
    assert read.flags == (() if "shape" in problem else assumed)


def test_other_shapes_by_name() -> None:
    sizes = "instance: {M: 7, N: 16, K: 16}"
    plain = read_specification(documents(BASE, f"problem: {{shape: gemm_ABZ, {sizes}}}")).problem
    assert plain.data_spaces == read_specification(documents(BASE, PROBLEM)).problem.data_spaces
    added = read_specification(documents(BASE, f"problem: {{shape: gemm, {sizes}}}")).problem
    assert [(one.name, one.read_write) for one in added.data_spaces] == [(n, n == "D") for n in "ABCD"]
    with pytest.raises(SpecificationError, match="unknown shape 'conv'"):
        read_specification(documents(BASE, f"problem: {{shape: conv, {sizes}}}"))
    with pytest.raises(SpecificationError, match="'shape' is missing"):
        read_specification(documents(BASE, f"problem: {{{sizes}}}"))


# -- networks -------------------------------------------------------------------------------------------------------

MESHES = """
architecture:
  version: 0.4
  subtree:
  - name: system
    local:
    - {name: DRAM, class: DRAM, attributes: {width: 64, datawidth: 8, network_read: far, network_update: far}}
    - {name: far, class: XY_NoC, attributes: {network_type: "1:N", datawidth: 8, router_energy: 0.5,
        energy_per_hop: 0.25, fill_latency: 3}}
    - {name: GB, class: SRAM, attributes: {depth: 2048, width: 64, datawidth: 8, network_read: down,
        network_update: up, network_fill: far, network_drain: far}}
    - {name: down, class: Legacy, attributes: {network_type: "1:N", datawidth: 8, router_energy: 1, wire_energy: 1,
        energy_per_hop: 2, fill_latency: 2}}
    - {name: up, class: ReductionTree, attributes: {datawidth: 8}}
    subtree:
    - name: PE
      local:
      - {name: "RF[1..8]", class: regfile, attributes: {depth: 64, width: 8, datawidth: 8, meshX: 4,
          network_fill: down, network_drain: up}}
      - {name: "MAC[1..8]", class: intmac, attributes: {multiplier_width: 8, adder_width: 16, meshX: 4}}
"""
ON_MESHES = """
mapping:
- {target: DRAM, type: temporal, factors: M=7 N=1 K=1, permutation: MNK}
- {target: GB, type: temporal, factors: M=1 N=FEW K=STEPS, permutation: NKM}
- {target: GB, type: spatial, factors: M=1 N=4 K=ROWS, permutation: NKM, split: 1}
- {target: RF, type: temporal, factors: M=1 N=KEPT K=1, permutation: MNK}
"""


@pytest.mark.parametrize(
    ("few", "steps", "rows", "kept", "energy_pj", "cycles"), [(2, 16, 1, 2, 53068, 456), (4, 8, 2, 1, 45228, 232)]
)
def test_meshes_cost_what_timeloop_says(
    few: int, steps: int, rows: int, kept: int, energy_pj: float, cycles: int
) -> None:
    # Figures of timeloop-model on these files (29.614 and 25.239 pJ per compute, 456 and 232 cycles).
    mapping = ON_MESHES
    for name, value in (("FEW", few), ("STEPS", steps), ("ROWS", rows), ("KEPT", kept)):
        mapping = mapping.replace(name, str(value))
    assert figures(MESHES, TABLES, PROBLEM, mapping) == (energy_pj, cycles)
    read = read_specification(documents(MESHES, TABLES, PROBLEM))
    again = parse_specification(dump_specification(read), "x")
    assert again.architecture.networks == read.architecture.networks


def test_meshes_need_no_figures_of_an_estimator() -> None:
    from launcher.estimation import estimate  # noqa: PLC0415 - the tables are wanted here only

    known = MESHES.replace(
        "name: system", "name: system\n    attributes: {technology: 45nm, global_cycle_seconds: 1e-9}"
    )
    known = known.replace("class: DRAM, attributes: {", "class: DRAM, attributes: {type: LPDDR4, ")
    energy = estimate(read_specification(documents(known, PROBLEM))).energy
    assert energy is not None
    assert {*energy.components} == {"DRAM", "GB", "RF", "MAC"}


# -- parallelism ----------------------------------------------------------------------------------------------------

PARALLEL = "mapspace_constraints: {targets: [{target: RF, type: parallelism, min: SHARE}]}"
ODD = PROBLEM.replace("M: 7, N: 16, K: 16", "M: 3, N: 6, K: 4")


def least_energy(*constraints: str) -> float:
    specification = read_specification(documents(BASE, ODD, *constraints))
    return search(specification, MapperSettings(objective=("energy",))).evaluation.energy_pj


@pytest.mark.parametrize("share", [0.5, 0.7, 0.75])
def test_a_least_parallelism_is_honoured(share: float) -> None:
    """As the best of all spatial factors that fill so much of the fan-out, each searched by itself."""
    factors = [(m, n, k) for m in (1, 3) for n in (1, 2, 3, 6) for k in (1, 2, 4) if share * 8 <= m * n * k <= 8]
    fixed = "constraints: {targets: [{target: PE, type: spatial, factors: [M=%d, N=%d, K=%d]}]}"
    assert factors
    wanted = min(least_energy(fixed % one) for one in factors)
    assert least_energy(PARALLEL.replace("SHARE", str(share))) == pytest.approx(wanted)


def test_more_parallelism_than_the_problem_has() -> None:
    with pytest.raises(NoValidMappingError, match="fills 90% of the fan-outs"):
        search(
            read_specification(documents(BASE, ODD.replace("K: 4", "K: 3"), PARALLEL.replace("SHARE", "0.9"))),
            MapperSettings(objective=("energy",)),
        )


def test_parallelism_is_said_of_all_fan_outs_at_the_innermost_level() -> None:
    with pytest.raises(SpecificationError, match="parallelism is constrained at 'GB'") as caught:
        least_energy(PARALLEL.replace("SHARE", "0.5").replace("RF", "GB"))
    assert caught.value.expected == "target: RF, the innermost level"
    with pytest.raises(SpecificationError, match="'min' is 2"):
        least_energy(PARALLEL.replace("SHARE", "2"))
    read = read_specification(documents(BASE, ODD, PARALLEL.replace("SHARE", "0.5")))
    again = read_specification(documents(BASE, ODD, dump_constraints(read)))
    assert again.constraints == read.constraints
