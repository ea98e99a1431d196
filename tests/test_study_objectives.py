"""A study is answered by its own objectives, whoever reads it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, complaints, open_page, why_not
from command_line import Outcome, command_here, launch_here
from mlflow import MlflowClient

import launcher
from launcher.errors import ConfigurationError
from launcher.results.goals import goals_of_record, grid_goals, parse_goals

SPACE = ("model=bert_base", "layer=KTQ", "arch=gemmini", "arch.rows=8,16,32", "arch.cols=8,16", "sweep.prune=false")
SWEEPERS = ("grid", "optuna", "exhaustive")
FRONT = ("sweep.objectives=[energy,area_mm2]",)
AREA = ("sweep.objectives=[area_mm2]",)
MOST_AREA = ("sweep.objectives=[area_mm2]", "sweep.directions=[maximize]", 'sweep.constraints=["area_mm2 <= 1.5"]')
STUDIES = {"front": FRONT, "area": AREA, "most": MOST_AREA}

needs_browser = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
DOTS = """
return document.querySelector('#scatter').data.filter(one => one.name === 'front')
  .flatMap(one => one.x.map((x, n) => [x, one.y[n]]))
"""
LINES = "return document.querySelector('#scatter').data.filter(one => one.mode === 'lines').length"
OPTIONS = "return [...document.querySelector('#across').options].map(one => one.value)"


class Studies:
    """The same space swept by each sweeper for each aim, all recorded in one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: dict[str, Outcome] = {}

    def of(self, sweeper: str, aim: str) -> str:
        name = f"{sweeper}-{aim}"
        if name not in self.printed:
            asked = (*SPACE, *STUDIES[aim], f"hydra/sweeper={sweeper}", f"hydra.sweep.dir={name}")
            self.printed[name] = launch_here(self.folder, "-m", *asked).must_succeed()
        return name

    def tell(self, *arguments: str) -> str:
        return command_here(self.folder, *arguments).must_succeed().out

    def parent(self, name: str) -> Any:
        client = MlflowClient(f"sqlite:///{self.folder / 'mlflow.db'}")
        return client.get_run(json.loads((self.folder / name / "sweep.json").read_text())["parent"])

    def view(self, name: str) -> dict[str, Any]:
        client = MlflowClient(f"sqlite:///{self.folder / 'mlflow.db'}")
        run = self.parent(name)
        tags = client.get_experiment(run.info.experiment_id).tags
        return dict(json.loads(json.loads(tags[f"mlflow.sharedViewState.sweep-{run.info.run_id[:8]}"])["state"]))


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Studies:
    return Studies(tmp_path_factory.mktemp("studies"))


@pytest.mark.parametrize("sweeper", SWEEPERS)
def test_of_two_objectives_the_answer_is_their_front(studies: Studies, sweeper: str) -> None:
    name = studies.of(sweeper, "front")
    words = "4 best trade-offs between energy and area: from 33.58 uJ and 1.558 mm"
    assert studies.printed[name].out.strip().splitlines()[-1].startswith(f"front     {words}2")

    summary = studies.tell("summary", name)
    assert words in summary and "objective         energy and area" in summary
    table = summary.partition("front of 4")[2].partition("best by")[0]
    sizes = [tuple(map(int, line.split()[:2])) for line in table.splitlines() if re.match(r" +\d+ +\d+ ", line)]
    assert sizes == [(32, 16), (16, 16), (8, 16), (8, 8)]
    assert "area  " in summary.partition("best by")[2]
    rows = json.loads(studies.tell("summary", name, "--json"))["trials"]
    assert [row["front"] for row in rows] == [True] * 4 + [False] * 2

    assert studies.tell("show", name).startswith("the least energy among 4 best trade-offs between energy and area")
    assert "gemmini 32x16 KTQ takes" in studies.tell("show", name)
    assert re.search(r"2 takes .* the cycles and \S+x the area", studies.tell("compare", name))
    assert "energy against area in mm²" in (studies.folder / name / "front.svg").read_text()

    note = studies.parent(name).data.tags["mlflow.note.content"]
    assert note.startswith(f"**{words}2 (arch.rows=32, arch.cols=16) to ")
    assert studies.view(name)["orderByKey"] == "metrics.`energy_uj`"


@pytest.mark.parametrize("sweeper", SWEEPERS)
def test_of_one_objective_the_answer_is_the_best_by_that(studies: Studies, sweeper: str) -> None:
    name = studies.of(sweeper, "area")
    best = r"(the least area is 1.347 mm2, with arch.rows=8, arch.cols=8|arch.rows=8 arch.cols=8: area 1.347 mm2)"
    assert re.search(rf"^best .*{best}$", studies.printed[name].out, re.MULTILINE)
    summary = studies.tell("summary", name)
    assert "The least area is 1.347 mm2, with arch.rows=8, arch.cols=8" in summary
    assert "best area first" in summary
    assert "gemmini 8x8 KTQ takes" in studies.tell("show", name)
    assert studies.parent(name).data.tags["mlflow.note.content"].startswith("**The least area is 1.347 mm2")
    assert studies.view(name)["orderByKey"] == "metrics.`area_mm2`"


