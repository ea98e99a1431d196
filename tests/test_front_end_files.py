"""Files as people write them for Timeloop's front end and for older Timeloops: other names, forms and spellings."""

from __future__ import annotations

import pytest
from front_end_cases import BASE, COMPONENT, CONTAINER, MAC, MAPPING, NODES, PROBLEM, TABLES

from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Document, read_mapped, read_specification

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
