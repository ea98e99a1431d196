"""Templates are kept, and noticed when they change."""

from __future__ import annotations

import os
import re
from pathlib import Path
from textwrap import dedent

import pytest

import launcher
from launcher.config.layer_sizes import LayerSizes
from launcher.errors import ConfigurationError
from launcher.paths import data_folder
from launcher.trial.render import texts

LAYER = LayerSizes({"E": 4, "D": 6, "L": 8}, {}, 1)


def said(template: str, *folders: Path, arch: object = None) -> str:
    return texts(template, "matmul", arch or {"rows": 3}, LAYER, folders)[0]


def test_a_template_that_changes_is_read_again(tmp_path: Path) -> None:
    file, macros = tmp_path / "own.yaml.j2", tmp_path / "macros.j2"
    macros.write_text("{% macro rows() %}{{ largest_divisor(6, 4) }}{% endmacro %}")
    file.write_text('{% import "macros.j2" as own %}rows: {{ own.rows() }}')
    assert said("own.yaml.j2", tmp_path) == "rows: 3"
    macros.write_text("{% macro rows() %}{{ largest_divisor(6, 2) }}{% endmacro %}")
    os.utime(macros, ns=(1, 1))
    assert said("own.yaml.j2", tmp_path) == "rows: 2"
    file.write_text("rows: 10")
    assert said("own.yaml.j2", tmp_path) == "rows: 10"
    file.unlink()
    with pytest.raises(ConfigurationError, match=r"there is no template 'own\.yaml\.j2'"):
        said("own.yaml.j2", tmp_path)


def test_a_template_of_the_users_own_comes_first_once_it_is_there(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (second / "own.yaml.j2").write_text("rows: 1")
    assert said("own.yaml.j2", first, second) == "rows: 1"
    (first / "own.yaml.j2").write_text("rows: 2")
    assert said("own.yaml.j2", first, second) == "rows: 2"


def test_macros_see_the_layer_that_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "macros.j2").write_text(
        "{% set side = fill(6, 4) %}"
        "{% macro factors(places) %}{{ side }} {{ only(**spread(places, 'D')) }}{% endmacro %}"
    )
    (tmp_path / "own.yaml.j2").write_text('{% import "macros.j2" as own %}factors: {{ own.factors(arch.rows) }}')
    assert said("own.yaml.j2", tmp_path) == "factors: 3 [E=1, D=3, L=1]"
    assert said("own.yaml.j2", tmp_path, arch={"rows": 2}) == "factors: 3 [E=1, D=2, L=1]"
    other = LayerSizes({"D": 8, "E": 4, "L": 8}, {}, 1)
    assert texts("own.yaml.j2", "matmul", {"rows": 5}, other, [tmp_path])[0] == "factors: 3 [D=4, E=1, L=1]"


def test_what_a_template_reads_and_nobody_gave_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "macros.j2").write_text(
        "{% macro memory(bits=arch.word_bits) %}\nwidth: {{ bits * 2 }}\n{% endmacro %}"
    )
    macros = '{% import "macros.j2" as own with context %}'
    cases = {
        "a: 1\nb: {{ arch.cols }}": ("arch.cols, and the architecture has no cols", "line 2", "'cols: VALUE'"),
        "{{ 1 +\n arch.cols }}": ("arch.cols", "line", "defaults"),
        "{{ arch['row'] * 2 }}": ("arch.row,", "line 1", "did you mean arch.rows?"),
        macros + "\n{{ own.memory() }}": ("arch.word_bits", "macros.j2", "'word_bits: VALUE'"),
        "{{ sizes.Q + 1 }}": ("sizes.Q, and this layer has none", "line 1", '"Q" in sizes'),
    }
    for number, (text, (what, where, hint)) in enumerate(cases.items()):
        (tmp_path / f"own{number}.yaml.j2").write_text(text)
        with pytest.raises(ConfigurationError) as raised:
            said(f"own{number}.yaml.j2", tmp_path)
        assert what in raised.value.what, text
        assert where in str(raised.value.where) and hint in str(raised.value.hint), text


def test_the_documented_architecture_runs_as_it_is_printed(tmp_path: Path) -> None:
    part = (
        (data_folder("conf").parent / "docs" / "architectures.md")
        .read_text()
        .split("## An architecture of your own")[1]
    )
    blocks = re.findall(r"\n\n((?:(?:    .*|)\n)+)(?=\n?\S)", part)
    for name, block in zip(("arch/mine.yaml", "arch_templates/mine.yaml.j2"), blocks, strict=False):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(dedent(block))
    result = launcher.run("arch=mine layer=Out model=bert_base arch.rows=16", config_dir=tmp_path)
    assert result.ok, result.reason
    assert result.utilization > 0.5
