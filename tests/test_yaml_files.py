"""Reading YAML safely, the processed form, problems, tables and mappings; and what malformed files get."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.errors import SpecificationError
from launcher.specification.problem import Term
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import (
    Document,
    parse_specification,
    read_mapping,
    read_specification,
)

PROBLEM = """
problem:
  instance: {C: 3, M: 32, R: 3, P: 14, Wstride: 2, H: 224, densities: {}}
  shape:
    name: conv
    dimensions: [C, M, R, P]
    coefficients: [{name: Wstride, default: 1}, {name: Wdilation, default: 1}]
    data_spaces:
    - {name: Weights, projection: [C, M, R]}
    - name: Inputs
      projection:
      - - [C]
      - - [R, Wdilation]
        - [P, Wstride]
    - {name: Outputs, projection: [[[M]], [[P]]], read_write: True}
"""
ARCHITECTURE = """
architecture:
  version: 0.4
  subtree:
  - name: system
    attributes: {version: 0.4, technology: "45nm"}
    local:
    - {name: DRAM, class: DRAM, attributes: {width: 64, word_bits: 8}}
    - {name: bus, class: some_bus}
    subtree:
    - name: chip[0..3]
      attributes: {global_cycle_seconds: 1e-9}
      local:
      - {name: "buffer[0..1]", class: SRAM, attributes: {sizeKB: 2, word-bits: 16, n_words: 4}}
      - {name: "regs[1..16]", class: regfile, attributes: {entries: 12, depth: 99, datawidth: 8, meshY: 4}}
      - {name: "mac[1..16]", class: mac, attributes: {meshX: 16}}
"""
TABLES = """
ERT:
  version: 0.4
  tables:
  - {name: "system.DRAM[1..1]", actions: [
      {name: read, arguments: {}, energy: 512}, {name: write, arguments: {}, energy: 512}]}
  - {name: "system.chip[0..3].buffer[0..1]", actions: [
      {name: random_read, energy: 1.5}, {name: random_write, energy: 2}, {name: leak, energy: 1e-3}]}
  - {name: "system.chip[0..3].regs[1..16]", actions: [
      {name: read, arguments: {n: 1}, energy: 0.5}, {name: read, arguments: {n: 2}, energy: 0.75},
      {name: update, energy: 1}, {name: fill, energy: 1}]}
  - {name: "system.chip[0..3].mac[1..16]", actions: [{name: compute, energy: 0.25}]}
ART:
  version: 0.4
  tables: [{name: "system.chip[0..3].mac[1..16]", area: 99.5}]
