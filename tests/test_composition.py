"""A point of a composition is what composing everything with its values gives."""

from __future__ import annotations

import json
import os
import pickle
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from launcher.config.compose import compose, composition
from launcher.config.composition import ComposedExperiment, Value
from launcher.config.recompose import parted, recompose
from launcher.config.trial import Trial
from launcher.errors import LauncherError

VALUES: Mapping[str, tuple[Value, ...]] = {
    "arch.rows": (4, 16, 33, 0, "many", 2.5, None, "16"),
    "arch.cols": (8, 16),
    "arch.scratchpad_kib": (64, 12.5, 1e9, "128"),
    "arch.scratchpad_bandwidth": (None, 8, 0),
    "arch.dataflow": ("ws", "os", "is", "rs"),
    "arch.label": ("mine", "a ${arch.rows}"),
    "arch.dram_type": ("HBM2", "DDR3", "DDR9"),
    "model.sequence": (64, 128, -1),
    "model.heads": (12, 7),
    "model.phase": ("decode", "prefill"),
    "model.kv_heads": (None, 4),
    "mapper.objective": ("edp", "energy"),
    "mapper.algorithm": (None, "random", "luck"),
    "fusion.level": (None, "Scratchpad"),
    "mapspace.factors": ("spatial", "perfect"),
    "network.objective": ("total", "layers"),
    "constraints.area_mm2": (5, None, -1),
    "sweep.n_trials": (7, "several"),
    "sweep.nothing": (1,),
    "tracking.uri": ("sqlite:///a.db", None),
    "arch.colums": (4,),
    "+arch.more": (1,),
    "archs.rows": (1,),
    "layer.D": (32, "embedding / 3", "???"),
    "layer": ("KQV",),
    "cache": (True, "perhaps"),
    "verify": (False, "auto"),
    "configuration": ("first", None),
}
BASES = (
    ["arch=gemmini", "model=bert_base", "layer=KTQ"],
    ["arch=gemmini", "layer=gemm", "layer.D=64", "layer.E=32"],
    ["model=bert_base", "layer=[KTQ,softmax]"],
)


def written(value: Value) -> str:
    special = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return special[value]
    return f"'{value}'" if isinstance(value, str) else str(value)


def told(base: list[str], values: Mapping[str, Value], config_dir: Path | None = None) -> tuple[object, ...]:
    """What composing everything gives."""
    overrides = [f"{key}={written(value)}" for key, value in values.items()]
    try:
        return parts(compose([*base, *overrides], config_dir))
    except LauncherError as error:
        return type(error), str(error)


def at(one: ComposedExperiment, values: Mapping[str, Value]) -> tuple[object, ...]:
    try:
        return parts(one.at(values))
    except LauncherError as error:
        return type(error), str(error)


def parts(trial: Trial) -> tuple[object, ...]:
    parameters = [list(each.parameters.items()) for each in (trial, *trial.layers)]
    return trial.name, parameters, repr(trial), trial


def points(rng: random.Random, keys: tuple[str, ...], number: int) -> list[dict[str, Value]]:
    return [{key: rng.choice(VALUES[key]) for key in keys} for _ in range(number)]


@pytest.mark.parametrize("base", BASES, ids=lambda base: base[-1])
def test_points_are_what_composing_everything_gives(base: list[str]) -> None:
    rng = random.Random(str(base))
    one = composition(base)
    for _ in range(2):
        keys = tuple(rng.sample(list(VALUES), rng.randint(1, 4)))
        for values in points(rng, keys, 4):
            assert at(one, values) == told(base, values), values


def test_values_that_are_fine_are_too() -> None:
    rng = random.Random(5)
    one = composition(BASES[0])
    fine = {key: tuple(value for value in VALUES[key][:2] if value is not None) for key in list(VALUES)[:8]}
    for _ in range(3):
        keys = rng.sample(sorted(fine), 4)
        for _ in range(4):
            values = {key: rng.choice(fine[key]) for key in keys}
            assert at(one, values) == told(BASES[0], values), values


def test_references_between_keys_follow_the_values(tmp_path: Path) -> None:
    own = tmp_path / "arch"
    own.mkdir()
    (own / "square.yaml").write_text(
        "defaults:\n  - gemmini\n  - _self_\nname: square\ncols: ${.rows}\nlabel: ${arch.rows} of ${model.sequence}!\n"
        "scratchpad_kib: ${oc.decode:${arch.accumulator_banks}}\naccumulator_kib: ${arch.scratchpad_kib}\n"
    )
    (own / "free.yaml").write_text("name: free\nrows: 4\nsides: [1, '${..rows}']\nmore: {half: '${arch.rows}'}\n")
    rng = random.Random(11)
    base = ["arch=square", "model=bert_base", "layer=KTQ"]
    one = composition(base, tmp_path)
    keys = ("arch.rows", "model.sequence", "+arch.accumulator_banks")
    for values in points(rng, keys[:2], 4) + [{"arch.accumulator_banks": number, "arch.rows": 8} for number in (4, 2)]:
        assert at(one, values) == told(base, values, tmp_path), values
    free = composition(["arch=free", *base[1:]], tmp_path)
    for number in (3, 5, 7):
        values = {"arch.rows": number, "+arch.brand_new": number}
        assert at(free, values) == told(["arch=free", *base[1:]], values, tmp_path)
        assert free.at(values).experiment.arch["sides"] == [1, number]


