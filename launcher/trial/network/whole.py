"""A network mapped as a whole: the nests whose sums are best, and the groups of layers that run as one nest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from launcher.config.trial import Trial
from launcher.engines.fuse import find_fused
from launcher.engines.interface import OnProgress
from launcher.errors import ConfigurationError, NoValidMappingError
from launcher.figures import CRITERIA, Criterion
from launcher.results.result import LayerRun, Result
from launcher.specification.constraints import Factors
from launcher.specification.specification import Specification
from launcher.trial.engine_choice import NATIVE
from launcher.trial.network.chains import units_of, without_flows
from launcher.trial.network.totals import total
from launcher.trial.steps import mapper_settings

ADVICE_S = 5.0
"""Time for a remark that nobody asked for."""

_WORTH_SAYING = 1e-3


def run_whole(
    trial: Trial,
    layers: Sequence[tuple[Trial, Specification]],
    started: float,
    on_progress: OnProgress | None = None,
) -> Result:
    """Map a network by an objective over all its layers, fused where that is asked for.

    Args:
        trial: the network.
        layers: its layers, specified.
        started: when the trial began, by ``time.perf_counter``.
        on_progress: called now and then.

    Returns:
        A result with status ``ok``, or ``infeasible`` with the reason.

    Raises:
        ConfigurationError: settings that do not go with it.
    """
    settings = mapper_settings(trial)
    _check(trial, settings.objective, front=settings.front)
    fusion = trial.experiment.fusion
    units = units_of(layers, trial.experiment.model.flows, fusion.groups) if fusion.searches_groups else []
    try:
        found = find_fused(units or without_flows(layers), settings.objective[0], settings.timeout_s, on_progress)
    except NoValidMappingError as error:
        return _infeasible(trial, layers, error, time.perf_counter() - started)
    named = [_named(run, layers) for run in found.layers]
    return total(trial.name, trial.parameters, named, time.perf_counter() - started, fused=found)


def _check(trial: Trial, objective: Sequence[str], *, front: bool) -> None:
    experiment = trial.experiment
    asked = "fusion=optimal" if experiment.fusion.searches_groups else "network.objective=total"
    if experiment.fusion.level is not None:
        raise ConfigurationError(
            f"{asked} and fusion.level={experiment.fusion.level} are two ways to fuse", hint="leave one of them out"
        )
    if experiment.engine.name != NATIVE:
        raise ConfigurationError(
            f"{asked} is searched by the native engine only", hint=f"engine={NATIVE}, or without {asked}"
        )
    if experiment.mapspace.asked is not Factors.perfect:
        raise ConfigurationError(
            f"{asked} searches mappings with perfect factors only",
            where=f"mapspace.factors={experiment.mapspace.asked}",
            hint="mapspace.factors=perfect",
        )
    if front or len(objective) != 1:
        raise ConfigurationError(
            f"{asked} minimises a single criterion over the whole network",
            where="mapper.objective",
            expected="edp, energy, cycles or ed2p",
            hint="mapper=edp",
        )


def _named(run: LayerRun, layers: Sequence[tuple[Trial, Specification]]) -> LayerRun:
    """A layer's run under the name and parameters of its own trial."""
    name = str(run.result.parameters["layer"])
    trial = next(one for one, _ in layers if name.split("_after_", maxsplit=1)[0] == one.parameters["layer"])
    own = replace(trial, parameters={**trial.parameters, "layer": name})
    return replace(run, result=replace(run.result, name=own.name, parameters=own.parameters))


def _infeasible(
    trial: Trial, layers: Sequence[tuple[Trial, Specification]], error: NoValidMappingError, seconds: float
) -> Result:
    return Result(
        name=trial.name,
        status="infeasible",
        reason=error.what,
        parameters=dict(trial.parameters),
        engine=NATIVE,
        estimator=layers[0][1].energies_from,
        seconds=seconds,
    )


def advised(trial: Trial, result: Result) -> Result:
    """A network's result with a remark on what its sums would be if they were minimised, where that is something else.

    Every layer's own best mapping need not be part of the best sums: EDP is total energy x total cycles.
    """
    settings = mapper_settings(trial)
    criterion = CRITERIA[settings.objective[0]]
    if not _has_advice(trial, result, criterion) or settings.front:
        return result
    layers = [(one, run.result.specification) for one, run in zip(trial.layers, result.layers, strict=False)]
    units = without_flows([(one, specification) for one, specification in layers if specification is not None])
    try:
        found = find_fused(units, criterion.name, ADVICE_S)
    except NoValidMappingError:
        return result
    before, after = criterion.of(result), found.optimality.lower_bound
    if after is None or found.optimality.status != "proved" or after > before * (1 - _WORTH_SAYING):
        return result
    remark = (
        f"network.objective=total has {100 * (1 - after / before):.1f} % less {criterion.title}: "
        "every layer's own best mapping is not what is best for the sums"
    )
    return replace(result, flags=(*result.flags, remark))


def _has_advice(trial: Trial, result: Result, criterion: Criterion) -> bool:
    experiment = trial.experiment
    return (
        result.ok
        and len(trial.layers) > 1
        and len(result.layers) == len(trial.layers)
        and bool(criterion.energy and criterion.cycles)
        and not experiment.fusion.is_asked_for
        and not result.groups
        and experiment.engine.name == NATIVE
        and experiment.mapspace.asked is Factors.perfect
    )
