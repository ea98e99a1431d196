"""What a configuration asks of Timeloop, and what a result says of it afterwards."""

from __future__ import annotations

import io
import json
import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import launch_here
from rich.console import Console
from timeloop_cases import BERT, CUBE, RAGGED, RECORDINGS, TINY, calls, changed, stand_in

from launcher.config.compose import compose
from launcher.errors import ConfigurationError, EngineError, LauncherError
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.terminal import print_result
from launcher.results.result import Result
from launcher.tracking.records import tags_of
from launcher.trial.engine_choice import engine_for
from launcher.trial.run import run_trial

GEMMINI = ("arch=gemmini", "layer=KTQ")
ANY_SEARCH = "(replay(asked()) if program == 'timeloop-model' else replay(recordings[0]))"


@pytest.fixture(autouse=True)
def no_timeloop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None on the PATH, whatever is installed."""
    monkeypatch.setenv("PATH", f"/usr/bin{os.pathsep}/bin")


def run(overrides: Sequence[str], folder: Path | None = None) -> Result:
    return run_trial(compose([*BERT, *overrides]), None, folder)


def failure(*overrides: str) -> str:
    with pytest.raises(LauncherError) as caught:
        run(overrides)
    return str(caught.value)


def printed(result: Result) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_result(result, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def tags(result: Result, folder: Path) -> dict[str, str]:
    return tags_of(result, folder, None)


# --- searching with Timeloop

MAPPER: dict[str, Any] = {
    "algorithm": "linear_pruned",
    "num_threads": 3,
    "victory_condition": 7,
    "timeout": 8,
    "search_size": 9,
    "sync_interval": 10,
    "optimization_metrics": ["delay", "energy"],
    "max_permutations_per_if_visit": 11,
    "live_status": False,
    "diagnostics": True,
    "filter_revisits": True,
    "log_stats": True,
    "log_suboptimal": True,
    "max_temporal_loops_in_a_mapping": 12,
    "penalize_consecutive_bypass_fails": True,
}

SETTINGS = [f"mapper.{name}={json.dumps(value)}".replace('"', "") for name, value in MAPPER.items()]


def written(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "timeloop/search/input.yaml").read_text()))


def timeloop(programs: Path) -> tuple[str, ...]:
    return ("engine=timeloop", f"engine.bin_dir={programs}", "engine.frontend=direct")


def test_every_setting_reaches_timeloop_in_its_own_words(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "search", behaviour=ANY_SEARCH)
    result = run([*CUBE, *timeloop(programs), *SETTINGS], tmp_path)
    assert result.ok and result.engine.startswith("timeloop ")
    assert written(tmp_path)["mapper"] == {"version": "0.4", **MAPPER}
    assert written(tmp_path)["mapspace"] == {"version": "0.4", "template": "uber"}
    compose_keys = {name for name in vars(compose([*BERT, "layer=KTQ"]).experiment.mapper) if name not in MAPPER}
    assert compose_keys == {"objective", "timeout_s", "threads"}  # nothing was forgotten here


@pytest.mark.parametrize(("mapper", "metrics"), [("edp", ["edp"]), ("energy", ["energy"]), ("cycles", ["delay"])])
def test_what_is_not_set_follows_from_our_own_settings(mapper: str, metrics: list[str], tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "search", behaviour=ANY_SEARCH)
    run([*CUBE, *timeloop(programs), f"mapper={mapper}", "mapper.threads=2"], tmp_path)
    assert written(tmp_path)["mapper"]["optimization_metrics"][:1] == metrics
    assert written(tmp_path)["mapper"]["num_threads"] == 2
    assert "victory_condition" not in written(tmp_path)["mapper"]


def bounds(folder: Path) -> dict[str, int]:
    """Level -> bound on the last iteration of imperfect factors."""
    targets = written(folder)["architecture_constraints"]["targets"]
    return {one["target"]: one["remainders"] for one in targets if "remainders" in one}


def test_the_mapspace_can_be_ruby(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "search", behaviour=ANY_SEARCH)
    run([*CUBE, *timeloop(programs), "mapspace.template=ruby"], tmp_path)
    assert written(tmp_path)["mapspace"]["template"] == "ruby"
    assert bounds(tmp_path) == {"inter_PERows_spatial": 4, "inter_PECols_spatial": 4}
    run([*CUBE, *timeloop(programs), "mapspace.template=ruby", "mapspace.remainders=2"], tmp_path)
    assert bounds(tmp_path) == {"inter_PERows_spatial": 2, "inter_PECols_spatial": 2}
    for perfect in ("mapspace.remainders=0", "mapspace.template=uber"):
        run([*CUBE, *timeloop(programs), "mapspace.template=ruby", perfect], tmp_path)
        assert bounds(tmp_path) == {}
        assert written(tmp_path)["mapspace"]["template"] == "uber"
    with pytest.raises(LauncherError, match="template"):
        compose([*BERT, "mapspace.template=emerald", "layer=KTQ"])


def test_imperfect_fan_outs_are_ruby_to_timeloop(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "search", behaviour=ANY_SEARCH)
    result = run([*CUBE, *timeloop(programs), "mapspace.factors=spatial"], tmp_path)
    assert written(tmp_path)["mapspace"]["template"] == "ruby"
    assert bounds(tmp_path) == {"inter_PERows_spatial": 4, "inter_PECols_spatial": 4}
    assert result.parameters["mapspace.factors"] == "spatial"


def test_imperfect_loops_in_time_are_for_the_native_engine_only(tmp_path: Path) -> None:
    said = failure(*CUBE, *timeloop(stand_in(tmp_path)), "mapspace.factors=all")
    assert "mapspace.factors=all" in said and "engine=native" in said
    assert calls(tmp_path) == []


def test_a_result_is_as_complete_as_the_natives(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "search")
    result = run([*CUBE, *timeloop(programs), "mapper.victory_condition=20"], tmp_path)
    assert result.ok and result.area_um2 > 0 and result.estimator.startswith("tables")
    assert "the best of those that were tried (edp)" in printed(result)
    names = {path.name for path in write_artifacts(result, tmp_path)}
    assert {"result.json", "mapping.yaml", "mapping.txt", "energy.csv", "report.html"} <= names
    assert tags(result, tmp_path)["optimality"] == "heuristic"
    assert "verified_by" not in tags(result, tmp_path)


def test_a_search_that_finds_nothing_is_infeasible(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "none", behaviour="replay(recordings[0])")
    result = run([*CUBE, *timeloop(programs)])
    assert result.status == "infeasible" and "1000 invalid mappings" in (result.reason or "")


def test_the_native_engine_refuses_timeloops_settings_by_name() -> None:
    experiment = compose([*BERT, *CUBE]).experiment
    settings = [(f"mapper.{name}={value}", "mapper", {name: value}) for name, value in MAPPER.items()]
    settings += [("mapspace.remainders=2", "mapspace", {"remainders": 2})]
    settings += [("engine.live=true", "engine", {"live": True})]
    for expected, group, change in settings:
        asked = replace(experiment, **{group: replace(getattr(experiment, group), **change)})
        with pytest.raises(ConfigurationError) as caught:
            engine_for(asked)
        assert expected in caught.value.what and "engine=timeloop" in str(caught.value)
    assert engine_for(experiment).name == "native"


def test_on_the_command_line_too() -> None:
    assert "mapper.algorithm=random_pruned is a setting of Timeloop's" in failure(
        *CUBE, "mapper.algorithm=random_pruned"
    )


@pytest.mark.parametrize(
    "override",
    [
        *("mapper.algorithm=magic", "mapper.num_threads=0", "mapper.timeout=0", "mapper.victory_condition=-1"),
        *("mapper.search_size=many", "engine.timeout_s=0", "engine.container=lxc", "engine.frontend=v3"),
        "mapper.max_permutations_per_if_visit=0",
    ],
)
def test_values_that_crash_timeloop_or_mean_nothing_are_refused(override: str) -> None:
    with pytest.raises(LauncherError, match=re.escape(override.partition("=")[0].rpartition(".")[2])):
        compose([*BERT, "layer=KTQ", "engine=timeloop", override])


def test_without_timeloop_the_engine_is_an_error() -> None:
    assert "Timeloop is not installed" in failure(*CUBE, "engine=timeloop")
    assert "engine.name=magic is not an engine" in failure(*CUBE, "engine.name=magic")


def test_timeloop_has_no_metric_for_every_criterion(tmp_path: Path) -> None:
    said = failure(*CUBE, *timeloop(stand_in(tmp_path)), "mapper=ed2p")
    assert "ed2p is no metric of Timeloop's search" in said and "engine=native" in said


def test_timeloop_has_no_front_of_trade_offs(tmp_path: Path) -> None:
    assert "needs the native engine" in failure(*CUBE, *timeloop(stand_in(tmp_path)), "mapper=pareto")


# --- a given mapping


def given(recording: str) -> tuple[str, str]:
    return "engine.mode=evaluate", f"mapping={RECORDINGS / recording / 'mapping.yaml'}"


def test_a_given_mapping_is_evaluated_alike_by_both_engines(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "KTQ")
    ours = run([*GEMMINI, *given("KTQ")])
    theirs = run([*GEMMINI, *timeloop(programs), *given("KTQ")], tmp_path)
    assert ours.optimality == theirs.optimality and ours.optimality and ours.optimality.status == "given"
    assert theirs.energy_pj == pytest.approx(ours.energy_pj, rel=1e-12) and theirs.cycles == ours.cycles
    assert "given mapping, evaluated" in printed(theirs)
    assert (tmp_path / "timeloop/evaluation/stdout.txt").is_file()


def test_a_mapping_that_does_not_fit_is_infeasible_for_both(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "too_large")
    for engine in ((), timeloop(programs)):
        result = run([*TINY, *engine, *given("too_large")])
        assert result.status == "infeasible" and "the mapping is illegal" in (result.reason or "")
        assert "Accumulator" in (result.reason or "")


def test_mapping_and_mode_belong_together(tmp_path: Path) -> None:
    mode, mapping = given("KTQ")
    assert "engine.mode=evaluate, but no mapping is given" in failure(*GEMMINI, mode)
    assert "is given, but the engine is to search" in failure(*GEMMINI, mapping)
    assert "takes a single layer" in failure("arch=gemmini", "layer=[KTQ,VScores]", mode, mapping)
    assert "no.yaml" in failure(*GEMMINI, mode, f"mapping={tmp_path / 'no.yaml'}")


def test_an_imperfect_mapping_can_be_given_to_both_engines(tmp_path: Path) -> None:
    result = run([*RAGGED, *timeloop(stand_in(tmp_path, "imperfect")), *given("imperfect")])
    assert result.ok and "for D in [0:4), last 2  (Spatial-Y)" in printed(result)
    write_artifacts(result, tmp_path)
    assert "D4,2" in (tmp_path / "mapping.yaml").read_text()
    native = run([*RAGGED, *given("imperfect")])
    assert native.ok and native.evaluation is not None and native.evaluation.computes == 14 * 8 * 8
    # Timeloop reads a full block of weights in the last pass, too; only 14 of its 16 sums exist.
    assert native.evaluation.levels[-1].data_spaces["Weights"].reads == 14 * 8


# --- verifying the native engine


def test_without_timeloop_auto_changes_nothing_and_true_is_an_error(tmp_path: Path) -> None:
    for verify in ("auto", "false"):
        result = run([*GEMMINI, *given("KTQ"), f"verify={verify}"], tmp_path)
        assert result.ok and result.verification is None
        assert "verified" not in printed(result) and list(tmp_path.iterdir()) == []
    assert "Timeloop is not installed" in failure(*GEMMINI, "verify=true")
    assert "Timeloop is not installed" in failure(*GEMMINI, f"engine.bin_dir={tmp_path / 'nowhere'}")
    assert "engine.container is set, but no image" in failure(*GEMMINI, "engine.container=docker")
    with pytest.raises(ConfigurationError, match="verify=maybe is unknown"):
        run([*GEMMINI, "verify=maybe"])


@pytest.mark.parametrize("verify", ["auto", "true"])
def test_agreement_is_told_everywhere(verify: str, tmp_path: Path) -> None:
    result = run([*GEMMINI, f"engine.bin_dir={stand_in(tmp_path, 'KTQ')}", f"verify={verify}"], tmp_path)
    assert result.engine.startswith("native") and result.optimality and result.optimality.status == "proved"
    assert re.search(r"^verified by timeloop [0-9a-f]{8}$", printed(result), re.MULTILINE)
    assert re.fullmatch(r"timeloop [0-9a-f]{8}", tags(result, tmp_path)["verified_by"])
    assert "disagreement" not in tags(result, tmp_path)
    write_artifacts(result, tmp_path)
    assert json.loads((tmp_path / "result.json").read_text())["verification"]["by"].startswith("timeloop ")


def test_verify_false_asks_nobody(tmp_path: Path) -> None:
    result = run([*GEMMINI, *given("KTQ"), f"engine.bin_dir={stand_in(tmp_path, 'KTQ')}", "verify=false"])
    assert result.verification is None and calls(tmp_path) == []


def disagreeing(folder: Path) -> Path:
    """A recording with one more read of weights from the scratchpad, in both of its files."""

    def edit(name: str, text: str) -> str:
        return text.replace("1048576", "1048577") if name.endswith((".xml", "stats.txt")) else text

    target = changed("KTQ", folder, edit)
    assert "1048577" in (target / "timeloop-model.stats.txt").read_text()
    return target


def test_a_disagreement_marks_the_result_everywhere(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, str(disagreeing(tmp_path)))
    result = run([*GEMMINI, *given("KTQ"), f"engine.bin_dir={programs}"])
    assert result.ok and result.verification and not result.verification.agrees
    expected = "Scratchpad: reads of Inputs: 1048576 here, 1048577 there"
    assert re.search(rf"timeloop \w+ disagrees on gemmini 16x16 KTQ: {expected}", printed(result))
    assert tags(result, tmp_path)["disagreement"] == expected and "verified_by" not in tags(result, tmp_path)
    write_artifacts(result, tmp_path)
    assert json.loads((tmp_path / "result.json").read_text())["verification"]["differences"] == [expected]


def test_the_command_line_records_a_disagreement(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, str(disagreeing(tmp_path)))
    asked = ["model=bert_base", *GEMMINI, *given("KTQ"), f"engine.bin_dir={programs}", "hydra.run.dir=out"]
    done = launch_here(tmp_path, *asked).must_succeed()
    assert "disagrees on gemmini 16x16 KTQ: Scratchpad: reads of Inputs" in done.out
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        recorded = dict(database.execute("select key, value from tags"))
    assert recorded["disagreement"] == "Scratchpad: reads of Inputs: 1048576 here, 1048577 there"
    assert "verified_by" not in recorded
    assert (tmp_path / "out/timeloop/evaluation/timeloop-model.stats.txt").is_file()


def test_a_timeloop_that_fails_marks_the_result_or_is_an_error_when_asked_for(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, behaviour="print('ERROR: that is not so'); sys.exit(3)")
    asked = [*GEMMINI, *given("KTQ"), f"engine.bin_dir={programs}"]
    result = run(asked)
    assert result.ok and result.verification
    assert "could not evaluate the mapping" in result.verification.differences[0]
    with pytest.raises(EngineError, match="that is not so"):
        run([*asked, "verify=true"])


def test_every_layer_of_a_network_is_verified(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "KTQ", "VScores")
    asked = ["arch=gemmini", "layer=[KTQ,VScores]", f"engine.bin_dir={programs}"]
    result = run(asked, tmp_path)
    assert [layer.result.verification is not None for layer in result.layers] == [True, True]
    assert "disagrees" not in printed(result) and "verified by timeloop" in printed(result)
    assert tags(result, tmp_path)["verified_by"].startswith("timeloop ")
    assert len(calls(tmp_path)) == 2 and len({call["folder"] for call in calls(tmp_path)}) == 2


def test_one_layer_that_disagrees_marks_the_network(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, str(disagreeing(tmp_path)), "VScores")
    result = run(["arch=gemmini", "layer=[KTQ,VScores]", f"engine.bin_dir={programs}"])
    assert "disagrees on gemmini 16x16 KTQ" in printed(result)
    assert "disagreement" in tags(result, tmp_path) and "verified_by" not in tags(result, tmp_path)


# --- sweeps


def test_a_sweep_goes_on_when_timeloop_crashes_in_one_trial(tmp_path: Path) -> None:
    behaviour = "threads = 'num_threads: 2' in Path('input.yaml').read_text(); end(-6) if threads else " + ANY_SEARCH
    engine = timeloop(stand_in(tmp_path, "search", behaviour=behaviour))
    done = launch_here(
        tmp_path, "-m", *BERT, *CUBE, *engine, "mapper.threads=1,2,3", "hydra.sweep.dir=out"
    ).must_succeed()
    statuses = [json.loads((tmp_path / "out" / str(n) / "result.json").read_text()) for n in range(3)]
    assert [one["status"] for one in statuses] == ["ok", "failed", "ok"]
    assert "timeloop-mapper crashed (SIGABRT)" in statuses[1]["reason"]
    assert "timeloop-mapper crashed (SIGABRT)" in done.out
    assert not (tmp_path / "out/1/traceback.txt").exists()
