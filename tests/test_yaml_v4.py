"""Timeloop v4's nodes: containers, fan-outs, parallel branches, expressions, and the constraints inside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.errors import SpecificationError
from launcher.specification.constraints import BlockConstraint, FactorBounds, Factors
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import (
    Document,
    dump_constraints,
    dump_specification,
    parse_specification,
    read_mapspace,
    read_specification,
)

PROBLEM = """
problem:
  version: 0.4
  instance: {E: 8, D: 64, L: 32}
  shape:
    name: matmul
    dimensions: [E, D, L]
    data_spaces:
    - {name: Weights, projection: [[[E]], [[D]]]}
    - {name: Inputs, projection: [[[E]], [[L]]]}
    - {name: Outputs, projection: [[[D]], [[L]]], read_write: true}
"""
DRAM = "- !Component {name: DRAM, class: DRAM, attributes: {width: 64, datawidth: 8}}"
MAC = "- !Component {name: mac, class: intmac}"
EXAMPLE = """
variables: {version: 0.4, technology: "32nm", global_cycle_seconds: 1.2e-9, side: 4}
architecture:
  version: 0.4
  nodes:
  - !Container
    name: chip
    attributes: {word: 8, has_power_gating: false}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {type: LPDDR4, width: word * 8, datawidth: word, shared_bandwidth: 4.5}
  - !Component
    name: buffer
    class: smartbuffer_SRAM
    required_actions: [metadata_read]
    attributes: {depth: 2 ** 10, width: "64", datawidth: word, bandwidth: side * 4, n_banks: 4, label: "2 * 3"}
    constraints:
      dataspace: {keep: [Inputs, Outputs], bypass: [Weights]}
      temporal: {factors: [D=0], permutation: [L, D]}
  - !Container
    name: rows
    spatial: {meshY: side}
    constraints:
      spatial: {factors: [E=1, L=1, D>=2, D<=4], split: 0, permutation: [D]}
  - !Component
    name: column_buffer
    class: storage
    subclass: regfile
    spatial: {meshX: 2 * side}
    enabled: side > 2
    attributes: {depth: 4, width: 16, datawidth: word, multiple_buffering: 2, min_utilization: 0.25}
    constraints:
      spatial: {factors_only: [E=8], no_reuse: [Inputs]}
      temporal: {maximize_dims: [[L], [D]], maximize_dims_capacity: 6, no_reuse: ["*"]}
      dataspace: {keep_only: [Weights], no_coalesce: [Weights]}
  - !Parallel
    nodes:
    - !Component {name: weights, class: regfile, attributes: {depth: 1, width: 8, datawidth: 8},
        constraints: {dataspace: {keep: [Weights]}, temporal: {no_iteration_over_dataspaces: [Weights]}}}
    - !Hierarchical
      nodes:
      - !Component {name: sums, class: regfile, attributes: {depth: 2, width: 32, datawidth: 32},
          constraints: {dataspace: {keep: [Outputs]}, temporal: {must_iterate_over_dataspaces: [Outputs]}}}
    - !Nothing {constraints: {dataspace: {keep: [Inputs]}}}
  - !Component {name: unused, class: SRAM, enabled: false}
  - !Component {name: mac, class: intmac, attributes: {multiplier_width: word, datawidth: word}}
