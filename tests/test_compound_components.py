"""Components of classes that the input itself defines: the sum of their parts, for every estimator."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from front_end_cases import MAC, NODES, PROBLEM

from launcher.commands.energies import with_energies
from launcher.errors import EstimationError, SpecificationError
from launcher.estimation import ComponentEstimate, estimate
from launcher.estimation.compounds import estimate_compound
from launcher.specification.architecture import Component, StorageLevel
from launcher.specification.energy import ActionEnergy
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import parse_specification

MACHINE = NODES + MAC
MY_BUFFER = """
compound_components:
  version: 0.4
  classes:
  - name: my_buffer
    attributes: {technology: must_specify, depth: 1, width: 1, datawidth: 1, global_cycle_seconds: 1e-9}
    subcomponents:
    - {name: storage, class: SRAM, attributes: {technology: technology, depth: depth, width: width}}
    actions:
    - {name: read, subcomponents: [{name: storage, actions: [{name: read}]}]}
    - {name: write, subcomponents: [{name: storage, actions: [{name: write}]}]}
    - {name: update, subcomponents: [{name: storage, actions: [{name: update}]}]}
    - {name: leak, subcomponents: [{name: storage, actions: [{name: leak}]}]}
"""


def machine(written: str, more: str = MY_BUFFER) -> Specification:
    return parse_specification(MACHINE.replace("class: SRAM", written) + more + PROBLEM, "machine.yaml")


def energies(specification: Specification, component: str = "GB") -> dict[str, float]:
    assert specification.energy is not None
    return {name: entries[0].energy_pj for name, entries in specification.energy.components[component].items()}


@pytest.mark.parametrize("written", ["class: my_buffer", "class: storage, subclass: my_buffer"])
def test_a_component_of_a_class_of_the_input_costs_what_its_parts_cost(written: str) -> None:
    own = estimate(machine(written))
    plain = estimate(machine("class: SRAM"))
    assert energies(own) == energies(plain) and own.area == plain.area
    assert own.architecture.level("GB").capacity_words == plain.architecture.level("GB").capacity_words


def test_a_class_that_computes_is_a_compute_level() -> None:
    text = (
        MACHINE.replace("class: intmac", "class: my_unit")
        + """
compound_components:
  version: 0.4
  classes:
  - name: my_unit
    attributes: {technology: must_specify, multiplier_width: must_specify, adder_width: 4}
    subcomponents:
    - {name: "adders[0..1]", class: aladdin_adder, attributes: {width: adder_width}}
    - {name: multiplier, class: aladdin_multiplier, attributes: {width: multiplier_width}}
    actions:
    - name: compute
      subcomponents:
      - {name: "adders[0]", actions: [{name: add}]}
      - {name: multiplier, actions: [{name: multiply}]}
"""
    )
    own = estimate(parse_specification(text + PROBLEM, "machine.yaml"))
    assert own.architecture.compute.subclass == "my_unit"
    assert energies(own, "MAC")["compute"] == pytest.approx(
        energies(estimate(machine("class: SRAM")), "MAC")["compute"]
    )


CELLS = """
compound_components:
  version: 0.4
  classes:
  - name: bits
    attributes: {width: must_specify, depth: must_specify, share: width / 16, twice: 2 * share}
    subcomponents:
    - {name: "cell[1..width*depth]", class: cell, area_scale: 3, attributes: {size: depth + 1}}
    - {name: "tags[0..1]", class: tags, attributes: {}}
    actions:
    - name: read
      arguments: {n: 1..4}
      subcomponents:
      - {name: "cell[1..width]", actions: [{name: read, energy_scale: n * twice}]}
      - {name: "tags[1]", actions: [{name: add}, {name: idle}]}
    - {name: write, subcomponents: []}
    - {name: leak, subcomponents: [{name: cell, actions: [{name: leak}]}]}
