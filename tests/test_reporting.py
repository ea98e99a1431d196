"""What a trial leaves in files and shows in the terminal."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from math import inf, nan, prod
from pathlib import Path

import pytest
from golden_cases import load_golden
from rich.console import Console
from sample_results import failed_result, ok_result, sweep

from launcher.engines.native.model import evaluate
from launcher.errors import LauncherError
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.loop_nest import loop_nest
from launcher.reporting.numbers import significant
from launcher.reporting.terminal import print_result
from launcher.reporting.trials import print_best, print_trials, trial_line
from launcher.results.energy_table import energy_rows, energy_shares
from launcher.results.files import ARTIFACT_NAMES, read_result
from launcher.results.goals import grid_goals
from launcher.results.parameters import varying_parameters
from launcher.results.ranking import ranked
from launcher.results.result import Optimality, Result
from launcher.results.result_json import result_from_dict, result_to_dict

NEST = """\
DRAM: keeps Weights 262,144 + Inputs 262,144 + Outputs 16,777,216 words
  for D in [0:256)
    Scratchpad: keeps Weights 1,024 + Inputs 262,144 of 524,288 words (50.2 %)
      [PERows] fan-out 16 of 16 along Y
        for D in [0:16)  (Spatial-Y)
          Accumulator x16: keeps Outputs 4,096 of 4,096 words (100.0 %)
            for E in [0:4)
              for L in [0:256)
                [PECols] fan-out 16 of 16 along X
                  for E in [0:16)  (Spatial-X)
                    Registers x256: keeps Weights 1 of 1 words (100.0 %)
                      for L in [0:16)
                        MAC: 256 of 256 units in use
