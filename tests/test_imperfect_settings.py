"""Which loops may be imperfect: from the configuration to the mapper, and into whatever names a result."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import launch_here

from launcher import load, run
from launcher.config.compose import compose
from launcher.engines.interface import MapperSettings
from launcher.engines.run import settings_of
from launcher.errors import LauncherError
from launcher.reporting.question import standing
from launcher.results.files import read_result
from launcher.results.parameters import swept_parameters
from launcher.specification.constraints import Factors
from launcher.timeloop_files.io import read_mapspace, read_specification
from launcher.tracking.records import parameters_of
from launcher.trial.engine_choice import engine_for
from launcher.trial.steps import mapper_settings

KTQ = ("layer=KTQ", "model=bert_base", "tracking=none")


def asked(*overrides: str) -> Factors:
    return mapper_settings(compose([*KTQ, *overrides])).factors


@pytest.mark.parametrize(
    ("overrides", "factors"),
    [
        ((), Factors.perfect),
        (("mapspace.factors=spatial",), Factors.spatial),
        (("mapspace.factors=all",), Factors.all),
        (("mapspace.template=ruby",), Factors.spatial),
        (("mapspace.template=ruby", "mapspace.factors=all"), Factors.all),
        (("mapspace.factors=spatial", "mapper=pareto"), Factors.spatial),
        (("mapspace.factors=spatial", "mapspace.remainders=0"), Factors.perfect),
    ],
)
def test_the_configuration_says_which_factors_are_searched(overrides: tuple[str, ...], factors: Factors) -> None:
    assert asked(*overrides) is factors
    trial = compose([*KTQ, *overrides])
    assert trial.parameters["mapspace.factors"] == factors.value


def test_perfect_factors_are_the_default() -> None:
    assert MapperSettings().factors is Factors.perfect
    assert settings_of("edp", "mapper.objective", None, 1) == MapperSettings()


def test_every_layer_of_a_network_has_the_same() -> None:
    network = compose([*KTQ[1:], "layer=[KTQ,softmax]", "mapspace.factors=spatial"])
    assert {mapper_settings(layer).factors for layer in network.layers} == {Factors.spatial}
    assert network.parameters["mapspace.factors"] == "spatial"


def test_a_bound_on_the_last_iteration_is_timeloops() -> None:
    experiment = compose([*KTQ, "mapspace.template=ruby", "mapspace.remainders=2"]).experiment
    with pytest.raises(LauncherError) as told:
        engine_for(experiment)
    for word in ("mapspace.remainders=2", "mapspace.remainders=null", "engine=timeloop"):
        assert word in str(told.value)
    assert engine_for(compose([*KTQ, "mapspace.template=ruby"]).experiment).name == "native"


def test_other_factors_are_a_mistake() -> None:
    with pytest.raises(LauncherError) as told:
        compose([*KTQ, "mapspace.factors=imperfect"])
    for word in ("mapspace.factors", "imperfect", "spatial"):
        assert word in str(told.value)


def test_a_search_with_other_factors_is_another_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.trial.cache.cache_folder", lambda: tmp_path)
    first = run([*KTQ, "cache=true"])
    other = run([*KTQ, "cache=true", "mapspace.factors=spatial"])
    again = run([*KTQ, "cache=true", "mapspace.template=ruby"])
    assert (first.factors, other.factors, again.factors) == (Factors.perfect, Factors.spatial, Factors.spatial)
    assert not other.cached and again.cached


def test_the_record_says_which_factors_were_searched(tmp_path: Path) -> None:
    result = run([*KTQ, "mapspace.factors=all"], output=tmp_path)
    assert parameters_of(result)["mapspace.factors"] == "all"
    read = read_result(tmp_path)
    assert read == result and read.factors is Factors.all
    assert read_mapspace([tmp_path / "constraints.yaml"]) is Factors.all
    assert read_specification([tmp_path / "specification.yaml", tmp_path / "constraints.yaml"]).constraints == (
        result.specification.constraints if result.specification else None
    )
    assert "every loop may be imperfect" in standing(result)
    perfect = run(KTQ)
    assert parameters_of(perfect)["mapspace.factors"] == "perfect" and "imperfect" not in standing(perfect)


def test_a_network_says_which_factors_were_searched() -> None:
    network = run(["layer=[KTQ,softmax]", *KTQ[1:], "mapspace.factors=spatial"])
    assert network.factors is Factors.spatial
    assert "fan-outs may be imperfect" in standing(network)


def test_a_sweep_tells_its_trials_apart_by_their_factors(tmp_path: Path) -> None:
    arguments = ("-m", "mapspace.factors=perfect,spatial", *KTQ, "hydra.sweep.dir=sweep")
    assert "spatial" in launch_here(tmp_path, *arguments).must_succeed().out
    found = load(tmp_path / "sweep")
    assert swept_parameters(list(found)) == ["mapspace.factors"]


def test_a_study_with_other_factors_is_another_study(tmp_path: Path) -> None:
    study = (
        "-m",
        "hydra/sweeper=optuna",
        "sweep.prune=false",
        "arch.rows=choice(8,16)",
        "sweep.n_trials=1",
        "sweep.study=sides",
        *KTQ,
    )
    launch_here(tmp_path, *study).must_succeed()
    launch_here(tmp_path, *study, "mapspace.factors=spatial").must_explain("mapspace.factors: perfect -> spatial")


def test_the_preset_turns_the_side_of_a_square_array() -> None:
    trial = compose(["+experiment=sides_gemmini", "arch.rows=9"])
    assert trial.experiment.arch.cols == 9 and trial.parameters["arch.cols"] == 9
    assert mapper_settings(trial).factors is Factors.spatial


def test_the_preset_is_a_grid_over_sides(tmp_path: Path) -> None:
    perfect = ("mapspace.factors=perfect", "arch.rows=8,11", "tracking=none", "hydra.sweep.dir=sides")
    launch_here(tmp_path, "-m", "+experiment=sides_gemmini", *perfect).must_succeed()
    found = load(tmp_path / "sides")
    assert [one.parameters["arch.cols"] for one in found] == [8, 11]
    assert [bool([flag for flag in one.flags if "idle" in flag]) for one in found] == [False, True]
