"""The small page on a single trial: tables and diagrams, no scripts; light enough to lie with every run."""

from __future__ import annotations

from collections.abc import Iterator

from launcher.figures import DETAILS, FRONT
from launcher.installed import own_version
from launcher.reporting.diagrams import (
    TrialPictures,
    architecture_svg,
    cycles_svg,
    fused_svg,
    loop_nest_svg,
    trial_pictures,
)
from launcher.reporting.fused_groups import change_of
from launcher.reporting.fused_nest import Room, room_text, rooms
from launcher.reporting.layers import fusion_lines
from launcher.reporting.metric_words import typeset
from launcher.reporting.numbers import count, energy, percent, short_seconds
from launcher.reporting.page.assets import environment, made_at, style
from launcher.reporting.question import answer_of, figure_text, layer_standing, question_of, standing
from launcher.results.fused import FusedLayers
from launcher.results.fused_savings import fused_groups, savings_by_level, savings_by_tensor
from launcher.results.layers import layer_name
from launcher.results.result import Result

_MOST_DIAGRAM_BYTES = 120_000
_DIGITS = 3
_METER = 104
_MOST_TENSORS = 8


def trial_page(result: Result, pictures: TrialPictures | None = None) -> str:
    """A page on one trial, also on one without a mapping: below 200 kB, made in a few milliseconds.

    Of a network with many layers it has the loop nests of those that take the most energy.

    Args:
        result: the trial.
        pictures: the trial's, where they are drawn already.
    """
    drawn = pictures or trial_pictures(result)
    question = question_of([result])
    return (
        environment()
        .get_template("trial.html.j2")
        .render(
            title=result.name,
            style=style(),
            result=result,
            answer=[typeset(one) for one in answer_of([result], question)],
            facts=question.facts,
            figures=_figures(result),
            energy=drawn.energy,
            cycles=cycles_svg(result),
            nest=drawn.nest,
            machine=architecture_svg(result),
            layers=[_layer(result, index) for index in range(len(result.layers))],
            nests=list(_nests(result)),
            fusions=fusion_lines(result),
            groups=[_group(result, group) for group in fused_groups(result)],
            front=[_point(one, chosen=one.mapping == result.mapping) for one in result.front_results],
            front_figures=FRONT,
            made=_made(result),
            version=own_version(),
            now=made_at(),
        )
    )


def _figures(result: Result) -> list[tuple[str, str]]:
    if result.evaluation is None:
        return []
    return [*((figure.title, figure_text(figure, result)) for figure in DETAILS), ("mapping", standing(result))]


def _layer(result: Result, index: int) -> tuple[str, ...]:
    run = result.layers[index]
    one = run.result
    return (
        layer_name(run),
        count(run.runs),
        energy(one.energy_pj * run.runs, like=result.energy_pj),
        percent(one.energy_pj * run.runs / result.energy_pj),
        count(one.cycles * run.runs),
        percent(one.cycles * run.runs / result.cycles),
        percent(one.utilization),
        layer_standing(result, one) if one.ok else f"{one.status}: {one.reason}",
    )


def _nests(result: Result) -> Iterator[tuple[str, str]]:
    """Name and loop nest of a network's layers, those with the most energy first, as many as there is room for."""
    room = _MOST_DIAGRAM_BYTES
    for run in sorted(result.layers, key=lambda run: -run.result.energy_pj * run.runs):
        drawn = loop_nest_svg(run.result)
        room -= len(drawn)
        if room < 0:
            return
        if drawn:
            yield layer_name(run), drawn


def _group(
    result: Result, group: FusedLayers
) -> tuple[str, str, list[tuple[str, ...]], list[tuple[str, str, str, str]]]:
    """A fused group: title, picture, who fills which level, what fusing saves by level and by tensor."""
    filled = [
        (one.level, one.layer, *map(str, _bar(one)), percent(one.share), room_text(one)) for one in rooms(result, group)
    ]
    savings = savings_by_level(result, group) + savings_by_tensor(result, group)[:_MOST_TENSORS] if group.alone else []
    rows = [
        (one.place, energy(one.alone_pj, like=like), energy(one.fused_pj, like=like), change_of(one))
        for one in savings
        for like in (one.alone_pj or one.fused_pj,)
    ]
    return "+".join(group.layers), fused_svg(result, [group]), filled, rows


def _bar(room: Room) -> tuple[float, float]:
    """Widths of the part of a level that its layer fills, and of that which is held for others."""
    whole = max(room.capacity or 0, room.own + room.held)
    return round(_METER * room.own / whole, 1), round(_METER * room.held / whole, 1)


def _point(one: Result, *, chosen: bool) -> tuple[str, ...]:
    return (*(figure_text(figure, one) for figure in FRONT), "least EDP" if chosen else "")


def _made(result: Result) -> list[tuple[str, str]]:
    search = short_seconds(result.search.seconds) if result.search else ""
    facts = [
        ("engine", result.engine),
        ("estimator", result.estimator),
        ("search", f"{search}, from the cache" if result.cached and search else search),
        ("whole trial", short_seconds(result.seconds) if result.seconds else ""),
    ]
    return [(heading, text) for heading, text in facts if text]
