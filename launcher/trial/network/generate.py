"""Generating: a prefill and all decoding steps, each layer mapped once for every size that it has on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, fsum
from pathlib import Path

from launcher.config.layer_sizes import layer_sizes, runs_of
from launcher.config.model_layers import prefill_of, step_of, steps_of
from launcher.config.model_schema import Transformer
from launcher.config.schema import NetworkObjective
from launcher.config.trial import Trial
from launcher.engines.interface import OnProgress
from launcher.errors import ConfigurationError
from launcher.results.generation import CacheSteps, Generation
from launcher.results.result import LayerRun, Result
from launcher.trial.network.searches import search_all
from launcher.trial.network.totals import total
from launcher.trial.steps import specify


@dataclass(frozen=True)
class _Sized:
    """A layer at one of its sizes, and where it runs.

    Attributes:
        trial: named after the phase, and the cache's length where the sizes follow it.
        runs: in one prefill or step.
        lengths: of the cache in the steps in which it runs; empty in the prefill.
    """

    trial: Trial
    runs: int
    lengths: tuple[int, ...] = ()


def run_generation(trial: Trial, on_progress: OnProgress | None = None, folder: Path | None = None) -> Result:
    """Map a prefill and all decoding steps, and sum over them.

    Args:
        trial: of a network whose model generates.
        on_progress: called now and then.
        folder: takes the folders of Timeloop's runs; None keeps nothing of them.

    Raises:
        LauncherError: the configuration, a template or a table is wrong, or layers are to be fused.
    """
    started = time.perf_counter()
    model = trial.experiment.model
    assert isinstance(model, Transformer)
    _check(trial)
    counts = Counter(_padded(model, length) for length in steps_of(model))
    sized = [*_prefill(trial.layers, model), *_steps(trial.layers, model, sorted(counts))]
    results = _searched(sized, on_progress, folder)
    pairs = list(zip(sized, results, strict=True))
    runs = [LayerRun(result, one.runs * (_times(one, counts) or 1)) for one, result in pairs]
    whole = total(trial.name, trial.parameters, runs, time.perf_counter() - started)
    if not whole.ok:
        return replace(whole, layers=tuple(run for run in whole.layers if not run.result.ok))
    kept = tuple(run for run, one in zip(runs, sized, strict=True) if _is_listed(one, counts))
    left = [run for run, one in zip(runs, sized, strict=True) if not _is_listed(one, counts)]
    generation = replace(
        _generation(model, counts, pairs),
        unlisted_energy_pj=fsum(run.result.energy_pj * run.runs for run in left),
        unlisted_cycles=sum(int(run.result.cycles) * run.runs for run in left),
    )
    return replace(whole, layers=kept, generation=generation)


def _check(trial: Trial) -> None:
    fusion = trial.experiment.fusion
    totals = trial.experiment.network.objective is NetworkObjective.total
    if fusion.is_asked_for or fusion.searches_groups or totals:
        raise ConfigurationError(
            "model.phase=generate maps layers one by one",
            expected="fusion=none and network.objective=layers",
            hint="fuse the layers of one phase: model.phase=prefill, or model.phase=decode model.cache_length=...",
        )
    if not trial.experiment.count_repeats:
        raise ConfigurationError("model.phase=generate counts every run", hint="count_repeats=true")


def _padded(model: Transformer, length: int) -> int:
    return ceil(length / model.cache_block) * model.cache_block


def _prefill(layers: Sequence[Trial], model: Transformer) -> Iterator[_Sized]:
    phase = prefill_of(model)
    names = phase.names
    for layer in layers:
        runs = runs_of(_written(layer), names)
        if runs:
            yield _Sized(_at(layer, phase, names, f"prefill_{layer.parameters['layer']}"), runs)


def _steps(layers: Sequence[Trial], model: Transformer, lengths: Sequence[int]) -> Iterator[_Sized]:
    """Every layer at every size that it has in a step."""
    phases = {length: step_of(model, length) for length in lengths}
    named = {length: phase.names for length, phase in phases.items()}
    for layer in layers:
        name = str(layer.parameters["layer"])
        alike: dict[tuple[object, ...], list[int]] = {}
        for length, names in named.items():
            if runs_of(_written(layer), names):
                alike.setdefault(_key(layer, names), []).append(length)
        for at in alike.values():
            called = name if at == list(lengths) else f"{name}_at_{at[-1]}"
            sized = _at(layer, phases[at[-1]], named[at[-1]], called)
            yield _Sized(sized, sized.runs, tuple(at))


def _written(layer: Trial) -> Mapping[str, object]:
    """What a layer's file says, typed or not."""
    node = layer.experiment.layer
    return node if isinstance(node, dict) else vars(node)


def _key(layer: Trial, names: Mapping[str, object]) -> tuple[object, ...]:
    sizes = layer_sizes(layer.experiment.layer, names)
    return *sizes.dimensions.items(), *sizes.coefficients.items(), sizes.repeats, sizes.blocks


def _at(layer: Trial, model: Transformer, names: Mapping[str, object], name: str) -> Trial:
    """A layer's trial with the sizes that it has in a phase."""
    sizes = layer_sizes(layer.experiment.layer, names)
    own: dict[str, object] = {f"layer.{key}": value for key, value in sizes.given.items()}
    own |= {"layer": name, "layer.repeats": sizes.repeats, "model.phase": str(model.phase)}
    own |= {"model.sequence": model.sequence, "model.cache_length": names["cache_length"]}
    experiment = replace(layer.experiment, model=model)
    return replace(layer, experiment=experiment, layer=sizes, parameters={**layer.parameters, **own})


def _searched(sized: Sequence[_Sized], on_progress: OnProgress | None, folder: Path | None) -> list[Result]:
    trials = [one.trial for one in sized]
    return search_all(trials, [specify(one) for one in trials], on_progress, folder)


def _times(one: _Sized, counts: Mapping[int, int]) -> int:
    """In how many steps it runs; none in the prefill."""
    return sum(counts[length] for length in one.lengths)


def _is_listed(one: _Sized, counts: Mapping[int, int]) -> bool:
    """Whether a layer is one of the result's own: of the prefill, of many lengths, or of the first or the last."""
    return len(one.lengths) != 1 or one.lengths[0] in (min(counts), max(counts))


def _generation(model: Transformer, counts: Mapping[int, int], pairs: Sequence[tuple[_Sized, Result]]) -> Generation:
    first = [(result, one.runs) for one, result in pairs if not one.lengths]
    lengths = steps_of(model)
    exact = sum(lengths)
    steps = {length: [(result, one.runs) for one, result in pairs if length in one.lengths] for length in counts}
    return Generation(
        prompt=model.prompt or model.sequence,
        new_tokens=model.new_tokens,
        batch=model.batch,
        step_tokens=model.step_tokens,
        cache_block=model.cache_block,
        padded_share=sum(_padded(model, length) - length for length in lengths) / exact if exact else 0.0,
        first_energy_pj=_energy(first),
        first_cycles=_cycles(first),
        steps=tuple(
            CacheSteps(length, counts[length], _energy(steps[length]), _cycles(steps[length]))
            for length in sorted(counts)
        ),
    )


def _energy(runs: Sequence[tuple[Result, int]]) -> float:
    return fsum(result.energy_pj * count for result, count in runs)


def _cycles(runs: Sequence[tuple[Result, int]]) -> int:
    return sum(int(result.cycles) * count for result, count in runs)