"""


def figures_of(asked: Sequence[Component]) -> list[ComponentEstimate]:
    """A cell: 1 pJ a read for each of its size, 0.5 pJ leakage; a tag: 10 pJ an operation, 0.25 pJ leakage."""
    known = {
        "cell": lambda size: {"read": float(size), "leak": 0.5},
        "tags": lambda size: {"compute": 10.0, "leak": 0.25},
    }
    return [
        ComponentEstimate(
            {
                name: (ActionEnergy(value),)
                for name, value in known[one.component_class](one.attributes.get("size")).items()
            },
            2.0,
        )
        for one in asked
    ]


def test_ranges_arithmetic_arguments_and_scales_are_counted() -> None:
    compounds = parse_specification(MACHINE + CELLS + PROBLEM, "m.yaml").compounds
    level = StorageLevel("rf", "bits", attributes={"width": 8, "depth": 4})
    found = estimate_compound(level, compounds, figures_of)
    energy = {name: entries[0].energy_pj for name, entries in found.actions.items()}
    # Reading: 8 cells x 5 pJ x (4 x 2 x 8/16), and one tag that adds once and idles once.
    assert energy == {"read": 8 * 5 * 4 + 10.25, "write": 0, "leak": 32 * 0.5}
    assert found.area_um2 == 32 * 3 * 2 + 2 * 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("class: SRAM,", "class: cellar,", "the class 'cellar' is unknown"),
        ("width: width", "width: with", "'width' is 'with'"),
        ("depth: depth,", "depth: depth * undefined,", "'undefined' is not defined"),
        ("{name: storage, actions: [{name: read}]}", "{name: store, actions: [{name: read}]}", "no part 'store'"),
        ("actions: [{name: read}]", "actions: [{name: gated_read}]", "no action 'gated_read'"),
        ("depth: 1, width", "depth: must_specify, height: must_specify, width", "attribute 'height' is missing"),
    ],
)
def test_what_a_class_lacks_is_named(old: str, new: str, words: str) -> None:
    assert old in MY_BUFFER
    text = MACHINE.replace("class: SRAM", "class: my_buffer") + MY_BUFFER.replace(old, new) + PROBLEM
    with pytest.raises(EstimationError) as caught:
        estimate(parse_specification(text, "machine.yaml"))
    assert words in str(caught.value)


def test_parts_that_nobody_knows_are_named_where_files_may_lack_energies() -> None:
    text = MACHINE.replace("class: SRAM", "class: my_buffer") + MY_BUFFER.replace("class: SRAM,", "class: cellar,")
    (unknown,) = with_energies(parse_specification(text + PROBLEM, "machine.yaml")).assumed
    assert (
        unknown.component == "GB"
        and unknown.unknown
        and unknown.reason == "part storage: the class 'cellar' is unknown"
    )


def test_a_class_of_parts_of_the_same_name_means_the_primitive_ones() -> None:
    same = MY_BUFFER.replace("name: my_buffer", "name: SRAM")
    assert energies(estimate(machine("class: SRAM", same))) == energies(estimate(machine("class: SRAM")))


def test_a_class_that_cannot_be_read_is_noted_and_matters_to_its_components_only() -> None:
    broken = MY_BUFFER.replace("class: SRAM, ", "")
    found = machine("class: SRAM", broken)
    assert any("a compound component is left out" in flag for flag in found.flags)
    with pytest.raises(SpecificationError, match="unknown class 'my_buffer'"):
        machine("class: my_buffer", broken)


def test_older_files_count_address_bits_with_a_logarithm() -> None:
    older = """
compound_components:
  version: 0.3
  classes:
  - name: smartbuffer_own
    attributes: {technology: 45nm, memory_depth: 12, memory_width: 16}
    subcomponents:
    - {name: storage, class: SRAM, attributes: {technology: technology, width: memory_width, depth: memory_depth}}
    - {name: "address_generators[0..1]", class: intadder, attributes: {width: log(memory_depth)}}
    actions:
    - name: read
      subcomponents:
      - {name: storage, actions: [{name: read}]}
      - {name: "address_generators[1]", actions: [{name: add}]}
      - {name: "address_generators[0]", actions: [{name: idle}]}
    - {name: write, subcomponents: [{name: storage, actions: [{name: write}]}]}
"""
    text = MACHINE.replace("class: SRAM", "class: smartbuffer_own").replace("depth: 2048,", "memory_depth: 3000,")
    text = text.replace("memory_depth: 3000, width: 64", "memory_depth: 3000, memory_width: 64")
    found = energies(estimate(parse_specification(text + older + PROBLEM, "older.yaml")))
    twelve_bits = text.replace("memory_depth: 3000", "memory_depth: 4096")
    larger = energies(estimate(parse_specification(twelve_bits + older + PROBLEM, "older.yaml")))
    storage = {
        depth: energies(estimate(parse_specification(_plain(depth) + PROBLEM, "plain.yaml")))["read"]
        for depth in (3000, 4096)
    }
    # 3000 and 4096 rows both take 12 address bits.
    assert found["read"] - storage[3000] == pytest.approx(larger["read"] - storage[4096], rel=1e-9)
    assert found["read"] > storage[3000]


def _plain(depth: int) -> str:
    return MACHINE.replace("depth: 2048", f"depth: {depth}")


def test_classes_that_multiply_each_other_end_in_a_message() -> None:
    parts = [
        [f"{{name: p{part}, class: {f'c{depth + 1}' if depth < 11 else 'free_storage'}}}" for part in range(10)]
        for depth in range(12)
    ]
    classes = "".join(
        f"  - {{name: c{depth}, subcomponents: [{', '.join(own)}], actions: [{{name: read}}]}}\n"
        for depth, own in enumerate(parts)
    )
    text = MACHINE.replace("class: SRAM", "class: storage, subclass: c0")
    bomb = parse_specification(
        f"{text}compound_components:\n  version: 0.4\n  classes:\n{classes}{PROBLEM}", "bomb.yaml"
    )
    with pytest.raises(EstimationError, match="more than 2000 kinds of parts"):
        estimate(bomb)


LISTED = """
architecture:
  version: 0.4
  local:
  - {name: system.buffer, class: SRAM, attributes: {depth: 8, width: 8}}
"""


def test_a_component_list_of_accelergy_is_told_apart() -> None:
    with pytest.raises(SpecificationError, match="a component list of Accelergy, not an architecture"):
        parse_specification(LISTED + PROBLEM, "flattened_architecture.yaml")
