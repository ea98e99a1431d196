"""MLflow's own pages on real runs, opened in a browser: our names, figures, views and pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import chromium, why_not
from command_line import ROOT

import launcher
from launcher import Result
from launcher.reporting.artifacts import write_artifacts
from launcher.results.parameters import point_name
from launcher.sweeping.pictures import write_page
from launcher.tracking import TrackingSettings, make_tracker

sys.path.insert(0, str(ROOT / "docs"))
from make_screenshots import Pages, mlflow_ui, parallel_coordinates

pytestmark = [pytest.mark.browser, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

POINTS = [(rows, size) for rows in (8, 16) for size in (128, 256)]
NAME = "gemmini KTQ sweep: rows, scratchpad_kib"
SWEPT = ["arch.rows", "arch.scratchpad_kib"]


@dataclass(frozen=True)
class Sweep:
    """A recorded sweep: identifier of its run, its trials by name, and their runs' identifiers by name."""

    run: str
    results: dict[str, Result]
    runs: dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def sweep(folder: Path) -> Sweep:
    """Recorded as the sweepers do, in this process, which is faster."""
    tracker = make_tracker(TrackingSettings(directory=folder))
    tracker.prepare()
    parent = tracker.start_sweep(NAME, {"arch": "gemmini"}, swept=SWEPT)
    results, runs = {}, {}
    for number, point in enumerate(POINTS):
        values = dict(zip(SWEPT, point, strict=True))
        result = launcher.run(["layer=KTQ", "model=bert_base", *(f"{key}={value}" for key, value in values.items())])
        write_artifacts(result, folder / "sweep" / str(number))
        name = point_name(values, SWEPT)
        reference = tracker.record(result, folder / "sweep" / str(number), parent, name=name)
        assert reference is not None
        results[name], runs[name] = result, reference.run_id
    write_page([folder / "sweep"], folder / "sweep")
    reference = tracker.close_sweep(parent, {}, {"status": "ok"}, folder / "sweep")
    assert reference is not None
    assert reference.trials.endswith(f"/#/experiments/1/runs?viewStateShareKey=sweep-{parent[:8]}")
    return Sweep(parent, results, runs)


@pytest.fixture(scope="module")
def pages(folder: Path, sweep: Sweep) -> Iterator[Pages]:
    with mlflow_ui(folder) as address, chromium(1600, 900) as driver:
        yield Pages(driver, address)


def test_the_run_list_shows_names_and_saved_views(pages: Pages) -> None:
    pages.open("experiments/1/runs")
    pages.wait_for(NAME, "Views")
    pages.click("Views")
    pages.wait_for("trials, best EDP first", "trials, least energy first", "trials without a mapping")


def test_a_sweeps_address_shows_its_trials_best_first(pages: Pages, sweep: Sweep) -> None:
    pages.open(f"experiments/1/runs?viewStateShareKey=sweep-{sweep.run[:8]}")
    pages.wait_for(*sweep.runs, "edp_j_cycles", "energy_uj", "cycles", "area_mm2", "utilization")
    cells = """
        const cells = [...document.querySelectorAll('.ag-row [col-id="metrics.`edp_j_cycles`"]')];
        const row = one => Number(one.closest('.ag-row').getAttribute('row-index'));
        return cells.length === arguments[0] && cells.sort((a, b) => row(a) - row(b)).map(one => one.innerText);
    """
    shown = [float(text) for text in pages.until(cells, len(POINTS))]
    assert shown == pytest.approx(sorted(one.edp_j_cycles for one in sweep.results.values()))


def test_comparing_draws_what_was_swept_as_numbers(pages: Pages, sweep: Sweep) -> None:
    assert parallel_coordinates(pages, list(sweep.runs.values()))[:2] == SWEPT
    pages.wait_for(*sweep.runs)  # in the table below
    ends = pages.driver.execute_script(
        "return [...document.querySelectorAll('.parcoords .axis-extent text')].map(one => Number(one.textContent))"
    )
    for rows, size in (POINTS[0], POINTS[-1]):
        assert {float(rows), float(size)} <= set(ends)


def test_a_trial_shows_its_pictures_and_its_page(pages: Pages, sweep: Sweep) -> None:
    name, run = next(iter(sweep.runs.items()))
    pages.open(f"experiments/1/runs/{run}/artifacts/energy.svg")
    assert shown_width(pages, "energy.svg") > 300
    pages.click("mapping.svg")
    assert shown_width(pages, "mapping.svg") > 300
    pages.click("report.html")
    wait_in_frame(pages, sweep.results[name].name)


def test_a_sweep_shows_its_page_and_the_front(pages: Pages, sweep: Sweep) -> None:
    pages.open(f"experiments/1/runs/{sweep.run}/artifacts/report.html")
    wait_in_frame(pages, "4 trials over arch.rows, arch.scratchpad_kib")
    pages.click("front.svg")
    assert shown_width(pages, "front.svg") > 300


def shown_width(pages: Pages, picture: str) -> int:
    return int(pages.until("return document.querySelector(`img[alt='${arguments[0]}']`)?.naturalWidth", picture))


def wait_in_frame(pages: Pages, words: str) -> None:
    pages.driver.switch_to.frame(pages.until("return document.querySelector('iframe')"))
    pages.wait_for(words)
    pages.driver.switch_to.default_content()
