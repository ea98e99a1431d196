"""The report's pages, without a browser."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from command_line import command_here
from report_cases import many, trials_of, write_results
from sample_results import failed_result, ok_result, sweep

from launcher import run
from launcher.reading import FinishedTrial, Origin, SkippedTrial, Trials
from launcher.reporting.page import report_page, trial_page
from launcher.reporting.page.data import mark_front
from launcher.reporting.question import answer_of, question_of
from launcher.results.goals import grid_goals
from launcher.results.result import LayerRun, Result
from launcher.results.trial_rows import rows_of_results
from launcher.trial.network.totals import total

MIB = 2**20


def packed(page: str) -> dict[str, Any]:
    """The data that the page's scripts draw from."""
    (text,) = re.findall(r'id="data">([^<]*)<', page)
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text)))
    return data


def blocks(page: str) -> list[list[tuple[str, str]]]:
    texts = re.findall(r'class="block">([^<]*)<', page)
    return [json.loads(zlib.decompress(base64.b64decode(text))) for text in texts]


def prose(page: str) -> str:
    """What a reader sees before any script runs."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_two_thousand_trials_are_one_page_of_a_few_megabytes() -> None:
    results = [replace(one, parameters={**one.parameters, "arch.seed": n}) for n in range(8) for one in many(250)]
    assert sum(not result.ok for result in results) > 100
    page = report_page(trials_of(*results))
    assert len(page.encode()) < 8 * MIB
    data = packed(page)
    for row, result in zip(data["rows"], results, strict=True):
        assert row["status"] == result.status
        assert row["energy_pj"] == (result.energy_pj if result.ok else None)
        assert row["cycles"] == (result.cycles if result.ok else None)
        assert row["area_um2"] == result.area_um2
    drawn = [diagram for block in blocks(page) for diagram in block]
    for row in data["rows"]:
        assert (row["diagrams"] is not None) == (row["status"] == "ok")
    shown = next(row for row in data["rows"] if row["diagrams"] is not None)
    assert all(svg.startswith("<svg") for svg in drawn[shown["diagrams"]])
    ok = [result for result in results if result.ok]
    best = min(ok, key=lambda one: one.edp_j_cycles)
    assert f"arch.scratchpad_kib={best.parameters['arch.scratchpad_kib']}" in prose(page)
    assert results[data["order"][0]].edp_j_cycles == best.edp_j_cycles
    assert f"{len(results) - len(ok)} of 2000 trials have no mapping" in prose(page)


def test_the_front_is_what_nothing_beats() -> None:
    results = [one for one in many(300) if one.ok]
    rows: list[dict[str, Any]] = [{} for _ in results]
    mark_front(rows, results, rows_of_results(results), grid_goals(["edp"], ()))
    figures = {(one.energy_pj, one.cycles) for one in results}
    for row, one in zip(rows, results, strict=True):
        beaten = any(
            e <= one.energy_pj and c <= one.cycles and (e, c) != (one.energy_pj, one.cycles) for e, c in figures
        )
        assert not (row["front"] and beaten)
    kept = {(one.energy_pj, one.cycles) for row, one in zip(rows, results, strict=True) if row["front"]}
    assert kept == {f for f in figures if not any(e <= f[0] and c <= f[1] and (e, c) != f for e, c in figures)}


def test_pages_of_nothing_and_of_little_say_so() -> None:
    empty = report_page(Trials(("my-study",), ()))
    assert "There are no trials to report on." in prose(empty)
    assert len(empty) < 100_000  # without charts there is no need for their code
    skipped = (SkippedTrial("multirun/3", "it is still running"), SkippedTrial("multirun/4", "it is still running"))
    running = prose(report_page(Trials(("multirun",), (), skipped)))
    assert "2 not read it is still running" in running
    failed = prose(report_page(trials_of(failed_result())))
    assert "gemmini 48x16 KTQ has no mapping: no valid mapping: D=4096 is not divisible by 48" in failed
    single = prose(report_page(trials_of(ok_result())))
    assert "gemmini 16x16 KTQ takes 2,195 uJ and 4,210,692 cycles" in single
    assert "Scratchpad read bandwidth limits the cycles" in single


def test_failures_are_grouped_by_reason_numbers_aside() -> None:
    def without(words: int) -> Result:
        return replace(failed_result(), reason=f"Accumulator has {words} words\n  try:      a larger one")

    crashed = replace(failed_result(), status="failed", reason="its worker process was killed")
    text = prose(report_page(trials_of(*map(without, (1, 2, 3)), crashed, ok_result())))
    assert "3 infeasible Accumulator has 1 words and 2 more like it, with other numbers try: a larger one" in text
    assert "1 failed its worker process was killed" in text


def test_how_it_was_made_counts_versions_commits_and_remarks() -> None:
    def made(commit: str, version: str) -> FinishedTrial:
        origin = Origin(run_id="4f166b9c" * 4, experiment="machines", commit=commit, modified=commit == "b" * 40)
        return FinishedTrial(replace(ok_result(), engine=version), origin)

    trials = (made("a" * 40, "native 1"), made("a" * 40, "native 1"), made("b" * 40, "timeloop 4"))
    text = prose(report_page(Trials(("machines",), trials)))
    assert "native 1 (2), timeloop 4 (1)" in text
    assert "aaaaaaaaaaaa (2), bbbbbbbbbbbb with changes (1)" in text
    assert "experiment machines" in text
    assert "DRAM: interpolated all trials" in text
    assert "3 proved optimal" in text


def test_the_question_names_what_was_swept_and_not_what_follows() -> None:
    base = {"arch": "gemmini", "arch.rows": 16, "layer": "KQV", "layer.D": 2304, "mapper.threads": 1}
    other = {**base, "layer": "KTQ", "layer.D": 512, "mapper.threads": 2}
    results = [replace(ok_result(), parameters=one) for one in (base, other)]
    question = question_of([*results, replace(failed_result(), parameters={"layer": "KQV", "arch.rows": "16"})])
    assert question.swept == ("layer",)
    assert ("swept: layer", "KQV, KTQ") in question.facts
    sentences = answer_of(results, question)
    assert [sentence.split(",")[0] for sentence in sentences] == [  # two workloads: an answer for each
        "The least EDP of KQV is 9",
        "The least EDP of KTQ is 9",
    ]


def test_a_front_shows_every_point_and_a_network_every_layer() -> None:
    result = run(["arch=pim", "layer=KQV", "model=bert_base", "mapper=pareto"])
    assert len(result.front) > 1
    page = report_page(trials_of(result))
    rows = packed(page)["rows"]
    assert [row["energy_pj"] for row in rows] == [point.evaluation.energy_pj for point in result.front]
    assert f"has {len(result.front)} best trade-offs" in prose(page)
    slow, _, fast = sweep()
    network = total("both", {"layer": "all"}, [LayerRun(slow, 3), LayerRun(fast, 2)], seconds=1.0)
    (row,) = packed(report_page(trials_of(network)))["rows"]
    parts = [energy * layer["runs"] for layer in row["layers"] for _, _, energy in layer["energy"]]
    assert sum(parts) == pytest.approx(network.energy_pj)


def test_nothing_a_user_wrote_becomes_markup() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    results = [
        replace(ok_result(), name=evil, flags=(evil,), parameters={"arch": evil, evil: 1}),
        replace(failed_result(), name=evil, reason=evil, parameters={"arch": evil, evil: 2}),
    ]
    for page in (report_page(trials_of(*results), made_by=evil), *map(trial_page, results)):
        assert "<img" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
        assert evil in unescape(page)
        assert "http://" not in prose(page)


def test_the_small_page_is_small_whatever_it_shows() -> None:
    slow, _, fast = sweep()
    layers = [LayerRun(replace(fast, parameters={"layer": f"layer{n}"}), n) for n in range(1, 60)]
    network = total("large", {"layer": "all"}, layers, seconds=1.0)
    for result in (ok_result(), slow, failed_result(), network):
        page = trial_page(result)
        assert len(page.encode()) < 200_000
        assert "<script" not in page
        assert result.name in prose(page)
    text = prose(trial_page(ok_result()))
    for figure in ("2,195 uJ", "4,210,692", "Accumulator", "proved optimal for EDP", "DRAM: interpolated"):
        assert figure in text
    assert "D=4096 is not divisible by 48" in prose(trial_page(failed_result()))


def test_the_command_writes_the_page_of_what_it_is_told(tmp_path: Path) -> None:
    write_results(tmp_path / "multirun/2026-01-02/03-04-05", *sweep())
    done = command_here(tmp_path, "report").must_succeed()
    assert done.out == "3 trials, 1 without a mapping; page: report.html\n"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(packed(page)["rows"]) == 3
    assert "python -m launcher report multirun/2026-01-02/03-04-05" in prose(page)
    command_here(tmp_path, "report", "-o", "no/such/page.html").must_explain("cannot write page.html", "another file")
