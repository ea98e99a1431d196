"""Limits that a designer puts on a trial's figures: ``constraints.area_mm2=5``."""

from __future__ import annotations

from dataclasses import field, fields, make_dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, ClassVar

from launcher.config.checked import Checked
from launcher.figures import METRICS, metrics_of
from launcher.results.goals import limit_text
from launcher.results.result import Result


def _limit(metric: str) -> tuple[str, Any, Any]:
    figure, factor = METRICS[metric]
    most = factor if figure.kind == "share" else 1e30
    return metric, float | None, field(default=None, metadata={"least": 0, "most": most})


class _Limits(Checked):
    """What a trial must keep to count as good: at most this much; of what is better the more there is, at least."""

    group: ClassVar[str] = "constraints"

    @property
    def bounds(self) -> dict[str, float]:
        """The limits that are set, by metric."""
        return {item.name: getattr(self, item.name) for item in fields(self) if getattr(self, item.name) is not None}

    @property
    def texts(self) -> list[str]:
        """The limits as ``sweep.constraints`` has them, e.g. ``area_mm2 <= 5``."""
        return [
            f"{name} {'>=' if _at_least(name) else '<='} {limit_text(bound)}" for name, bound in self.bounds.items()
        ]


if TYPE_CHECKING:

    class Limits(_Limits):
        """A field for every metric of a figure that people meet; none is set by default."""

else:
    Limits = make_dataclass(
        "Limits",
        [_limit(name) for name, (figure, _) in METRICS.items() if figure.shown],
        bases=(_Limits,),
        namespace={"__module__": __name__},
    )


def broken(result: Result, limits: Limits) -> tuple[str, ...]:
    """The limits that a result does not keep, with its figures; one that has no such figure keeps none."""
    if not result.ok:
        return ()
    figures, told = metrics_of(result), []
    for name, bound in limits.bounds.items():
        value = figures.get(name, float("nan"))
        kept = value >= bound if _at_least(name) else value <= bound
        if not kept:
            wanted = f"{'at least' if _at_least(name) else 'at most'} {bound:g}"
            told.append(f"{name} is {'unknown' if isnan(value) else format(value, '.4g')}, wanted {wanted}")
    return tuple(told)


def _at_least(metric: str) -> bool:
    return METRICS[metric][0].better == "more"
