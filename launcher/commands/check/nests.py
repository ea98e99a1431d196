"""Whether every mapping has the figures that its result says, and the sums are their sums."""

from __future__ import annotations

from math import isclose

from launcher.engines.native.model import evaluate
from launcher.errors import LauncherError
from launcher.figures import CRITERIA
from launcher.results.evaluation import Evaluation
from launcher.results.fused import NOTHING
from launcher.results.layers import layer_name, layer_runs
from launcher.results.result import Optimality, Result
from launcher.summing import sum_in_order

SAME = 1e-9
"""Relative difference of energies and bounds that are the same."""


def check_nests(result: Result) -> list[str]:
    """Mappings that are illegal, or whose figures are not the model's."""
    problems = []
    for run in layer_runs(result):
        problems += [f"{layer_name(run)}: {problem}" for problem in _check_nest(run.result)]
        if run.runs < 1:
            problems.append(f"{layer_name(run)} runs {run.runs} times")
    return problems


def check_sums(result: Result) -> list[str]:
    """Totals of a network that are not the sums of its layers, and claims that its figures do not bear out."""
    problems = []
    if result.layers:
        beside = [(group.rescaling, group.runs) for group in result.groups if group.rescaling != NOTHING]
        energy = sum_in_order(run.result.energy_pj * run.runs for run in result.layers)
        energy += sum_in_order(one.energy_pj * runs for one, runs in beside)
        cycles = sum(run.result.cycles * run.runs for run in result.layers) + sum(one.cycles * r for one, r in beside)
        if result.generation is not None:
            energy += result.generation.unlisted_energy_pj
            cycles += result.generation.unlisted_cycles
        if not isclose(energy, result.energy_pj, rel_tol=SAME) or cycles != result.cycles:
            problems.append(
                f"the layers add up to {energy:.9g} pJ in {cycles:,} cycles, "
                f"not to {result.energy_pj:.9g} pJ in {result.cycles:,}"
            )
    if result.optimality is not None:
        problems += _check_claim(result, result.optimality)
    return problems


def _check_nest(result: Result) -> list[str]:
    if result.specification is None or result.mapping is None or result.evaluation is None:
        return ["there is no mapping"]
    try:
        figures = evaluate(result.specification, result.mapping)
    except LauncherError as error:
        return [f"the mapping is none of this problem: {error.what}"]
    if not figures.legal:
        return [f"the mapping is illegal: {figures.reason}"]
    return _differences(result.evaluation, figures)


def _differences(said: Evaluation, found: Evaluation) -> list[str]:
    if said == found:
        return []
    names = [name for name in vars(found) if getattr(said, name) != getattr(found, name)]
    close = isclose(said.energy_pj, found.energy_pj, rel_tol=SAME) and said.cycles == found.cycles
    if close:
        return [f"{', '.join(names)} are not what the model says of the mapping"]
    return [
        f"the mapping has {found.energy_pj:.9g} pJ in {found.cycles:,} cycles, "
        f"not {said.energy_pj:.9g} pJ in {said.cycles:,}"
    ]


def _check_claim(result: Result, optimality: Optimality) -> list[str]:
    """Whether bound, gap and status go together."""
    if optimality.lower_bound is None or not optimality.objective:
        return []
    if optimality.objective[0] not in CRITERIA:
        return [f"the objective {optimality.objective[0]!r} is none of {', '.join(CRITERIA)}"]
    value = CRITERIA[optimality.objective[0]].of(result)
    if optimality.lower_bound > value * (1 + SAME):
        return [f"the bound {optimality.lower_bound:.9g} is above the value {value:.9g}"]
    gap = (value - optimality.lower_bound) / value if value else 0.0
    problems = []
    if optimality.gap is not None and not isclose(gap, optimality.gap, abs_tol=SAME):
        problems.append(f"the gap is {gap:.3g}, not {optimality.gap:.3g}")
    if optimality.status == "proved" and gap > SAME:
        problems.append(f"it is not proved: the bound is {gap:.3g} below the value")
    return problems
