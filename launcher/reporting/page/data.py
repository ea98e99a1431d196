"""What the page's scripts draw from: plain values, no more than they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from launcher.figures import DETAILS, METRICS, Figure
from launcher.reporting.diagrams.palette import component_classes, data_space_slots
from launcher.reporting.metric_words import typeset
from launcher.reporting.question import standing
from launcher.results.best import best_rows
from launcher.results.cycle_limits import CycleLimit, cycle_limits, limiting
from launcher.results.energy_table import compute_name, energy_rows
from launcher.results.finished import FinishedTrial
from launcher.results.goals import Goals, parse_goals
from launcher.results.layers import layer_name, layer_runs, optimality_word
from launcher.results.parameters import plain
from launcher.results.result import LayerRun, Result
from launcher.results.trial_rows import TrialRow
from launcher.results.workloads import workload_of

_MOST_POINTS = 2000
_ENERGY_AND_CYCLES = parse_goals(["energy_pj", "cycles"])


def with_front_points(trials: Sequence[FinishedTrial]) -> list[FinishedTrial]:
    """The trials, and in place of one that found a front of energy and cycles, every point of that front."""
    expanded: list[FinishedTrial] = []
    for trial in trials:
        front = trial.result.front
        if not front or len(front) + len(expanded) > _MOST_POINTS:
            expanded.append(trial)
            continue
        for number, point in enumerate(trial.result.front_results, 1):
            parameters = {**point.parameters, "point of the front": number}
            expanded.append(replace(trial, result=replace(point, parameters=parameters)))
    return expanded


def row(trial: FinishedTrial, swept: Sequence[str], judged: TrialRow, goals: Goals) -> dict[str, Any]:
    """One trial: figures as they stand in result.json (None where there are none), and its layers.

    Args:
        trial: it.
        swept: the keys that differ between the trials.
        judged: its row, which says whether it keeps the limits.
        goals: what their sweep was after: its metrics are figures, too.
    """
    result = trial.result
    limit = limiting(result)
    optimality = result.optimality
    return {
        "name": result.name,
        "place": trial.origin.place,
        "status": result.status,
        "reason": result.reason,
        "swept": [number_or_text(result.parameters.get(name)) for name in swept],
        **{figure.key: figure.exact(result) for figure in _figures(goals)},
        **{name: judged.metrics.get(name) for name in _open_metrics(goals)},
        "good": judged.good,
        "limit": limit.label if limit else None,
        "optimality": optimality_word(result),
        "standing": standing(result) if result.ok else None,
        "gap": optimality.gap if optimality else None,
        "flags": list(result.flags),
        "layers": [layer(run) for run in layer_runs(result)] if result.evaluation else [],
    }


def layer(run: LayerRun) -> dict[str, Any]:
    """A layer's energy by component and data space and its cycles by resource, of ONE run."""
    result = run.result
    energies: dict[tuple[str, str], float] = {}
    for one in energy_rows(result):
        key = (one.component, one.data_space or one.action)
        energies[key] = energies.get(key, 0.0) + one.energy_pj
    return {
        "name": layer_name(run),
        "runs": run.runs,
        "size": _size(result),
        "energy": [[component, whose, energy] for (component, whose), energy in energies.items() if energy],
        "limits": [_limit(limit) for limit in cycle_limits(result)],
        "cycles": _finite(result.cycles),
        "energy_pj": _finite(result.energy_pj),
        "utilization": _finite(result.utilization),
        "computes": result.evaluation.computes if result.evaluation else 0,
    }


