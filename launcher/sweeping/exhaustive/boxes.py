"""Boxes of designs that are bounded together, and which key to divide them by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, log

import numpy as np

from launcher.engines.native.arrays import AnyInts
from launcher.engines.native.designs.bounds import LayerBound
from launcher.sweeping.exhaustive.space import FiniteSpace

_TRUSTED = 4
"""Divisions by a key after which its average gain is believed."""

_MOST_GAIN = 5.0


@dataclass(eq=False)
class Box:
    """Designs of one structure.

    Attributes:
        members: their numbers, in order.
        layers: bounds of each layer.
        losses: lower bounds of the objectives' losses.
        stage: how many kinds of bounds were worked out (see ``BoxSearch``).
        divided_by: the key that told it from its siblings.
        before: the first loss of the box that it is a part of.
        corners: of each layer the structure and its most favourable slots, once they are known.
    """

    members: AnyInts
    layers: tuple[LayerBound, ...]
    losses: tuple[float, ...]
    stage: int = 0
    divided_by: str = ""
    before: float = -inf
    corners: tuple[tuple[int, int, bytes], ...] | None = None

    @property
    def single(self) -> bool:
        return len(self.members) == 1


@dataclass
class Divider:
    """Divides boxes by the key whose divisions have raised bounds most.

    Attributes:
        space: the points.
        number: (designs,) the point that stands for a design.
    """

    space: FiniteSpace
    number: AnyInts
    _gains: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._strides = self.space.strides
        self._ranks = {key: _ranks(values) for key, values in self.space.values.items()}

    def parts(self, box: Box, stage: int) -> Iterator[Box]:
        """Two parts of a box, the lower half of the values of one key and the upper one; where they begin."""
        digits = {key: self._digits(key, box.members) for key in self.space.values}
        spread = {key: np.unique(own) for key, own in digits.items()}
        key = max((key for key, own in spread.items() if len(own) > 1), key=self._promise)
        middle = spread[key][len(spread[key]) // 2]
        for chosen in (digits[key] < middle, digits[key] >= middle):
            yield Box(box.members[chosen], box.layers, box.losses, stage, key, box.losses[0])

    def learn(self, box: Box) -> None:
        """Note what a division brought, when the part was bounded by itself."""
        if box.divided_by and box.before > 0 and 0 < box.losses[0] < inf:
            gains = self._gains.setdefault(box.divided_by, [0.0, 0.0])
            gains[0] += min(log(box.losses[0] / box.before), _MOST_GAIN)
            gains[1] += 1

    def _promise(self, key: str) -> tuple[bool, float]:
        gain, count = self._gains.get(key, (0.0, 0.0))
        return count < _TRUSTED, gain / count if count >= _TRUSTED else -count

    def _digits(self, key: str, members: AnyInts) -> AnyInts:
        ranks = self._ranks[key]
        return np.asarray(ranks[self.number[members] // self._strides[key] % len(ranks)])


def _ranks(values: object) -> AnyInts:
    """The order of a key's values by size; of names, as they were given."""
    listed = list(values)  # type: ignore[call-overload]
    if all(isinstance(value, int | float) for value in listed):
        return np.argsort(np.argsort(np.array(listed, float), kind="stable"), kind="stable")
    # A key that may be null is unlimited then.
    return np.arange(len(listed))