"""


def example() -> Specification:
    return parse_specification(EXAMPLE + PROBLEM, "example.yaml")


def nodes(*lines: str, extra: str = "") -> Specification:
    """A specification whose nodes are ``lines``, one YAML node each."""
    body = "\n".join(line if line.startswith("  ") else f"  {line}" for line in lines)
    return parse_specification(f"architecture:\n  version: 0.4\n  nodes:\n{body}\n{extra}{PROBLEM}", "arch.yaml")


def test_levels_in_order_with_fan_outs() -> None:
    architecture = example().architecture
    found = [(level.name, level.instances, level.mesh_x, level.mesh_y) for level in architecture.levels]
    assert found == [
        ("sums", 32, 8, 4),
        ("weights", 32, 8, 4),
        ("column_buffer", 32, 8, 4),
        ("inter_column_buffer_spatial", 4, 1, 4),
        ("inter_rows_spatial", 1, 1, 1),
        ("buffer", 1, 1, 1),
        ("DRAM", 1, 1, 1),
    ]
    assert (architecture.compute.instances, architecture.compute.mesh_x, architecture.compute.mesh_y) == (32, 8, 4)
    assert [architecture.fanout(i) for i in range(7)] == [(1, 1), (1, 1), (1, 1), (8, 1), (1, 4), (1, 1), (1, 1)]
    assert [level.is_dummy for level in architecture.levels] == [False, False, False, True, True, False, False]
    assert architecture.name == "chip"
    assert architecture.attributes["global_cycle_seconds"] == 1.2e-9


def test_figures_of_levels() -> None:
    architecture = example().architecture
    dram, buffer, column = (architecture.level(name) for name in ("DRAM", "buffer", "column_buffer"))
    assert (dram.block_size, dram.capacity_words, dram.shared_bandwidth) == (8, None, 4.5)
    assert (buffer.block_size, buffer.capacity_words) == (8, 8192)
    assert (buffer.read_bandwidth, buffer.write_bandwidth) == (8.0, 8.0)
    assert (column.capacity_words, column.effective_capacity_words, column.min_utilization) == (8, 4, 0.25)
    assert (column.component_class, column.subclass) == ("storage", "regfile")
    assert set(buffer.required_actions) == {"metadata_read", "read", "write", "update", "leak"}
    assert architecture.level("inter_rows_spatial").capacity_words == 1


def test_attributes_are_evaluated_and_inherited() -> None:
    architecture = example().architecture
    assert architecture.level("DRAM").attributes["type"] == "LPDDR4"
    assert architecture.level("DRAM").attributes["width"] == 64
    assert architecture.level("buffer").attributes["depth"] == 1024
    assert architecture.level("buffer").attributes["label"] == "2 * 3"  # quoted: a text
    assert architecture.level("buffer").attributes["word"] == 8
    assert architecture.compute.attributes["multiplier_width"] == 8
    assert "meshX" not in architecture.compute.attributes


def test_constraints() -> None:
    constraints = example().constraints
    buffer = constraints.at("buffer")
    assert (buffer.keep, buffer.bypass) == ({"Inputs", "Outputs"}, {"Weights"})
    assert buffer.temporal == BlockConstraint(factors={"D": FactorBounds(exact=64)}, permutation=("L", "D"))
    rows = constraints.at("inter_rows_spatial")
    assert rows.spatial.factors["D"] == FactorBounds(least=2, most=4)
    assert (rows.spatial.split, rows.bypass) == (0, {"Weights", "Inputs", "Outputs"})
    ones = {name: FactorBounds(exact=1) for name in "EDL"}
    assert dict(rows.temporal.factors) == ones
    columns = constraints.at("inter_column_buffer_spatial").spatial
    assert columns.factors == {**ones, "E": FactorBounds(exact=8)}
    assert columns.no_reuse == {"Inputs"}
    inner = constraints.at("column_buffer")
    assert (inner.keep, inner.bypass, inner.no_coalesce) == ({"Weights"}, {"Inputs", "Outputs"}, {"Weights"})
    assert (inner.temporal.maximize, inner.temporal.maximize_capacity_words) == (("L", "D"), 6)
    assert inner.temporal.no_reuse == {"Weights", "Inputs", "Outputs"}
    assert inner.spatial == BlockConstraint()
    assert set(constraints.at("weights").temporal.factors) == {"E", "D"}
    assert set(constraints.at("sums").temporal.factors) == {"E"}


def test_parallel_branches_bypass_what_others_keep() -> None:
    constraints = example().constraints
    assert constraints.at("weights").bypass == {"Inputs", "Outputs"}
    assert constraints.at("sums").bypass == {"Weights", "Inputs"}


def test_processed_form_of_it_reads_back_equal() -> None:
    specification = example()
    texts = (dump_specification(specification), dump_constraints(specification))
    assert read_specification([Document.from_text(text, "again") for text in texts]) == specification


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- !Component", '- tag: "!Component"\n    '),
        ("- !Component", "- tag: Component\n    "),
        ("- !Container", "- tag: Container\n    "),
    ],
)
def test_tags_may_be_plain_keys(old: str, new: str) -> None:
    lines = [
        line.replace(old, new) if line.strip() in ("- !Component", "- !Container") else line
        for line in EXAMPLE.splitlines()
    ]
    assert parse_specification("\n".join(lines) + PROBLEM, "plain.yaml") == example()


def test_tags_may_be_the_only_key() -> None:
    plain = nodes(DRAM, '- "!Component": {name: mac, class: intmac}')
    assert plain == nodes(DRAM, MAC)


def test_constraints_may_stand_outside_and_in_other_files() -> None:
    inside = example()
    inner = "      temporal: {factors: [D=0], permutation: [L, D]}\n"
    spatial = "      spatial: {factors: [E=1, L=1, D>=2, D<=4], split: 0, permutation: [D]}\n"
    assert inner in EXAMPLE
    assert spatial in EXAMPLE
    moved = EXAMPLE.replace(inner, "").replace(f"    constraints:\n{spatial}", "")
    outside = """
