"""What is swept: Hydra's sweep syntax as Optuna's distributions, and values as overrides again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import product
from math import isfinite, prod
from random import Random
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, Trial

from launcher.errors import ConfigurationError
from launcher.sweeping.points.interface import Key, Point, Value, key_of

_DRAWS = 64


@dataclass(frozen=True)
class Dimension:
    """One swept key.

    Attributes:
        name: the key, e.g. ``arch.rows``.
        element: the key as an override writes it, e.g. ``+arch.rows``.
        distribution: what it may be.
        texts: of a choice, each value as Hydra's syntax writes it.
    """

    name: str
    element: str
    distribution: BaseDistribution
    texts: Mapping[Value, str] = field(default_factory=dict)

    def suggest(self, trial: Trial) -> Value:
        """The value that the study's sampler gives to a trial; what the trial has already stays."""
        kind = self.distribution
        if isinstance(kind, CategoricalDistribution):
            return trial.suggest_categorical(self.name, kind.choices)
        if isinstance(kind, IntDistribution):
            return trial.suggest_int(self.name, kind.low, kind.high, step=kind.step, log=kind.log)
        assert isinstance(kind, FloatDistribution)
        return trial.suggest_float(self.name, kind.low, kind.high, step=kind.step, log=kind.log)

    def override(self, value: Value) -> str:
        """``arch.rows=16``."""
        return f"{self.element}={self.texts.get(value, value)}"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is a point of this dimension."""
        kind = self.distribution
        if isinstance(kind, CategoricalDistribution):
            return any(
                value == choice and isinstance(value, bool) == isinstance(choice, bool) for choice in kind.choices
            )
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        assert isinstance(kind, IntDistribution | FloatDistribution)
        if isinstance(kind, IntDistribution) and value != int(value):
            return False
        steps = (value - kind.low) / kind.step if kind.step else 0.0
        return kind.low <= value <= kind.high and abs(steps - round(steps)) < 1e-9

    @property
    def values(self) -> list[Value] | None:
        """All values in order; None when there are infinitely many."""
        kind = self.distribution
        if isinstance(kind, CategoricalDistribution):
            return list(kind.choices)
        if isinstance(kind, IntDistribution):
            return list(range(kind.low, kind.high + 1, kind.step))
        assert isinstance(kind, FloatDistribution)
        if kind.step is None:
            return None
        count = round((kind.high - kind.low) / kind.step) + 1
        return [min(kind.low + n * kind.step, kind.high) for n in range(count)]  # as Optuna rounds them

    @property
    def size(self) -> int | None:
        """Number of values; None when there are infinitely many."""
        kind = self.distribution
        if isinstance(kind, IntDistribution):
            return (kind.high - kind.low) // kind.step + 1
        values = self.values
        return None if values is None else len(values)

    def __str__(self) -> str:
        kind = self.distribution
        if isinstance(kind, CategoricalDistribution):
            return f"choice({','.join(map(str, kind.choices))})"
        assert isinstance(kind, IntDistribution | FloatDistribution)
        marks = [f"step {kind.step:g}"] if kind.step not in (None, 1) else []
        marks += ["log"] if kind.log else []
        whole = "integers" if isinstance(kind, IntDistribution) else "numbers"
        return ", ".join((f"{whole} from {kind.low:g} to {kind.high:g}", *marks))


@dataclass(frozen=True)
class Space:
    """The points of a study: Optuna chooses them.

    Attributes:
        dimensions: the swept keys, in the order in which they were given.
        fixed: the overrides that all trials have in common.
        total: trials in all; those that repeat a point do not count where there are finitely many.
    """

    dimensions: tuple[Dimension, ...]
    fixed: tuple[str, ...]
    total: int = 0

    @property
    def names(self) -> Sequence[str]:
        return [dimension.name for dimension in self.dimensions]

    @property
    def columns(self) -> Sequence[str]:
        return self.names

    @property
    def identity(self) -> Mapping[str, str]:
        return {dimension.name: str(dimension) for dimension in self.dimensions}

    @property
    def size(self) -> int | None:
        """Number of points; None when there are infinitely many."""
        sizes = [dimension.size for dimension in self.dimensions]
        return None if None in sizes else prod(size for size in sizes if size is not None)

    def number_of(self, trial: Trial | FrozenTrial) -> int:
        return trial.number

    def choose(self, trial: Trial) -> Point:
        return {dimension.name: dimension.suggest(trial) for dimension in self.dimensions}

    def point_of(self, trial: Trial | FrozenTrial) -> Point:
        return dict(trial.params)

    def overrides(self, trial: Trial | FrozenTrial) -> Sequence[str]:
        return self.written(trial.params)

    def written(self, point: Point) -> list[str]:
        """A point's overrides: the fixed ones, then its own."""
        return [*self.fixed, *(dimension.override(point[dimension.name]) for dimension in self.dimensions)]

    def first(self) -> dict[str, Value]:
        """Some point."""
        return {one.name: one.values[0] if one.values else _low(one.distribution) for one in self.dimensions}

    def other_than(self, taken: Set[Key], draw: Random) -> Point | None:
        """Some point that is not among ``taken``, all equally likely; None when there is none.

        The space must be finite.
        """
        names, every = self.names, [one.values or [] for one in self.dimensions]
        for _ in range(_DRAWS):
            point = dict(zip(names, map(draw.choice, every), strict=True))
            if key_of(point) not in taken:
                return point
        # So many misses mean that hardly anything is left, and then there are not many more points than are taken.
        points = (dict(zip(names, values, strict=True)) for values in product(*every))
        left = [point for point in points if key_of(point) not in taken]
        return draw.choice(left) if left else None

    def check_point(self, point: object, where: str) -> dict[str, Value]:
        """A point that a user wrote, flat.

        Raises:
            ConfigurationError: no point at all, a key that is not swept, or a value outside its range.
        """
        if not isinstance(point, Mapping):
            some = ", ".join(f"{name}: {value}" for name, value in self.first().items())
            raise ConfigurationError(f"{point} is no point of the space", where=where, expected=f"[{{{some}}}]")
        flat = _flat(point)
        dimensions = {dimension.name: dimension for dimension in self.dimensions}
        for name, value in flat.items():
            if name not in dimensions:
                raise ConfigurationError(
                    f"{name} is not swept", where=where, expected=f"one of {', '.join(dimensions)}"
                )
            if not dimensions[name].holds(value):
                raise ConfigurationError(
                    f"{name}={value} is outside the space", where=where, expected=str(dimensions[name])
                )
        return flat


