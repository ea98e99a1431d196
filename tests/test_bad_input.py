"""Mistakes on the command line: what is wrong, where, what was expected; no traceback, nothing left behind."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from command_line import launch_here

from launcher import run
from launcher.errors import LauncherError

MISTAKES = [
    pytest.param(["arch=nope"], ["arch=nope", "gemmini", "pim"], id="unknown choice"),
    pytest.param(["arch=gemini"], ["gemmini"], id="misspelt choice"),
    pytest.param(["arch.rowz=3"], ["arch.rowz", "did you mean arch.rows"], id="misspelt key"),
    pytest.param(["+arch.rowz=3"], ["rowz", "did you mean arch.rows"], id="misspelt key with plus"),
    pytest.param(["rows=8"], ["rows", "did you mean arch.rows"], id="key without its group"),
    pytest.param(["factors=all"], ["factors", "did you mean mapspace.factors"], id="key of another group"),
    pytest.param(["mapspace=all"], ["mapspace", "group of keys", "mapspace.factors=all"], id="value of a group"),
    pytest.param(["constraints=3"], ["constraints", "group of keys", "constraints.area_mm2"], id="number of a group"),
    pytest.param(["arch.rows=abc"], ["arch.rows", "abc", "whole number"], id="wrong type"),
    pytest.param(["arch.rows=0"], ["arch.rows=0", "1", "4096"], id="zero"),
    pytest.param(["arch.rows=-1"], ["arch.rows=-1", "1", "4096"], id="negative"),
    pytest.param(["arch.rows=1e9"], ["arch.rows"], id="huge"),
    pytest.param(["arch.rows=1000000000"], ["arch.rows=1000000000", "4096"], id="huge integer"),
    pytest.param(["arch.dataflow=rs"], ["arch.dataflow", "ws", "is", "os"], id="unknown dataflow"),
    pytest.param(["arch.dram_type=SDRAM"], ["arch.dram_type", "LPDDR4"], id="unknown DRAM"),
    pytest.param(["layer.L=0"], ["layer.L=0", "positive integer"], id="layer of size zero"),
    pytest.param(["layer.L=-5"], ["layer.L=-5", "positive integer"], id="layer of negative size"),
    pytest.param(["layer.L=2.5"], ["layer.L=2.5", "positive integer"], id="layer of broken size"),
    pytest.param(["layer.E='embeding / heads'"], ["layer.E", "embeding"], id="misspelt name in a size"),
    pytest.param(["layer=KTQ", "model.heads=7"], ["layer.E", "positive integer"], id="heads that do not divide"),
    pytest.param(["arch.template=nope.yaml.j2"], ["nope.yaml.j2", "gemmini.yaml.j2"], id="missing template"),
    pytest.param(["layer.shape=nope"], ["nope.yaml.j2", "matmul"], id="missing shape"),
    pytest.param(["mapper.objective=speed"], ["speed", "edp", "energy", "cycles"], id="unknown objective"),
    pytest.param(["engine.name=magic"], ["magic", "native"], id="unknown engine"),
    pytest.param(["estimator.tables=[nowhere]"], ["nowhere"], id="missing table folder"),
    pytest.param(["arch.scratchpad_kib=0.01", "arch.scratchpad_width_bits=4096"], ["KiB"], id="less than a row"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES)
def test_a_mistake_is_explained(arguments: list[str], words: list[str]) -> None:
    with pytest.raises(LauncherError) as told:
        run(arguments)
    message = str(told.value)
    assert len(message.splitlines()) <= 10, message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [one for one in MISTAKES if one.id in {"unknown choice", "misspelt key", "wrong type", "zero", "missing template"}],
)
def test_on_the_command_line_a_mistake_leaves_nothing(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    """One mistake of each step: finding files, their keys, types, ranges, and writing the specification."""
    launch_here(tmp_path, "tracking=none", *arguments).must_explain(*words)
    assert not list(tmp_path.rglob("*.json"))
    assert not list(tmp_path.rglob("*.yaml"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["arch.rows=8,16"], ["arch.rows=8,16", "-m"]),
        (["arch.rows"], ["arch.rows"]),
        (["arch.rows=[8"], ["arch.rows=[8"]),
        (["-m", "--cfg", "job"], ["Only one of", "leave -m out"]),
    ],
)
def test_a_wrong_command_line_is_status_2(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    launch_here(tmp_path, "tracking=none", *arguments).must_explain(*words, status=2)


def test_workers_that_cannot_start_are_told_before_anything_happens(tmp_path: Path) -> None:
    grid = ["-m", "arch.rows=8,16", "hydra/launcher=joblib", "tracking=none"]
    launch_here(tmp_path, *grid, "hydra.launcher.n_jobs=0").must_explain("n_jobs=0", "one per core")
    assert not list(tmp_path.iterdir())


def test_an_unknown_flag_is_status_2(tmp_path: Path) -> None:
    assert launch_here(tmp_path, "--nope").status == 2


def test_broken_yaml_of_the_user_names_file_and_line(tmp_path: Path) -> None:
    mine = tmp_path / "my_conf" / "arch" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("name: mine\nrows: [1, 2\ncols: 3\n")
    launch_here(tmp_path, "--config-dir", "my_conf", "arch=mine", "tracking=none").must_explain("mine.yaml", "line 3")


def _own_template(folder: Path, text: str) -> str:
    """What is said about a template of the user's own with this text."""
    for name in ("arch", "arch_templates"):
        (folder / name).mkdir(parents=True)
    (folder / "arch" / "mine.yaml").write_text("name: mine\ntemplate: mine.yaml.j2\n")
    (folder / "arch_templates" / "mine.yaml.j2").write_text(text)
    with pytest.raises(LauncherError) as told:
        run(["arch=mine"], config_dir=folder)
    return str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{# nothing yet #}\n", ["mine.yaml.j2", "empty"]),
        ("architecture: {{ arch.sides }}\n", ["sides", "mine.yaml.j2"]),
        ("architecture:\n{% if %}\n", ["mine.yaml.j2, line 2"]),
    ],
    ids=["empty", "unknown name", "broken"],
)
def test_a_mistake_in_a_template_of_the_user_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    message = _own_template(tmp_path, text)
    for word in words:
        assert word in message


