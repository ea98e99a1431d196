"""The page on a set of trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from launcher.installed import own_version
from launcher.reporting.best_words import goals_words
from launcher.reporting.diagrams import architecture_svg, loop_nest_svg
from launcher.reporting.metric_words import typeset
from launcher.reporting.origins import failures_of, flags_of, origin_facts
from launcher.reporting.page.assets import asset, environment, made_at, pack, pack_in_blocks, style
from launcher.reporting.page.data import (
    axes_of,
    colours,
    common_parameters,
    figure_columns,
    front_goals,
    mark_front,
    row,
    with_front_points,
)
from launcher.reporting.question import Question, answer_of, answer_of_front, labels, question_of
from launcher.results.best import front_first
from launcher.results.finished import Trials
from launcher.results.layers import layer_runs
from launcher.results.result import Result
from launcher.results.trial_rows import rows_of_results

_SCRIPTS = ("format.js", "plots.js", "table.js", "axes.js", "charts.js", "selected.js", "main.js")
_BLOCK = 32
_MOST_DIAGRAMS = 4000
"""Layers whose diagrams a page carries; more would make it too large and too slow to write."""


def report_page(trials: Trials, *, made_by: str = "") -> str:
    """The page: one HTML file that needs no network.

    Args:
        trials: any number, also none; also trials without a mapping.
        made_by: the command that makes this page, for its footer.
    """
    shown = replace(trials, trials=tuple(with_front_points(trials.trials)))
    results = shown.results
    is_front = len(trials) == 1 and len(shown) > 1
    question = question_of(results, trials.goals)
    data, drawn = _data(shown, question)
    has_figures = any(result.ok for result in results)
    page = environment().get_template("report.html.j2")
    return page.render(
        title=_title(trials, question),
        question=question,
        answer=[*map(typeset, answer_of_front(trials.results[0]) if is_front else answer_of(results, question))],
        origin=origin_facts(trials),
        flags=flags_of(trials),
        failures=failures_of(trials.trials, trials.skipped, [labels(one, question.swept) for one in trials.results]),
        single=len(results) == 1,
        several=question.goals.several,
        sizes=_sizes(data["rows"]),
        trials=len(results),
        recorded=len(trials),
        has_figures=has_figures,
        undrawn=sum(row["diagrams"] is None for row in data["rows"] if row["layers"]),
        data=pack(data),
        blocks=list(pack_in_blocks(drawn, _BLOCK)),
        style=style(),
        script="\n".join(map(asset, _SCRIPTS)),
        version=own_version(),
        made=made_at(),
        made_by=made_by,
    )


def _data(trials: Trials, question: Question) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What the scripts draw from, and the diagrams."""
    results = trials.results
    goals = question.goals
    judged = rows_of_results(results, goals)
    rows = [row(trial, question.swept, one, goals) for trial, one in zip(trials, judged, strict=True)]
    groups = mark_front(rows, results, judged, goals)
    order = [one.number for group in groups for one in front_first(group, goals)]
    order += [number for number, one in enumerate(judged) if not one.ok]
    drawn = _draw(rows, results, order)
    data = {
        "swept": question.swept,
        "common": common_parameters(results),
        "rows": rows,
        "figures": figure_columns(goals),
        "axes": axes_of(goals),
        "front": goals_words(front_goals(goals)),
        "order": order,
        "block": _BLOCK,
        **colours(results),
    }
    return data, drawn


def _draw(rows: list[dict[str, Any]], results: Sequence[Result], order: Sequence[int]) -> list[tuple[str, str]]:
    """Loop nest and architecture of every layer, the best trials' and the front's first; notes in each row where."""
    drawn: list[tuple[str, str]] = []
    wanted = sorted(order, key=lambda index: not rows[index]["front"])
    for index in wanted:
        layers = layer_runs(results[index]) if results[index].evaluation else ()
        fits = bool(layers) and len(drawn) + len(layers) <= _MOST_DIAGRAMS
        rows[index]["diagrams"] = len(drawn) if fits else None
        if fits:
            drawn += [(loop_nest_svg(run.result), architecture_svg(run.result)) for run in layers]
    return drawn


def _sizes(rows: Sequence[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """The sizes of the layer as a fact, where all trials are about one that has the same sizes in all of them."""
    sizes = {layer["size"] for row in rows for layer in row["layers"]}
    alone = all(len(row["layers"]) <= 1 for row in rows)
    return tuple(("sizes", size) for size in sizes if size) if alone and len(sizes) == 1 else ()


def _title(trials: Trials, question: Question) -> str:
    """What all trials have in common, and what sets them apart."""
    if len(trials) == 1:
        return trials.results[0].name
    common = " ".join(text for heading, text in question.facts if heading in ("architecture", "model", "layer"))
    over = f" over {', '.join(question.swept)}" if question.swept else ""
    return f"{common or ', '.join(trials.names)}: {len(trials):,} trials{over}"