architecture_constraints:
  targets:
  - {target: buffer, type: temporal, factors: D64, permutation: LD}
mapspace_constraints:
- {target: rows, type: spatial, factors: "E=1,L=1, D>=2 D<=4", split: 0, permutation: [D]}
"""
    documents = [Document.from_text(text, f"file {i}") for i, text in enumerate((moved, PROBLEM, outside))]
    assert read_specification(documents) == inside


def test_split_counts_dimensions_that_are_fixed_at_one() -> None:
    """Timeloop's front end puts them in front of the permutation, and the split counts them."""
    specification = nodes(
        DRAM,
        "- !Container {name: PE, spatial: {meshX: 4, meshY: 4},"
        " constraints: {spatial: {permutation: [E, D], split: 1, factors: [L=1]}}}",
        MAC,
    )
    assert specification.constraints.at("inter_PE_spatial").spatial.permutation == ("L", "E", "D")


def test_fan_out_of_one_is_no_level() -> None:
    specification = nodes(
        DRAM,
        "- !Container {name: PE, spatial: {meshX: 1}, constraints: {spatial: {factors: [E=1, D=1, L=1]}}}",
        MAC,
    )
    assert [level.name for level in specification.architecture.levels] == ["DRAM"]
    with pytest.raises(SpecificationError, match="no fan-out"):
        nodes(DRAM, "- !Container {name: PE, constraints: {spatial: {factors: [D=2]}}}", MAC)


def test_factor_above_the_problem_is_ignored_as_in_timeloop_and_said() -> None:
    specification = nodes(
        "- !Component {name: DRAM, class: DRAM, attributes: {width: 64, datawidth: 8},"
        " constraints: {temporal: {factors: [E=16, L=2]}}}",
        MAC,
    )
    assert dict(specification.constraints.at("DRAM").temporal.factors) == {"L": FactorBounds(exact=2)}
    (flag,) = specification.flags
    assert "E=16" in flag
    assert "DRAM" in flag


def test_merge_keys_and_aliases() -> None:
    specification = nodes(
        "- !Component {name: DRAM, class: DRAM, attributes: &common {width: 64, datawidth: 8}}",
        "- !Component {name: glb, class: SRAM, attributes: {<<: *common, width: 32, depth: 4}}",
        MAC,
    )
    glb = specification.architecture.level("glb")
    assert (glb.block_size, glb.capacity_words) == (4, 16)