def parse_space(
    params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader | None = None, total: int = 0
) -> Space:
    """The space of a sweep.

    Args:
        params: ``hydra.sweeper.params``: key -> sweep or value, as it would stand behind ``=``.
        arguments: overrides of the command line; they win over ``params``.
        loader: knows the choices of groups; for ``glob``.
        total: trials in all, when there are so many points.

    Raises:
        ConfigurationError: nothing is swept, or a range is empty, reversed or does not suit ``log``.
    """
    written = [f"{key}={value}" for key, value in params.items()]
    parser = OverridesParser.create(config_loader=loader)
    overrides = {one.get_key_element().lstrip("+"): one for one in parser.parse_overrides([*written, *arguments])}
    dimensions: list[Dimension] = []
    fixed: list[str] = []
    for override in overrides.values():
        if override.is_sweep_override():
            dimensions.append(_dimension(override))
        else:
            fixed.append(str(override.input_line))
    if not dimensions:
        raise ConfigurationError(
            "nothing is swept",
            expected="a key with several values",
            hint="arch.rows=choice(8,16,32), arch.rows=range(8,65,8) or 'arch.scratchpad_kib=interval(64,512)'",
        )
    space = Space(tuple(dimensions), tuple(fixed))
    return replace(space, total=total if space.size is None else min(total, space.size))


def _dimension(override: Override) -> Dimension:
    element, sweep = override.get_key_element(), override.value()
    name = element.lstrip("+")
    if isinstance(sweep, IntervalSweep):
        return Dimension(name, element, _interval(override, sweep))
    if isinstance(sweep, RangeSweep):
        return Dimension(name, element, _range(override, sweep))
    assert override.is_discrete_sweep()
    pairs = zip(override.sweep_iterator(), override.sweep_string_iterator(), strict=True)
    ordered = sweep.list if isinstance(sweep, ChoiceSweep) and not sweep.shuffle else None
    texts = {_plain(value): text for value, text in pairs} if ordered is not None else {}
    if ordered is None or len(texts) < len(ordered):  # e.g. 1 and 1.0 and true, which are equal in Python
        texts = {text: text for text in override.sweep_string_iterator()}
    if not texts:
        raise _refused(override, "has no values", "at least one value")
    return Dimension(name, element, CategoricalDistribution(tuple(texts)), texts)


def _plain(value: object) -> Value:
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


def _interval(override: Override, sweep: IntervalSweep) -> BaseDistribution:
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        raise _refused(override, "has no finite bounds", "interval(low,high)")
    if low > high:
        raise _refused(override, f"goes from {low:g} down to {high:g}", f"interval({high:g},{low:g})")
    if log and low <= 0:
        raise _refused(override, "is logarithmic and does not start above 0", "a low end above 0")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _range(override: Override, sweep: RangeSweep) -> BaseDistribution:
    start, stop, step = sweep.start, sweep.stop, sweep.step
    assert start is not None
    assert stop is not None
    if step == 0:
        raise _refused(override, "has step 0", "range(start,stop,step) with another step")
    values = list(RangeSweep.range(sweep))
    if not values:
        raise _refused(override, "is empty: stop is not part of a range", "range(start,stop,step) with start < stop")
    low, high = min(values), max(values)
    whole = all(isinstance(value, int) for value in values)
    if "log" in sweep.tags:
        if not whole or abs(step) != 1 or low < 1:
            raise _refused(override, "is logarithmic and has a step", "tag(log,int(interval(low,high))), or a choice")
        return IntDistribution(int(low), int(high), log=True)
    if whole:
        return IntDistribution(int(low), int(high), step=abs(int(step)))
    return FloatDistribution(float(low), float(high), step=abs(float(step)))


def _refused(override: Override, what: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"{override.input_line} {what}", expected=expected)


def _low(distribution: BaseDistribution) -> float:
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    return distribution.low


def _flat(point: Mapping[str, Any], prefix: str = "") -> dict[str, Value]:
    flat: dict[str, Value] = {}
    for key, value in point.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
