"""Which loops may be imperfect: from the configuration to the mapper, and into whatever names a result."""

from __future__ import annotations

import pytest

from launcher.config.compose import compose
from launcher.engines.interface import MapperSettings
from launcher.engines.run import settings_of
from launcher.errors import LauncherError
from launcher.specification.constraints import Factors
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
