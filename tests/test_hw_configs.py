"""Files with the names of Timeloop-Experiments' ``hw_configs.json``, as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import launch_here

from launcher.results.files import read_result

GEMMINI: dict[str, Any] = {
    "scratchpad_size": 524288,
    "accumulator_size": 16384,
    "scratchpad_bandwidth": 16,
    "accumulator_bandwidth": 4,
    "pe_rows": 16,
    "pe_cols": 16,
    "dataflow": "WS",
    "rf_size": 1024,
}
PIM: dict[str, Any] = {
    "shared_glb_size": 262144,
    "shared_glb_bandwidth": 16,
    "pe_rows": 128,
    "pe_cols": 128,
    "dataflow": "WS",
    "use_IMC_as_buffer": False,
    "IMC_buffer_bandwidth": 16,
    "rf_size": 1024,
}
RUN = ("layer=KTQ", "model=bert_base", "model.sequence=64", "tracking=none", "sweep.pictures=false")


def told(folder: Path) -> list[list[str]]:
    """What each trial of the only sweep below a folder was told beside the command line, in order."""
    files = sorted(folder.glob("multirun/*/*/*/.hydra/overrides.yaml"), key=lambda one: int(one.parts[-3]))
    return [[line[2:] for line in one.read_text().splitlines() if line.startswith("- arch.")] for one in files]


def written(folder: Path, content: object) -> str:
    (folder / "hw_configs.json").write_text(json.dumps(content))
    return "configs=hw_configs.json"


def test_a_file_for_gemmini_runs_unchanged(tmp_path: Path) -> None:
    """Sizes in bytes, those of accumulators in words of 32 bits in each row."""
    entries = [
        GEMMINI,
        {**GEMMINI, "accumulator_size": 32768, "pe_rows": 8, "pe_cols": 32, "dataflow": "IS"},
        {**GEMMINI, "accumulator_size": 1000, "dataflow": "OS", "rf_size": 512, "scratchpad_size": 1500},
    ]
    done = launch_here(tmp_path, "-m", "arch=gemmini", written(tmp_path, entries), *RUN).must_succeed()
    assert "3 trials" in done.out
    common = ["arch.scratchpad_bandwidth=16", "arch.accumulator_bandwidth=4"]
    expected = [
        ["rows=16", "cols=16", "dataflow=ws", "scratchpad_kib=512", "accumulator_kib=1024", "norm_registers=1024"],
        ["rows=8", "cols=32", "dataflow=is", "scratchpad_kib=512", "accumulator_kib=1024", "norm_registers=1024"],
        [
            "rows=16",
            "cols=16",
            "dataflow=os",
            "scratchpad_kib=1.46484375",
            "accumulator_kib=62.5",
            "norm_registers=512",
        ],
    ]
    assert [sorted(one) for one in told(tmp_path)] == [
        sorted([*(f"arch.{item}" for item in one), *common]) for one in expected
    ]


def test_a_row_of_gemmini_has_as_many_words_as_the_file_says(tmp_path: Path) -> None:
    launch_here(tmp_path, "-m", "arch=gemmini", written(tmp_path, [{**GEMMINI, "pe_rows": 64}]), *RUN).must_succeed()
    (folder,) = tmp_path.glob("multirun/*/*/0")
    specification = read_result(folder).specification
    assert specification is not None
    words = {level.name: level.capacity_words for level in specification.architecture.levels}
    assert (words["Accumulator"], words["Scratchpad"]) == (16384, 524288)


def test_a_file_for_pim_runs_unchanged(tmp_path: Path) -> None:
    entries = [PIM, {**PIM, "shared_glb_size": 524288, "shared_glb_bandwidth": 32, "pe_rows": 64, "dataflow": "IS"}]
    launch_here(tmp_path, "-m", "arch=pim", written(tmp_path, entries), *RUN).must_succeed()
    first, second = (dict(item.removeprefix("arch.").split("=") for item in one) for one in told(tmp_path))
    array = {"rows": "128", "cols": "128", "dataflow": "ws"}
    assert first == {**array, "glb_kib": "256", "glb_bandwidth": "16", "norm_registers": "1024"}
    assert second == {**first, "rows": "64", "dataflow": "is", "glb_kib": "512", "glb_bandwidth": "32"}


def test_combinations_count_accumulators_for_their_own_rows(tmp_path: Path) -> None:
    entries = [GEMMINI, {**GEMMINI, "pe_rows": 8, "accumulator_size": 8192}]
    launch_here(tmp_path, "-m", written(tmp_path, entries), "mixup=true", *RUN).must_succeed()
    found = [dict(item.removeprefix("arch.").split("=") for item in one) for one in told(tmp_path)]
    assert {(one["rows"], one["accumulator_kib"]) for one in found} == {
        ("16", "1024"),
        ("16", "512"),
        ("8", "512"),
        ("8", "256"),
    }


MISTAKES: list[Any] = [
    pytest.param([{**PIM, "use_IMC_as_buffer": True}], "pim", ["use_IMC_as_buffer=true"], id="cells as a buffer"),
    pytest.param([{**PIM, "use_IMC_as_buffer": 0}], "pim", ["use_IMC_as_buffer=0", "false"], id="neither"),
    pytest.param([{**PIM, "dataflow": "OS"}], "pim", ["dataflow='OS'", "WS, IS"], id="dataflow of another"),
    pytest.param([{**GEMMINI, "dataflow": "ws"}], "gemmini", ["dataflow='ws'", "WS, IS, OS"], id="lower case"),
    pytest.param([{**GEMMINI, "buffer_kib": 64}], "gemmini", ["scratchpad_size", "buffer_kib"], id="mixture"),
    pytest.param([GEMMINI, {"buffer_kib": 64}], "gemmini", ["scratchpad_size", "buffer_kib"], id="two mixed entries"),
    pytest.param([{**GEMMINI, "shared_glb_size": 64}], "gemmini", ["shared_glb_size"], id="of both kinds"),
    pytest.param([{"rf_size": 64, "rows": 8}], "gemmini", ["rf_size", "rows"], id="one name among ours"),
    pytest.param(
        [{key: value for key, value in GEMMINI.items() if key != "pe_cols"}], "gemmini", ["no pe_cols"], id="missing"
    ),
    pytest.param([GEMMINI], "pim", ["scratchpad_size", "arch=gemmini"], id="another architecture"),
    pytest.param([PIM], "gemmini", ["shared_glb_size", "arch=pim"], id="the other way round"),
    pytest.param([{**GEMMINI, "rf_size": 0}], "gemmini", ["rf_size=0", "a number from 1"], id="nothing"),
    pytest.param([{**GEMMINI, "pe_rows": True}], "gemmini", ["pe_rows=True"], id="no number"),
    pytest.param([{**GEMMINI, "scratchpad_size": "512K"}], "gemmini", ["scratchpad_size='512K'"], id="a word"),
    pytest.param(
        [{**GEMMINI, "scratchpad_size": 10**400}], "gemmini", ["scratchpad_size", "a number from 1"], id="huge"
    ),
]


@pytest.mark.parametrize(("content", "arch", "words"), MISTAKES)
def test_what_cannot_be_read_is_named(content: object, arch: str, words: list[str], tmp_path: Path) -> None:
    outcome = launch_here(tmp_path, "-m", f"arch={arch}", written(tmp_path, content), *RUN)
    outcome.must_explain("hw_configs.json", *words)
    assert not list(tmp_path.glob("multirun/*/*/0"))