@pytest.mark.parametrize("sweeper", SWEEPERS)
def test_direction_and_limits_belong_to_the_aim(studies: Studies, sweeper: str) -> None:
    name = studies.of(sweeper, "most")
    summary = studies.tell("summary", name)
    assert "The most area is 1.481 mm2, with arch.rows=32, arch.cols=8" in summary
    assert "area_mm2 <= 1.5" in summary
    if sweeper != "exhaustive":  # which maps nothing of what a limit excludes
        assert "area_mm2 is 1.558, wanted <= 1.5" in summary
    assert "gemmini 32x8 KTQ takes" in studies.tell("show", name)
    assert studies.parent(name).data.tags["mlflow.note.content"].startswith("**The most area is 1.481 mm2")
    assert studies.view(name)["orderByAsc"] is False


def test_a_study_that_is_read_from_mlflow_has_the_same_answer(studies: Studies) -> None:
    run = studies.parent(studies.of("optuna", "front"))
    for name in (run.info.run_id[:8], run.data.params["study"]):
        assert "4 best trade-offs between energy and area" in studies.tell("summary", name)


def test_a_sweep_of_before_is_answered_by_what_its_mappings_were_chosen_for(studies: Studies) -> None:
    name = studies.of("grid", "area")
    written = studies.folder / name / "sweep.json"
    content = json.loads(written.read_text())
    try:
        for goals in (None, {"objectives": {"speed": "minimize"}, "limits": [], "criteria": []}, "damaged"):
            written.write_text(json.dumps({**content, "goals": goals}))
            assert "The least EDP is" in studies.tell("summary", name)
    finally:
        written.write_text(json.dumps(content))


def test_a_grid_without_objectives_is_ranked_by_what_its_mappings_are_chosen_for(tmp_path: Path) -> None:
    asked = ("mapper.objective=energy", "tracking=none", "hydra.sweep.dir=out", *SPACE)
    assert "best energy first" in launch_here(tmp_path, "-m", *asked).must_succeed().out
    assert "The least energy is" in command_here(tmp_path, "summary", "out").must_succeed().out


def test_a_grid_over_layers_has_a_front_of_each(studies: Studies) -> None:
    asked = (*SPACE[:1], *SPACE[2:], "layer=KTQ,KQV", *FRONT, "hydra.sweep.dir=layers")
    printed = launch_here(studies.folder, "-m", *asked).must_succeed().out
    assert printed.count("front of ") == 2 and "\nfront  " not in printed
    assert studies.tell("summary", "layers").count("best trade-offs between energy and area of K") == 2
    note = studies.parent("layers").data.tags["mlflow.note.content"]
    assert note.count("best trade-offs") == 2 and note.count(", layer=KQV)") == note.count(", layer=KTQ)") == 2


def test_what_is_written_of_goals_is_read_back() -> None:
    limits = ["area_mm2 <= 4", "layer.KQV.cycles > 1e5"]
    several = parse_goals(["energy", "utilization", "energy_share.DRAM"], None, limits)
    for goals in (several, grid_goals(["energy", "cycles"], limits), parse_goals(["cycles"], ["max"])):
        assert goals_of_record(json.loads(json.dumps(goals.recorded))) == goals


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium() as one:
        yield one