"""


def broken_result() -> Result:
    """A trial that failed before there was a specification."""
    return Result(
        "nope", "failed", {"arch.rows": 0}, "native 0.1.0", "tables 0.1.0", reason="arch.rows must be positive"
    )


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


EDP = grid_goals(["edp"], ())


def text_of(show: object, *arguments: object, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO())
    show(*arguments[:1], console, *arguments[1:])  # type: ignore[operator]
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def evaluated(name: str, number: int) -> Result:
    """A golden mapping, evaluated by our own model."""
    golden = load_golden(name)
    legal = [case for case in golden.cases if case.legal]
    case = legal[number % len(legal)]
    evaluation = evaluate(golden.specification, case.mapping)
    return replace(
        ok_result(), name=name, specification=golden.specification, mapping=case.mapping, evaluation=evaluation
    )


GOLDEN = ("gemmini_gemm_small", "pim_bert_large_KTQ", "simba_gemm_small", "eyeriss_gemm_small", "gemmini_norm_softmax")


class TestResultJson:
    @pytest.mark.parametrize(
        "result", [ok_result(), failed_result(), broken_result(), *sweep()], ids=lambda r: r.status
    )
    def test_comes_back_as_it_was(self, result: Result) -> None:
        content = json.loads(json.dumps(result_to_dict(result), allow_nan=False))
        assert result_from_dict(content) == result

    @pytest.mark.parametrize("name", GOLDEN)
    def test_comes_back_for_every_architecture(self, name: str) -> None:
        result = evaluated(name, 3)
        again = result_from_dict(json.loads(json.dumps(result_to_dict(result))))
        assert again == result
        assert loop_nest(again) == loop_nest(result)
        assert energy_rows(again) == energy_rows(result)

    def test_puts_the_figures_first(self) -> None:
        content = result_to_dict(ok_result())
        assert content["energy_pj"] == ok_result().energy_pj
        assert content["cycles"] == 4210692
        assert content["area_um2"] == pytest.approx(1467168)
        assert content["evaluation"]["levels"][-1]["data_spaces"]["Outputs"]["updates"] == 16777216

    def test_has_null_for_what_does_not_exist(self) -> None:
        content = result_to_dict(broken_result())
        assert content["energy_pj"] is None
        assert content["reason"] == "arch.rows must be positive"

    def test_carries_infinite_and_odd_values(self) -> None:
        optimality = Optimality("bounded", ("edp",), -inf, None)
        odd = {"path": Path("folder"), "list": (1, 2), "nan": nan}
        result = replace(ok_result(), optimality=optimality, parameters=odd)
        again = result_from_dict(json.loads(json.dumps(result_to_dict(result), allow_nan=False)))
        assert again.optimality == optimality
        assert again.parameters == {"path": "folder", "list": [1, 2], "nan": "nan"}

    @pytest.mark.parametrize(
        "content", [{}, [], {"format": 99}, {"format": 1}, {"format": 1, "name": "x", "mapping": 3}]
    )
    def test_refuses_what_it_did_not_write(self, content: object) -> None:
        with pytest.raises(LauncherError, match="recorded result"):
            result_from_dict(content)


class TestArtifacts:
    def test_of_a_mapped_trial(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "folder"
        paths = write_artifacts(ok_result(), folder)
        assert {path.name for path in paths} == set(ARTIFACT_NAMES) == names_in(folder)
        assert (folder / "mapping.txt").read_text() == NEST
        assert read_result(folder) == ok_result()

    def test_of_a_trial_without_a_mapping(self, tmp_path: Path) -> None:
        write_artifacts(failed_result(), tmp_path)
        assert names_in(tmp_path) == {"result.json", "report.html", "specification.yaml", "constraints.yaml"}
        assert json.loads((tmp_path / "result.json").read_text())["status"] == "infeasible"

    def test_of_a_trial_without_a_specification(self, tmp_path: Path) -> None:
        write_artifacts(broken_result(), tmp_path)
        assert names_in(tmp_path) == {"result.json", "report.html"}

    def test_leave_nothing_of_an_earlier_trial(self, tmp_path: Path) -> None:
        write_artifacts(ok_result(), tmp_path)
        (tmp_path / "mine.txt").touch()
        write_artifacts(broken_result(), tmp_path)
        assert names_in(tmp_path) == {"result.json", "report.html", "mine.txt"}

    def test_say_that_a_folder_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(LauncherError, match="cannot write the results") as caught:
            write_artifacts(ok_result(), tmp_path / "file" / "folder")
        assert str(tmp_path / "file") in str(caught.value)

    def test_that_fail_half_way_leave_no_result(self, tmp_path: Path) -> None:
        write_artifacts(ok_result(), tmp_path)
        (tmp_path / "energy.csv").unlink()
        (tmp_path / "energy.csv").mkdir()
        with pytest.raises(LauncherError):
            write_artifacts(ok_result(), tmp_path)
        assert not (tmp_path / "result.json").exists()
        assert not [name for name in names_in(tmp_path) if name.startswith(".")]

    def test_need_a_result_to_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(LauncherError, match="cannot read a result"):
            read_result(tmp_path)
        (tmp_path / "result.json").write_text("{")
        with pytest.raises(LauncherError, match="cannot read a result"):
            read_result(tmp_path)

    @pytest.mark.parametrize("name", GOLDEN)
    def test_energy_csv_sums_to_the_total(self, name: str, tmp_path: Path) -> None:
        result = evaluated(name, 1)
        write_artifacts(result, tmp_path)
        with (tmp_path / "energy.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert sum(float(row["energy_pj"]) for row in rows) == pytest.approx(result.energy_pj, rel=1e-12)
        assert not [row for row in rows if row["action"] == "other"]
        assert len({(row["component"], row["data_space"], row["action"]) for row in rows}) == len(rows)

    def test_energy_csv_counts_words_over_all_instances(self) -> None:
        rows = {(row.component, row.data_space, row.action): row for row in energy_rows(ok_result())}
        assert rows["Accumulator", "Outputs", "update"].words == 16 * 4194304
        assert rows["MAC", "", "compute"].words == 2**30
        assert rows["Scratchpad", "", "leak"].energy_pj > 0

    def test_energy_that_an_engine_did_not_split_is_kept(self) -> None:
        result = ok_result()
        assert result.evaluation is not None
        levels = tuple(
            replace(level, data_spaces={n: replace(s, energy_pj={}) for n, s in level.data_spaces.items()})
            for level in result.evaluation.levels
        )
        unsplit = replace(result, evaluation=replace(result.evaluation, levels=levels))
        assert sum(row.energy_pj for row in energy_rows(unsplit)) == pytest.approx(result.energy_pj)
        assert energy_shares(unsplit) == energy_shares(result)


class TestLoopNest:
    def test_reads_from_the_outermost_level_inwards(self) -> None:
        assert loop_nest(ok_result()) == NEST

    @pytest.mark.parametrize("name", GOLDEN)
    def test_shows_every_loop_of_a_mapping_once(self, name: str) -> None:
        result = evaluated(name, 2)
        assert result.mapping is not None
        bounds = [int(part.split(")")[0]) for part in loop_nest(result).split("[0:")[1:]]
        assert prod(bounds) == prod(loop.bound for level in result.mapping for loop in level.spatial + level.temporal)
        depths = [len(line) - len(line.lstrip()) for line in loop_nest(result).splitlines()]
        assert depths == [2 * number for number in range(len(depths))]

    def test_without_a_specification_shows_the_loops(self) -> None:
        text = loop_nest(replace(ok_result(), specification=None))
        assert "Scratchpad: keeps Weights, Inputs\n" in text
        assert "for D in [0:16)  (Spatial-Y)" in text

    def test_without_a_mapping_says_why(self) -> None:
        assert loop_nest(failed_result()).startswith("no mapping: no valid mapping: D=4096")


class TestTerminal:
    @pytest.mark.parametrize("width", [60, 80, 140])
    def test_shows_what_matters(self, width: int) -> None:
        text = text_of(print_result, ok_result(), width=width)
        for figure in ("2,195 uJ", "4,210,692", "9,245", "99.6 %", "1.467 mm2", "2.045 pJ", "127 ms", "proved optimal"):
            assert figure in text
        assert "50.4 %" in text  # DRAM's share
        assert NEST in text
        assert "note: DRAM: interpolated" in text

    def test_marks_the_level_that_limits_the_cycles(self) -> None:
        text = text_of(print_result, ok_result())
        assert text.count("limits the cycles (") == 1

    def test_shows_how_far_an_interrupted_search_may_be_off(self) -> None:
        result = replace(ok_result(), optimality=Optimality("bounded", ("edp",), 9000.0, 0.027))
        assert "the optimum is at most 2.7 % lower (edp)" in text_of(print_result, result)

    def test_says_why_there_is_no_mapping(self) -> None:
        text = " ".join(text_of(print_result, failed_result()).split())
        assert "infeasible gemmini 48x16 KTQ: no valid mapping: D=4096 is not divisible by 48" in text

    def test_takes_names_literally(self) -> None:
        result = replace(failed_result(), name="[red]x", reason="[bold] is not a level", flags=("[/]",))
        text = text_of(print_result, result)
        assert "[red]x" in text and "[bold] is not a level" in text and "[/]" in text


class TestTrials:
    def test_best_first_and_those_without_a_mapping_last(self) -> None:
        assert [result.parameters["arch.rows"] for result in ranked(sweep())] == [16, 8, 48]

    def test_ties_go_to_the_next_criterion(self) -> None:
        slow, _, best = sweep()
        assert best.evaluation is not None
        frugal = replace(best, name="frugal", evaluation=replace(best.evaluation, energy_pj=1.0))
        assert ranked([best, slow, frugal], "cycles")[0] is frugal
        assert ranked([best, slow, frugal], ("cycles", "energy"))[0] is frugal

    def test_an_unknown_objective_is_refused(self) -> None:
        with pytest.raises(ValueError, match="unknown objective 'speed'"):
            ranked(sweep(), "speed")

    def test_only_what_varies_is_shown(self) -> None:
        assert varying_parameters(sweep()) == ["arch.rows"]
        assert "bert_large" not in text_of(print_trials, sweep(), EDP)

    def test_parameters_that_follow_another_choice_have_no_column(self) -> None:
        machines = [
            replace(one, parameters={"arch": name, f"arch.{name}_only": 1, "arch.rows": rows, "layer": "KTQ"})
            for one, name, rows in zip(sweep(), ("eyeriss", "simba", "gemmini"), (12, 4, 16), strict=True)
        ]
        for show in (print_trials, print_best):
            text = text_of(show, machines, EDP)
            assert "gemmini" in text
            assert "2,195" in text
            assert "rows" not in text and "_only" not in text

    @pytest.mark.parametrize("width", [60, 80, 140])
    def test_a_trial_without_a_mapping_is_a_row_that_says_why(self, width: int) -> None:
        text = text_of(print_trials, sweep(), EDP, width=width)
        rows = [line.split()[0] for line in text.splitlines()[1:] if line.split()[:1] and line.split()[0].isdigit()]
        assert rows == ["16", "8", "48"]
        assert "is not divisible by 48" in " ".join(text.split())
        assert "3 trials, 1 without a mapping" in text

    def test_one_trial_and_none(self) -> None:
        assert "gemmini 16x16 KTQ" in text_of(print_trials, [ok_result()], EDP)
        assert "no trials" in text_of(print_trials, [], EDP)

    def test_a_line_per_trial(self) -> None:
        assert "2,195 uJ, 4,210,692 cycles" in trial_line(ok_result(), "arch.rows=16")
        assert "arch.rows=48" in trial_line(failed_result(), "arch.rows=48")
        assert "no reason given" in trial_line(replace(failed_result(), reason=""), "x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.5, "0.5000"), (2195.4867, "2,195"), (955622.18, "955,622"), (1.467168, "1.467"),
        (0.00033, "0.0003300"), (9.9999, "10.00"), (1e13, "1.000e+13"), (1e-9, "1.000e-09"), (nan, "-"),
        (-12.3456, "-12.35"),
    ],
)  # fmt: skip
def test_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text