def figure_columns(goals: Goals) -> list[dict[str, Any]]:
    """What the scripts know of every figure, those of the objectives among them: its unit, and which way is better."""
    wanted = {_key(name): way for name, way in zip(goals.objectives, goals.directions, strict=True)}
    columns = [
        {
            "key": one.key,
            "title": one.title,
            "unit": typeset(one.unit),
            "scale": one.factor,
            "kind": one.kind,
            "better": one.better,
        }
        for one in _figures(goals)
    ]
    columns += [
        {"key": name, "title": name, "unit": "", "scale": 1, "kind": "figure", "better": "less"}
        for name in _open_metrics(goals)
    ]
    better = {"minimize": "less", "maximize": "more"}
    return [one | ({"better": better[wanted[one["key"]]]} if one["key"] in wanted else {}) for one in columns]


def front_goals(goals: Goals) -> Goals:
    """What there is a front of: several objectives; beside a single one energy and cycles, under the same limits."""
    return goals if goals.several else replace(_ENERGY_AND_CYCLES, constraints=goals.constraints)


def axes_of(goals: Goals) -> dict[str, str]:
    """The figures that the scatter shows first: those of the front, the first one upwards."""
    up, across = front_goals(goals).objectives[:2]
    return {"x": _key(across), "y": _key(up)}


def _figures(goals: Goals) -> tuple[Figure, ...]:
    return tuple(dict.fromkeys((*DETAILS, *(METRICS[name][0] for name in goals.objectives if name in METRICS))))


def _open_metrics(goals: Goals) -> list[str]:
    """Objectives that belong to one level or layer."""
    return [name for name in goals.objectives if name not in METRICS]


def _key(metric: str) -> str:
    return METRICS[metric][0].key if metric in METRICS else metric


def common_parameters(results: Sequence[Result]) -> dict[str, str]:
    """Parameters that all trials that know them share, by name."""
    values: dict[str, set[str]] = {}
    for result in results:
        for name, value in result.parameters.items():
            values.setdefault(name, set()).add(plain(value))
    return {name: next(iter(found)) for name, found in values.items() if len(found) == 1}


def mark_front(
    rows: Sequence[dict[str, Any]], results: Sequence[Result], judged: Sequence[TrialRow], goals: Goals
) -> list[list[TrialRow]]:
    """Set ``front`` on the rows that no other of the same workload beats (:func:`front_goals`).

    Returns:
        The trials with a mapping, by workload.
    """
    groups: dict[tuple[str, str, int], list[TrialRow]] = {}
    for row, result, one in zip(rows, results, judged, strict=True):
        row["front"] = False
        if result.ok and result.evaluation:
            groups.setdefault(workload_of(result), []).append(one)
    plane = front_goals(goals)
    for number, members in enumerate(groups.values()):
        for one in members:
            rows[one.number]["workload"] = number
        for one in best_rows(members, plane):
            rows[one.number]["front"] = True
    return [*groups.values()]


def colours(results: Sequence[Result]) -> dict[str, dict[str, str]]:
    """CSS class of every component and data space that occurs."""
    layers = [run.result for result in results for run in layer_runs(result)]
    components: dict[str, str] = {}
    spaces: dict[str, str] = {}
    seen: set[tuple[str, ...]] = set()
    for one in layers:
        if one.evaluation is None:
            continue
        levels = tuple(level.level for level in reversed(one.evaluation.levels) if not level.level.startswith("inter_"))
        if levels in seen:
            continue
        seen.add(levels)
        components |= component_classes(levels, one.evaluation.network_energy_pj, compute_name(one))
        names = one.specification.problem.data_space_names if one.specification else ()
        spaces |= {name: f"d{slot}" for name, slot in data_space_slots(names).items()}
    return {"components": components, "spaces": spaces}


def number_or_text(value: object) -> float | int | str | None:
    """A parameter as the table sorts it: what reads as a number is one."""
    if value is None:
        return None
    text = plain(value)
    if isinstance(value, bool):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _size(result: Result) -> str:
    dimensions = result.specification.problem.dimensions if result.specification else {}
    return ", ".join(f"{name} {extent:,}" for name, extent in dimensions.items())


def _limit(limit: CycleLimit) -> list[Any]:
    return [limit.component, limit.kind, limit.cycles, limit.limiting, limit.words, limit.per_cycle]


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
