"""Explorations: presets, files of configurations and their cross product, and what is best by each metric."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import ROOT, launch_here
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from sample_results import ok_result

from launcher import run
from launcher.config.arch_schema import ARCHITECTURES
from launcher.config.compose import compose
from launcher.config.schema import register
from launcher.errors import ConfigurationError
from launcher.figures import CONTESTS
from launcher.reporting.console import FittingConsole
from launcher.reporting.trials import print_best, print_trials
from launcher.results.goals import grid_goals
from launcher.results.ranking import best_by_figure
from launcher.results.result import Result
from launcher.sweeping.points.configurations import configurations_of
from launcher.sweeping.points.grid import each_configuration
from launcher.sweeping.points.vocabulary import Vocabulary

PRESETS = sorted(file.stem for file in (ROOT / "conf" / "experiment").glob("hwdse_*.yaml"))


def _preset(name: str) -> DictConfig:
    register()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config: DictConfig = hydra_compose("config", [f"+experiment={name}"], return_hydra_config=True)
        return config


def _overrides(content: object, folder: Path, *, arch: str = "gemmini", mixup: bool = False) -> list[list[str]]:
    """What a file with this content sets in each trial."""
    file = folder / "configs.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    config = OmegaConf.create({"configs": str(file), "mixup": mixup})
    words = Vocabulary.of(arch, ARCHITECTURES[arch])
    return [one.overrides(words) for one in configurations_of(config)]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_configuration_of_a_preset_is_a_trial(preset: str) -> None:
    config = _preset(preset)
    trials = each_configuration(config, configurations_of(config), [[]], lambda arch: config.arch)
    assert len(trials) > 4
    assert len({tuple(trial) for trial in trials}) == len(trials)
    for trial in trials[:: max(1, len(trials) // 5)]:
        arch = compose([f"+experiment={preset}", *trial]).experiment.arch
        given = dict(override.removeprefix("arch.").split("=") for override in trial)
        assert {name: str(getattr(arch, name)) for name in given} == {
            name: str(type(getattr(arch, name))(value)) for name, value in given.items()
        }


def test_an_experiment_of_ones_own_may_change_all_layers_of_a_network(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    content = "# @package _global_\ndefaults:\n  - override /layer: all\nlayer:\n  blocks: 3\n"
    (tmp_path / "experiment" / "mine.yaml").write_text(content)
    common = ["model=bert_base", "layer=all", "layers=[KTQ,softmax]"]
    for experiment, runs in (("pareto_pim", 144), ("mine", 36)):
        trial = compose([*common, f"+experiment={experiment}", "layer=all"], tmp_path)
        assert [layer.runs for layer in trial.layers] == [runs, runs]


def test_names_of_the_file_mean_the_same_part_of_every_architecture(tmp_path: Path) -> None:
    shared = {"pe_rows": 8, "pe_cols": 16, "buffer_kib": 128, "buffer_bandwidth": 8}
    for arch, buffer in (("gemmini", "scratchpad"), ("pim", "glb"), ("tpu", "unified_buffer"), ("aimc", "scratchpad")):
        (overrides,) = _overrides([shared], tmp_path, arch=arch)
        expected = ["arch.rows=8", "arch.cols=16", f"arch.{buffer}_kib=128", f"arch.{buffer}_bandwidth=8"]
        assert overrides == expected


def test_an_architecture_says_which_part_a_shared_name_means() -> None:
    assert {arch: len(Vocabulary.of(arch, kind).shared) for arch, kind in ARCHITECTURES.items()} == {
        "gemmini": 8, "eyeriss": 7, "simba": 5, "tpu": 7, "pim": 6, "dimc": 5, "aimc": 5
    }  # fmt: skip


def test_a_variant_knows_the_names_of_what_it_varies_whatever_it_is_called(tmp_path: Path) -> None:
    """A user's file that begins with one of this project's architectures has its types."""
    mine = tmp_path / "mine" / "arch" / "tiny_one.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("defaults: [simba, _self_]\nname: tiny_one\npes: 4\n")
    (tmp_path / "sizes.json").write_text(json.dumps([{"buffer_kib": 32}, {"buffer_kib": 64}]))
    common = ("layer=KTQ", "model=bert_base", "tracking=none", "configs=sizes.json", "--config-dir", "mine")
    outcome = launch_here(tmp_path, "-m", "arch=simba_small,tiny_one", *common).must_succeed()
    assert "4 trials" in outcome.out and outcome.out.count(" global_buffer_kib=32") == 2
    (tmp_path / "sizes.json").write_text(json.dumps([{"pe_rows": 32}]))
    launch_here(tmp_path, "-m", "arch=tiny_one", *common).must_explain(
        "pe_rows: tiny_one has no such part", "buffer_kib"
    )


def test_configurations_may_have_names_and_set_more_than_hardware(tmp_path: Path) -> None:
    content = {"small": {"rows": 8, "model.sequence": 128}, "other": {"rows": 16, "model.sequence": 512}}
    assert _overrides(content, tmp_path) == [
        ["configuration=small", "arch.rows=8", "model.sequence=128"],
        ["configuration=other", "arch.rows=16", "model.sequence=512"],
    ]


def test_mixup_combines_all_values(tmp_path: Path) -> None:
    content = [{"rows": 8, "dataflow": "ws"}, {"rows": 16, "dataflow": "ws"}, {"rows": 8, "dataflow": "os"}]
    assert _overrides(content, tmp_path, mixup=True) == [
        ["arch.rows=8", "arch.dataflow=ws"],
        ["arch.rows=8", "arch.dataflow=os"],
        ["arch.rows=16", "arch.dataflow=ws"],
        ["arch.rows=16", "arch.dataflow=os"],
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([{"pe_rows": 8, "buffer_kib": 1}, {"pe_rows": 8}], "configuration 2 has no buffer_kib"),
        ({"a": {"pe_rows": 8}, "b": {"pe_cols": 8}}, "configuration a has no pe_cols"),
        ([{"pe_rows": 8, "bufer_kib": 1}], "did you mean buffer_kib"),
        ([{"pe_rows": 8, "rows": 16}], "set already"),
        ([{"arch.typo": 8}], "arch.typo"),
        ([{"pe_rows": [8, 16]}], "pe_rows=[8, 16] is no single value"),
        ([7], "7 is no configuration"),
        ([], "no configurations"),
        ({}, "no configurations"),
        ("3", "no configurations"),
        ('[{"pe_rows": 16,\n "buffer_kib" 256}]', "configs.json:2:15"),
        ("[" * 100_000, "not JSON"),
        ([{f"model.k{number}": number} for number in range(2)], "configuration 1 has no model.k1"),
    ],
)
def test_a_mistake_in_the_file_is_named(content: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as told:
        _overrides(content, tmp_path)
    assert words in str(told.value)
    assert "configs.json" in str(told.value)


def test_a_part_that_the_architecture_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="accumulator_kib: pim has no such part"):
        _overrides([{"accumulator_kib": 64}], tmp_path, arch="pim")


def test_too_many_combinations_are_refused(tmp_path: Path) -> None:
    content = [dict.fromkeys(("rows", "cols", "word_bits", "norm_lanes"), number) for number in range(1, 20)]
    with pytest.raises(ConfigurationError, match="130,321 configurations"):
        _overrides(content, tmp_path, mixup=True)


def test_a_file_on_the_command_line(tmp_path: Path) -> None:
    """Two configurations, one of which holds no mapping; what is best by each metric; mistakes start nothing."""
    common = ("layer=KTQ", "model=bert_base", "tracking=none")
    content = {
        "a": {"pe_rows": 8, "accumulator_kib": 64},
        "b": {"pe_rows": 16, "accumulator_kib": 64},
        "c": {"pe_rows": 16, "accumulator_kib": 0.0625},
    }
    (tmp_path / "good.json").write_text(json.dumps(content))
    outcome = launch_here(tmp_path, "-m", "configs=good.json", *common).must_succeed()
    assert "3 trials, 1 without a mapping" in outcome.out
    _, _, best = outcome.out.partition("best by")
    assert [line.split()[:2] for line in best.splitlines() if line.split()[:1] and line.split()[0] in METRICS] == [
        [metric, name] for metric, name in zip(METRICS, "bbba", strict=True)
    ]
    launch_here(tmp_path, "-m", "configs=none.json", *common).must_explain("none.json", "no such file")
    launch_here(tmp_path, "configs=good.json", *common).must_explain("-m")
    launch_here(tmp_path, "-m", "configs=good.json", "arch.rows=8", *common).must_explain("arch.rows", "good.json")
    assert len(list(tmp_path.glob("multirun/*/*"))) == 1


METRICS = tuple(figure.title for figure in CONTESTS)


def _trial(name: str, energy_pj: float, cycles: int, utilization: float) -> Result:
    one = ok_result()
    assert one.evaluation is not None
    figures = replace(one.evaluation, energy_pj=energy_pj, cycles=cycles, utilization=utilization)
    return replace(
        one, name=name, evaluation=figures, parameters={**one.parameters, "arch.accumulator_bandwidth": name}
    )


def test_of_equally_utilized_hardware_the_one_with_less_edp_is_best() -> None:
    worse, better, low = _trial("worse", 3e9, 100, 0.9), _trial("better", 2e9, 100, 0.9), _trial("low", 1e9, 90, 0.2)
    best = best_by_figure([worse, better, low], CONTESTS)
    assert {figure.title: result.name for figure, result in best.items()} == {
        "energy": "low",
        "cycles": "low",
        "utilization": "better",
        "EDP": "low",
    }


def _printed(show: Callable[..., None], results: list[Result], width: int) -> str:
    file = io.StringIO()
    show(results, FittingConsole(file=file, width=width), grid_goals(["edp"], ()))
    return file.getvalue()


@pytest.mark.parametrize("show", [print_trials, print_best])
@pytest.mark.parametrize("width", [80, 100, 150, 250])
def test_a_table_says_what_was_swept_and_what_is_best_however_narrow_the_terminal(
    show: Callable[..., None], width: int
) -> None:
    results = [
        replace(
            _trial(f"name{number}", 1.2345e9 * number, 14_106_736 + number, 0.897),
            parameters={f"arch.long_parameter_{index}": 1000 * number + index for index in range(8)},
        )
        for number in (1, 2)
    ]
    text = _printed(show, results, width)
    assert "…" not in text
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith("left out")]
    assert all(len(line) <= width for line in lines)
    assert all(str(1000 + index) in text for index in range(8))
    assert "EDP" in text
    kept = [words in text for words in ("1,234", "14,106,737", "89.7 %")]
    assert kept == sorted(kept, reverse=True), "of the figures that do not fit, the last goes first"
    if width == 250 or (show is print_best and width > 80):
        assert all(words in text for words in ("14,106,737", "1,234", "89.7 %"))
    assert text.count("long_") >= 8
    if show is print_best:
        assert all(metric in text for metric in METRICS)


def test_area_is_a_limit_outside_sweeps_too() -> None:
    common: list[Any] = ["layer=KTQ", "model=bert_base"]
    free, held = run(common), run([*common, "constraints.area_mm2=0.5"])
    assert free.ok and not free.broken
    assert held.broken and "area_mm2" in " ".join(held.broken)
    assert not run([*common, "constraints.area_mm2=5"]).broken