def test_a_missing_config_dir_is_named(tmp_path: Path) -> None:
    launch_here(tmp_path, "--config-dir", "nowhere", "tracking=none").must_explain("nowhere")


def test_an_unwritable_output_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be\n")
    launch_here(tmp_path, "tracking=none", "hydra.run.dir=taken/run").must_explain("taken")


def test_a_mapspace_without_mapping_says_why(tmp_path: Path) -> None:
    outcome = launch_here(tmp_path, "tracking=none", "arch.accumulator_kib=0.0625", "hydra.run.dir=out")
    outcome.must_explain("Accumulator")
    assert '"infeasible"' in (tmp_path / "out" / "result.json").read_text()


def test_a_server_that_does_not_answer_keeps_the_result(tmp_path: Path) -> None:
    outcome = launch_here(tmp_path, "tracking.uri=http://127.0.0.1:9", "layer=KTQ", "hydra.run.dir=out")
    outcome.must_explain("127.0.0.1:9", "out")
    assert (tmp_path / "out" / "result.json").is_file()


def test_help_is_a_page_with_groups_and_examples(tmp_path: Path) -> None:
    page = launch_here(tmp_path, "--help").must_succeed().out
    named = ("gemmini", "pim", "bert_large", "layernorm", "arch.rows", "mapspace.factors", "constraints.area_mm2")
    for word in (*named, "python launch.py -m arch.rows=8,16,32"):
        assert word in page
    assert page.count("  python launch.py") >= 10


def test_a_user_can_bring_an_architecture(tmp_path: Path) -> None:
    conf = tmp_path / "my_conf"
    (conf / "arch").mkdir(parents=True)
    (conf / "arch_templates").mkdir()
    (conf / "arch" / "mine.yaml").write_text("name: mine\ntemplate: mine.yaml.j2\nbuffer_rows: 1024\n")
    (conf / "arch_templates" / "mine.yaml.j2").write_text(
        textwrap.dedent("""\
        architecture:
          version: 0.4
          nodes:
          - !Container
            name: system
            attributes: {technology: 32nm, global_cycle_seconds: 1e-9}
          - !Component
            name: DRAM
            class: DRAM
            attributes: {type: LPDDR4, width: 64, datawidth: 8}
            constraints: {dataspace: {keep: [Weights, Inputs, Outputs]}}
          - !Component
            name: Buffer
            class: SRAM
            attributes: {width: 64, depth: {{ arch.buffer_rows }}, n_banks: 1, datawidth: 8}
          - !Component
            name: MAC
            class: intmac
            attributes: {multiplier_width: 8, adder_width: 16}
        """)
    )
    arguments = ["--config-dir", "my_conf", "arch=mine", "layer=Out", "model.embedding=64", "model.sequence=64"]
    out = launch_here(tmp_path, *arguments, "tracking=none").must_succeed().out
    assert "Buffer" in out
    assert "proved" in out
