"""One trial as a document: the same as the terminal shows, in exact values."""

from __future__ import annotations

from collections.abc import Iterator

from launcher.figures import FRONT
from launcher.reporting.layers import fusion_lines
from launcher.reporting.loop_nest import loop_nest
from launcher.reporting.origins import origin_facts
from launcher.reporting.question import answer_of, question_of, standing
from launcher.reporting.sheets import FIGURES, Column, Document, Sheet, figure_column, figures
from launcher.results.cycle_limits import cycle_limits
from launcher.results.energy_table import energy_rows
from launcher.results.finished import Trials
from launcher.results.layers import layer_name, layer_runs
from launcher.results.result import Result

_LAYER = (Column("layer", "layer"), Column("runs", "runs", "count"))
_ENERGY = (
    Column("component", "level"),
    Column("data_space", "data space"),
    Column("action", "action"),
    Column("words", "words", "count"),
    Column("energy_pj", "energy", "figure", "uJ", 1e-6),
    Column("share", "share", "share"),
)
_LIMITS = (
    Column("component", "resource"),
    Column("kind", "kind"),
    Column("cycles", "cycles", "count"),
    Column("words", "words or operations", "count"),
    Column("per_cycle", "per cycle", "figure"),
    Column("limiting", "limits", "flag"),
)
_LAYERS = (
    *_LAYER,
    Column("energy_pj", "energy", "figure", "uJ", 1e-6),
    Column("cycles", "cycles", "count"),
    Column("utilization", "utilization", "share"),
    Column("mapping", "mapping"),
)


def trial_document(trials: Trials) -> Document:
    """The document on a single trial.

    Args:
        trials: that one trial.
    """
    (result,) = trials.results
    question = question_of([result])
    sheets = [_energy(result), _figures(result), _limits(result)]
    if result.layers:
        sheets.append(Sheet("layers", "layers, all their runs together", _LAYERS, tuple(_layers(result))))
    if result.front:
        rows = tuple(tuple(figure.exact(one) for figure in FRONT) for one in result.front_results)
        columns = tuple(map(figure_column, FRONT))
        sheets.append(Sheet("front", "front of energy and cycles", columns, rows))
    mapped = [run for run in layer_runs(result) if run.result.mapping]
    return Document(
        title=result.name,
        sheets=tuple(sheets),
        facts=(*question.facts, *origin_facts(trials)),
        sentences=(*answer_of([result], question), *fusion_lines(result)),
        listings=tuple((f"loop nest of {layer_name(run)}", loop_nest(run.result)) for run in mapped),
        notes=(*(f"constraint not kept: {limit}" for limit in result.broken), *_disagreements(result), *result.flags),
        data={"status": result.status, "reason": result.reason},
    )


def _disagreements(result: Result) -> Iterator[str]:
    for run in layer_runs(result):
        checked = run.result.verification
        if checked:
            yield from (f"{checked.by} disagrees on {run.result.name}: {one}" for one in checked.differences)


def _energy(result: Result) -> Sheet:
    total = result.energy_pj
    rows = []
    for run in layer_runs(result):
        of_layer = (layer_name(run), run.runs) if result.layers else ()
        for row in energy_rows(run.result):
            if not (row.words or row.energy_pj):
                continue
            energy = row.energy_pj * run.runs
            words = None if row.words is None else row.words * run.runs
            share = energy / total if total else 0.0
            rows.append((*of_layer, row.component, row.data_space, row.action, words, energy, share))
    columns = (*_LAYER, *_ENERGY) if result.layers else _ENERGY
    return Sheet("energy", "energy by level and data space", columns, tuple(rows))


def _figures(result: Result) -> Sheet:
    columns = (*FIGURES, Column("mapping", "mapping"))
    rows = ((*figures(result), standing(result)),) if result.ok else ()
    return Sheet("figures", "figures", columns, rows)


def _limits(result: Result) -> Sheet:
    rows = []
    for run in layer_runs(result):
        of_layer = (layer_name(run), run.runs) if result.layers else ()
        for one in cycle_limits(run.result):
            per_cycle = one.per_cycle or None
            words = round(one.words) if per_cycle else None
            rows.append((*of_layer, one.component, one.kind, one.cycles, words, per_cycle, one.limiting))
    columns = (*_LAYER, *_LIMITS) if result.layers else _LIMITS
    return Sheet("cycles_by_resource", "cycles that each resource alone would need, of one run", columns, tuple(rows))


def _layers(result: Result) -> Iterator[tuple[object, ...]]:
    for run in result.layers:
        one = run.result
        energy, cycles = one.energy_pj * run.runs, one.cycles * run.runs
        yield layer_name(run), run.runs, energy, cycles, one.utilization, standing(one) if one.ok else one.status
