"""Points of a study that cannot beat the best one: their bounds say so before anything is searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from launcher.config.trial import Trial
from launcher.errors import LauncherError
from launcher.results.goals import Goals
from launcher.results.result import LayerRun, Result
from launcher.specification.specification import Specification
from launcher.sweeping.exhaustive.figure_bounds import BoxBounds, FigureBounds
from launcher.sweeping.exhaustive.findings import SLACK
from launcher.sweeping.exhaustive.progress import told
from launcher.sweeping.exhaustive.work import bound_of, common_work, layers_of
from launcher.trial.engine_choice import NATIVE
from launcher.trial.steps import native_settings, specify


class PointBounds:
    """Bounds of points, with one objective that has any."""

    def __init__(self, goals: Goals, trial_of: Callable[[Sequence[str]], Trial]) -> None:
        """``trial_of``: makes a trial from its overrides."""
        self._goals, self._trial_of = goals, trial_of

    def hopeless(self, overrides: Sequence[str], best: float | None) -> str | None:
        """Why a point cannot beat the best loss so far; None when it may, or nobody knows."""
        if best is None:
            return None
        try:
            loss = self._loss(self._trial_of(overrides))
        except LauncherError:  # which the trial itself will say
            return None
        if loss is None or loss * (1 - SLACK if loss > 0 else 1 + SLACK) <= best:
            return None
        name = self._goals.objectives[0]
        reach = "at least" if self._goals.directions[0] == "minimize" else "at most"
        return f"its bound excludes it: {told(name, abs(loss))} {reach}, and the best has {told(name, abs(best))}"

    def _loss(self, trial: Trial) -> float | None:
        if trial.experiment.engine.name != NATIVE:
            return None
        specifications = [specify(layer) for layer in layers_of(trial)]
        workload = common_work(trial, specifications)
        kind, *_ = FigureBounds(self._goals, workload).kinds
        pairs = zip(layers_of(trial), specifications, strict=True)
        layers = tuple(bound_of(one, native_settings(layer), kind) for layer, one in pairs)
        if not all(one.feasible for one in layers):  # the trial finds the reason
            return None
        machine = _machine(specifications)
        box = BoxBounds(
            layers,
            machine.area_um2,
            machine.cycle_seconds,
            tuple(one.architecture.compute.instances for one in specifications),
        )
        return FigureBounds(self._goals, workload).losses(box)[0]


def _machine(specifications: Sequence[Specification]) -> Result:
    """A result without mappings, which knows areas and the length of a cycle."""
    parts = [Result("", "infeasible", {}, "", "", specification=one) for one in specifications]
    return Result("", "infeasible", {}, "", "", layers=tuple(LayerRun(one, 1) for one in parts))
