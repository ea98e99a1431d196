"""A trial whose mapping is imperfect, wherever people and programs see it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from command_line import command_here
from sample_results import ok_result

from launcher import run
from launcher.commands.map import to_json
from launcher.reporting.comparison.nests import nests_between
from launcher.reporting.diagrams import cycle_limits, loop_nest_svg
from launcher.reporting.loop_nest import loop_nest
from launcher.results.energy_table import energy_rows
from launcher.results.evaluation import DataSpaceStats
from launcher.results.files import read_result
from launcher.results.loop_reuse import reuse_at
from launcher.results.result import Result, SearchStatistics
from launcher.results.result_json import encode, result_from_dict, result_to_dict
from launcher.specification.mapping import LevelMapping, Loop, Mapping, with_residuals
from launcher.specification.problem import Problem
from launcher.timeloop_files.io import Document, dump_mapping, read_mapping

SIZES = {"D": 197, "E": 100, "L": 77}
GEMM = ("layer=gemm", *(f"layer.{name}={size}" for name, size in SIZES.items()))
LOOPS = {
    "Registers": ("", "L16"),
    "inter_PECols_spatial": ("x E16", ""),
    "Accumulator": ("", "L5"),
    "inter_PERows_spatial": ("y D16", ""),
    "Scratchpad": ("", "E7"),
    "DRAM": ("", "D13"),
}
"""A full array of 16 x 16, which divides none of the sizes."""


def loop(text: str) -> tuple[Loop, ...]:
    return (Loop(text[0], int(text[1:])),) if text else ()


def mapping_for(result: Result) -> Mapping:
    assert result.mapping is not None and result.specification is not None
    levels = []
    for level in result.mapping:
        spatial, temporal = LOOPS[level.level]
        axes = {axis: loop(spatial[2:]) if spatial[:1] == axis else () for axis in "xy"}
        levels.append(LevelMapping(level.level, level.keep, axes["x"], axes["y"], loop(temporal)))
    return with_residuals(Mapping(tuple(levels)), result.specification.problem)


@cache
def trial() -> tuple[Result, Path]:
    """The trial, and the folder with its files."""
    folder = Path(mkdtemp())
    found = run([*GEMM, "tracking=none"])
    assert found.specification is not None
    file = folder / "given.yaml"
    file.write_text(dump_mapping(mapping_for(found), found.specification))
    result = run([*GEMM, "engine.mode=evaluate", f"mapping={file}", "tracking=none"], output=folder / "out")
    assert result.ok, result.reason
    return result, folder / "out"


def test_its_figures_are_the_true_ones() -> None:
    result, _ = trial()
    assert result.evaluation is not None and result.mapping is not None and not result.mapping.is_perfect
    assert result.evaluation.computes == 197 * 100 * 77
    dram = result.evaluation.levels[-1].data_spaces
    assert (dram["Weights"].reads, dram["Inputs"].reads, dram["Outputs"].updates) == (
        197 * 100,
        100 * 77,
        197 * 77,
    )
    steps = 77 * 7 * 13
    assert result.mapping.iterations(Problem("gemm", SIZES, ())) == steps
    assert steps <= result.cycles
    assert result.utilization == pytest.approx(197 * 100 * 77 / 256 / result.cycles)


def test_its_files_say_all_of_it(tmp_path: Path) -> None:
    result, folder = trial()
    assert result.mapping is not None and result.specification is not None
    written = (folder / "mapping.yaml").read_text()
    assert "D13" in written and "D16,5" in written and "E16,4" in written
    assert read_mapping([Document.from_text(written, "mapping.yaml")], result.specification) == result.mapping
    text = (folder / "mapping.txt").read_text()
    assert "for D in [0:16), last 5  (Spatial-Y)\n" in text
    assert "for L in [0:16), last 13\n" in text
    assert "for D in [0:13)\n" in text
    assert "keeps Outputs 77 of" in text  # not 16 * 5
    assert read_result(folder) == result
    assert "last 13" in (folder / "report.html").read_text()


def test_programs_get_totals_and_residuals(tmp_path: Path) -> None:
    result, folder = trial()
    assert result.evaluation is not None
    command_here(tmp_path, "evaluate", str(folder), "--json", "out.json").must_succeed()
    (evaluated,) = json.loads((tmp_path / "out.json").read_text())
    for mine, level in zip(evaluated["levels"], result.evaluation.levels, strict=True):
        assert mine["instances"] == level.instances
        for name, stats in level.data_spaces.items():
            counts = mine["data_spaces"][name]
            for key in ("reads", "fills", "updates"):
                assert counts[f"total_{key}"] == getattr(stats, f"total_{key}")
                assert counts[key] * mine["instances"] == pytest.approx(counts[f"total_{key}"])
    found = Result(**{**vars(result), "search": SearchStatistics()})
    levels = {level["level"]: level for level in to_json(found)["mapping"]}
    assert levels["inter_PERows_spatial"]["spatial_y"] == {"D": [16, 5]}
    assert levels["DRAM"]["temporal"] == {"D": [13, 13]}
    perfect = {level["level"]: level for level in to_json(run([*GEMM, "tracking=none"]))["mapping"]}
    assert all(isinstance(end, int) for level in perfect.values() for end in level["temporal"].values())


def test_pictures_and_comparisons_say_the_last_iteration() -> None:
    result, _ = trial()
    svg = loop_nest_svg(result)
    assert "for D in 0:16, last 5 along Y" in svg and "for L in 0:16, last 13" in svg and "for D in 0:13<" in svg
    other = run([*GEMM, "tracking=none"])
    assert ("[PERows]", "D 16 (last 5)") in {(one.level, one.second) for one in nests_between(other, result)}


def test_limits_of_the_cycles_are_those_of_the_busiest_instance() -> None:
    for bandwidth in (0.25, 0.5, 64):
        result, folder = trial()
        given = f"mapping={folder / 'mapping.yaml'}"
        slow = [f"arch.accumulator_bandwidth={bandwidth}", "arch.dram_bandwidth=64", "arch.scratchpad_bandwidth=512"]
        result = run([*GEMM, *slow, "engine.mode=evaluate", given, "tracking=none"])
        assert result.ok, result.reason
        limits = cycle_limits(result)
        latency = sum(limit.cycles for limit in limits if limit.kind == "latency")
        assert max(limit.cycles for limit in limits if limit.kind != "latency") + latency == result.cycles
        assert ("Accumulator" in next(limit.label for limit in limits if limit.limiting)) == (bandwidth < 1)


def test_words_of_tables_are_totals() -> None:
    result, _ = trial()
    assert result.evaluation is not None
    outputs = result.evaluation.levels[2].data_spaces["Outputs"]
    assert outputs.total_updates == 7 * 197 * 77
    assert outputs.updates == outputs.total_updates / 16
    (row,) = [
        row
        for row in energy_rows(result)
        if (row.component, row.data_space, row.action) == ("Accumulator", "Outputs", "update")
    ]
    assert row.words == outputs.total_updates
    reuse = reuse_at(result, "Accumulator", "Outputs", "below")
    assert reuse is not None and reuse.times == 7


def test_results_written_before_totals_existed_are_read() -> None:
    content = result_to_dict(ok_result())
    for level in content["evaluation"]["levels"]:
        for stats in level["data_spaces"].values():
            for name in ("total_reads", "total_fills", "total_updates"):
                del stats[name]
    assert result_from_dict(json.loads(json.dumps(content))) == ok_result()
    whole = DataSpaceStats(1, 2**60 + 1, 3, 0, 4.0)
    assert whole.total_reads == 4 * (2**60 + 1)
    assert encode(whole)["total_fills"] == 12


def test_a_nest_of_perfect_factors_is_written_as_before() -> None:
    assert "last" not in loop_nest(ok_result())