def test_networks_are_named_by_their_outer_level() -> None:
    specification = nodes(
        "- !Component {name: DRAM, class: DRAM,"
        " attributes: {width: 64, datawidth: 8, network_read: bus, network_update: bus}}",
        "- !Component {name: bus, class: SimpleMulticast,"
        " attributes: {action_name: move, per_datatype_ERT: true, multicast_factor_argument: n}}",
        "- !Container {name: PE, spatial: {meshX: 4}}",
        MAC,
    )
    bus = specification.architecture.networks["bus"]
    assert (bus.action_name, bus.per_data_space_actions, bus.multicast_argument) == ("move", True, "n")
    assert specification.architecture.level("DRAM").read_network == "bus"
    again = parse_specification(dump_specification(specification), "again")
    assert again.architecture.networks == specification.architecture.networks
    assert again.architecture.level("inter_PE_spatial").attributes["network_fill"] == "bus"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("- {name: DRAM, class: DRAM}", MAC), ("no tag", "!Component")),
        (("- !Konponent {name: DRAM, class: DRAM}", MAC), ("!Konponent", "!Component")),
        ((DRAM, DRAM, MAC), ("'DRAM'", "named twice")),
        ((DRAM,), ("0 compute levels",)),
        ((DRAM, MAC, "- !Component {name: mac2, class: mac}"), ("2 compute levels", "mac2")),
        ((MAC,), ("no storage level",)),
        ((DRAM, "- !Component {name: x, class: unknown_thing}", MAC), ("unknown class 'unknown_thing'",)),
        ((DRAM, "- !Component {name: x, clas: SRAM}", MAC), ("unknown key 'clas'", "did you mean 'class'")),
        ((DRAM, "- !Component {name: x}", MAC), ("'class' is missing",)),
        (
            (DRAM, "- !Component {name: x, class: SRAM, attributes: {widht: 8}}", MAC),
            ("'widht'", "did you mean 'width'"),
        ),
        (
            (DRAM, "- !Component {name: x, class: SRAM, attributes: {width: side * 2}}", MAC),
            ("side * 2", "'side' is not defined"),
        ),
        (
            (DRAM, "- !Component {name: x, class: SRAM, attributes: {width: depth, depth: width}}", MAC),
            ("depends on itself",),
        ),
        ((DRAM, "- !Component {name: x, class: SRAM, attributes: {width: 10, datawidth: 8}}", MAC), ("width 10",)),
        ((DRAM, "- !Container {name: x, spatial: {meshX: 0}}", MAC), ("'meshX' is 0", "at least 1")),
        ((DRAM, "- !Container {name: x, spatial: {meshZ: 2}}", MAC), ("unknown key 'meshZ'",)),
        (
            (DRAM, "- !Container {name: x, spatial: {meshX: 2}, constraints: {temporal: {factors: [D=2]}}}", MAC),
            ("container 'x' has no loops in time",),
        ),
        (
            (
                DRAM,
                "- !Parallel {nodes: [!Component {name: a, class: SRAM, constraints: {dataspace: {keep: [Inputs]}}}]}",
            ),
            ("no branch", "'Outputs'", "!Nothing"),
        ),
        (
            (
                DRAM,
                "- !Parallel {nodes: [!Nothing {constraints: {dataspace: {keep: ['*']}}},"
                " !Nothing {constraints: {dataspace: {keep: [Inputs]}}}]}",
            ),
            ("'Inputs' is kept in two branches",),
        ),
        (
            (
                DRAM,
                "- !Parallel {nodes: [!Component {name: a, class: SRAM, spatial: {meshX: 2},"
                " constraints: {dataspace: {keep: ['*']}}}]}",
            ),
            ("fans out inside !Parallel",),
        ),
        ((DRAM, "- !Component {name: n, class: my_XY_NoC}", MAC), ("network 'n'", "unknown class 'my_XY_NoC'")),
        (
            (DRAM, "- !Component {name: n, class: Legacy, attributes: {network_type: M:N}}", MAC),
            ("network 'n'", "distributed multicast"),
        ),
        (
            (DRAM, "- !Component {name: n, class: ReductionTree, attributes: {adder_energy: 2}}", MAC),
            ("reduction trees that cost energy", "adder_energy"),
        ),
        (
            (DRAM, "- !Component {name: s, class: SRAM, sparse_optimizations: {a: 1}}", MAC),
            ("sparse optimizations", "not supported"),
        ),
        (
            (DRAM, "- !Component {name: s, class: SRAM, attributes: {allow_overbooking: true}}", MAC),
            ("overbooked buffers",),
        ),
    ],
)
def test_refused_by_name(lines: tuple[str, ...], words: tuple[str, ...]) -> None:
    with pytest.raises(SpecificationError) as caught:
        nodes(*lines)
    message = str(caught.value)
    assert "arch.yaml" in message
    assert len(message.splitlines()) <= 10
    for word in words:
        assert word in message


