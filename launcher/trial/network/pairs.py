"""Pairs of layers that can be fused, and the choice of how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from launcher.config.schema import Fusion, FusionMode
from launcher.config.trial import Trial, entry
from launcher.errors import ConfigurationError, LauncherError
from launcher.figures import in_order
from launcher.results.result import FusedPair, Result
from launcher.specification.specification import Specification
from launcher.summing import sum_in_order
from launcher.trial.network.fusion import fused, levels_of

Request = tuple[Trial, Specification]
Find = Callable[[Trial, Specification], Result]


@dataclass(frozen=True)
class Pair:
    """A matmul and the norm operation that takes its columns.

    Attributes:
        matmul, norm: their trials and specifications when they are not fused.
        matmul_runs, norm_runs: how often each runs; a norm operation that follows several matmuls shares its runs.
        fused: level -> specifications of both when they are fused there.
        refused: level -> why they cannot be fused there.
    """

    matmul: Request
    norm: Request
    matmul_runs: int
    norm_runs: int
    fused: dict[str, tuple[Specification, Specification]]
    refused: dict[str, str]

    @property
    def requests(self) -> list[Request]:
        """The searches that the choice needs beside those of the unfused layers."""
        both = (self.matmul[0], self.norm[0])
        return [request for specifications in self.fused.values() for request in zip(both, specifications, strict=True)]


@dataclass(frozen=True)
class PairedLayer:
    """One layer's share of a pair, as it was chosen."""

    trial: Trial
    result: Result
    runs: int
    partner: str


@dataclass(frozen=True)
class Choice:
    """How a pair is run."""

    parts: tuple[PairedLayer, PairedLayer]
    summary: FusedPair


def pairs_of(layers: Sequence[Request], fusion: Fusion) -> list[Pair]:
    """All pairs among ``layers``, with every way to fuse them that ``fusion`` asks for; none when it asks for nothing.

    Raises:
        ConfigurationError: ``fusion.level`` is impossible for every pair, or there is no pair.
    """
    if not fusion.is_asked_for:
        return []
    by_name = {_name(trial): (trial, specification) for trial, specification in layers}
    pairs = []
    for norm, specification in layers:
        followed = list(entry(norm.experiment.layer, "follows") or ())
        for name in followed:
            if name in by_name:
                pairs.append(_pair(by_name[name], (norm, specification), norm.runs // len(followed) or 1, fusion))
    if fusion.mode is not FusionMode.best and not any(pair.fused for pair in pairs):
        reasons = [pair.refused.get(str(fusion.level), "") for pair in pairs]
        raise ConfigurationError(
            reasons[0] if reasons else "fusion: there is no pair of layers that can be fused",
            hint="fusion=best tries every level" if reasons else "layer=[KTQ,softmax], or layer=all",
        )
    return pairs


def choose(pair: Pair, find: Find, objective: Sequence[str], fusion: Fusion) -> Choice:
    """The best way to run a pair: every legal level and not fusing with ``fusion=best``, else the level asked for."""
    options: dict[str | None, tuple[Result, Result]] = {None: (find(*pair.matmul), find(*pair.norm))}
    refused = dict(pair.refused)
    for level, (of_matmul, of_norm) in pair.fused.items():
        both = (find(pair.matmul[0], of_matmul), find(pair.norm[0], of_norm))
        without = next((result for result in both if not result.ok), None)
        if without is None:
            options[level] = both
        else:
            refused[level] = f"{without.name}: {without.reason}"
    candidates = {level: both for level, both in options.items() if all(result.ok for result in both)}
    if fusion.mode is not FusionMode.best and fusion.level in candidates:
        candidates = {fusion.level: candidates[fusion.level]}
    chosen = min(candidates or options, key=lambda one: _value(pair, options[one], objective))
    return _chosen(pair, chosen, options, refused)


def _chosen(
    pair: Pair, level: str | None, options: dict[str | None, tuple[Result, Result]], refused: dict[str, str]
) -> Choice:
    matmul, norm = options[level]
    energy, cycles = _sums(pair, options[level])
    unfused_energy, unfused_cycles = _sums(pair, options[None])
    names = _name(pair.matmul[0]), _name(pair.norm[0])
    parts = (
        PairedLayer(pair.matmul[0], matmul, pair.matmul_runs, names[1]),
        PairedLayer(pair.norm[0], norm, pair.norm_runs, names[0]),
    )
    return Choice(parts, FusedPair(*names, level, energy, cycles, unfused_energy, unfused_cycles, refused))


def _pair(matmul: Request, norm: Request, norm_runs: int, fusion: Fusion) -> Pair:
    levels = levels_of(matmul[1]) if fusion.mode is FusionMode.best else (str(fusion.level),)
    possible: dict[str, tuple[Specification, Specification]] = {}
    refused: dict[str, str] = {}
    for level in levels:
        try:
            possible[level] = (fused(*matmul, level), fused(*norm, level))
        except LauncherError as error:
            refused[level] = error.what
    return Pair(matmul, norm, matmul[0].runs, norm_runs, possible, refused)


def _sums(pair: Pair, both: tuple[Result, Result]) -> tuple[float, int]:
    pairs = [(result.evaluation, runs) for result, runs in zip(both, (pair.matmul_runs, pair.norm_runs), strict=True)]
    known = [(evaluation, runs) for evaluation, runs in pairs if evaluation]
    return sum_in_order(one.energy_pj * runs for one, runs in known), sum(one.cycles * runs for one, runs in known)


def _value(pair: Pair, both: tuple[Result, Result], objective: Sequence[str]) -> tuple[float, ...]:
    energy, cycles = _sums(pair, both)
    return tuple(criterion.value(energy, cycles) for criterion in in_order(objective))


def _name(trial: Trial) -> str:
    return str(trial.parameters["layer"])
