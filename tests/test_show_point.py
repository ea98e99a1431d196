"""python -m launcher show STUDY POINT: any point of an exhaustive study, as a trial with all its files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Outcome, command_here
from hydra.core.override_parser.overrides_parser import OverridesParser

from launcher import run
from launcher.errors import LauncherError
from launcher.results.files import RESULT_JSON, read_result
from launcher.sweeping.exhaustive.numbering import point_at
from launcher.sweeping.exhaustive.study_file import StudyFile, read_study
from launcher.sweeping.exhaustive.table import POINTS_PARQUET, PointTable

OVERRIDES = ("model=bert_base", "layer=KTQ", "mapper=edp")
KEYS = {"arch.rows": (8, 16), "arch.scratchpad_kib": (64, 128.5), "arch.accumulator_kib": (0.0625, 32)}


def show(folder: Path, *arguments: str) -> Outcome:
    return command_here(folder, "show", *arguments)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    StudyFile(OVERRIDES, KEYS).write(folder)
    return folder


def test_a_point_is_mapped_again_with_all_its_files(tmp_path: Path, study: Path) -> None:
    told = show(tmp_path, "study", "7").must_succeed()
    assert "for D in" in told.out and not told.err
    alone = run([*OVERRIDES, "arch.rows=16", "arch.scratchpad_kib=128.5", "arch.accumulator_kib=32"])
    again = read_result(study / "7")
    assert (again.energy_pj, again.cycles, again.parameters) == (alone.energy_pj, alone.cycles, alone.parameters)
    assert {"mapping.yaml", "specification.yaml", "report.html"} <= {file.name for file in (study / "7").iterdir()}
    before = (study / "7" / RESULT_JSON).stat().st_mtime_ns
    assert json.loads(show(tmp_path, "study", "7", "--json").must_succeed().out)
    assert (study / "7" / RESULT_JSON).stat().st_mtime_ns == before


def test_what_the_table_says_otherwise_is_told(tmp_path: Path, study: Path) -> None:
    alone = run([*OVERRIDES, "arch.rows=8", "arch.scratchpad_kib=64", "arch.accumulator_kib=32"])
    none = np.full(8, np.nan)
    table = PointTable(
        keys=KEYS,
        status=np.zeros(8, dtype=np.uint8),
        figures={"cycles": none.copy(), "energy_pj": none.copy(), "area_mm2": none},
        bounds={},
        reasons=(),
        reason=np.full(8, -1, dtype=np.int32),
        box=np.full(8, -1, dtype=np.int32),
    )
    table.figures["cycles"][1], table.figures["energy_pj"][1] = alone.cycles, np.nextafter(alone.energy_pj, 0)
    table.write(study / POINTS_PARQUET)
    told = show(tmp_path, "study", "1").must_succeed()
    assert "energy_pj is" in told.err and "code or tables have changed" in told.err and "cycles is" not in told.err


def test_a_point_without_a_mapping_says_why(tmp_path: Path, study: Path) -> None:
    assert "Accumulator" in show(tmp_path, "study", "0").must_succeed().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["study", "8"], ["no point 8", "8 points, 0 to 7"]),
        (["study", "seven"], ["seven is no point's number", "show STUDY 4711"]),
        (["study", "-1"], ["-1 is no point's number"]),
        ([".", "1"], ["is no study", "study.json", "python -m launcher show"]),
        (["nowhere", "1"], ["nowhere is no study"]),
    ],
)
def test_mistakes_are_told_in_a_sentence(tmp_path: Path, study: Path, arguments: list[str], words: list[str]) -> None:
    show(tmp_path, *arguments).must_explain(*words)
    assert [file.name for file in study.iterdir()] == ["study.json"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"overrides": 7, "keys": {}}', '{"overrides": [], "keys": {"a": []}}']
)
def test_a_damaged_study_is_told(tmp_path: Path, study: Path, content: str) -> None:
    (study / "study.json").write_text(content)
    show(tmp_path, "study", "0").must_explain("damaged", "study.json")


def test_a_mistake_of_the_point_itself_is_told(tmp_path: Path, study: Path) -> None:
    StudyFile(OVERRIDES, {"arch.rows": (8, 0)}).write(study)
    show(tmp_path, "study", "1").must_explain("arch.rows")


def test_numbers_count_all_combinations_the_last_key_fastest(study: Path) -> None:
    points = [tuple(point_at(KEYS, number).values()) for number in range(8)]
    assert points == [(rows, pad, kib) for rows in (8, 16) for pad in (64, 128.5) for kib in (0.0625, 32)]
    assert read_study(study) == StudyFile(OVERRIDES, KEYS)
    assert read_study(study).overrides_of(6)[-3:] == [
        "arch.rows=16", "arch.scratchpad_kib=128.5", "arch.accumulator_kib=0.0625"
    ]  # fmt: skip


@pytest.mark.parametrize("value", [True, None, "all", "a,b", "it's {odd} \\", 0.1, 10**12, 1e-7, 1e22, -3])
def test_values_are_composed_as_they_were(tmp_path: Path, value: object) -> None:
    StudyFile((), {"+arch.mine": (value,)}, tmp_path / "own").write(tmp_path)
    with pytest.raises(LauncherError, match=r"groups from .*own"):
        read_study(tmp_path)  # a file alone does not choose groups, which name programs
    study = read_study(tmp_path, tmp_path / "own")
    assert study.config_dir == tmp_path / "own" and list(study.keys["+arch.mine"]) == [value]
    (text,) = study.overrides_of(0)
    override = OverridesParser.create().parse_override(text)
    assert override.get_key_element() == "+arch.mine" and not override.is_sweep_override()
    assert override.value() == value and type(override.value()) is type(value)
