"""``python -m launcher map``: anybody's Timeloop files get their proven best mapping."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from command_line import command_here, python

from launcher import run
from launcher.specification.constraints import Factors
from launcher.timeloop_files.io import read_mapspace


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a trial leaves behind: a specification in Timeloop's processed form, and its constraints."""
    folder = tmp_path_factory.mktemp("trial")
    assert run(["layer=KTQ", "model=bert_base"], output=folder).ok
    return folder


def test_a_trials_own_files_map_to_the_same_optimum(files: Path, tmp_path: Path) -> None:
    inputs = [str(files / name) for name in ("specification.yaml", "constraints.yaml")]
    done = python(tmp_path, "-m", "launcher", "map", *inputs, "--json", "best.json", "-o", "out").must_succeed()
    best = json.loads((tmp_path / "best.json").read_text())
    result = json.loads((files / "result.json").read_text())
    assert best["optimality"] == "proved" and best["lower_bound"] == pytest.approx(best["edp_j_cycles"])
    assert best["edp_j_cycles"] == pytest.approx(result["edp_j_cycles"], rel=1e-12)
    assert best["mapping"][0]["level"] == "Registers"
    assert "proved optimal" in done.out
    assert "the input's own tables" in done.out
    assert (tmp_path / "out" / "mapping.yaml").read_text() == (files / "mapping.yaml").read_text()


def test_a_trials_folder_maps_with_its_constraints_and_factors(tmp_path: Path) -> None:
    trial = ["layer=KTQ", "model=bert_base", "arch.rows=12", "mapspace.factors=spatial"]
    result = run(trial, output=tmp_path / "trial")
    command_here(tmp_path, "map", "trial", "--json", "best.json").must_succeed()
    best = json.loads((tmp_path / "best.json").read_text())
    assert best["factors"] == "spatial"
    assert (best["energy_pj"], best["cycles"]) == (pytest.approx(result.energy_pj, rel=1e-12), result.cycles)


def test_the_objective_comes_from_the_command_line_or_the_files(files: Path, tmp_path: Path) -> None:
    inputs = [str(files / name) for name in ("specification.yaml", "constraints.yaml")]
    (tmp_path / "mapper.yaml").write_text("mapper: {optimization_metrics: [delay, energy]}\n")
    command_here(tmp_path, "map", *inputs, "mapper.yaml", "--json", "fast.json").must_succeed()
    assert json.loads((tmp_path / "fast.json").read_text())["objective"] == ["cycles", "energy"]
    arguments = ["mapper.yaml", "--objective", "energy", "--json", "low.json"]
    command_here(tmp_path, "map", *inputs, *arguments).must_succeed()
    low, fast = (json.loads((tmp_path / name).read_text()) for name in ("low.json", "fast.json"))
    assert low["objective"] == ["energy"]
    assert low["energy_pj"] <= fast["energy_pj"] and fast["cycles"] <= low["cycles"]


def test_no_mapping_is_told_and_written(files: Path, tmp_path: Path) -> None:
    specification = yaml.safe_load((files / "specification.yaml").read_text())
    for component in specification["architecture"]["subtree"][0]["local"]:
        if component["name"].startswith("Accumulator"):
            component["attributes"]["depth"] = 1
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(specification))
    inputs = ["small.yaml", str(files / "constraints.yaml")]
    command_here(tmp_path, "map", *inputs, "--json", "none.json").must_explain("Accumulator")
    assert "Accumulator" in json.loads((tmp_path / "none.json").read_text())["infeasible"]


def test_mistakes_are_told(files: Path, tmp_path: Path) -> None:
    specification = str(files / "specification.yaml")
    command_here(tmp_path, "map", "nowhere.yaml").must_explain("nowhere.yaml")
    command_here(tmp_path, "map", specification, "--objective", "speed").must_explain("speed", "edp")
    (tmp_path / "mapper.yaml").write_text("mapper: {optimization_metrics: [last_level_accesses]}\n")
    command_here(tmp_path, "map", specification, "mapper.yaml").must_explain("last_level_accesses")
    command_here(tmp_path, "map", specification, "--timeout", "0").must_explain("timeout", status=2)


def test_imperfect_factors_are_asked_for_on_the_command_line_or_in_the_files(files: Path, tmp_path: Path) -> None:
    inputs = [str(files / name) for name in ("specification.yaml", "constraints.yaml")]
    (tmp_path / "ruby.yaml").write_text("mapspace: {version: 0.4, template: ruby}\n")
    said = {
        "perfect": [],
        "spatial": ["ruby.yaml"],
        "all": ["ruby.yaml", "--factors", "all"],
    }
    for factors, arguments in said.items():
        done = command_here(tmp_path, "map", *inputs, *arguments, "--json", "best.json", "-o", "out")
        shown = done.must_succeed().out
        assert json.loads((tmp_path / "best.json").read_text())["factors"] == factors
        assert ("may be imperfect" in shown) == (factors != "perfect")
        assert json.loads((tmp_path / "out" / "result.json").read_text()).get("factors", "perfect") == factors
        assert read_mapspace([tmp_path / "out" / "constraints.yaml"]) is Factors(factors)
    command_here(tmp_path, "map", *inputs, "--factors", "some").must_explain("some", "spatial", status=2)
