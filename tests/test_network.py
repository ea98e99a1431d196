"""Several layers in one trial: each mapped once, counted as often as it runs."""

from __future__ import annotations

import csv
from math import fsum
from pathlib import Path

import pytest

from launcher import run
from launcher.errors import LauncherError
from launcher.results.files import read_result
from launcher.results.metrics import recorded_metrics

LAYERS = ["KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2"]
RUNS = {"KQV": 12, "KTQ": 144, "softmax": 144, "VScores": 144, "Out": 12, "layernorm": 24, "FF1": 12, "FF2": 12}


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
def test_totals_are_the_sums_of_single_runs(arch: str) -> None:
    network = run([f"arch={arch}", "layer=all", "model=bert_base"])
    singles = {name: run([f"arch={arch}", f"layer={name}", "model=bert_base"]) for name in LAYERS}
    assert {str(one.result.parameters["layer"]): one.runs for one in network.layers} == RUNS
    assert network.energy_pj == fsum(singles[name].energy_pj * RUNS[name] for name in LAYERS)
    assert network.cycles == sum(singles[name].cycles * RUNS[name] for name in LAYERS)
    assert network.edp_j_cycles == network.energy_pj * 1e-12 * network.cycles
    busy = fsum(singles[name].utilization * singles[name].cycles * RUNS[name] for name in LAYERS)
    assert network.utilization == pytest.approx(busy / network.cycles, rel=1e-12)
    for one in network.layers:
        assert one.result.mapping == singles[str(one.result.parameters["layer"])].mapping
    assert network.area_um2 == pytest.approx(singles["KQV"].area_um2, rel=0.05)
    assert network.area_um2 >= singles["KQV"].area_um2


def test_layers_can_be_chosen_and_counted_once() -> None:
    network = run(["layer=[KTQ,softmax]", "model=bert_base", "count_repeats=false"])
    assert network.name == "gemmini 16x16 KTQ+softmax"
    assert [one.runs for one in network.layers] == [1, 1]
    assert network.energy_pj == fsum(one.result.energy_pj for one in network.layers)


def test_layers_with_equal_problems_are_searched_once() -> None:
    network = run(["layer=[FF1,FF1]", "model=bert_base"])
    first, second = network.layers
    assert first.result.search == second.result.search


def test_a_layer_without_mapping_leaves_the_network_without() -> None:
    network = run(["layer=[KTQ,softmax]", "model=bert_base", "arch.accumulator_kib=0.0625"])
    assert network.status == "infeasible"
    assert "KTQ" in (network.reason or "")


def test_sizes_of_one_layer_cannot_be_set_for_several() -> None:
    with pytest.raises(LauncherError, match=r"layer\.L"):
        run(["layer=all", "layer.L=3"])


def test_an_unknown_layer_of_several_is_named() -> None:
    with pytest.raises(LauncherError, match="KQT"):
        run(["layer=[KTQ,KQT]"])


def test_a_network_leaves_every_layers_files_and_metrics(tmp_path: Path) -> None:
    network = run(["layer=[KTQ,softmax]", "model=bert_base"], output=tmp_path)
    assert read_result(tmp_path) == network
    for layer in ("KTQ", "softmax"):
        assert (tmp_path / "layers" / layer / "mapping.yaml").is_file()
    with (tmp_path / "layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert fsum(float(row["energy_uj"]) for row in rows) == pytest.approx(network.energy_pj * 1e-6)
    with (tmp_path / "energy.csv").open() as file:
        assert fsum(float(row["energy_pj"]) for row in csv.DictReader(file)) == pytest.approx(network.energy_pj)
    metrics = recorded_metrics(network)
    assert metrics["layer.KTQ.energy_uj"] == pytest.approx(float(rows[0]["energy_uj"]))
    assert metrics["layer.softmax.runs"] == 144
