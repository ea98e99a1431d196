"""Networks side by side: layers of the same name."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.reporting.comparison.changes import Change, changes_between
from launcher.results.layers import layer_name, layer_runs
from launcher.results.result import LayerRun, Result


@dataclass(frozen=True)
class LayerChange:
    """A layer in two networks, all its runs together. Where a network does not have it, its run is None.

    Attributes:
        layer: its name.
        runs: how often, and with what result, each network runs it.
    """

    layer: str
    runs: tuple[LayerRun | None, LayerRun | None]

    @property
    def energy_pj(self) -> tuple[float, float]:
        return _total(self.runs[0], "energy_pj"), _total(self.runs[1], "energy_pj")

    @property
    def cycles(self) -> tuple[float, float]:
        return _total(self.runs[0], "cycles"), _total(self.runs[1], "cycles")

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changed within it, of all runs; empty when only one network has it."""
        first, second = self.runs
        if first is None or second is None or not (first.result.evaluation and second.result.evaluation):
            return ()
        return changes_between(first.result, second.result, (first.runs, second.runs))


def layers_between(first: Result, second: Result) -> tuple[LayerChange, ...]:
    """The layers of two networks, the largest effect on the energy first.

    Two single layers are matched whatever their names, since they were named to be compared.
    """
    if not first.layers and not second.layers:
        runs = LayerRun(first, 1), LayerRun(second, 1)
        return (LayerChange(layer_name(runs[1]), runs),)
    named = [{layer_name(run): run for run in layer_runs(result)} for result in (first, second)]
    names = dict.fromkeys([*named[0], *named[1]])
    found = [LayerChange(name, (named[0].get(name), named[1].get(name))) for name in names]
    return tuple(sorted(found, key=lambda one: -abs(one.energy_pj[1] - one.energy_pj[0])))


def _total(run: LayerRun | None, figure: str) -> float:
    return float(getattr(run.result, figure)) * run.runs if run else 0.0
