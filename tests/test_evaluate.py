"""``python -m launcher evaluate``: files, lists of mappings, folders of Timeloop runs, JSON, mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from golden_cases import GoldenFile, differences, load_golden

from launcher.__main__ import main
from launcher.engines.native.model import evaluate
from launcher.results.evaluation import Evaluation
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import dump_mapping, dump_specification


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: object) -> Ran:
        try:
            status = main(["evaluate", *map(str, arguments)])
        except SystemExit as stop:
            status = int(stop.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        if status == 1 and captured.err:
            assert len(captured.err.splitlines()) <= 10, captured.err
        return Ran(status, captured.out, captured.err)

    return command


def write_golden(folder: Path, golden: GoldenFile, count: int) -> list[Path]:
    """The golden file's input in one file, its first mappings in another."""
    specification, mappings = folder / "specification.yaml", folder / "mappings.yaml"
    specification.write_text(dump_specification(golden.specification))
    entries = [
        yaml.safe_load(dump_mapping(case.mapping, golden.specification))["mapping"] for case in golden.cases[:count]
    ]
    mappings.write_text(yaml.safe_dump({"mappings": entries}))
    return [specification, mappings]


class _Level:
    def __init__(self, data: dict[str, Any]) -> None:
        self.level, self.energy_pj = data["level"], data["energy_pj"]
        self.data_spaces = {name: type("Stats", (), counts) for name, counts in data["data_spaces"].items()}


def _as_evaluation(data: dict[str, Any]) -> Any:
    """The JSON in the shape that ``differences`` compares with Timeloop's figures."""
    return type("Result", (), {**data, "levels": [_Level(level) for level in data["levels"]]})


@pytest.mark.parametrize("name", ["gemmini_gemm_small_with_illegal", "eyeriss_conv3x3", "pim_gemm_small"])
def test_golden_cases_through_files(name: str, run: Any, tmp_path: Path) -> None:
    golden = load_golden(name)
    count = min(40, len(golden.cases))
    out = tmp_path / "out.json"
    done = run(*write_golden(tmp_path, golden, count), "--json", out)
    assert done.status == 0
    results = json.loads(out.read_text())
    assert len(results) == count
    for case, result in zip(golden.cases, results, strict=False):
        assert list(differences(case.expected, _as_evaluation(result), 1e-9)) == []
        if result["legal"]:
            assert result["edp_j_cycles"] == result["energy_pj"] * 1e-12 * result["cycles"]
        else:
            assert result["reason"] in done.out
            assert result["energy_pj"] is None


def test_summary_and_levels(run: Any, tmp_path: Path) -> None:
    golden = load_golden("gemmini_gemm_small")
    files = write_golden(tmp_path, golden, 2)
    plain, verbose = run(*files), run("-v", *files)
    expected = golden.cases[0].expected
    assert f"{expected['cycles']:,}" in plain.out
    assert "Scratchpad" not in plain.out
    assert verbose.out.count("Scratchpad") == 2
    reads = expected["levels"][-1]["data_spaces"]["Weights"]["reads"]
    assert f"{reads:,}" in verbose.out


def test_keys_may_be_spread_over_files(run: Any, tmp_path: Path) -> None:
    golden = load_golden("gemmini_gemm_small")
    together = write_golden(tmp_path, golden, 1)
    paths = [together[1]]
    for key, value in yaml.safe_load(together[0].read_text()).items():
        paths.append(tmp_path / f"{key}.yaml")
        paths[-1].write_text(yaml.safe_dump({key: value}))
    assert run(*paths, "--json", tmp_path / "a.json").status == 0
    assert run(*together, "--json", tmp_path / "b.json").status == 0
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def test_own_results_folder(run: Any, tmp_path: Path) -> None:
    golden = load_golden("gemmini_gemm_small")
    (tmp_path / "specification.yaml").write_text(dump_specification(golden.specification))
    (tmp_path / "mapping.yaml").write_text(dump_mapping(golden.cases[0].mapping, golden.specification))
    done = run(tmp_path)
    assert done.status == 0
    assert f"{golden.cases[0].expected['cycles']:,}" in done.out
    assert "agrees" not in done.out