"""
MAPPING = """
mapping:
- {target: regs, type: datatype, keep: [Outputs], bypass: [Weights, Inputs]}
- {target: regs, type: temporal, factors: R3 M=0, permutation: RM}
- {target: buffer, type: spatial, factors: P=7 C1, permutation: CP, split: 1}
- {target: buffer, type: temporal, factors: "P=2"}
- {target: 2, type: temporal, factors: [C=3], permutation: [C]}
"""


def specification() -> Specification:
    return parse_specification(ARCHITECTURE + PROBLEM + TABLES, "all.yaml")


def refusal(text: str) -> str:
    """The message that ``text`` gets, as a whole specification."""
    with pytest.raises(SpecificationError) as caught:
        parse_specification(text, "in.yaml")
    message = str(caught.value)
    assert "in.yaml" in message
    assert len(message.splitlines()) <= 10
    return message


def swapped(old: str, new: str) -> str:
    """The whole specification with one passage replaced."""
    text = ARCHITECTURE + PROBLEM + TABLES
    assert old in text
    return text.replace(old, new, 1)


# -- what is read ---------------------------------------------------------------------------------------------------


def test_problem() -> None:
    problem = specification().problem
    assert problem.dimensions == {"C": 3, "M": 32, "R": 3, "P": 14}
    assert problem.data_space("Inputs").projection == ((Term("C"),), (Term("R"), Term("P", 2)))
    assert problem.data_space("Weights").projection == ((Term("C"),), (Term("M"),), (Term("R"),))
    assert [space.read_write for space in problem.data_spaces] == [False, False, True]


def test_problem_with_extents_beside_the_shape() -> None:
    flat = PROBLEM.replace("  instance: {C: 3, M: 32, R: 3, P: 14, Wstride: 2, H: 224, densities: {}}", "")
    flat += "  C: 3\n  M: 32\n  R: 3\n  P: 14\n  Wstride: 2\n"
    assert parse_specification(ARCHITECTURE + flat, "flat").problem == specification().problem


def test_processed_architecture() -> None:
    architecture = specification().architecture
    regs, buffer, dram = architecture.levels
    assert [level.name for level in architecture.levels] == ["regs", "buffer", "DRAM"]
    assert (dram.instances, dram.block_size, dram.word_bits, dram.capacity_words) == (1, 8, 8, None)
    assert (buffer.instances, buffer.mesh_x, buffer.mesh_y) == (8, 8, 1)
    assert (buffer.capacity_words, buffer.block_size, buffer.word_bits) == (1024, 4, 16)
    assert (regs.instances, regs.mesh_x, regs.mesh_y, regs.capacity_words) == (64, 16, 4, 12)
    assert (architecture.compute.instances, architecture.compute.mesh_x, architecture.compute.mesh_y) == (64, 16, 4)
    assert architecture.attributes == {"technology": "45nm"}
    assert regs.attributes["global_cycle_seconds"] == 1e-9


def test_tables() -> None:
    found = specification()
    assert found.energy is not None
    assert found.area is not None
    assert [entry.energy_pj for entry in found.energy.components["regs"]["read"]] == [0.5, 0.75]
    assert found.energy.components["regs"]["read"][1].arguments == {"n": 2}
    assert found.area.components == {"mac": 99.5}


def test_mapping_with_defaults() -> None:
    regs, buffer, dram = read_mapping([Document.from_text(MAPPING, "m.yaml")], specification())
    assert regs.keep == ("Outputs",)
    assert buffer.keep == dram.keep == ("Weights", "Inputs", "Outputs")  # unmentioned is kept
    assert [(loop.dimension, loop.bound) for loop in regs.temporal] == [("R", 3), ("M", 32)]
    assert buffer.spatial_x == ()
    assert [(loop.dimension, loop.bound) for loop in buffer.spatial_y] == [("P", 7)]  # the split counts C1
    assert [(loop.dimension, loop.bound) for loop in dram.temporal] == [("C", 3)]


def test_keys_may_be_spread_over_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.yaml" for number in range(3)]
    for path, text in zip(paths, (ARCHITECTURE, PROBLEM, TABLES), strict=True):
        path.write_text(text)
    assert read_specification(paths) == specification()
    with pytest.raises(SpecificationError, match="'problem' stands in two files"):
        read_specification([*paths, Document.from_text(PROBLEM, "again")])


def test_what_does_not_matter_is_accepted() -> None:
    extra = """
