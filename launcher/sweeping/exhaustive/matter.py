"""Which keys matter, and how much: from how far each of their values can get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from launcher.reporting.numbers import significant
from launcher.results.parameters import plain
from launcher.sweeping.exhaustive.ledger import PointOutcome
from launcher.sweeping.exhaustive.reach import ParameterReach, ValueReach
from launcher.sweeping.points.interface import Value

_SAID = 1.0005
"""A smaller ratio reads as none."""

_MOST_USELESS = 3


@dataclass(frozen=True)
class KeyWeight:
    """How much one key matters.

    Attributes:
        key: it.
        values: how far each of them gets.
        ratio: from the best design with its worst value to the best of all; 1 when every value gets as far.
        alone: the same when nothing else may change.
        useless: values with which nothing is good.
        spoiling: whether the best design is no good with some other value.
    """

    key: str
    values: tuple[ValueReach, ...]
    ratio: float
    alone: float
    useless: tuple[Value, ...]
    spoiling: bool

    @property
    def has_effect(self) -> bool:
        return max(self.ratio, self.alone) > 1 or bool(self.useless) or self.spoiling

    @property
    def matters(self) -> bool:
        """Whether some value cannot get as far as the best, whatever else changes."""
        return self.ratio >= _SAID or bool(self.useless)

    @property
    def name(self) -> str:
        return self.key.rpartition(".")[2]

    def told(self, *, at_length: bool) -> str:
        """``5.97 x, nothing with 0``; at length it says between what."""
        which = (
            f"{len(self.useless)} values" if len(self.useless) > _MOST_USELESS else ", ".join(map(plain, self.useless))
        )
        between = " from worst to best" if at_length else ""
        return f"{significant(self.ratio, 3)} x{between}" + (f", nothing with {which}" if which else "")


def key_weights(reach: ParameterReach) -> list[KeyWeight]:
    """All keys, those that matter most first."""
    weights = [_weight(reach.metric, key, values) for key, values in reach.keys.items()]
    return sorted(weights, key=lambda one: (-one.ratio, -one.alone))


def matters_text(reach: ParameterReach) -> str:
    """What a terminal says: ``rows (5.97 x from worst to best), cols (3.1 x); no effect: dram_bandwidth``."""
    weights = key_weights(reach)
    strong = [one for one in weights if one.matters]
    told = [f"{one.name} ({one.told(at_length=not n)})" for n, one in enumerate(strong)]
    weak = ", ".join(one.name for one in weights if one.has_effect and not one.matters)
    none = ", ".join(one.name for one in weights if not one.has_effect)
    parts = [", ".join(told), weak and f"others make up for: {weak}", none and f"no effect: {none}"]
    return "; ".join(part for part in parts if part)


def figure_of(outcome: PointOutcome | None, metric: str) -> float | None:
    """The metric of a design that has a mapping."""
    return outcome.figures.get(metric) if outcome is not None and outcome.status == "searched" else None


def _weight(metric: str, key: str, values: Sequence[ValueReach]) -> KeyWeight:
    best = [figure_of(one.best, metric) for one in values]
    alone = [figure_of(one.slice, metric) for one in values]
    useless = tuple(one.value for one, figure in zip(values, best, strict=True) if figure is None)
    return KeyWeight(key, tuple(values), _ratio(best), _ratio(alone), useless, None in alone)


def _ratio(values: Sequence[float | None]) -> float:
    known = [abs(value) for value in values if value is not None]
    if not known or min(known) == max(known):
        return 1.0
    return max(known) / min(known) if min(known) else inf