def _constrained(temporal: str) -> str:
    return (
        "- !Component {name: DRAM, class: DRAM, attributes: {width: 64, datawidth: 8},"
        f" constraints: {{{temporal}}}}}"
    )


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("temporal: {factors: [Z=3]}", ("unknown dimension 'Z'", "E, D, L")),
        ("temporal: {factors: ['E=3,2']}", ("imperfect factors", "E=3,2")),
        ("temporal: {factors: [E~3]}", ("'E~3' is not a factor",)),
        ("temporal: {factors: ['E=2', 'E=4']}", ("both 2 and 4",)),
        ("temporal: {factors: ['E>=4', 'E<=2']}", ("at least 4 and at most 2",)),
        ("temporal: {factors: ['E<=0']}", ("not positive",)),
        ("temporal: {permutation: [E, E]}", ("appears twice",)),
        ("temporal: {permutation: EX}", ("unknown dimension 'X'",)),
        ("temporal: {permutation: E_D}", ("suffix",)),
        ("temporal: {remainders: 2}", ("loops in time", "remove 'remainders'")),
        ("temporal: {permutations: [E]}", ("unknown key 'permutations'", "did you mean 'permutation'")),
        ("temporal: {no_reuse: [Wieghts]}", ("unknown data space 'Wieghts'",)),
        ("temporal: {maximize_dims: [[K]]}", ("unknown dimension 'K'",)),
        ("dataspace: {keep: [Inputs], bypass: [Inputs]}", ("'Inputs' is both kept and bypassed",)),
        ("max_overbooked_proportion: {proportion: 0.5}", ("overbooked",)),
        ("spatial: {factors: [E=2]}", ("no fan-out",)),
        ("temproal: {factors: [E=2]}", ("unknown key 'temproal'", "did you mean 'temporal'")),
    ],
)
def test_constraints_refused_by_name(constraint: str, words: tuple[str, ...]) -> None:
    with pytest.raises(SpecificationError) as caught:
        nodes(_constrained(constraint), MAC)
    message = str(caught.value)
    assert "arch.yaml" in message
    for word in words:
        assert word in message


def test_what_is_said_twice_must_agree() -> None:
    twice = "constraints: [{target: DRAM, type: temporal, permutation: [%s]}]\n"
    first = _constrained("temporal: {permutation: [E, D]}")
    same = nodes(first, MAC, extra=twice % "E, D")
    assert same == replace(nodes(first, MAC))
    with pytest.raises(SpecificationError, match="given twice"):
        nodes(first, MAC, extra=twice % "D, E")
    with pytest.raises(SpecificationError, match="no storage level is named 'PE'"):
        nodes(DRAM, MAC, extra="constraints: [{target: PE, type: temporal, factors: [E=2]}]\n")


def test_a_bound_on_the_last_iteration_must_leave_out_nothing() -> None:
    rows = """- !Container
    name: rows
    spatial: {meshY: 4}
    constraints: {spatial: {%s}}"""
    ruby = "mapspace: {version: 0.4, template: ruby}\n"
    free = nodes(DRAM, rows % "factors: [E<=4]", MAC)
    assert nodes(DRAM, rows % "factors: [E<=4], remainders: 4", MAC, extra=ruby) == free
    with pytest.raises(SpecificationError, match="a bound of 3 on the last iteration at 'inter_rows_spatial'"):
        nodes(DRAM, rows % "remainders: 3", MAC)


def test_the_mapspace_says_which_factors_may_be_imperfect() -> None:
    said = {
        "{}": Factors.perfect,
        "{template: uber}": Factors.perfect,
        "{version: 0.4, template: ruby}": Factors.spatial,
        "{template: ruby, factors: all}": Factors.all,
        "{factors: perfect, template: ruby}": Factors.perfect,
    }
    for text, factors in said.items():
        assert read_mapspace([Document.from_text(f"mapspace: {text}", "in.yaml")]) is factors
    assert read_mapspace([Document.from_text("problem: {}", "in.yaml")]) is Factors.perfect