def test_a_models_file_fills_what_no_value_says(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    content = {"model_type": "bert", "hidden_size": 64, "max_position_embeddings": 32, "num_attention_heads": 4}
    content |= {"intermediate_size": 128, "num_hidden_layers": 2}
    file.write_text(json.dumps(content))
    base = ["model=from_config", f"model.path={file}", "layer=KTQ"]
    one = composition(base)
    for values in ({"model.sequence": 16}, {"model.sequence": 8}, {"model.sequence": None}, {"model.sequence": 4}):
        assert at(one, values) == told(base, values)
    file.write_text(json.dumps({**content, "num_attention_heads": 8}))
    os.utime(file, ns=(1, 1))
    for values in ({"model.sequence": 4}, {"model.sequence": 16}):
        assert at(one, values) == told(base, values)
        assert one.at(values).experiment.model.heads == 8


def test_the_environment_counts_when_a_point_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    one = composition(BASES[0])
    for cache in ("false", "true", "false"):
        monkeypatch.setenv("LAUNCHER_CACHE", cache)
        assert [one.at({"arch.rows": rows}).experiment.cache for rows in (4, 8)] == [cache == "true"] * 2


def test_values_that_are_missing_may_come_with_a_point() -> None:
    base = ["layer=gemm", "layer.E=32"]
    one = composition(base)
    assert "layer=gemm has no layer.D, layer.L" in str(at(one, {}))
    for size in (16, 8, 24):
        assert at(one, {"layer.D": size, "layer.L": 8}) == told(base, {"layer.D": size, "layer.L": 8})


@pytest.mark.parametrize("base", BASES[::2], ids=lambda base: base[-1])
def test_another_process_makes_the_same_points(base: list[str]) -> None:
    one = composition(base)
    one.at({"arch.rows": 4})
    sent: ComposedExperiment = pickle.loads(pickle.dumps(one))  # noqa: S301
    for rows in (8, 16, 8):
        assert at(sent, {"arch.rows": rows}) == at(one, {"arch.rows": rows})


def test_trials_of_one_composition_stay_as_they_are() -> None:
    one = composition(BASES[0])
    trials = [one.at({"arch.rows": rows, "model.sequence": 2 * rows}) for rows in (4, 8, 16)]
    assert [trial.experiment.arch.rows for trial in trials] == [4, 8, 16]
    assert [trial.layer.dimensions["L"] for trial in trials] == [8, 16, 32]
    assert [trial.parameters["arch.rows"] for trial in trials] == [4, 8, 16]


OVERRIDES = ("arch.rows=8", "arch.scratchpad_kib=12.5", "arch.dram_bandwidth=null", "arch.dataflow=os", "model.heads=4")


@pytest.mark.parametrize(
    "overrides",
    [
        [*OVERRIDES],
        ["arch.rows=8", "arch.rows=16"],
        ["mapper.objective=[cycles]", "mapper.objective=energy"],
        ["arch.rows=007"],
        ["arch.scratchpad_kib=1e2", "arch.cols=-1"],
        ["arch.label='a b'", "arch.rows=4", "+fusion.level=Scratchpad"],
        ["arch.rows=NULL"],
        ["arch.scratchpad_kib=inf"],
        ["arch.cols=${arch.rows}", "arch.rows=4"],
        ["arch.rows.x=3", "arch.rows=4"],
        ["hydra.job.name=x", "layer.D=Null"],
        ["mapspace={factors:spatial}", "mapspace.factors=perfect"],
    ],
    ids=" ".join,
)
def test_overrides_that_are_parted_mean_what_they_say(overrides: list[str]) -> None:
    base = ["model=bert_base", "layer=KTQ"]
    for _ in range(3):
        try:
            found: tuple[object, ...] = parts(recompose([*base, *overrides]))
        except LauncherError as error:
            found = type(error), str(error)
        assert found == told([*base, *overrides], {})


def test_only_values_of_keys_are_parted() -> None:
    others = ["arch=eyeriss", "cache=false", "arch.label='a b'", "layer=[KTQ,softmax]", "hydra.job.name=x"]
    values = {"arch.rows": 8, "arch.scratchpad_kib": 12.5, "arch.dram_bandwidth": None, "arch.dataflow": "os"}
    assert parted([*others, *OVERRIDES]) == (others, {**values, "model.heads": 4})
    assert parted(["arch.rows=8", "arch.rows=9"]) == (["arch.rows=8", "arch.rows=9"], {})
    assert parted(["~arch.rows", "arch.rows=9"]) == (["~arch.rows", "arch.rows=9"], {})


def test_a_configuration_that_changes_is_composed_again(tmp_path: Path) -> None:
    own = tmp_path / "arch"
    own.mkdir()
    (own / "mine.yaml").write_text("name: mine\nrows: 4\n")
    asked = ["arch=mine", "layer=KTQ"]
    assert recompose(asked, tmp_path).experiment.arch["rows"] == 4
    (own / "mine.yaml").write_text("name: mine\nrows: 64\n")
    assert recompose(asked, tmp_path).experiment.arch["rows"] == 64
    (own / "mine.yaml").unlink()
    with pytest.raises(LauncherError, match="arch=mine: there is no such choice"):
        recompose(asked, tmp_path)
