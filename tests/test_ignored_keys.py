"""Keys that Timeloop ignores give a note; those that look like a misspelt one which matters stay errors."""

from __future__ import annotations

import pytest
from front_end_cases import BASE, MAPPING, PROBLEM

from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.specification.specification import Specification
from launcher.timeloop_files.chain import read_chain
from launcher.timeloop_files.io import Document, read_mapped, read_specification

CONVOLUTION = """
problem:
  version: 0.4
  shape:
    name: conv
    dimensions: [C, M, R, P]
    coefficients: [{name: Wstride, default: 1}, {name: Wdilation, default: 1}]
    data_spaces:
    - {name: Weights, projection: [[[C]], [[M]], [[R]]]}
    - {name: Inputs, projection: [[[C]], [[R, Wdilation], [P, Wstride]]]}
    - {name: Outputs, projection: [[[M]], [[P]]], read_write: True}
  instance: {C: 4, M: 4, R: 3, P: 8, Wstride: 2}
"""


def read(*texts: str) -> Specification:
    return read_specification([Document.from_text(text, f"{number}.yaml") for number, text in enumerate(texts)])


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("version: 0.4\n  nodes", "version: 0.4\n  DIM: 8\n  nodes", "key 'DIM' in a v4 architecture"),
        ("{depth: 2048,", "{nbanks: 4, depth: 2048,", "attribute 'nbanks' has no effect; Timeloop reads 'n_banks'"),
        ("{depth: 2048,", "{bank: 4, depth: 2048,", "attribute 'bank' has no effect"),
        ("{depth: 2048,", "{data_width: 8, depth: 2048,", "'data_width' has no effect; Timeloop reads 'datawidth'"),
        ("class: SRAM,", "class: SRAM, colour: red,", "key 'colour' in a !Component"),
        ("ERT:", "x_notes: {a: 1}\nERT:", "top-level key 'x_notes' has no effect"),
    ],
)
def test_keys_without_effect_are_noted_once_and_change_nothing(old: str, new: str, named: str) -> None:
    assert old in BASE
    plain, found = read(BASE, PROBLEM), read(BASE.replace(old, new), PROBLEM)
    assert sum(named in flag for flag in found.flags) == 1 and not plain.flags
    assert [level.capacity_words for level in found.architecture.levels] == [
        level.capacity_words for level in plain.architecture.levels
    ]
    assert found.energy == plain.energy and found.constraints == plain.constraints


def test_an_attribute_at_several_levels_is_noted_once() -> None:
    text = BASE.replace("datawidth: 8}", "datawidth: 8, nbanks: 4}")
    assert [flag for flag in read(text, PROBLEM).flags if "nbanks" in flag] == [
        "attribute 'nbanks' has no effect; Timeloop reads 'n_banks'"
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version: 0.4\n  nodes", "version: 0.4\n  nodez: 8\n  nodes", "unknown key 'nodez'"),
        ("class: SRAM,", "class: SRAM, atributes: {},", "unknown key 'atributes'"),
        ("class: SRAM,", "class: SRAM, constraint: {},", "unknown key 'constraint'"),
        ("{depth: 2048,", "{dpeth: 4, depth: 2048,", "unknown attribute 'dpeth'"),
        ("{depth: 2048,", "{multiple_bufering: 2, depth: 2048,", "unknown attribute 'multiple_bufering'"),
        ("ERT:", "mappings_: []\nERT:", "unknown top-level key 'mappings_'"),
        ("ERT:", "sparse_optimization: []\nERT:", "unknown top-level key 'sparse_optimization'"),
    ],
)
def test_keys_that_look_misspelt_stay_errors(old: str, new: str, words: str) -> None:
    with pytest.raises(SpecificationError, match=words):
        read(BASE.replace(old, new), PROBLEM)


def test_keys_of_a_mapping_without_effect_are_noted_with_the_mapping() -> None:
    documents = [Document.from_text(text, "x.yaml") for text in (BASE, PROBLEM)]
    mapping = MAPPING.replace("WHO", "PE").replace("permutation: [M, N, K]}", "permutation: [M, N, K], stream: []}")
    specification = read_specification(documents)
    ((own, found),) = read_mapped([Document.from_text(mapping, "map.yaml")], specification)
    noted = [flag for flag in own.flags if "key 'stream' in a temporal directive has no effect" in flag]
    assert len(noted) == 2  # at two places
    assert evaluate(own, found).energy_pj == 26396


def test_a_coefficient_in_other_letters_is_named_as_without_effect() -> None:
    found = read(BASE, CONVOLUTION.replace("Wstride: 2}", "WStride: 2}"))
    assert found.problem == read(BASE, CONVOLUTION.replace("Wstride: 2}", "Wstride: 1}")).problem
    assert "'WStride' in the problem's instance has no effect: the coefficient is called 'Wstride'" in found.flags


def test_keys_of_forks_in_an_instance_are_named_as_without_effect() -> None:
    both = read(BASE, CONVOLUTION.replace("Wstride: 2}", "Wstride: 2, WStride: 4, commonBitwidth: 8}"))
    assert both.problem == read(BASE, CONVOLUTION).problem
    assert "'commonBitwidth' in the problem's instance has no effect" in both.flags
    assert "'WStride' in the problem's instance has no effect: the coefficient is called 'Wstride'" in both.flags


def test_a_misspelt_coefficient_stays_an_error() -> None:
    with pytest.raises(SpecificationError, match="unknown key 'Wstrid'"):
        read(BASE, CONVOLUTION.replace("Wstride: 2}", "Wstrid: 2}"))


def test_a_form_that_nobody_else_reads_refuses_every_unknown_key() -> None:
    chain = Document.from_text("chain: {layers: [{name: A, colour: red, problem: {}}]}", "chain.yaml")
    with pytest.raises(SpecificationError, match="unknown key 'colour' in a layer"):
        read_chain([Document.from_text(BASE, "base.yaml")], chain)
