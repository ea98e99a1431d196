"""Input stationary arrays: weight stationary ones with the parts of weights and inputs exchanged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from command_line import launch_here

from launcher import run
from launcher.results.evaluation import Evaluation
from launcher.results.result import Result

EXCHANGED = {"Weights": "Inputs", "Inputs": "Weights", "Outputs": "Outputs"}
SIDES = (1, 7, 12, 24, 40, 64, 96, 160)


def gemm(arch: str, dataflow: str, d: int, e: int, columns: int, *overrides: str) -> Result:
    size = ["layer=gemm", f"layer.D={d}", f"layer.E={e}", f"layer.L={columns}"]
    return run([f"arch={arch}", f"arch.dataflow={dataflow}", *size, *overrides])


def figures(result: Result, names: dict[str, str]) -> dict[str, object]:
    """Everything that the model says of a mapping, data spaces renamed."""
    found: Evaluation | None = result.evaluation
    assert found is not None, result.reason
    levels = [
        (
            level.level,
            level.energy_pj,
            level.cycles,
            {names[name]: vars(one) for name, one in level.data_spaces.items()},
        )
        for level in found.levels
    ]
    whole = (found.energy_pj, found.cycles, found.utilization, found.compute_energy_pj, found.network_energy_pj)
    return {"levels": levels, "whole": whole, "area": result.area_um2}


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
@pytest.mark.parametrize("seed", range(2))
def test_input_stationary_is_weight_stationary_with_weights_and_inputs_exchanged(arch: str, seed: int) -> None:
    draw = random.Random(f"{arch} {seed}")
    d, e, columns = (draw.choice(SIDES) for _ in range(3))
    array = [f"arch.rows={draw.choice((4, 16))}", f"arch.cols={draw.choice((4, 32))}"]
    kept, turned = gemm(arch, "ws", d, e, columns, *array), gemm(arch, "is", columns, e, d, *array)
    assert figures(kept, {name: name for name in EXCHANGED}) == figures(turned, EXCHANGED)
    assert kept.gap == turned.gap == 0


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
@pytest.mark.parametrize(("dataflow", "stays"), [("ws", "Weights"), ("is", "Inputs")])
def test_the_array_holds_what_its_dataflow_says(arch: str, dataflow: str, stays: str) -> None:
    evaluation = gemm(arch, dataflow, 1024, 256, 64).evaluation
    assert evaluation is not None
    assert {name for name, one in evaluation.levels[0].data_spaces.items() if one.fills} == {stays}


def test_what_passes_the_cells_is_what_the_converters_convert() -> None:
    """Twice the weights, then, and not twice the inputs, cost twice the converters' energy."""
    sizes = [("is", 256, 64), ("is", 512, 64), ("ws", 64, 256), ("ws", 64, 512)]
    found = [gemm("pim", dataflow, d, 128, columns).evaluation for dataflow, d, columns in sizes]
    spent = [one.network_energy_pj["D2A"] for one in found if one is not None]
    assert spent[0] > 0
    assert [energy / spent[0] for energy in spent] == pytest.approx([1, 2, 1, 2])


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
@pytest.mark.parametrize("layer", ["XII", "X", "conv"])
def test_convolutions_map_with_inputs_that_stay(arch: str, layer: str) -> None:
    """Also one whose windows overlap, and one with neither a second column nor a second image."""
    sizes = {"E": 8, "D": 8, "R": 3, "S": 1, "L": 12, "Q": 1, "N": 1} if layer == "conv" else {}
    result = run([f"arch={arch}", "arch.dataflow=is", f"layer={layer}", *(f"layer.{k}={v}" for k, v in sizes.items())])
    assert result.ok, result.reason
    assert result.gap == 0


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
def test_layers_fuse_on_an_array_whose_inputs_stay(arch: str) -> None:
    pair = [f"arch={arch}", "arch.dataflow=is", "layer=[KTQ,softmax]", "model=bert_base", "model.sequence=128"]
    apart, fused = run(pair), run([*pair, "fusion=best"])
    assert apart.ok and fused.ok
    assert apart.edp_j_cycles and fused.edp_j_cycles and fused.edp_j_cycles <= apart.edp_j_cycles


@pytest.mark.parametrize(
    ("arch", "space"),
    [
        ("gemmini", ["arch.dataflow=ws,is,os", "arch.rows=8,16", "arch.scratchpad_kib=16,64"]),
        ("pim", ["arch.dataflow=ws,is", "arch.rows=64,128", "arch.glb_kib=16,64"]),
    ],
)
def test_a_hardware_search_chooses_the_dataflow(arch: str, space: list[str], tmp_path: Path) -> None:
    """It proves the best of all points, and a grid over the same points finds no better one."""
    common = ["-m", f"arch={arch}", "layer=VScores", "model=bert_base", "tracking=none", "sweep.pictures=false", *space]
    search = launch_here(tmp_path, *common, "hydra/sweeper=exhaustive").must_succeed()
    grid = launch_here(tmp_path, *common).must_succeed()
    assert "no other point of the space is better" in search.out
    best = next(line for line in search.out.splitlines() if line.strip().startswith("best "))
    edp = best.rpartition("EDP ")[2].split()[0]
    assert edp in next(line for line in grid.out.splitlines() if line.split()[:1] == ["EDP"]), (edp, grid.out)


@pytest.mark.parametrize(("arch", "dataflow", "known"), [("pim", "os", "ws, is"), ("gemmini", "rs", "ws, is, os")])
def test_a_dataflow_that_an_architecture_does_not_have_is_refused(
    arch: str, dataflow: str, known: str, tmp_path: Path
) -> None:
    told = launch_here(tmp_path, f"arch={arch}", f"arch.dataflow={dataflow}", "layer=KTQ", "model=bert_base")
    told.must_explain("arch.dataflow", *known.split(", "))
