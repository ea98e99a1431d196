"""Networks fused in the groups that are best, and networks mapped by their sums."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from command_line import command_here, launch_here

from launcher import run
from launcher.errors import LauncherError
from launcher.results.fused_savings import saved_energy_pj
from launcher.results.layers import layer_name
from launcher.results.metrics import recorded_metrics
from launcher.results.result import Result
from launcher.results.result_json import result_from_dict, result_to_dict

SMALL = ("model=bert_base", "model.sequence=64", "model.blocks=1")
ATTENTION = "layer=[KTQ,softmax,VScores]"


@cache
def mapped(*overrides: str) -> Result:
    result = run([*SMALL, *overrides])
    assert result.ok, result.reason
    return result


@pytest.mark.parametrize("arch", ["gemmini", "eyeriss", "pim", "simba_small"])
def test_more_freedom_is_never_worse(arch: str) -> None:
    layers = (f"arch={arch}", ATTENTION)
    each, best = mapped(*layers), mapped(*layers, "fusion=best")
    total, optimal = mapped(*layers, "network.objective=total"), mapped(*layers, "fusion=optimal")
    assert total.edp_j_cycles <= each.edp_j_cycles * (1 + 1e-9)
    assert optimal.edp_j_cycles <= min(total.edp_j_cycles, best.edp_j_cycles) * (1 + 1e-9)
    assert {one.optimality.status for one in (total, optimal) if one.optimality} == {"proved"}


def test_sums_are_minimised_rather_than_layers() -> None:
    layers = ("arch=pim", "arch.rows=256", "arch.cols=256", "layer=all", "model.sequence=512")
    each, total, energy = mapped(*layers), mapped(*layers, "network.objective=total"), mapped(*layers, "mapper=energy")
    assert total.edp_j_cycles < 0.95 * each.edp_j_cycles
    assert total.edp_j_cycles <= energy.edp_j_cycles
    assert energy.energy_pj <= total.energy_pj


@pytest.mark.parametrize("objective", ["energy", "cycles"])
def test_a_single_figure_is_minimised_as_layers_are(objective: str) -> None:
    each = mapped("arch=gemmini", "layer=all", f"mapper={objective}")
    total = mapped("arch=gemmini", "layer=all", f"mapper={objective}", "network.objective=total")
    figure = {"energy": "energy_pj", "cycles": "cycles"}[objective]
    assert getattr(total, figure) == pytest.approx(getattr(each, figure), rel=1e-9)


def test_a_fused_group_says_what_it_shares_and_saves() -> None:
    result = mapped("arch=eyeriss", "arch.glb_kib=16", ATTENTION, "fusion=optimal", "model.sequence=512")
    (group,) = result.groups
    assert group.layers == ("KTQ", "softmax", "VScores")
    assert set(group.waits) == {"KTQ.Outputs", "softmax.Outputs"}
    assert group.shared
    assert result.energy_pj == pytest.approx(group.energy_pj * group.runs)
    assert result.cycles == group.cycles * group.runs
    saved = saved_energy_pj(result)
    assert saved > 0
    assert recorded_metrics(result)["fusion.saved_energy_uj"] == pytest.approx(saved * 1e-6)
    assert result_from_dict(result_to_dict(result)) == result


def test_groups_can_be_given() -> None:
    free = mapped("arch=gemmini", ATTENTION, "fusion=optimal")
    pair = mapped("arch=gemmini", ATTENTION, "fusion.groups=[[KTQ,softmax]]")
    assert [group.layers for group in pair.groups] == [("KTQ", "softmax"), ("VScores",)]
    assert free.edp_j_cycles <= pair.edp_j_cycles * (1 + 1e-9)


def test_a_layer_that_follows_two_takes_part_in_both_chains() -> None:
    result = mapped("arch=gemmini", "layer=all", "fusion=optimal")
    names = [layer_name(run) for run in result.layers]
    assert {"layernorm_after_Out", "layernorm_after_FF2"} <= set(names)
    assert sum(run.runs for run in result.layers if layer_name(run).startswith("layernorm")) == 2


def test_flows_of_a_model_are_data(tmp_path: Path) -> None:
    none = mapped("arch=gemmini", ATTENTION, "fusion=optimal", "model.flows=[]")
    assert all(len(group.layers) == 1 for group in none.groups)
    one = "model.flows=[{from: KTQ.Outputs, to: softmax.Inputs, dimensions: {D: E, L: L}}]"
    assert len(mapped("arch=gemmini", ATTENTION, "fusion=optimal", one).groups) == 2


def test_the_files_of_a_fused_network(tmp_path: Path) -> None:
    outcome = launch_here(
        tmp_path, "-v", "arch=gemmini", ATTENTION, "fusion=optimal", *SMALL, "tracking=none", "hydra.run.dir=out"
    )  # fmt: skip
    text = outcome.must_succeed().out
    for words in ("as one nest", "waits at Accumulator", "held for other layers", "what fusing saves", "proved"):
        assert words in text
    assert "as one nest" in (tmp_path / "out" / "mapping.txt").read_text()
    assert "as one nest" in (tmp_path / "out" / "report.html").read_text()
    assert json.loads((tmp_path / "out" / "proof.json").read_text())["objective"] == "edp"
    assert command_here(tmp_path, "check", "out").must_succeed().out.startswith("out: all right")


def test_a_sweep_over_hardware(tmp_path: Path) -> None:
    outcome = launch_here(
        tmp_path, "-m", "arch=gemmini", "arch.scratchpad_kib=32,64", ATTENTION, "fusion=optimal", *SMALL,
        "tracking=none",
    )  # fmt: skip
    assert "2 trials" in outcome.must_succeed().out


def test_nothing_to_gain_is_said(tmp_path: Path) -> None:
    outcome = launch_here(
        tmp_path, "arch=gemmini", "model=bert_base", "layer=[Out,layernorm]", "fusion=optimal", "tracking=none"
    )  # fmt: skip
    assert "fusing gains nothing here, proved" in outcome.must_succeed().out


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["fusion=optimal", "fusion.level=Accumulator"], "two ways to fuse"),
        (["fusion=optimal", "engine=timeloop"], "native engine only"),
        (["fusion=optimal", "mapspace.factors=all"], "perfect factors only"),
        (["fusion=optimal", "mapper=pareto"], "single criterion"),
        (["network.objective=total", "mapper.objective=[energy,cycles]"], "single criterion"),
        (["fusion.groups=[[softmax,KTQ]]"], "nothing flows through softmax,KTQ"),
        (["fusion.groups=[KTQ]"], "no list of groups"),
        (["fusion=optimal", "model.flows=[{from: KTQ}]"], "is no flow"),
        (["network.objective=best"], "layers, total"),
    ],
)
def test_what_does_not_go_together_is_told(overrides: list[str], words: str) -> None:
    with pytest.raises(LauncherError) as error:
        run([*SMALL, "arch=gemmini", ATTENTION, *overrides])
    assert words in str(error.value)


def test_layers_that_cannot_be_fused_are_told() -> None:
    result = run([*SMALL, "arch=gemmini", "layer=[FF1,FF2]", "fusion.groups=[[FF1,FF2]]"])
    assert result.status == "infeasible"
    assert "no level on chip may hold FF1.Outputs for both" in str(result.reason)


def test_words_that_would_move_between_instances_are_told() -> None:
    words = "KTQ.Outputs waits at Accumulator, whose instances KTQ and softmax use differently"
    assert any(words in flag for flag in mapped("arch=gemmini", ATTENTION, "fusion=optimal").flags)
    assert not any("waits" in flag for flag in mapped("arch=eyeriss", ATTENTION, "fusion=optimal").flags)