def test_directives_of_a_mapping_count(run: Any, tmp_path: Path) -> None:
    golden = load_golden("gemmini_gemm_small")
    specification, mapping = golden.specification, golden.cases[0].mapping
    everything = frozenset(specification.problem.data_space_names)
    fanned = next(i for i, level in enumerate(mapping) if level.spatial)
    name = specification.architecture.levels[fanned].name
    switched = replace(
        specification, constraints=Constraints({name: LevelConstraint(spatial=BlockConstraint(no_reuse=everything))})
    )
    (tmp_path / "specification.yaml").write_text(dump_specification(switched))
    (tmp_path / "mapping.yaml").write_text(dump_mapping(mapping, switched))
    assert run(tmp_path, "--json", tmp_path / "out.json").status == 0
    (result,) = json.loads((tmp_path / "out.json").read_text())
    assert result["energy_pj"] == evaluate(switched, mapping).energy_pj
    assert result["energy_pj"] != evaluate(specification, mapping).energy_pj


# -- folders that a Timeloop run wrote ------------------------------------------------------------------------------


def report_text(evaluation: Evaluation, compute: str) -> str:
    """A report in the layout of Timeloop's ``stats.txt``, rounded as it rounds."""
    lines = ["Buffer and Arithmetic Levels", "----------------------------", "Level 0", "-------", f"=== {compute} ==="]
    lines += ["", "    SPECS", "    -----", "    Word bits             : 16", "    Instances             : 168 (14*12)"]
    lines += ["    Compute energy        : 0.21 pJ", "", "    STATS", "    -----"]
    lines += [f"    Computes (total)        : {evaluation.computes}"]
    lines += [f"    Energy (total)          : {evaluation.compute_energy_pj:.2f} pJ", "    Area (total)  : 32.76 um^2"]
    for number, level in enumerate(evaluation.levels, start=1):
        lines += ["", f"Level {number}", "-------", f"=== {level.level} ===", "", "    SPECS", "    -----"]
        lines += ["        Size                            : 16", "        Technology     : SRAM"]
        lines += [
            f"        Leakage energy (total)          : {level.leakage_pj:.2f} pJ",
            "",
            "    MAPPING",
            "    -------",
        ]
        lines += ["    Loop nest:", "      for M in [0:8)", "", "    STATS", "    -----"]
        lines += [f"    Cycles               : {level.cycles}", "    Bandwidth throttling : 1.00"]
        for name, stats in level.data_spaces.items():
            if not stats.tile_words:
                continue
            lines += [f"    {name}:", "        Partition size                           : 28672"]
            lines += [f"        Utilized capacity                        : {stats.tile_words}"]
            lines += [f"        Utilized instances (max)                 : {stats.utilized_instances:.0f}"]
            lines += [f"        Scalar reads (per-instance)              : {stats.reads}"]
            lines += [f"        Scalar fills (per-instance)              : {stats.fills}"]
            lines += [f"        Scalar updates (per-instance)            : {stats.updates}"]
            lines += [f"        Energy (total)                           : {sum(stats.energy_pj.values()):.2f} pJ"]
            lines += ["        Bandwidth Consumption Scale              : 1.00"]
    per_compute = 1000 / evaluation.computes
    lines += ["", "Networks", "--------", "", "Summary Stats", "-------------", "GFLOPs (@1GHz): 247.33"]
    lines += [f"Utilization: {100 * evaluation.utilization:.2f}%", f"Cycles: {evaluation.cycles}"]
    lines += [f"Energy: {evaluation.energy_pj / 1e6:.2f} uJ", f"EDP(J*cycle): {evaluation.edp_j_cycles:.2e}"]
    lines += ["Area: 0.00 mm^2", "", f"Computes = {evaluation.computes}", "fJ/Compute"]
    lines += [f"    {compute:<45} = {evaluation.compute_energy_pj * per_compute:.2f}"]
    lines += [f"    {level.level:<45} = {level.energy_pj * per_compute:.2f}" for level in evaluation.levels]
    return "\n".join([*lines, f"    {'Total':<45} = {evaluation.energy_pj * per_compute:.2f}", ""])


