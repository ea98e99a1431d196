"""Every figure is said once, and met everywhere: in terminal, tables, files, MLflow, pages, notebooks and limits."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
from rich.console import Console
from sample_results import ok_result

from launcher.config.limits import Limits, broken
from launcher.figures import CRITERIA, DETAILS, FIGURES, METRICS, TABLES, Figure
from launcher.notebook.on_results import Result
from launcher.notebook.results import results_of
from launcher.reporting.numbers import with_unit
from launcher.reporting.page import trial_page
from launcher.reporting.show import trial_document
from launcher.reporting.terminal import print_result
from launcher.reporting.trials import print_trials
from launcher.results.finished import FinishedTrial, Origin, Trials
from launcher.results.result import Optimality
from launcher.results.result_json import result_to_dict
from launcher.sweeping.goals import parse_goals
from launcher.tracking.records import recorded_metrics

details = pytest.mark.parametrize("figure", DETAILS, ids=lambda figure: figure.key)


@pytest.fixture(scope="module")
def result() -> Result:
    return ok_result()


def printed(width: int, show: object, *arguments: object, **named: object) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width)
    show(*arguments, console, **named)  # type: ignore[operator]
    return file.getvalue()


@details
def test_the_terminal_shows_it_with_its_unit(figure: Figure, result: Result) -> None:
    shown = printed(120, print_result, result)
    assert figure.title in shown and with_unit(figure, figure.of(result)) in shown


def test_the_terminal_shows_what_a_mapping_was_chosen_for(result: Result) -> None:
    chosen = replace(result, optimality=Optimality("proved", ("ed2p",)))
    assert "ED2P" in printed(120, print_result, chosen) and "ED2P" not in printed(120, print_result, result)
    assert "best ED2P first" in printed(120, print_trials, [chosen, chosen], objective="ed2p")


@pytest.mark.parametrize("figure", TABLES, ids=lambda figure: figure.key)
def test_tables_of_trials_have_a_column_for_it(figure: Figure, result: Result) -> None:
    lines = printed(200, print_trials, [result, replace(result, parameters={"arch.rows": 1})]).splitlines()
    assert all(any(part in line for line in lines[:5]) for part in figure.heading.splitlines())
    assert figure.title_with_unit in results_of([result])._repr_html_()  # type: ignore[operator]


@details
def test_files_and_pages_hold_it(figure: Figure, result: Result) -> None:
    assert json.loads(json.dumps(result_to_dict(result)))[figure.key] == pytest.approx(figure.of(result))
    assert f">{figure.title}<" in trial_page(result)
    trials = Trials(("one",), (FinishedTrial(result, Origin(folder=Path("one"))),))
    sheet = next(one for one in trial_document(trials).sheets if one.key == "figures")
    assert sheet.records()[0][figure.key] == pytest.approx(figure.of(result))


@pytest.mark.parametrize("name", METRICS)
def test_it_is_a_metric_a_limit_and_an_objective(name: str, result: Result) -> None:
    figure, factor = METRICS[name]
    value = figure.of(result) * factor
    assert recorded_metrics(result).get(name, value) == pytest.approx(value, nan_ok=True)
    assert parse_goals([name]).directions == ("maximize" if figure.better == "more" else "minimize",)
    if isnan(value) or not figure.shown:
        return
    missed = value * 0.9 if figure.better == "less" else (1 + value) / 2
    limits = Limits(**{name: missed})  # type: ignore[call-arg]
    assert [text.split()[0] for text in broken(result, limits)] == ([name] if value else [])
    assert broken(result, Limits(**{name: value})) == ()  # type: ignore[call-arg]


def test_latency_and_power_follow_the_length_of_a_cycle(result: Result) -> None:
    assert result.specification is not None
    architecture = result.specification.architecture
    seconds = float(str(architecture.attributes["global_cycle_seconds"]))
    assert result.latency_s == result.cycles * seconds
    assert result.power_w == pytest.approx(result.energy_pj * 1e-12 / (result.cycles * seconds))
    timeless = replace(result.specification, architecture=replace(architecture, attributes={}))
    unknown = replace(result, specification=timeless)
    assert isnan(unknown.latency_s) and isnan(unknown.power_w)
    assert "latency_s" not in recorded_metrics(unknown) and result_to_dict(unknown)["power_w"] is None


def test_names_are_unique_and_criteria_have_their_figure() -> None:
    assert len({one.key for one in FIGURES}) == len(FIGURES)
    assert sum(len(one.metric_names) for one in FIGURES) == len(METRICS)
    assert all(one.figure in {figure.key for figure in FIGURES} for one in CRITERIA.values())


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=lambda one: one.name)
def test_a_criterion_is_its_figure_in_the_searchs_unit(criterion: object, result: Result) -> None:
    one = CRITERIA[criterion.name]  # type: ignore[attr-defined]
    assert one.value(result.energy_pj, result.cycles) * one.scale == pytest.approx(one.of(result))