def shows(driver: Any, title: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    found = "return document.querySelector('#plane')?.textContent"
    WebDriverWait(driver, 10, 0.05).until(lambda one: one.execute_script(found) == title)


def opened(driver: Any, studies: Studies, name: str) -> None:
    driver.get("about:blank")
    open_page(driver, studies.folder / name / "report.html")


@pytest.mark.browser
@needs_browser
def test_the_page_shows_the_front_of_the_objectives(driver: Any, studies: Studies) -> None:
    opened(driver, studies, studies.of("optuna", "front"))
    text = driver.find_element("tag name", "body").text
    assert "4 best trade-offs between energy and area: from 33.58 uJ and 1.558 mm²" in text
    assert driver.find_element("id", "plane").text == "Energy against area"
    areas = sorted(round(x, 3) for x, _ in driver.execute_script(DOTS))
    assert areas == [1.347, 1.366, 1.454, 1.558]
    lines = "return document.querySelectorAll('#table tbody tr').length"
    assert driver.execute_script(lines) == 4
    driver.find_element("id", "only").click()
    assert driver.execute_script(lines) == 6
    assert complaints(driver) == []


@pytest.mark.browser
@needs_browser
def test_a_reader_chooses_the_axes_with_the_keyboard_and_can_send_the_choice(driver: Any, studies: Studies) -> None:
    from selenium.webdriver.support.ui import Select  # noqa: PLC0415

    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        opened(driver, studies, studies.of("grid", "area"))
        assert driver.find_element("id", "plane").text == "Energy against cycles"
        assert {"arch.rows", "arch.cols", "area_um2", "utilization"} <= set(driver.execute_script(OPTIONS))
        up, across = (driver.find_element("id", name) for name in ("up", "across"))
        up.send_keys("utilization")
        across.send_keys("area")
        assert driver.find_element("id", "plane").text == "Utilization against area"
        # The more utilization and the less area the better: the smallest chip is also wholly in use.
        assert [[round(x, 3), round(y)] for x, y in driver.execute_script(DOTS)] == [[1.347, 100]]
        Select(across).select_by_value("arch.rows")
        assert driver.execute_script(LINES) == 0
        assert driver.execute_script("return location.hash") == "#x=arch.rows&y=utilization"
        assert driver.execute_script("return document.documentElement.scrollWidth <= 390")
        driver.refresh()
        shows(driver, "Utilization against arch.rows")
        driver.execute_script("location.hash = 'x=latency_s&y=power_w'")
        shows(driver, "Power against latency")
        assert complaints(driver) == []
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_trial_of_a_sweep_is_shown_by_its_number_too(studies: Studies) -> None:
    name = studies.of("grid", "area")
    assert f"python -m launcher summary {name} lists them" in studies.tell("show", name)
    assert "gemmini 8x16 KTQ takes" in studies.tell("show", name, "1")
    command_here(studies.folder, "show", name, "99").must_explain("is no study whose points have numbers")


def test_an_exhaustive_search_names_its_page_and_what_works_next(studies: Studies) -> None:
    name = studies.of("exhaustive", "area")
    printed = studies.printed[name].out
    assert f"report    {name}/study.html" in printed
    commands = [line.split()[4:] for line in printed.splitlines() if line.startswith("next ")]
    assert [command[0] for command in commands] == ["summary", "check"]
    assert [bool(studies.tell(*command)) for command in commands] == [True, True]


def test_from_python_too(tmp_path: Path) -> None:
    sweep = [*SPACE, *FRONT]
    found = launcher.sweep(sweep, output=tmp_path / "front")
    assert repr(found) == "<6 trials: 4 best trade-offs between energy and area>"
    sides = [(one.parameters["arch.rows"], one.parameters["arch.cols"]) for one in found.front()]
    assert sides == [(32, 16), (16, 16), (8, 16), (8, 8)]
    assert found.best() == found.front()[0]
    assert found.best("cycles").cycles == min(one.cycles for one in found)
    assert "6 trials, by energy and area; front of 4" in found._repr_html_()
    assert launcher.load(tmp_path / "front") == found

    same = launcher.sweep(SPACE, **{"sweep.objectives": ["energy", "area"], "sweep.directions": ["min", "min"]})
    assert repr(same) == repr(found)

    smallest = launcher.sweep([*SPACE, *AREA])
    assert repr(smallest) == "<6 trials: the least area is 1.347 mm2>"
    assert smallest.best().parameters["arch.cols"] == 8
    assert "6 trials, best area first" in smallest._repr_html_()
    largest = launcher.sweep([*SPACE, *MOST_AREA])
    assert largest.best().area_um2 == max(one.area_um2 for one in largest if one.area_um2 <= 1.5e6)
    none = launcher.sweep([*SPACE, *AREA, 'sweep.constraints=["area_mm2 <= 1"]'])
    assert repr(none) == "<6 trials, 6 beyond a constraint, none keeps all limits>"


@pytest.mark.parametrize(
    ("asked", "what", "hint"),
    [
        (("sweep.directions=[minimize]",), "without sweep.objectives", "'sweep.objectives=[energy]' 'sweep.d"),
        (("sweep.directions=[min,max]",), "without sweep.objectives", "=[energy,cycles]' 'sweep.directions=[min,max]'"),
        (("sweep.objectives=[]",), "sweep.objectives=[] is empty", "'sweep.objectives=[edp]'"),
        (("sweep.objectives=[area,area]",), "names one twice", "'sweep.objectives=[area]'"),
    ],
)
def test_a_grid_refuses_aims_that_say_nothing(asked: tuple[str, ...], what: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        launcher.sweep([*SPACE, *asked])
    assert what in refused.value.what
    assert hint in str(refused.value.hint)
    launcher.sweep([*SPACE, *shlex.split(str(refused.value.hint))])  # the hint works


def test_an_objective_that_resembles_none_gets_no_guess() -> None:
    with pytest.raises(ConfigurationError, match="speed is no metric") as refused:
        launcher.sweep([*SPACE, "sweep.objectives=[speed]"])
    assert refused.value.hint is None