def write_run(
    folder: Path, specification: Specification, mapping: Mapping, *, before_2025: bool = False, prefix: str = "mapper"
) -> Path:
    """A folder as a Timeloop run leaves it."""
    folder.mkdir(exist_ok=True)
    document = yaml.safe_load(dump_specification(specification))
    tables = {key: document.pop(key) for key in ("ERT",)}
    extra = {"mapping": [], "architecture_constraints": {"targets": []}, "mapper": {"algorithm": "random"}}
    (folder / "parsed-processed-input.yaml").write_text(yaml.safe_dump({**document, **extra}))
    (folder / f"timeloop-{prefix}.ERT.yaml").write_text(yaml.safe_dump(tables))
    (folder / f"timeloop-{prefix}.ERT_summary.yaml").write_text("ERT_summary: {}\n")
    (folder / f"timeloop-{prefix}.map.yaml").write_text(dump_mapping(mapping, specification))
    evaluation = evaluate(specification, mapping, before_2025=before_2025)
    report = folder / f"timeloop-{prefix}.stats.txt"
    report.write_text(report_text(evaluation, specification.architecture.compute.name))
    return report


def test_run_folder_agrees(run: Any, tmp_path: Path) -> None:
    golden = load_golden("eyeriss_conv3x3")
    write_run(tmp_path, golden.specification, golden.cases[0].mapping)
    done = run(tmp_path, "--json", tmp_path / "out.json")
    assert done.status == 0
    assert "agrees with" in done.out
    (result,) = json.loads((tmp_path / "out.json").read_text())
    assert result["report"]["agrees"]
    assert result["report"]["compared"] > 40
    assert result["report"]["differences"] == []


@pytest.mark.parametrize("unit", ["fJ/Compute", "pJ/Compute", "pJ/MACC"])
@pytest.mark.parametrize("wrong", [False, True])
def test_energies_per_compute_in_either_unit(unit: str, wrong: bool, run: Any, tmp_path: Path) -> None:
    golden = load_golden("eyeriss_conv3x3")
    report = write_run(tmp_path, golden.specification, golden.cases[0].mapping)
    head, shares = report.read_text().split("fJ/Compute\n")
    if unit.startswith("pJ"):
        lines = [line.rpartition(" = ") for line in shares.splitlines()]
        shares = "".join(f"{name} = {float(value) / 1000:.3f}\n" for name, _, value in lines)
    if wrong:
        unit = ("p" if unit.startswith("f") else "f") + unit[1:]
    report.write_text(f"{head}{unit}\n{shares}")
    done = run(tmp_path)
    assert done.status == (1 if wrong else 0), done.out
    assert ("total fJ per compute" in done.out) == wrong


@pytest.mark.parametrize(
    ("field", "place"),
    [("Scalar fills (per-instance)", "fills"), ("Energy: ", "energy in uJ"), ("Cycles: ", "total cycles")],
)
def test_run_folder_that_disagrees_says_where(field: str, place: str, run: Any, tmp_path: Path) -> None:
    golden = load_golden("eyeriss_conv3x3")
    report = write_run(tmp_path, golden.specification, golden.cases[0].mapping)
    lines = report.read_text().splitlines()
    at = max(number for number, line in enumerate(lines) if field in line)
    lines[at] = lines[at].replace(": ", ": 9", 1)
    report.write_text("\n".join(lines))
    done = run(tmp_path, "--json", tmp_path / "out.json")
    assert done.status == 1
    assert "DISAGREES" in done.out
    assert place in done.out
    (result,) = json.loads((tmp_path / "out.json").read_text())
    assert not result["report"]["agrees"]
    assert len(result["report"]["differences"]) == 1


