"""Whether the designs whose files were kept are what composing their points gives, and have their figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from launcher.commands.check.files import read_all
from launcher.commands.check.study.outcomes import check_outcome
from launcher.commands.check.study.record import StudyRecord
from launcher.commands.check.study.trials import StudyTrials, layers_of
from launcher.commands.check.trial import check
from launcher.config.trial import Trial
from launcher.errors import LauncherError
from launcher.results.files import RESULT_JSON
from launcher.results.layers import layer_runs
from launcher.results.result import Result
from launcher.specification.specification import Specification
from launcher.trial.steps import specify


class KeptDesigns:
    """The folders of a study's points."""

    def __init__(self, record: StudyRecord, trials: StudyTrials) -> None:
        self._record, self._trials = record, trials

    @cached_property
    def numbers(self) -> list[int]:
        """The points that have a folder."""
        names = [place.parent.name for place in self._record.folder.glob(f"*/{RESULT_JSON}")]
        numbers = [int(name) for name in names if name.isdecimal()]
        return sorted(number for number in numbers if number < self._record.points.size)

    def check(self) -> Iterator[str]:
        """What is wrong with them, and which of the best has none."""
        if not self._record.having("open").any():
            missing = [one.point for one in self._record.certificate.best if one.point not in self.numbers]
            yield from (f"the files of point {number}, one of the best, are missing" for number in missing)
        for number in self.numbers:
            yield from (f"point {number}: {problem}" for problem in self._check(number))

    def _check(self, number: int) -> Iterator[str]:
        place = self._record.folder / str(number)
        try:
            result = read_all(place)
            yield from check(result, place)
            yield from check_outcome(self._record, number, result)
            yield from _check_composed(result, self._trials.trial(number))
        except LauncherError as error:
            yield str(error)


def _check_composed(result: Result, trial: Trial) -> Iterator[str]:
    """Whether what was mapped is what the point is."""
    if not trial.layers:
        alone = result.specification
        if alone is not None and not _same(alone, specify(trial), fused=False):
            yield "what was mapped is not what composing the point gives"
        return
    composed = {str(layer.parameters["layer"]): specify(layer) for layer in layers_of(trial)}
    shared = {name for group in result.groups if group.is_fused for name in group.layers}
    for run in layer_runs(result):
        name = str(run.result.parameters["layer"])
        own, fused = run.result.specification, name in shared or bool(result.fusions)
        if own is None or name not in composed or not _same(own, composed[name], fused=fused):
            yield f"{name}: what was mapped is not what composing the point gives"
    runs: dict[str, int] = {}
    for run in layer_runs(result):
        name = str(run.result.parameters["layer"])
        runs[name] = runs.get(name, 0) + run.runs
    if runs != {str(layer.parameters["layer"]): layer.runs for layer in trial.layers}:
        yield "its layers do not run as often as composing the point gives"


def _same(found: Specification, composed: Specification, *, fused: bool) -> bool:
    """Layers that share loops or traffic have a part of the problem, and rules of their own."""
    if not fused:
        return found == composed
    shared = {"problem": composed.problem, "constraints": composed.constraints, "repeats": composed.repeats}
    return replace(found, **shared, flags=composed.flags) == composed  # type: ignore[arg-type]
