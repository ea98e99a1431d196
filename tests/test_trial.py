"""Trials from Python: every architecture and layer, parameters that follow each other, the same result every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher import run
from launcher.errors import LauncherError
from launcher.results.result import Result


def mapped(*overrides: str) -> Result:
    result = run(list(overrides))
    assert result.ok, result.reason
    return result


@pytest.mark.parametrize("model", ["bert_base", "bert_large", "gpt2"])
def test_every_model_runs(model: str) -> None:
    assert mapped(f"model={model}", "layer=KTQ").parameters["model"] == model


@pytest.mark.parametrize(("rows", "cols"), [(4, 4), (8, 32), (32, 8), (64, 64)])
def test_the_array_follows_its_parameters(rows: int, cols: int) -> None:
    result = mapped(f"arch.rows={rows}", f"arch.cols={cols}", "layer=KTQ", "model=bert_base")
    assert result.specification is not None
    architecture = result.specification.architecture
    assert architecture.compute.instances == rows * cols
    assert architecture.level("Accumulator").instances == rows
    assert architecture.level("Accumulator").capacity_words == 256 * 8192 // 32 // rows
    assert architecture.level("Registers").instances == rows * cols
    spatial = {(loop.dimension, loop.bound) for level in result.mapping or () for loop in level.spatial}
    assert spatial == {("D", rows), ("E", cols)}


def test_a_side_that_divides_nothing_leaves_pes_idle() -> None:
    result = mapped("arch.rows=12", "layer=KTQ", "model=bert_base")
    assert result.utilization <= 8 / 12


def test_output_stationary_spreads_outputs_and_reduces_in_time() -> None:
    result = mapped("arch.dataflow=os", "layer=KTQ", "model=bert_base")
    assert result.mapping is not None
    spatial = {loop.dimension for level in result.mapping for loop in level.spatial}
    assert spatial == {"D", "L"}
    assert result.mapping.level("Registers").keep == ("Outputs",)


@pytest.mark.parametrize("side", [32, 128, 256])
def test_converters_follow_the_analog_array(side: int) -> None:
    result = mapped("arch=pim", f"arch.rows={side}", f"arch.cols={side}", "layer=FF1", "model=bert_base")
    assert result.specification is not None and result.evaluation is not None
    network = result.specification.architecture.networks["A2D"]
    assert network.attributes["rows"] == side
    assert all(energy > 0 for energy in result.evaluation.network_energy_pj.values())


def test_wider_words_cost_more_in_an_analog_array() -> None:
    narrow = mapped("arch=pim", "layer=KTQ", "model=bert_base", "arch.word_bits=8")
    wide = mapped("arch=pim", "layer=KTQ", "model=bert_base")
    assert wide.energy_pj > narrow.energy_pj


def test_lanes_shorten_a_norm_operation() -> None:
    one = mapped("layer=softmax", "model=bert_base")
    many = mapped("layer=softmax", "model=bert_base", "arch.norm_lanes=16")
    assert one.cycles == 2 * 512 * 512
    assert many.cycles < one.cycles / 4


def test_the_same_input_gives_the_same_mapping() -> None:
    overrides = ["layer=FF1", "model=bert_base"]
    assert run(overrides).mapping == run(overrides).mapping


def test_an_objective_is_minimised() -> None:
    best = {name: mapped("layer=KQV", f"mapper={name}") for name in ("edp", "energy", "cycles")}
    assert best["energy"].energy_pj <= best["edp"].energy_pj
    assert best["cycles"].cycles <= best["edp"].cycles
    assert best["edp"].edp_j_cycles <= min(best["energy"].edp_j_cycles, best["cycles"].edp_j_cycles)


def test_hardware_without_a_mapping_is_a_result_that_says_why() -> None:
    result = run(["arch.accumulator_kib=0.0625", "layer=KTQ"])
    assert result.status == "infeasible"
    assert "Accumulator" in (result.reason or "")


def test_interpolated_figures_are_flagged() -> None:
    assert not any("Scratchpad" in flag for flag in mapped("layer=KTQ").flags)
    assert any("Scratchpad" in flag for flag in mapped("layer=KTQ", "arch.scratchpad_kib=300").flags)


def test_a_run_leaves_nothing_behind_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(["layer=KTQ"])
    assert not list(tmp_path.iterdir())
    run(["layer=KTQ"], output=tmp_path / "kept")
    assert (tmp_path / "kept" / "result.json").is_file()
    assert result.name == "gemmini 16x16 KTQ"


def test_mistakes_are_launcher_errors() -> None:
    with pytest.raises(LauncherError, match="gemmini"):
        run(["arch=gemini"])