compound_components: {version: 0.4, classes: []}
mapper: {algorithm: random, optimization_metrics: [edp]}
mapspace: {template: uber}
globals: {environment_variables: {TIMELOOP_HIDE_INCONSEQUENTIAL_STATS: 1}, expression_custom_functions: []}
sparse_optimizations: {targets: []}
mapping: []
dumped_by_timeloop_front_end: true
"""
    assert parse_specification(ARCHITECTURE + PROBLEM + TABLES + extra, "x") == specification()


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (PROBLEM, "", ("there is no 'problem'",)),
        (ARCHITECTURE, "", ("there is no 'architecture'",)),
        ("problem:", "porblem:", ("unknown top-level key 'porblem'", "did you mean 'problem'")),
        ("M: 32", "M: 0", ("'M' is 0", "problem.instance.M", "at least 1")),
        ("M: 32", "M: many", ("'many' is not defined", "problem.instance.M")),
        ("M: 32", "M: 2.5", ("'M' is 2.5", "whole number")),
        ("M: 32, ", "", ("dimension 'M' has no extent",)),
        ("Wstride: 2", "Wstrid: 2", ("unknown key 'Wstrid'", "did you mean 'Wstride'")),
        ("Wstride: 2", "Wstride: -1", ("'Wstride' is -1",)),
        ("densities: {}", "densities: {Inputs: 0.5}", ("a density of 0.5", "not supported")),
        ("[R, Wdilation]", "[R, Wdilatoin]", ("coefficient 'Wdilatoin' is not declared",)),
        ("[R, Wdilation]", "[Z, Wdilation]", ("unknown dimension 'Z'", "C, M, R, P")),
        ("[C, M, R, P]", "[C, M, R, 1P]", ("'1P' is not a word",)),
        ("[C, M, R, P]", "[C, M, R, Pixel]", ("'Pixel' has no extent",)),
        ("[C, M, R, P]", "[C, M, R, P, C]", ("'C' is named twice",)),
        ("name: Weights", "name: Outputs", ("'Outputs' is named twice",)),
        ("dimensions:", "flatten: [{name: X}]\n    dimensions:", ("flattened dimensions",)),
        ("shape:\n    name: conv", "shape: cnn\n  x:\n    name: conv", ("unknown shape 'cnn'", "cnn_layer")),
        ('"regs[1..16]"', '"buffer[1..16]"', ("'buffer' is named twice",)),
        ("class: mac", "class: SRAM", ("0 compute levels",)),
        ("sizeKB: 2", "sizeKB: 2, read_bandwidth: -4", ("'read_bandwidth' is -4", "buffer", "above 0")),
        ("sizeKB: 2", "sizeKB: 2, entries: 4", ("'sizeKB' stands beside",)),
        ("sizeKB: 2", "sizeKB: -2", ("'sizeKB' is -2",)),
        ("sizeKB: 2", "sizeKB: 2, width: 100", ("width 100",)),
        ("sizeKB: 2", "sizeKB: 2, min_utilization: low", ("'low' is not defined", "min_utilization")),
        ("sizeKB: 2", "sizeKB: 2, network_read: lan", ("'network_read'", "'lan'")),
        ("sizeKB: 2", "sizeKB: 2, power_gated_at: nowhere", ("'power_gated_at'", "'nowhere'")),
        (
            "sizeKB: 2",
            "sizeKB: 2, per_dataspace_bandwidth_consumption_scale: {Weihgts: 2}",
            ("per_dataspace_bandwidth", "'Weihgts'"),
        ),
        ("meshX: 16", "meshX: 5", ("does not give 64 instances",)),
        ("meshX: 16", "meshX: 64", ("meshY 1 of 'mac' is not a multiple of meshY 4",)),
        ("chip[0..3]", "chip[3..0]", ("empty range",)),
        ("chip[0..3]", "chip[four]", ("broken range",)),
        ("    subtree:\n    - name", "    subtree:\n    - {name: other}\n    - name", ("'subtree' has 2 entries",)),
        ("subtree:\n  - name: system", "arithmetic: {}\n  s:\n  - name: system", ("'storage' is missing",)),
        ("energy: 512}, {name: write", "energy: -1}, {name: write", ("'energy' is -1", "ERT.tables[system.DRAM]")),
        ("{name: random_read, energy: 1.5}, ", "", ("lacks action 'read' of 'buffer'", "random_read")),
        ("name: compute, energy", "name: think, energy", ("lacks action 'compute' of 'mac'",)),
        ("system.DRAM[1..1]", "system.DRUM", ("no table for 'DRAM'",)),
        ("area: 99.5", "area: none", ("'none' is not defined", "ART")),
        ("ERT:", "layout: [1]\nERT:", ("layouts are not supported",)),
        ("ERT:", "sparse_optimizations: {targets: [{name: x}]}\nERT:", ("sparse optimizations are not",)),
        ("ERT:", "mapspace: {template: emerald}\nERT:", ("'emerald'", "uber, or ruby")),
        ("ERT:", "mapspace: {factors: some}\nERT:", ("'some'", "perfect, spatial, all")),
        ("ERT:", "globals: {expression_custom_functions: [x.py]}\nERT:", ("custom functions",)),
        (
            "ERT:",
            "globals: {environment_variables: {TIMELOOP_DISABLE_LINK_TRANSFERS: 1}}\nERT:",
            ("TIMELOOP_DISABLE_LINK_TRANSFERS",),
        ),
        ("version: 0.4", "version: 0.4\n  nodez: []", ("unknown key 'nodez'",)),
    ],
)
def test_malformed_specification(old: str, new: str, words: tuple[str, ...]) -> None:
    message = refusal(swapped(old, new))
    for word in words:
        assert word in message, message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("C=3", "C=2", ("factors of dimension 'C' multiply to 2", "its extent is 3", "DRAM 2")),
        ("R3", "Z3", ("unknown dimension 'Z'",)),
        ("factors: R3 M=0", "factors: 'R3,2 M=0'", ("the residual of R=3,2 at level 'regs'", "expected R=3")),
        ("factors: R3 M=0", "factors: 'R3,4 M=0'", ("the residual of R=3,4 lies outside its factor", "1 to 3")),
        ("P=7 C1", "P=9 C1", ("the residual of P=9 at level 'buffer'", "expected P=9,5")),
        ("P=7 C1", "'P=9,4 C1'", ("the residual of P=9,4 at level 'buffer'", "expected P=9,5")),
        ("factors: R3 M=0", "factors: [R=2,1]", ("'1' is not a factor", "quotes keep a residual with its factor")),
        ("R3", "R<=3", ("is a bound, not a factor",)),
        ("R3", "R3 R1", ("'R' has two factors",)),
        ("keep: [Outputs]", "keep: [Outputs, Inputs]", ("'Inputs' is both kept and bypassed",)),
        ("keep: [Outputs]", "keep: [Output]", ("unknown data space 'Output'",)),
        ("target: 2", "target: 3", ("no storage level is named '3'", "regs, buffer, DRAM")),
        ("target: 2", "target: DRUM", ("no storage level is named 'DRUM'",)),
        ("target: 2", "target: buffer", ("level 'buffer' has two temporal directives",)),
        ("type: datatype", "type: skew", ("skew",)),
        ("type: datatype", "type: data", ("unknown mapping directive 'data'",)),
        ("split: 1", "spilt: 1", ("unknown key 'spilt'", "did you mean 'split'")),
        ("split: 1", "split: -1", ("'split' is -1",)),
        ("{target: 2, type: temporal", "{target: 2, type: spatial", ("level 'DRAM' has spatial loops",)),
    ],
)
def test_malformed_mapping(old: str, new: str, words: tuple[str, ...]) -> None:
    assert old in MAPPING
    # Eight buffers hang on one DRAM; without them the DRAM has no fan-out.
    base = specification() if "spatial" not in new else parse_specification(_without_fan_out(), "x")
    with pytest.raises(SpecificationError) as caught:
        read_mapping([Document.from_text(MAPPING.replace(old, new, 1), "m.yaml")], base)
    message = str(caught.value)
    assert "m.yaml" in message
    assert len(message.splitlines()) <= 10
    for word in words:
        assert word in message, message


def _without_fan_out() -> str:
    return swapped("chip[0..3]", "chip").replace("buffer[0..1]", "buffer").replace("{meshX: 16}", "{meshY: 4}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("nothing",)),
        ("[1, 2]", ("a list",)),
        ("just words", ("a single value",)),
        ("a:\n\t- b", ("broken YAML", "in.yaml:2")),
        ("problem: {a: 1, a: 2}", ("'a' appears twice", "in.yaml:1")),
        ("problem: !!python/object/apply:os.system ['true']", ("python/object", "not allowed")),
        ("problem: !include other.yaml", ("'!include' is not allowed",)),
        ("problem: *nowhere", ("'*nowhere' has no anchor",)),
        ("problem: &a {b: *a}", ("'*a' has no anchor before it",)),
        ("? [1, 2]\n: 3", ("a key is not a word",)),
        ("a: 1\n---\nb: 2", ("second document", "in.yaml:2")),
        ("problem: {<<: 3}", ("'<<' does not name a mapping",)),
        ("{{ include(x) }}\nproblem: {}", ("a key is not a word", "Jinja2")),
        ("{% for x in y %}\nproblem: {}", ("broken YAML", "Jinja2")),
        ("problem: 3\narchitecture: {}", ("'problem' is 3",)),
        ("k" * 300 + ": 1", ("a key has 300 characters",)),
        ('problem: {shape: "a\\nb\\nc\\nd\\ne\\nf\\ng\\nh\\ni\\nj\\nk\\nl"}\narchitecture: {}', ("unknown shape",)),
    ],
)
def test_malformed_yaml(text: str, words: tuple[str, ...]) -> None:
    message = refusal(text)
    for word in words:
        assert word in message, message


@given(st.text(alphabet="ab:[]{}-#&*!|>'\"\n ,?%@0123456789.=<", max_size=80))
def test_any_text_is_read_or_refused_with_its_name(text: str) -> None:
    try:
        Document.from_text(text, "in.yaml")
    except SpecificationError as error:
        assert "in.yaml" in str(error)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-9", 1e-9),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("0x1F", 31),
        ("-7", -7),
        ("no", "no"),
        ("1:30", "1:30"),
        ("012", 12),
        ("~", None),
        ("true", True),
        ("1_000", "1_000"),
        ("'3'", "3"),
        ("!!str 3", "3"),
        ("2001-01-01", "2001-01-01"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert Document.from_text(f"a: {text}", "x").root["a"] == value


# -- hostile files --------------------------------------------------------------------------------------------------


def _bomb() -> str:
    lines = ["a: &a [1,1,1,1,1,1,1,1,1]"]
    for number in range(20):
        before, name = chr(97 + number), chr(98 + number)
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (_bomb(), "too many values"),
        ("[" * 5_000_000, "nested too deeply"),
        ("{a: " * 2_000_000, "nested too deeply"),
        ("- " * 2_000_000, "nested too deeply"),
        ("".join(" " * depth + "a:\n" for depth in range(2000)), "nested too deeply"),
        (
            "a: &a {" + ",".join(f"k{i}: 1" for i in range(900)) + "}\nb: [" + ",".join(["{<<: *a}"] * 2000) + "]",
            "too many",
        ),
    ],
    ids=["alias bomb", "brackets", "braces", "dashes", "indentation", "merge bomb"],
)
def test_hostile_text_is_refused_quickly(text: str, word: str) -> None:
    start = time.process_time()
    message = refusal(text)
    assert time.process_time() - start < 2
    assert word in message


def test_fifty_megabytes_of_nesting_through_the_command(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    with path.open("w") as file:
        for _ in range(50):
            file.write("[" * 1_000_000)
    # In a process of its own: what this one's other children used would count too.
    measured = (
        "import resource, subprocess, sys\n"
        "status = subprocess.run(sys.argv[1:], check=False).returncode\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime, used.ru_maxrss)\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", measured, sys.executable, "-m", "launcher", "evaluate", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    seconds, kib = done.stdout.split()[-2:]
    assert done.returncode == 1
    assert "too large" in done.stderr
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    assert float(seconds) < 2
    assert int(kib) < 500 * 1024


def test_unreadable_files(tmp_path: Path) -> None:
    for path, word in (
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "binary.yaml", "not text"),
        (tmp_path / "empty.yaml", "empty"),
        (Path("/dev/zero"), "too large"),
    ):
        if path.name == "binary.yaml":
            path.write_bytes(bytes(range(256)))
        elif path.name == "empty.yaml":
            path.touch()
        elif not path.exists() and os.fspath(path).startswith("/dev"):
            continue
        with pytest.raises(SpecificationError) as caught:
            Document.from_file(path)
        assert word in str(caught.value)
        assert str(path) in str(caught.value)
