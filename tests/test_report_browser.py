"""The report's page in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, complaints, open_page, requests, why_not
from report_cases import many, trials_of
from sample_results import failed_result, ok_result, sweep

from launcher.reading import Trials
from launcher.reporting.numbers import count, significant
from launcher.reporting.page import report_page, trial_page
from launcher.results.result import LayerRun, Result
from launcher.trial.network.totals import total

pytestmark = [pytest.mark.browser, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

ROWS = "return [...document.querySelectorAll('#table tbody tr')].map(line => Number(line.dataset.trial))"
CELLS = """
return [...document.querySelectorAll('#table tbody tr')].map(line =>
  Object.fromEntries([...line.querySelectorAll('td[data-key]')].map(cell => [cell.dataset.key, cell.textContent])))
"""
FIGURES = """
return Object.fromEntries([...document.querySelectorAll('#figures > div')].map(one =>
  [one.dataset.key, [one.querySelector('.value').textContent.trim(), Number(one.dataset.value)]]))
"""
DIAGRAMS = "return [document.querySelector('#nest').innerHTML, document.querySelector('#machine').innerHTML]"
POINTS = """
return document.querySelector('#scatter').data.flatMap((trace, t) =>
  (trace.customdata || []).map((trial, n) => [trial, trace.x[n], trace.y[n]]))
"""
CLICK = """
const [trial] = arguments;
const chart = document.querySelector('#scatter');
const trace = chart.data.findIndex(one => (one.customdata || []).includes(trial));
const at = chart.data[trace].customdata.indexOf(trial);
const { xaxis, yaxis } = chart._fullLayout;
const box = chart.getBoundingClientRect();
return [box.left + xaxis._offset + xaxis.d2p(chart.data[trace].x[at]),
        box.top + yaxis._offset + yaxis.d2p(chart.data[trace].y[at])];
"""

TICKS = """
return [...document.querySelectorAll(`#scatter .${arguments[0]}tick text`)].map(one =>
  [one.textContent, 10 ** one.__data__.x])
"""
BOXES = """
const chart = document.querySelector(arguments[0]);
return [chart.querySelector('.legend'), ...chart.querySelectorAll('.xtick text')].map(one =>
  one.getBoundingClientRect().toJSON())
