"""show, compare and summary: what a user types, and what the output formats hold."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import Outcome, command_here
from report_cases import many, trials_of, write_results
from rich.console import Console
from sample_results import failed_result, ok_result, sweep

from launcher import run
from launcher.errors import LauncherError
from launcher.reading import Trials
from launcher.reading.choose import best_of, to_compare
from launcher.reporting.artifacts import energy_csv
from launcher.reporting.comparison import comparison_document, print_comparison
from launcher.reporting.formats import as_csv, as_json, as_latex, as_markdown
from launcher.reporting.sheets import Column, ReportDocument, Sheet
from launcher.reporting.show import print_trial, trial_document
from launcher.reporting.summary import print_summary, summary_document
from launcher.results.result import LayerRun, Result, Verification
from launcher.trial.network.totals import total


def shown(printer: object, *arguments: object, width: int = 100, **options: object) -> str:
    console = Console(width=width, file=io.StringIO())
    printer(*arguments, console, **options)  # type: ignore[operator]
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def launcher(folder: Path, *arguments: str) -> Outcome:
    return command_here(folder, *arguments)


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def network() -> Result:
    return run(["layer=[KTQ,softmax]", "model=bert_base", "fusion=best"])


class TestShow:
    def test_the_terminal_says_what_the_page_says(self) -> None:
        result = ok_result()
        text = shown(print_trial, trials_of(result))
        assert "2,195 uJ" in text
        assert "4,210,692" in text
        assert "proved optimal for EDP" in text
        assert "for D in [0:256)" in text
        assert "DRAM: interpolated" in text
        assert result.engine in text
        (limit,) = [line for line in text.splitlines() if line.rstrip().endswith("limits")]
        assert "4,210,688" in limit

    def test_every_part_of_the_energy_has_its_words_and_a_bar(self) -> None:
        text = shown(print_trial, trials_of(ok_result()), verbose=True)
        table = text[text.index("energy by level") : text.index("cycles that each")]
        total_uj = 0.0
        for row in table.splitlines():
            found = re.match(r" (\S[\w ]*?) +([\d.,e-]+) +([\d.]+) % ", row)
            if found and row.startswith(" ") and not row.startswith("   "):
                total_uj += float(found[2].replace(",", ""))
                if float(found[3]) > 1:
                    assert "█" in row
        assert total_uj == pytest.approx(ok_result().energy_pj * 1e-6, rel=1e-3)
        weights = next(line for line in table.splitlines() if "Weights" in line)
        assert "262k" in weights

    def test_a_network_shows_its_layers(self, network: Result) -> None:
        text = shown(print_trial, trials_of(network))
        assert "softmax" in text
        assert "fused at Accumulator" in text
        assert "limits its cycles" in text
        assert "for D in" not in text
        assert "for D in" in shown(print_trial, trials_of(network), verbose=True)

    def test_bars_stay_within_their_table(self, network: Result) -> None:
        for width in (60, 80, 100, 140):
            for result in (ok_result(), network):
                lines = shown(print_trial, trials_of(result), width=width).splitlines()
                drawn = [line for line in lines if "█" in line and " mm2" not in line]
                assert drawn
                assert max(len(line.rstrip()) for line in drawn) <= width

    def test_a_trial_without_a_mapping_says_why(self) -> None:
        text = shown(print_trial, trials_of(failed_result()))
        assert "infeasible" in text
        assert "D=4096 is not divisible by 48" in text
        document = trial_document(trials_of(failed_result()))
        assert json.loads(as_json(document))["status"] == "infeasible"
        assert records(as_csv(document)) == []
        as_markdown(document)
        as_latex(document)

    def test_csv_is_where_the_energy_goes(self, network: Result) -> None:
        rows = records(as_csv(trial_document(trials_of(ok_result()))))
        assert sum(float(row["energy_pj"]) for row in rows) == pytest.approx(ok_result().energy_pj)
        known = {(r["component"], r["data_space"], r["action"]): r for r in records(energy_csv(ok_result()))}
        for row in rows:
            same = known[row["component"], row["data_space"], row["action"]]
            assert (row["words"], row["energy_pj"]) == (same["words"], same["energy_pj"])
        rows = records(as_csv(trial_document(trials_of(network))))
        assert {row["layer"] for row in rows} == {"KTQ", "softmax"}
        assert sum(float(row["energy_pj"]) for row in rows) == pytest.approx(network.energy_pj)

    def test_json_is_exact(self) -> None:
        content = json.loads(as_json(trial_document(trials_of(ok_result()))))
        (figures,) = content["figures"]
        assert figures["energy_pj"] == ok_result().energy_pj
        assert figures["cycles"] == ok_result().cycles
        limit = next(one for one in content["cycles_by_resource"] if one["limiting"])
        assert limit["cycles"] + 4 == ok_result().cycles

    def test_another_engine_that_disagrees_is_heard(self) -> None:
        checked = replace(ok_result(), verification=Verification("timeloop 4.0", ("cycles 1 instead of 2",)))
        assert "timeloop 4.0 disagrees" in shown(print_trial, trials_of(checked))
        notes = json.loads(as_json(trial_document(trials_of(checked))))["notes"]
        assert "timeloop 4.0 disagrees on gemmini 16x16 KTQ: cycles 1 instead of 2" in notes

    def test_of_a_sweep_the_best_is_shown(self) -> None:
        assert best_of(trials_of(*sweep())).results == (ok_result(),)

    def test_the_best_of_different_work_is_nothing(self, network: Result) -> None:
        with pytest.raises(LauncherError, match="2 trials of 2 workloads") as told:
            best_of(trials_of(ok_result(), network))
        assert "summary" in str(told.value.hint)
        with pytest.raises(LauncherError, match="has nothing to show"):
            best_of(Trials(("nothing",), ()))


class TestCompare:
    def test_figures_stand_side_by_side_with_their_ratios(self) -> None:
        slow, _, best = sweep()
        text = shown(print_comparison, trials_of(best, slow).trials)
        assert f"({slow.cycles / best.cycles:.2f}x)" in text
        assert "arch.rows" in text
        assert "one read serves 8 instead of 16 of D at once" in text
        assert "[PERows]" in text  # not taken for markup

    def test_a_single_name_stands_for_all_its_trials(self, tmp_path: Path) -> None:
        write_results(tmp_path / "few", *sweep())
        write_results(tmp_path / "many", *many(9))
        assert [trial.result for trial in to_compare(["few"], directory=tmp_path)] == sweep()
        both = to_compare(["few", "few/0"], directory=tmp_path)
        assert [trial.result for trial in both] == [ok_result(), sweep()[0]]
        for names, message in ((["many"], "stands for 9 trials"), (["few/0"], "stands for 1 trial")):
            with pytest.raises(LauncherError, match=message):
                to_compare(names, directory=tmp_path)

    def test_json_explains_csv_lists_the_trials(self) -> None:
        slow, _, best = sweep()
        document = comparison_document(trials_of(best, slow).trials)
        content = json.loads(as_json(document))
        total_pj = sum(one["energy_change_pj"] for one in content["changes"])
        assert total_pj == pytest.approx(slow.energy_pj - best.energy_pj)
        for one in content["changes"]:
            assert one["by_words_pj"] + one["by_energy_per_word_pj"] == pytest.approx(one["energy_change_pj"])
        rows = records(as_csv(document))
        assert [float(row["energy_pj"]) for row in rows] == [best.energy_pj, slow.energy_pj]
        assert [row["arch.rows"] for row in rows] == ["16", "8"]

    def test_networks(self, network: Result) -> None:
        layers = [LayerRun(one.result, one.runs * 2) for one in network.layers]
        other = total("twice", network.parameters, layers, seconds=1.0)
        text = shown(print_comparison, trials_of(network, other).trials)
        assert "288 instead of 144 runs" in text


class TestSummary:
    def test_the_table_and_the_best_by_each_metric(self) -> None:
        trials = trials_of(*many(40))
        text = shown(print_summary, trials)
        mapped = [one for one in trials.results if one.ok]
        assert f"{len(trials)} trials, {len(trials) - len(mapped)} without a mapping" in text
        assert "30 shown" in text
        assert "30 shown" not in shown(print_summary, trials, verbose=True)
        content = json.loads(as_json(summary_document(trials)))
        best = {one["best_by"]: one for one in content["best"]}
        assert best["energy"]["energy_pj"] == min(one.energy_pj for one in mapped)
        assert best["cycles"]["cycles"] == min(one.cycles for one in mapped)
        assert best["edp"]["edp_j_cycles"] == min(one.edp_j_cycles for one in mapped)
        assert best["utilization"]["utilization"] == max(one.utilization for one in mapped)
        edps = [one["edp_j_cycles"] for one in content["trials"] if one["status"] == "ok"]
        assert edps == sorted(one.edp_j_cycles for one in mapped)
        assert len(content["trials"]) == len(trials)

    def test_different_work_is_not_ranked_together(self, network: Result) -> None:
        text = shown(print_summary, trials_of(ok_result(), network, failed_result()))
        assert text.count("best EDP first") == 2
        rows = json.loads(as_json(summary_document(trials_of(network, ok_result(), failed_result()))))["trials"]
        assert [one["workload"] for one in rows].count("bert_large KTQ") == 2

    def test_of_nothing(self) -> None:
        nothing = Trials(("nothing",), ())
        assert "There are no trials" in shown(print_summary, nothing)
        for form in (as_csv, as_json, as_markdown, as_latex):
            assert form(summary_document(nothing))


class TestFormats:
    ODD = ReportDocument(
        title="a_b & 100% of #1",
        sheets=(
            Sheet(
                "odd",
                "x_1 | y",
                (
                    Column("name", "na|me_1"),
                    Column("energy_pj", "energy", "figure", "uJ", 1e-6),
                    Column("cycles", "cycles", "count"),
                    Column("share", "share", "share"),
                    Column("times", "ratio", "ratio"),
                    Column("empty", "empty"),
                ),
                (
                    ("a|b_c{d}\\e~f^g$<h>", 1234567890.123, 1234567, 0.5, 1.5, None),
                    ([1, 2], None, 9999, float("nan"), None, ""),
                ),
            ),
        ),
    )

    def test_csv_and_json_are_exact(self) -> None:
        first, second = records(as_csv(self.ODD))
        assert first["name"] == "a|b_c{d}\\e~f^g$<h>"
        assert float(first["energy_pj"]) == 1234567890.123
        assert second["name"] == "1,2"
        assert second["energy_pj"] == second["share"] == ""
        content = json.loads(as_json(self.ODD))
        assert content["odd"][0]["energy_pj"] == 1234567890.123
        assert content["odd"][1]["share"] is None
        assert content["odd"][1]["name"] == [1, 2]

    def test_markdown_has_units_three_digits_and_escapes(self) -> None:
        lines = [line for line in as_markdown(self.ODD).splitlines() if line.startswith("|")]
        heading, rule, first, second = lines
        assert heading == "| na\\|me\\_1 | energy [µJ] | cycles | share | ratio |"
        assert rule == "| --- | ---: | ---: | ---: | ---: |"
        assert first.endswith("| 1,235 | 1.23M | 50.0 % | 1.50x |")
        assert second == "| 1,2 | - | 9,999 | - | - |"
        cells = [re.split(r"(?<!\\)\|", line) for line in lines]
        assert {len(one) for one in cells} == {7}

    def test_latex_is_a_booktabs_table_with_escapes(self) -> None:
        text = as_latex(self.ODD)
        assert r"\begin{tabular}{lrrrr}" in text
        body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert len(rows) == 3
        for row in rows:
            assert len(re.findall(r"(?<!\\)&", row)) == 4
            assert not re.search(r"(?<!\\)[_%#]", row)
        assert r"a\textbar{}b\_c\{d\}\textbackslash{}e\textasciitilde{}f\textasciicircum{}g\$" in rows[1]
        assert r"1,235 & 1.23M & 50.0\,\% & 1.50$\times$" in rows[1]
        assert all(line.startswith("%") for line in text[: text.index(r"\begin")].splitlines() if line)


class TestCommands:
    def test_what_a_user_types(self, tmp_path: Path) -> None:
        write_results(tmp_path / "multirun/2026-01-02/03-04-05", *sweep())
        assert "the least EDP of 3 trials" in launcher(tmp_path, "show").must_succeed().out
        done = launcher(tmp_path, "compare", "multirun/2026-01-02/03-04-05/2", "multirun/2026-01-02/03-04-05/0")
        assert "one read serves 8 instead of 16" in done.must_succeed().out
        assert "3 trials, 1 without a mapping" in launcher(tmp_path, "summary").must_succeed().out
        assert launcher(tmp_path, "summary", "-q").must_succeed().out == ""

    def test_a_file_gets_what_the_standard_output_would(self, tmp_path: Path) -> None:
        write_results(tmp_path / "sweep", *sweep())
        for option, file in (("--csv", "a.csv"), ("--markdown", "a.md"), ("--latex", "a.tex"), ("--json", "a.json")):
            printed = launcher(tmp_path, "summary", "sweep", option, "-q").must_succeed().out
            assert launcher(tmp_path, "summary", "sweep", "-o", file).must_succeed().out == ""
            assert (tmp_path / file).read_text(encoding="utf-8") == printed

    def test_mistakes_are_explained(self, tmp_path: Path) -> None:
        write_results(tmp_path / "first_sweep", *sweep())
        launcher(tmp_path, "show", "first_swep").must_explain("nothing is called 'first_swep'", "first_sweep")
        launcher(tmp_path, "compare", "first_sweep/0").must_explain("stands for 1 trial", "2 to 8")
        launcher(tmp_path, "summary", "first_sweep", "-o", "x.txt").must_explain("the ending says no format", ".csv")
        launcher(tmp_path, "show", "first_sweep", "-o", "no/x.csv").must_explain("cannot write x.csv", "another file")
        launcher(tmp_path, "show", "first_sweep", "--csv", "--json").must_explain("not allowed with", status=2)
