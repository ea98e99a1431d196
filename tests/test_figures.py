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

import launcher
from launcher.config.limits import Limits, broken
from launcher.figures import CONTESTS, CRITERIA, DETAILS, FIGURES, METRICS, TABLES, Figure
from launcher.notebook.on_results import Result
from launcher.notebook.results import results_of
from launcher.reporting.numbers import with_unit
from launcher.reporting.page import trial_page
from launcher.reporting.question import standing
from launcher.reporting.show import trial_document
from launcher.reporting.terminal import describe_mapping, print_result
from launcher.reporting.trials import print_trials
from launcher.results.caveats import caveats
from launcher.results.finished import FinishedTrial, Origin, Trials
from launcher.results.goals import grid_goals, parse_goals
from launcher.results.metrics import recorded_metrics
from launcher.results.ranking import best_by_figure, ranked
from launcher.results.result import LayerRun, Optimality
from launcher.results.result_json import result_to_dict

EDP = grid_goals(["edp"], ())

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
    assert "best ED2P first" in printed(120, print_trials, [chosen, chosen], goals=grid_goals(["ed2p"], ()))


@pytest.mark.parametrize("figure", TABLES, ids=lambda figure: figure.key)
def test_tables_of_trials_have_a_column_for_it(figure: Figure, result: Result) -> None:
    lines = printed(200, print_trials, [result, replace(result, parameters={"arch.rows": 1})], goals=EDP).splitlines()
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


def test_rankings_count_seconds_where_cycles_differ_in_length(result: Result) -> None:
    assert result.specification is not None
    architecture = result.specification.architecture
    slow = replace(architecture, attributes={**architecture.attributes, "global_cycle_seconds": 1e-6})
    later = replace(result, name="slow", specification=replace(result.specification, architecture=slow))
    better = replace(later, name="slow, less energy", evaluation=replace(later.evaluation, energy_pj=1.0))  # type: ignore[type-var]
    assert [one.name for one in ranked([later, result])] == [result.name, "slow"]
    assert result.edp_j_s == pytest.approx(result.energy_pj * 1e-12 * result.latency_s)
    assert result.throughput_ops_s == pytest.approx(result.efficiency_ops_j * result.power_w)
    assert ranked([result, better], "cycles")[0] is result
    assert {figure.key for figure in best_by_figure([result, later], CONTESTS)} >= {"edp_j_s", "latency_s"}
    unknown = replace(later, specification=replace(result.specification, architecture=replace(slow, attributes={})))
    assert {one.key for one in best_by_figure([result, unknown], CONTESTS)} >= {"edp_j_cycles", "cycles"}
    assert "energy x time first" in printed(120, print_trials, [result, later], goals=EDP)


def test_a_network_whose_layers_were_mapped_one_by_one_is_not_proved(result: Result) -> None:
    layers = (LayerRun(result, 2), LayerRun(replace(result, parameters={"layer": "other"}), 1))
    for objective, bound, said in (
        ("edp", None, "each layer"),
        ("energy", None, "proved optimal"),
        ("edp", 1.0, "proved optimal"),
    ):
        network = replace(result, layers=layers, optimality=Optimality("proved", (objective,), bound))
        for text in (standing(network), describe_mapping(network)):
            assert text.startswith(said), (objective, bound, text)


def test_a_norm_operation_on_few_lanes_says_so() -> None:
    for asked, says in (
        ("layer=softmax", "softmax takes 100.0 % of the cycles on 1 lane beside the array (arch.norm_lanes=1)"),
        ("layer=softmax arch.norm_lanes=128", ""),
        ("layer=softmax arch.rows=1 arch.cols=2", ""),
        ("layer=KTQ arch.rows=1 arch.cols=1", ""),
    ):
        found = launcher.run(f"arch=gemmini model=bert_base {asked}")
        assert "; ".join(one for one in found.flags if "lane" in one and "beside" in one) == says, asked


def test_caveats_stand_where_they_bite(result: Result) -> None:
    assert caveats(result) == ()
    assert result.specification is not None and result.evaluation is not None
    spec = result.specification
    for bandwidth, relies in ((None, True), (4.0, False)):
        levels = tuple(
            replace(one, read_bandwidth=bandwidth, write_bandwidth=bandwidth, shared_bandwidth=bandwidth)
            for one in spec.architecture.levels
        )
        machine = replace(spec, architecture=replace(spec.architecture, levels=levels))
        fast = replace(result, specification=machine, evaluation=replace(result.evaluation, cycles=1000))
        assert any("unlimited bandwidth" in text for text in caveats(fast)) == relies
