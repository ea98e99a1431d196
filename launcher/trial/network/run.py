"""Mapping the layers of a network, fused or not, and summing them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from launcher.config.engine_schema import EngineMode
from launcher.config.schema import NetworkObjective
from launcher.config.trial import Trial
from launcher.engines.interface import OnProgress
from launcher.errors import ConfigurationError
from launcher.results.result import LayerRun, Result
from launcher.specification.specification import Specification
from launcher.trial.network.pairs import Choice, choose, pairs_of
from launcher.trial.network.searches import search_all
from launcher.trial.network.totals import total
from launcher.trial.network.whole import run_whole
from launcher.trial.steps import mapper_settings, specify


class Searches:
    """Searches of a network's layers: equal problems are searched once, different ones beside each other."""

    def __init__(
        self,
        requests: Iterable[tuple[Trial, Specification]],
        on_progress: OnProgress | None = None,
        folder: Path | None = None,
    ) -> None:
        self._specifications: list[Specification] = []
        trials: list[Trial] = []
        for trial, specification in requests:
            if specification not in self._specifications:
                self._specifications.append(specification)
                trials.append(trial)
        self._results = search_all(trials, self._specifications, on_progress, folder)

    def result(self, trial: Trial, specification: Specification) -> Result:
        """The result of one of the requests, under its own trial's name."""
        found = self._results[self._specifications.index(specification)]
        return replace(found, name=trial.name, parameters=trial.parameters)


def run_network(trial: Trial, on_progress: OnProgress | None = None, folder: Path | None = None) -> Result:
    """Map every layer of a network, each as often as it differs, and sum over all runs.

    Args:
        trial: with its layers.
        on_progress: called now and then, in the calling thread, with the search that runs longest.
        folder: takes the folders of Timeloop's runs; None keeps nothing of them.

    Raises:
        LauncherError: the configuration, a template or a table is wrong, or ``fusion.level`` fits no pair of layers.
    """
    started = time.perf_counter()
    if trial.experiment.engine.mode is EngineMode.evaluate:
        raise ConfigurationError("engine.mode=evaluate takes a single layer: a mapping is that of one layer")
    alone = [(layer, specify(layer)) for layer in trial.layers]
    fusion = trial.experiment.fusion
    if fusion.searches_groups or trial.experiment.network.objective is NetworkObjective.total:
        return run_whole(trial, alone, started, on_progress)
    pairs = pairs_of(alone, fusion)
    searches = Searches([*alone, *(request for pair in pairs for request in pair.requests)], on_progress, folder)
    objective = mapper_settings(trial).objective
    choices = [choose(pair, searches.result, objective, fusion) for pair in pairs]
    layers = [run for layer, specification in alone for run in _runs(layer, specification, choices, searches)]
    fusions = [choice.summary for choice in choices]
    return total(trial.name, trial.parameters, layers, time.perf_counter() - started, fusions)


def _runs(trial: Trial, specification: Specification, choices: Sequence[Choice], searches: Searches) -> list[LayerRun]:
    """A layer's runs: those of the pairs it takes part in, and the rest on its own. Equal ones stand together."""
    parts = [part for choice in choices for part in choice.parts if part.trial is trial]
    left = trial.runs - sum(part.runs for part in parts)
    alone = searches.result(trial, specification)
    runs: list[tuple[Result, int, str]] = [(part.result, part.runs, part.partner) for part in parts]
    if left:
        runs.append((alone, left, ""))
    if all(result.specification == runs[0][0].specification for result, _, _ in runs):
        return [LayerRun(runs[0][0], trial.runs)]
    return [LayerRun(_called_after(result, partner), count) for result, count, partner in runs]


def _called_after(result: Result, partner: str) -> Result:
    """A layer that runs in several ways is told apart by the layer that it follows."""
    if not partner:
        return result
    return replace(result, parameters={**result.parameters, "layer": f"{result.parameters['layer']}_after_{partner}"})
