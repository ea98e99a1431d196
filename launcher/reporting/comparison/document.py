"""A comparison as a document, in exact values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from launcher.reporting.comparison.cycles import cycles_between
from launcher.reporting.comparison.layers import LayerChange, layers_between
from launcher.reporting.comparison.nests import nests_between
from launcher.reporting.comparison.sentences import lead, sentence
from launcher.reporting.layers import fusion_lines
from launcher.reporting.question import standing
from launcher.reporting.sheets import FIGURES, Column, ReportDocument, Sheet, figures
from launcher.results.cycle_limits import limiting
from launcher.results.finished import FinishedTrial, common_goals
from launcher.results.parameters import plain, swept_parameters, varying_parameters
from launcher.results.result import Result

_Rows = Iterator[tuple[object, ...]]

_PLACE = (Column("trial", "trial", "count"), Column("layer", "layer"))
_CHANGES = (
    *_PLACE,
    Column("component", "level"),
    Column("data_space", "data space"),
    Column("action", "action"),
    Column("words_first", "words of 1", "count"),
    Column("words", "words", "count"),
    Column("energy_first_pj", "energy of 1", "figure", "uJ", 1e-6),
    Column("energy_pj", "energy", "figure", "uJ", 1e-6),
    Column("energy_change_pj", "change", "figure", "uJ", 1e-6),
    Column("by_words_pj", "by words", "figure", "uJ", 1e-6),
    Column("by_energy_per_word_pj", "by energy per word", "figure", "uJ", 1e-6),
    Column("because", "because", "prose"),
)
_CYCLES = (
    *_PLACE,
    Column("resource", "resource"),
    Column("cycles_first", "cycles of 1", "count"),
    Column("cycles", "cycles", "count"),
    Column("limits_first", "limits 1", "flag"),
    Column("limits", "limits", "flag"),
    Column("because", "because", "prose"),
)
_NESTS = (*_PLACE, Column("level", "level"), Column("what", "what"), Column("first", "1"), Column("second", "trial"))
_LAYERS = (
    *_PLACE,
    Column("runs_first", "runs in 1", "count"),
    Column("runs", "runs", "count"),
    Column("energy_first_pj", "energy of 1", "figure", "uJ", 1e-6),
    Column("energy_pj", "energy", "figure", "uJ", 1e-6),
    Column("energy_ratio", "ratio", "ratio"),
    Column("cycles_first", "cycles of 1", "count"),
    Column("cycles", "cycles", "count"),
    Column("cycles_ratio", "ratio", "ratio"),
)


def comparison_document(trials: Sequence[FinishedTrial]) -> ReportDocument:
    """The document on several trials, each against the first one."""
    results, goals = [trial.result for trial in trials], common_goals(trials)
    first, others = results[0], list(enumerate(results[1:], 2))
    sheets = [trials_sheet(trials), _parameters(results)]
    if any(result.layers for result in results):
        sheets.append(Sheet("layers", "layers, all their runs together", _LAYERS, tuple(_layers(first, others))))
    sheets += [
        Sheet("changes", "what changed of the energy", _CHANGES, tuple(_changes(first, others))),
        Sheet(
            "cycles_by_resource",
            "cycles of one run that differ or limit, by resource",
            _CYCLES,
            tuple(_cycles(first, others)),
        ),
        Sheet("loop_nests", "what differs in the loop nests", _NESTS, tuple(_nests(first, others))),
    ]
    fusions = [(number, line) for number, result in enumerate(results, 1) for line in fusion_lines(result)]
    flags = dict.fromkeys(flag for result in results for flag in result.flags)
    return ReportDocument(
        title=f"{len(results)} trials compared",
        sheets=tuple(sheets),
        sentences=tuple(f"{lead(number, first, result, goals)}." for number, result in others),
        notes=(*(f"fusion in {number}: {line}" for number, line in fusions), *flags),
    )


def trials_sheet(trials: Sequence[FinishedTrial]) -> Sheet:
    """A row per trial: the parameters that differ, figures, and their ratios to those of the first."""
    results = [trial.result for trial in trials]
    names = differing_parameters(results)
    columns = [Column("trial", "trial", "count"), Column("name", "name"), Column("place", "place", exact=True)]
    columns += [Column(name, name) for name in names]
    for figure in FIGURES:
        columns += [figure, Column(f"{figure.key}_ratio", "ratio", "ratio")]
    columns += [
        Column("limited_by", "limited by"),
        Column("mapping", "mapping", exact=True),
        Column("reason", "reason"),
    ]
    base = figures(results[0])
    rows = []
    for number, (trial, one) in enumerate(zip(trials, results, strict=True), 1):
        values = [one.parameters.get(name) for name in names]
        numbers: list[object] = []
        for value, first in zip(figures(one), base, strict=True):
            numbers += [value, value / first if value is not None and first else None]
        limit = limiting(one)
        rows.append(
            (number, one.name, trial.origin.place, *values, *numbers,
             limit.label if limit else None, standing(one) if one.ok else one.status, one.reason)
        )  # fmt: skip
    return Sheet("trials", "trials, and their ratios to the first", tuple(columns), tuple(rows))


def differing_parameters(results: Sequence[Result], *, every: bool = False) -> list[str]:
    """Parameters that differ: those chosen on purpose, unless ``every`` one is asked for or that cannot be told."""
    chosen = [] if every else swept_parameters(results)
    return chosen or varying_parameters(results)


def _parameters(results: Sequence[Result]) -> Sheet:
    names = differing_parameters(results, every=True)
    columns = [Column("parameter", "parameter")]
    columns += [Column(str(number), str(number)) for number in range(1, len(results) + 1)]
    rows = tuple((name, *(plain(one.parameters.get(name)) for one in results)) for name in names)
    return Sheet("parameters", "parameters that differ", tuple(columns), rows)


def _layers(first: Result, others: Sequence[tuple[int, Result]]) -> _Rows:
    for number, _, one in _matched(first, others):
        runs = [run.runs if run else 0 for run in one.runs]
        energy, cycles = one.energy_pj, one.cycles
        ratios = [after / before if before else None for before, after in (energy, cycles)]
        yield number, one.layer, *runs, *energy, ratios[0], *cycles, ratios[1]


def _matched(first: Result, others: Sequence[tuple[int, Result]]) -> Iterator[tuple[int, str | None, LayerChange]]:
    """Layers of every trial and the first one; single layers are compared whatever their names, so they need none."""
    for number, result in others:
        for one in layers_between(first, result) if first.ok and result.ok else ():
            yield number, one.layer if first.layers or result.layers else None, one


def _changes(first: Result, others: Sequence[tuple[int, Result]]) -> _Rows:
    for number, name, layer in _matched(first, others):
        for change in layer.changes:
            for one in change.counted:
                yield (
                    number, name, change.component, change.data_space, one.action, *one.words, *one.energy_pj,
                    one.energy_pj[1] - one.energy_pj[0], one.by_words_pj, one.by_cost_pj, sentence(change.reasons),
                )  # fmt: skip


def _cycles(first: Result, others: Sequence[tuple[int, Result]]) -> _Rows:
    for number, name, layer in _matched(first, others):
        before, after = layer.runs
        for one in cycles_between(before.result, after.result) if before and after else ():
            if any(one.limiting) or one.cycles[0] != one.cycles[1]:
                yield number, name, one.resource, *one.cycles, *one.limiting, one.reason


def _nests(first: Result, others: Sequence[tuple[int, Result]]) -> _Rows:
    for number, name, layer in _matched(first, others):
        before, after = layer.runs
        for one in nests_between(before.result, after.result) if before and after else ():
            yield number, name, one.level, one.what, one.first, one.second
