"""What people see of a study that settled a whole space: ``study.html``, and which keys matter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, complaints, requests, why_not
from command_line import Outcome, launch_here

from launcher.errors import LauncherError
from launcher.reporting.diagrams.front import PlottedFigure, PlottedTrial, scatter_svg
from launcher.reporting.page.study_page import StudyShown, study_page
from launcher.sweeping.exhaustive.ledger import PointOutcome
from launcher.sweeping.exhaustive.matter import key_weights, matters_text
from launcher.sweeping.exhaustive.reach import REACH_JSON, ParameterReach, ValueReach, read_reach
from launcher.sweeping.exhaustive.study_page import study_html, write_study_page
from launcher.sweeping.exhaustive.table import POINTS_PARQUET, STATUSES, read_points

SPACE = [
    "model=bert_base", "layer=KTQ", "arch.rows=8,16", "arch.scratchpad_kib=64,256", "arch.dram_bandwidth=8,16",
    "arch.accumulator_kib=0.0625,32",
]  # fmt: skip

ONE = ["hydra.sweep.dir=one", *SPACE]
SEVERAL = ["hydra.sweep.dir=several", *SPACE, "sweep.objectives=[energy_pj,area_mm2,utilization]"]


SHARES = {
    "searched": "searched", "excluded": "excluded by bounds", "limit": "excluded by limits",
    "infeasible": "without a mapping", "failed": "no design", "open": "open",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("studies")
    command = ["-m", "hydra/sweeper=exhaustive", "tracking=none"]
    outcome = launch_here(folder, *command, *ONE).must_succeed()
    launch_here(folder, *command, *SEVERAL).must_succeed()
    return folder, outcome


def page_of(folder: Path) -> str:
    return (folder / "study.html").read_text(encoding="utf-8")


def test_the_page_has_the_answer_and_links_to_the_designs(told: tuple[Path, Outcome]) -> None:
    folder = told[0] / "one"
    page, certificate = page_of(folder), json.loads((folder / "certificate.json").read_text())
    best = min(one["point"] for one in certificate["best"])
    assert f"Point {best} has the least EDP" in page
    assert "Proved: no other of the 16 points is better" in page
    links = re.findall(r'<a href="([^"]+)">', page)
    assert links and links[0] == f"{best}/report.html"
    assert all((folder / link).is_file() for link in links)
    assert "<script" not in page and not re.findall(r'(?:src|href)="https?:', page)
    counts = np.bincount(read_points(folder / POINTS_PARQUET).status, minlength=len(STATUSES))
    for word, count in zip(STATUSES, counts, strict=True):
        assert (f"<title>{SHARES[word]}: {count:,} points</title>" in page) == bool(count)


def test_keys_stand_in_the_order_in_which_they_matter(told: tuple[Path, Outcome]) -> None:
    folder, outcome = told[0] / "one", told[1]
    page, reach = page_of(folder), read_reach(folder)
    assert reach is not None
    captions = re.findall(r"<figcaption>(arch\.\w+): ([\d.]+) x", page)
    ratios = [float(ratio) for _, ratio in captions]
    assert captions[0][0] == "arch.rows" and ratios == sorted(ratios, reverse=True)
    assert "No effect: arch.dram_bandwidth." in page
    (line,) = [line for line in outcome.out.splitlines() if line.startswith("matters")]
    assert line.split(maxsplit=1)[1] == matters_text(reach)
    assert line.endswith("no effect: dram_bandwidth") and "nothing with 0.0625" in line and "rows (" in line


def test_every_dot_is_a_design_that_was_searched(told: tuple[Path, Outcome]) -> None:
    folder = told[0] / "one"
    points = read_points(folder / POINTS_PARQUET)
    hints = re.findall(r"<title>([^<]*); best with it[^<]*\(point (\d+)\)", page_of(folder))
    assert hints
    for value, number in hints:
        key, _, text = value.partition("=")
        row = points.row(int(number))
        assert row["status"] == "searched" and str(row[f"arch.{key}"]) == text


def test_a_front_is_drawn_for_each_pair_of_objectives(told: tuple[Path, Outcome]) -> None:
    folder = told[0] / "several"
    page = page_of(folder)
    best = json.loads((folder / "certificate.json").read_text())["best"]
    assert f"{len(best)} designs are the front of energy and area and utilization" in page
    titles = re.findall(r"<figcaption>([^<;]* against [^<;]*);", page)
    assert titles == [
        "energy against area in mm²", "energy against utilization", "area in mm² against utilization"
    ]  # fmt: skip
    assert "(down and right is better" in page and "Which parameters matter" not in page


def test_a_study_that_was_stopped_proves_nothing(told: tuple[Path, Outcome], tmp_path: Path) -> None:
    folder = told[0] / "one"
    points = read_points(folder / POINTS_PARQUET)
    status = points.status.copy()
    status[status != STATUSES.index("searched")] = STATUSES.index("open")
    replace(points, status=status).write(tmp_path / POINTS_PARQUET)
    for name in ("certificate.json", "trials.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    page = study_html(tmp_path)
    assert "Not proved yet" in page and "Proved: " not in page and "<a href" not in page


def test_nothing_stays_of_an_earlier_search_in_the_folder(told: tuple[Path, Outcome]) -> None:
    folder = told[0]
    (folder / "again").mkdir()
    for name in (REACH_JSON, "study.html"):
        (folder / "again" / name).write_bytes((folder / "one" / name).read_bytes())
    again = ["hydra.sweep.dir=again", *SPACE, "tracking=none", "sweep.pictures=false"]
    launch_here(folder, "-m", "hydra/sweeper=exhaustive", *again).must_succeed()
    assert not any((folder / "again" / name).exists() for name in (REACH_JSON, "study.html"))


def test_a_page_without_a_single_design_can_be_made() -> None:
    figure = PlottedFigure("EDP", str)
    page = study_page(StudyShown("none", ("No designs were found.",), (), (), (), 0, {"infeasible": 4}, figure))
    assert "No designs were found." in page and "4" in page


@pytest.mark.parametrize("name", ["certificate.json", "points.parquet", "trials.csv", "reach.json"])
def test_a_damaged_file_is_told(told: tuple[Path, Outcome], tmp_path: Path, name: str) -> None:
    for one in ("certificate.json", "points.parquet", "trials.csv", "reach.json"):
        (tmp_path / one).write_bytes((told[0] / "one" / one).read_bytes())
    write_study_page(tmp_path)
    (tmp_path / name).write_text("trial\nx\n")
    with pytest.raises(LauncherError) as caught:
        write_study_page(tmp_path)
    assert name in str(caught.value)


def _outcome(value: float | None, number: int = 0) -> PointOutcome | None:
    return None if value is None else PointOutcome(number, "searched", {"cycles": value})


def _reach(**keys: list[tuple[float | None, float | None]]) -> ParameterReach:
    return ParameterReach(
        "cycles",
        0,
        {
            f"arch.{key}": tuple(
                ValueReach(n, _outcome(best), _outcome(alone)) for n, (best, alone) in enumerate(pairs)
            )
            for key, pairs in keys.items()
        },
    )


def test_keys_are_weighed_by_what_their_worst_value_costs() -> None:
    reach = _reach(
        idle=[(4.0, 4.0), (4.0, 4.0)],
        made_up_for=[(4.0, 4.0), (4.0, 9.0)],
        strong=[(4.0, 4.0), (12.0, 20.0), (None, None)],
        weak=[(6.0, 6.0), (4.0, 4.0)],
        spoils=[(4.0, 4.0), (4.0, None)],
    )
    assert [one.name for one in key_weights(reach)] == ["strong", "weak", "made_up_for", "idle", "spoils"]
    assert matters_text(reach) == (
        "strong (3.00 x from worst to best, nothing with 2), weak (1.50 x); "
        "others make up for: made_up_for, spoils; no effect: idle"
    )


def test_a_point_that_has_no_mapping_reaches_nothing() -> None:
    lost = ValueReach(1, None, PointOutcome(3, "infeasible", {}, "no valid mapping"))
    reach = ParameterReach("cycles", 0, {"arch.rows": (ValueReach(0, _outcome(4.0), _outcome(4.0)), lost)})
    (weight,) = key_weights(reach)
    assert weight.useless == (1,) and weight.spoiling and weight.matters


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    reach = _reach(rows=[(4.0, 5.0), (None, None), (0.1, 1e300)])
    assert read_reach(tmp_path) is None
    reach.write(tmp_path)
    assert read_reach(tmp_path) == reach
    (tmp_path / REACH_JSON).write_text("[]")
    with pytest.raises(LauncherError, match="damaged"):
        read_reach(tmp_path)


WAYS = {("less", "less"): "ab", ("more", "more"): "bc", ("less", "more"): "ac", ("more", "less"): "b"}


@pytest.mark.parametrize(("ways", "front"), WAYS.items())
def test_a_front_knows_which_way_is_better(ways: tuple[Any, Any], front: str) -> None:
    """a is cheap, b is far right and low, c is in between and high."""
    places = {"a": (1.0, 2.0), "b": (3.0, 1.0), "c": (2.0, 5.0)}
    trials = [PlottedTrial(name, x, y, 1.0, f"hint {name}") for name, (x, y) in places.items()]
    across, up = (PlottedFigure(title, str, way) for title, way in zip("xy", ways, strict=True))
    drawn = scatter_svg(trials, across, up)
    green = re.findall(r'<circle class="l2"[^>]*><title>hint (\w)', drawn)
    assert "".join(green) == front
    assert scatter_svg([], across, up) == ""


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium() as one:
        yield one


OUTSIDE = """
return [...document.querySelectorAll('svg')].flatMap(picture => {
  const box = picture.viewBox.baseVal;
  return [...picture.querySelectorAll('text')].filter(text => {
    const own = text.getBBox(), moved = text.getCTM().multiply(picture.getCTM().inverse());
    const left = own.x + moved.e, right = left + own.width, bottom = own.y + moved.f + own.height;
    return left < -1 || right > box.width + 1 || bottom > box.height + 2;
  }).map(text => text.textContent);
});
"""


@pytest.mark.browser
@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.parametrize("name", ["one", "several"])
@pytest.mark.parametrize("width", [1440, 420])
def test_nothing_is_cut_off_or_loaded(told: tuple[Path, Outcome], driver: Any, name: str, width: int) -> None:
    driver.set_window_size(width, 1000)
    driver.get((told[0] / name / "study.html").as_uri())
    assert driver.execute_script("return document.querySelectorAll('svg').length") > 1
    assert driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert driver.execute_script(OUTSIDE) == []
    assert complaints(driver) == []
    assert requests(driver) == []


@pytest.mark.browser
@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_the_page_follows_the_systems_theme(told: tuple[Path, Outcome], driver: Any) -> None:
    papers = []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        driver.get((told[0] / "one" / "study.html").as_uri())
        papers.append(
            driver.execute_script("return getComputedStyle(document.querySelector('section')).backgroundColor")
        )
    assert papers == ["rgb(255, 255, 255)", "rgb(23, 27, 32)"]
