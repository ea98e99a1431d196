"""What a set of trials asks, and its answer in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from launcher.figures import BY_KEY, CRITERIA, METRICS, Figure
from launcher.reporting.best_words import front_words, goals_words, superlative
from launcher.reporting.metric_words import metric_text, metric_title, typeset
from launcher.reporting.numbers import count, percent, significant, with_unit
from launcher.results.best import best_rows, best_to_worst
from launcher.results.cycle_limits import limiting
from launcher.results.energy_table import energy_by_component_pj, energy_rows
from launcher.results.goals import Goals, grid_goals
from launcher.results.layers import is_layer_by_layer, layer_name
from launcher.results.parameters import known_values, plain, swept_parameters
from launcher.results.ranking import comparable
from launcher.results.result import Optimality, Result
from launcher.results.trial_rows import TrialRow, rows_of_results
from launcher.results.workloads import workload_of
from launcher.specification.constraints import Factors

_DIGITS = 3
_SHOWN_VALUES = 8


_FACTS = (
    *(("architecture", "arch"), ("model", "model"), ("layer", "layer")),
    *(("computes", "layer.expression"), ("roles", "layer.roles")),
)
"""Headings, and the parameters that they show, where a trial has them."""


@dataclass(frozen=True)
class Question:
    """What was asked.

    Attributes:
        facts: pairs of a heading and its text.
        swept: the keys that differ between the trials.
        goals: what is best.
    """

    facts: tuple[tuple[str, str], ...]
    swept: tuple[str, ...]
    goals: Goals


def question_of(results: Sequence[Result], goals: Goals | None = None) -> Question:
    """What the trials were run for, as far as their parameters tell.

    Args:
        results: any number.
        goals: what their sweep was after; None means what their mappings were chosen for.
    """
    swept = swept_parameters(results)
    goals = goals or goals_of(results)
    facts = [
        (heading, ", ".join(known_values(results, key)[:_SHOWN_VALUES])) for heading, key in _FACTS if key not in swept
    ]
    if not any(text for _, text in facts):
        names = dict.fromkeys(one.specification.architecture.name for one in results if one.specification)
        facts = [("architecture", ", ".join(names))]
    facts += [(f"swept: {name}", _range(known_values(results, name))) for name in swept]
    if results:
        facts.append(("objective", goals_words(goals)))
        facts.append(("limits", ", ".join(map(str, goals.constraints))))
    return Question(tuple((heading, text) for heading, text in facts if text), tuple(swept), goals)


def goals_of(results: Sequence[Result]) -> Goals:
    """The first criterion that the mappings were chosen for; EDP where they do not agree."""
    found = {one.optimality.objective[0] for one in results if one.optimality and one.optimality.objective}
    return grid_goals([found.pop() if len(found) == 1 and found <= CRITERIA.keys() else "edp"], ())


def answer_of(results: Sequence[Result], question: Question) -> list[str]:
    """Sentences; the first is the answer. Units are as a terminal has them; a page sets them with ``typeset``."""
    found = [one for one in results if one.ok and one.evaluation]
    without = len(results) - len(found)
    if not results:
        return ["There are no trials to report on."]
    if not found:
        reason = (results[0].reason or "no reason given").splitlines()[0]
        if len(results) == 1:
            return [f"{results[0].name} has no mapping: {reason}."]
        return [f"None of the {len(results):,} trials has a mapping. The first: {reason}."]
    if len(results) == 1:
        return _answer_of_one(found[0])
    groups: dict[tuple[str, str, int], list[Result]] = {}
    for one in found:
        groups.setdefault(workload_of(one), []).append(one)
    sentences = [_answer_of_group(group, question, alone=len(groups) == 1) for group in groups.values()]
    if without:
        sentences.append(f"{without} of {len(results)} trials have no mapping; the reasons stand below.")
    return sentences


def answer_of_front(result: Result) -> list[str]:
    """The answer of a trial that looked for every trade-off between energy and cycles."""
    first, last = result.front[0].evaluation, result.front[-1].evaluation
    ends = f"from {_energy(first.energy_pj)} and {count(first.cycles)} cycles to {_energy(last.energy_pj)} and "
    number = next((n for n, point in enumerate(result.front, 1) if point.mapping == result.mapping), 1)
    best = f"{_edp(result)}, at {_energy(result.energy_pj)} and "
    return [
        f"{result.name} has {len(result.front)} best trade-offs between energy and cycles, "
        f"{ends}{count(last.cycles)} cycles.",
        f"Point {number} of the front has the least EDP, {best}{count(result.cycles)} cycles.",
    ]


def _answer_of_one(result: Result) -> list[str]:
    what = f"{result.name} takes {_energy(result.energy_pj)} and {count(result.cycles)} cycles"
    sentences = [f"{what}, EDP {_edp(result)}: {standing(result)}."]
    if result.layers:
        return [*sentences, _dearest_layer(result)]
    limit = limiting(result)
    waits = f"; {_waits(limit.label, limit.kind)}" if limit else ""
    return [*sentences, f"{_dearest_component(result)}{waits}."]


def _dearest_component(result: Result) -> str:
    component, spent = max(energy_by_component_pj(result).items(), key=lambda item: item[1])
    text = f"{component} takes the most energy, {percent(spent / result.energy_pj)}"
    spaces: dict[str, float] = {}
    for row in energy_rows(result):
        if row.component == component and row.data_space:
            spaces[row.data_space] = spaces.get(row.data_space, 0.0) + row.energy_pj
    name, most = max(spaces.items(), key=lambda item: item[1], default=("", 0.0))
    return f"{text}, most of it for {name}" if most > spent / 2 else text


def _waits(label: str, kind: str) -> str:
    return f"{label} limits the cycles" if kind == "compute" else f"the {label} bandwidth limits the cycles"


def _dearest_layer(result: Result) -> str:
    by_energy = max(result.layers, key=lambda run: run.result.energy_pj * run.runs)
    by_cycles = max(result.layers, key=lambda run: run.result.cycles * run.runs)
    energy_share = by_energy.result.energy_pj * by_energy.runs / result.energy_pj
    cycles_share = by_cycles.result.cycles * by_cycles.runs / result.cycles
    other = "" if by_cycles is by_energy else f"{layer_name(by_cycles)} "
    return (
        f"Of its {len(result.layers)} layers {layer_name(by_energy)} takes the most energy ({percent(energy_share)}) "
        f"and {other}the most cycles ({percent(cycles_share)})."
    )


def _answer_of_group(group: Sequence[Result], question: Question, *, alone: bool) -> str:
    goals = question.goals
    rows = rows_of_results(group, goals)
    best = best_rows(rows, goals)
    of = "" if alone else f" of {group[0].parameters.get('layer', group[0].name)}"
    if not best and goals.constraints:
        return f"None of the {len(group):,} trials{of} that mapped keeps {', '.join(map(str, goals.constraints))}."
    if goals.several:
        if not best:
            return f"No trial{of} has figures of {goals_words(goals)}."
        words = front_words(best, goals, question.swept).replace(":", f"{of}:", 1)
        return f"{words[0].upper()}{words[1:]}, of {len(group):,} trials that mapped."
    return _answer_of_one_objective(group, best_to_worst(rows, goals), question, of)


def _answer_of_one_objective(group: Sequence[Result], ordered: Sequence[TrialRow], question: Question, of: str) -> str:
    goals, best = question.goals, group[ordered[0].number]
    name = goals.objectives[0]
    if goals.criteria:  # where cycles differ in length, time is what ranks
        (figure,) = comparable([METRICS[name][0]], group)
        name = next(iter(figure.metric_names))
    values = [row.metrics[name] for row in ordered if name in row.metrics]
    way = "less" if goals.directions[0] == "minimize" else "more"
    high, low = (values[-1], values[0]) if way == "less" else (values[0], values[-1])
    ratio = f", {significant(high / low, _DIGITS)} times {way} than the worst" if low > 0 else ""
    others = f"{ratio} of {len(group):,} trials that mapped" if len(group) > 1 and ratio else ""
    area = f" on {with_unit(BY_KEY['area_um2'], best.area_um2)}" if isfinite(best.area_um2) else ""
    return (
        f"The {superlative(goals.directions[0])} {metric_title(name)}{of} is {metric_text(name, values[0])}, "
        f"with {labels(best, question.swept)}: {_energy(best.energy_pj)} and {count(best.cycles)} cycles{area}"
        f"{others} ({standing(best)})."
    )


def labels(result: Result, swept: Sequence[str]) -> str:
    """What sets a trial apart: ``arch.rows=16, layer=KQV``; its name where nothing was swept."""
    pairs = [f"{name}={plain(result.parameters[name])}" for name in swept if name in result.parameters]
    return ", ".join(pairs) or result.name


FREEDOM = {Factors.spatial: "fan-outs may be imperfect", Factors.all: "every loop may be imperfect"}
"""What a reader must know of a mapspace that was searched; nothing where all factors are perfect."""


def standing(result: Result) -> str:
    """How good the mapping is known to be, and among which ones, where imperfect factors were searched."""
    freedom, optimality = FREEDOM.get(result.factors), result.optimality
    if optimality is None:
        return "not searched"
    titles = ", then ".join(CRITERIA[one].title if one in CRITERIA else one for one in optimality.objective)
    objective = f" for {titles}" if titles else ""
    told = layer_by_layer(optimality, objective) if is_layer_by_layer(result) else _standing(optimality, objective)
    return told + (f"; {freedom}" if freedom else "")


def layer_standing(network: Result, layer: Result) -> str:
    """:func:`standing` of a layer of a network; where the sums were optimised, no layer is best by itself."""
    optimality = network.optimality
    if not layer.ok:
        return layer.status
    if len(network.layers) < 2 or optimality is None or optimality.lower_bound is None:
        return standing(layer)
    return "part of the network's proved optimum" if optimality.status == "proved" else "part of the best network found"


def layer_by_layer(optimality: Optimality, objective: str) -> str:
    """What is known of a network whose layers were mapped each for itself; ``objective`` follows the verb."""
    words = {"proved": f"each layer proved{objective}", "given": "a given mapping for each layer"}
    each = words.get(optimality.status, f"each layer searched{objective}, not all proved")
    gap = f", the worst is at most {percent(optimality.gap)} off" if optimality.gap else ""
    return f"{each}{gap}; the network's sums are not optimised"


def _standing(optimality: Optimality, objective: str) -> str:
    if optimality.objective == ("pareto",):
        return f"on the {optimality.status} front of energy and cycles"
    if optimality.status == "proved":
        return f"proved optimal{objective}"
    if optimality.status == "given":
        return "a given mapping"
    if optimality.status == "heuristic":
        return "the best mapping of those that were tried"
    gap = f" by at most {percent(optimality.gap)}" if optimality.gap is not None else ""
    return f"search stopped early, a better one may exist{gap}"


def _range(values: Sequence[str]) -> str:
    try:
        ordered = [plain(number) for number in sorted(float(value) for value in values)]
    except ValueError:
        ordered = sorted(values)
    if len(ordered) <= _SHOWN_VALUES:
        return ", ".join(ordered)
    return f"{ordered[0]} to {ordered[-1]}, {len(ordered)} values"


def _energy(energy_pj: float) -> str:
    """An energy as tables have it."""
    return with_unit(BY_KEY["energy_pj"], energy_pj)


def _edp(result: Result) -> str:
    return with_unit(BY_KEY["edp_j_cycles"], result.edp_j_cycles)


def figure_text(figure: Figure, result: Result) -> str:
    """A figure as sentences and pages have it: as tables do, with signs as people set them."""
    return typeset(with_unit(figure, figure.of(result)))