"""
HIDDEN_ENTRIES = """
const legend = document.querySelector(arguments[0]).querySelector('.legend');
const bottom = legend.querySelector('.bg').getBoundingClientRect().bottom;
return [...legend.querySelectorAll('.legendtext')].filter(one => one.getBoundingClientRect().bottom > bottom + 1).length
"""
CUT = """
return [...document.querySelectorAll('svg text')].filter(text => {
  const [page, own] = [text.ownerSVGElement.getBoundingClientRect(), text.getBoundingClientRect()];
  return own.width && (own.left < page.left - 1 || own.right > page.right + 1);
}).map(text => text.textContent)
"""
SMALL = """
return [...document.querySelectorAll('button, select, summary')].filter(one => one.offsetParent).filter(one => {
  const {width, height} = one.getBoundingClientRect();
  return width < 24 || height < 24;
}).map(one => one.title || one.textContent)
"""
BEYOND = """
return [...document.querySelectorAll('button, select, input')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width && !one.closest('.scroll') && (box.left < 0 || box.right > innerWidth + 0.5);
}).map(one => one.textContent || one.id)
"""
SCALES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium() as one:
        yield one


def show(driver: Any, tmp_path: Path, trials: Trials) -> None:
    page = tmp_path / "report.html"
    page.write_text(report_page(trials), encoding="utf-8")
    open_page(driver, page)


def filtered(driver: Any, text: str) -> list[int]:
    box = driver.find_element("id", "filter")
    box.clear()
    box.send_keys(text or " ")
    return list(driver.execute_script(ROWS))


def network() -> Result:
    parts = [LayerRun(one, runs) for one, runs in ((sweep()[0], 3), (ok_result(), 2))]
    return total("gemmini 16x16 both", {"arch": "gemmini", "layer": "all"}, parts, seconds=1.0)


def test_a_sweep_sorts_filters_and_follows_clicks(driver: Any, tmp_path: Path) -> None:
    results = [*many(40), failed_result()]
    show(driver, tmp_path, trials_of(*results))
    assert complaints(driver) == []
    assert requests(driver) == []

    # The table: every figure equals the result's, the best EDP comes first, failures last.
    order = driver.execute_script(ROWS)
    assert sorted(order) == list(range(len(results)))
    found = [index for index in order if results[index].ok]
    assert order[: len(found)] == found
    assert [results[i].edp_j_cycles for i in found] == sorted(results[i].edp_j_cycles for i in found)
    for index, cells in zip(order, driver.execute_script(CELLS), strict=True):
        one = results[index]
        if one.ok:
            assert cells["energy"] == significant(one.energy_pj * 1e-6, 3)
            assert cells["cycles"] == count(one.cycles)
            assert cells["edp"] == significant(one.edp_j_cycles, 3)
        else:
            assert (one.reason or "").splitlines()[0] in cells["reason"]

    # Sorting: up, then down; trials without the figure stay last.
    driver.find_element("css selector", "th[data-key=energy] button").click()
    up = driver.execute_script(ROWS)[: len(found)]
    assert [results[i].energy_pj for i in up] == sorted(results[i].energy_pj for i in found)
    driver.find_element("css selector", "th[data-key=energy] button").click()
    down = driver.execute_script(ROWS)
    assert [results[i].energy_pj for i in down[: len(found)]] == sorted(
        (results[i].energy_pj for i in up), reverse=True
    )
    assert not any(results[i].ok for i in down[len(found) :])

    # Filtering: comparisons in the headings' units, words, statuses.
    limit = sorted(results[i].cycles for i in found)[len(found) // 2]
    assert set(filtered(driver, f"cycles<{limit}")) == {i for i in found if results[i].cycles < limit}
    wanted = {i for i in found if results[i].parameters["arch.dram_bandwidth"] == 2}
    assert set(filtered(driver, "arch.dram_bandwidth=2 status=ok")) == wanted
    assert set(filtered(driver, "divisible")) == {len(results) - 1}
    assert set(filtered(driver, "status=infeasible")) == {i for i, one in enumerate(results) if not one.ok}
    assert filtered(driver, "no such words") == []
    assert len(filtered(driver, "")) == len(results)

    # The chart: every trial with a mapping once, at its figures.
    points = {int(trial): (x, y) for trial, x, y in driver.execute_script(POINTS)}
    assert points.keys() == set(found)
    for trial, (x, y) in points.items():
        assert x == results[trial].cycles
        assert y == pytest.approx(results[trial].energy_pj * 1e-6)

    # A click on a point selects that trial: its figures, its diagrams.
    before = driver.execute_script(DIAGRAMS)
    slowest = max(found, key=lambda i: (results[i].cycles, results[i].energy_pj))
    click(driver, slowest)
    chosen = wait_for(driver, lambda: driver.execute_script(FIGURES)["cycles"][1] == results[slowest].cycles)
    assert chosen
    figures = driver.execute_script(FIGURES)
    assert figures["energy"][1] == results[slowest].energy_pj
    assert figures["energy"][0] == f"{significant(results[slowest].energy_pj * 1e-6, 3)} uJ"
    assert figures["EDP"][1] == results[slowest].edp_j_cycles
    assert wait_for(driver, lambda: driver.execute_script(DIAGRAMS)[0] != before[0])
    assert wait_for(driver, lambda: driver.execute_script(DIAGRAMS)[1] != before[1])
    assert complaints(driver) == []


def click(driver: Any, trial: int) -> None:
    from selenium.webdriver import ActionChains  # noqa: PLC0415
    from selenium.webdriver.common.actions.action_builder import ActionBuilder  # noqa: PLC0415

    driver.execute_script("document.querySelector('#scatter').scrollIntoView({block: 'center'})")
    x, y = driver.execute_script(CLICK, trial)
    ActionChains(driver).pause(0.1).perform()
    action = ActionBuilder(driver)
    action.pointer_action.move_to_location(round(x), round(y)).pause(0.2).click()
    action.perform()


def wait_for(driver: Any, condition: Any) -> bool:
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    return bool(WebDriverWait(driver, 10, 0.05).until(lambda _: condition()))


def test_a_network_shows_its_layers_in_both_themes(driver: Any, tmp_path: Path) -> None:
    result = network()
    show(driver, tmp_path, trials_of(result))
    first = driver.execute_script(DIAGRAMS)
    tabs = driver.find_elements("css selector", "#layers button")
    assert [tab.text.split()[-1] for tab in tabs] == ["×3", "×2"]
    tabs[1].click()
    assert wait_for(driver, lambda: driver.execute_script(DIAGRAMS)[0] != first[0])
    drawn = driver.execute_script("return document.querySelector('#energy').data.map(one => one.y)")
    joules = sum(value for trace in drawn for value in trace)
    assert joules * 1e6 == pytest.approx(result.energy_pj, rel=1e-6) or joules * 1e9 == pytest.approx(result.energy_pj)
    cycles = driver.execute_script("return document.querySelector('#cycles').data.map(one => one.y)")
    assert sum(value for trace in cycles for value in trace) == result.cycles
    background = "return getComputedStyle(document.querySelector('section')).backgroundColor"
    light = driver.execute_script(background)
    driver.find_element("id", "theme").click()
    assert driver.execute_script(background) != light
    assert complaints(driver) == []


@pytest.mark.parametrize("results", [(), (failed_result(),), (ok_result(),), tuple(sweep())], ids=len)
def test_pages_with_little_on_them_have_nothing_to_complain_about(
    driver: Any, tmp_path: Path, results: tuple[Result, ...]
) -> None:
    page = tmp_path / "report.html"
    page.write_text(report_page(trials_of(*results)), encoding="utf-8")
    driver.get(page.as_uri())
    wide = "return document.documentElement.scrollWidth <= innerWidth"
    assert driver.execute_script(wide)
    for result in results[:1]:
        small = tmp_path / "trial.html"
        small.write_text(trial_page(result), encoding="utf-8")
        driver.get(small.as_uri())
        assert driver.execute_script(wide)
    assert complaints(driver) == []
    assert requests(driver) == []


def test_ticks_of_logarithmic_axes_say_their_values(driver: Any, tmp_path: Path) -> None:
    show(driver, tmp_path, trials_of(*many(200)))
    box = driver.find_element("id", "log")
    if not box.is_selected():
        box.click()
    for axis in ("x", "y"):
        ticks = driver.execute_script(TICKS, axis)
        assert len(ticks) >= 3
        for text, value in ticks:
            number, _, unit = re.fullmatch(r"([\d,.]+)()([kMG]?)", text).groups()  # type: ignore[union-attr]
            assert float(number.replace(",", "")) * SCALES[unit] == pytest.approx(value, rel=0.01)


def test_on_a_phone_legends_leave_the_labels_free(driver: Any, tmp_path: Path) -> None:
    layers = [
        LayerRun(replace(one, parameters={**one.parameters, "layer": f"a_long_layer_name_{n}"}), n + 1)
        for n, one in enumerate([sweep()[0], ok_result()] * 4)
    ]
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        show(driver, tmp_path, trials_of(total("eight", {"arch": "gemmini"}, layers, seconds=1.0)))
        for chart in ("#energy", "#cycles"):
            legend, *labels = driver.execute_script(BOXES, chart)
            assert len(labels) == len(layers)
            assert all(label["bottom"] <= legend["top"] for label in labels)
            assert driver.execute_script(HIDDEN_ENTRIES, chart) == 0
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_page_of_ten_trials_is_small_and_its_buttons_are_in_reach_on_a_phone(driver: Any, tmp_path: Path) -> None:
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        for trials in (trials_of(*many(10)), trials_of(network()), trials_of(ok_result())):
            show(driver, tmp_path, trials)
            assert (tmp_path / "report.html").stat().st_size < 300_000
            beyond = driver.execute_script(BEYOND)
            assert beyond == []
            assert driver.execute_script(CUT) == []
            assert driver.execute_script(SMALL) == []
            assert driver.execute_script("return document.documentElement.scrollWidth <= 390")
        assert "limits" in driver.execute_script("return document.querySelector('#roofline').textContent")
        facts = driver.execute_script("return document.querySelector('#answer .facts').textContent")
        assert "sizes" in facts and "4,096" in facts
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_part_of_the_chart_can_be_enlarged_and_a_hint_says_what_a_dot_is(driver: Any, tmp_path: Path) -> None:
    from selenium.webdriver import ActionChains  # noqa: PLC0415

    results = many(40)
    show(driver, tmp_path, trials_of(*results))
    chart = driver.find_element("css selector", "#scatter svg")
    ends = "const {xaxis, yaxis} = document.querySelector('#scatter')._fullLayout; return [xaxis.ends, yaxis.ends]"
    before = driver.execute_script(ends)
    ActionChains(driver).move_to_element_with_offset(chart, -100, -80).click_and_hold().move_by_offset(
        200, 100
    ).release().perform()
    within = driver.execute_script(ends)
    for (low, high), (was_low, was_high) in zip(within, before, strict=True):
        assert was_low < low < high < was_high
    chart = driver.find_element("css selector", "#scatter svg")
    ActionChains(driver).double_click(chart).perform()
    assert driver.execute_script(ends) == before
    click(driver, next(number for number, one in enumerate(results) if one.ok))
    hint = "const one = document.querySelector('#scatter .hint'); return one.hidden ? '' : one.textContent"
    assert "cycles" in driver.execute_script(hint)