def _paused_window() -> tuple[Specification, Mapping]:
    """A window that slides, with a loop inside that does not move it."""
    golden = load_golden("eyeriss_conv3x3")
    specification = golden.specification
    extents = dict(specification.problem.dimensions)
    spaces = {space.name: space.relevant for space in specification.problem.data_spaces}
    still = max((d for d in extents if d not in spaces["Inputs"]), key=lambda d: extents[d])
    rank = next(r for r in specification.problem.data_space("Inputs").projection if len(r) == 2)
    window, slides = sorted((term.dimension for term in rank), key=lambda d: extents[d])
    names = specification.problem.data_space_names
    inner = [Loop(window, extents[window])]
    outer = [Loop(still, extents[still]), Loop(slides, extents[slides])]
    outer += [Loop(d, n) for d, n in extents.items() if d not in (still, window, slides) and n > 1]
    levels = [LevelMapping(level.name, ()) for level in specification.architecture.levels]
    levels[-2] = replace(levels[-2], keep=names, temporal=tuple(inner))
    levels[-1] = replace(levels[-1], keep=names, temporal=tuple(outer))
    return specification, Mapping(tuple(levels))


def test_report_of_an_older_timeloop_is_recognized(run: Any, tmp_path: Path) -> None:
    specification, mapping = _paused_window()
    current, older = evaluate(specification, mapping), evaluate(specification, mapping, before_2025=True)
    assert current.legal
    assert older.energy_pj > current.energy_pj
    write_run(tmp_path, specification, mapping, before_2025=True)
    done = run(tmp_path)
    assert done.status == 0
    assert "agrees with" in done.out
    assert "before January 2025" in done.out
    assert "Inputs" in done.out


def test_folder_with_two_runs(run: Any, tmp_path: Path) -> None:
    golden = load_golden("gemmini_gemm_small")
    write_run(tmp_path, golden.specification, golden.cases[0].mapping, prefix="mapper")
    write_run(tmp_path, golden.specification, golden.cases[1].mapping, prefix="model")
    done = run(tmp_path)
    assert done.status == 0
    assert done.out.count("agrees with") == 2


# -- mistakes -------------------------------------------------------------------------------------------------------


def test_missing_pieces(run: Any, tmp_path: Path) -> None:
    golden = load_golden("gemmini_gemm_small")
    specification, mappings = write_golden(tmp_path, golden, 1)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    for arguments, words in (
        ([specification], ("there is no mapping", str(specification))),
        ([mappings], ("there is no 'problem'", str(mappings))),
        ([tmp_path / "none.yaml"], ("No such file", "none.yaml")),
        ([nothing], ("holds no Timeloop input", "parsed-processed-input.yaml")),
        ([specification, specification, mappings], ("stands in two files",)),
        ([specification, mappings, "--json", nothing / "no" / "out.json"], ("cannot write", "out.json")),
    ):
        done = run(*arguments)
        assert done.status == 1
        for word in words:
            assert word in done.err


def test_wrong_command_line() -> None:
    for arguments in ([], ["evaluate"], ["evalute", "x"], ["evaluate", "x", "--jsn", "y"]):
        done = subprocess.run(
            [sys.executable, "-m", "launcher", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith("error: ") and "  try:      python -m launcher" in done.stderr
        assert "Traceback" not in done.stderr


def test_report_that_is_none(run: Any, tmp_path: Path) -> None:
    golden = load_golden("gemmini_gemm_small")
    report = write_run(tmp_path, golden.specification, golden.cases[0].mapping)
    report.write_text("nothing to see\n")
    done = run(tmp_path)
    assert done.status == 1
    assert str(report) in done.err


def test_energies_come_from_the_tables_when_there_is_no_ert(run: Any, tmp_path: Path) -> None:
    text = """
architecture:
  nodes:
  - !Container {name: chip, attributes: {technology: "32nm", global_cycle_seconds: 1.2e-9}}
  - !Component {name: DRAM, class: DRAM, attributes: {type: LPDDR4, width: 64, datawidth: 8}}
  - !Component {name: mac, class: intmac, attributes: {multiplier_width: 8, adder_width: 32}}
problem:
  instance: {A: 4}
  shape:
    dimensions: [A]
    data_spaces: [{name: X, projection: [A]}, {name: Y, projection: [A], read_write: true}]
mapping: [{target: DRAM, type: temporal, factors: A4}]
"""
    path = tmp_path / "all.yaml"
    path.write_text(text)
    assert run(path, "--json", tmp_path / "out.json").status == 0
    (result,) = json.loads((tmp_path / "out.json").read_text())
    assert result["levels"][0]["energy_pj"] > 0
