"""The least product of energy and cycles over everything, from its answers to directions.

Every answer is a line that nothing lies below: ``a * energy + b * cycles >= bound``. A product of powers is
quasi-concave, so over the region above all lines it is least at a corner. When the best point found is as good as the
best corner, it is the optimum; else the corner is asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from math import inf, log, sqrt
from typing import Generic, TypeVar

from launcher.engines.native.fusion.supports import CYCLES, ENERGY, EXACT, Direction, Point
from launcher.figures import Criterion

P = TypeVar("P", bound=Point)

Ask = Callable[[Direction], tuple[float, P | None]]
"""A direction's bound, and the best point found."""

_MOST_QUESTIONS = 64
_SLACK = 0.9
_MARGIN = 0.1
_STEEP = 1e3


@dataclass(frozen=True)
class Line:
    """Nothing lies below ``direction.energy * energy + direction.cycles * cycles = bound``."""

    direction: Direction
    bound: float


@dataclass
class Corners(Generic[P]):
    """The search for the least value of one criterion.

    Attributes:
        criterion: what is minimised.
        lines: what is known.
        best: the best point so far.
    """

    criterion: Criterion
    lines: list[Line] = field(default_factory=list)
    best: P | None = None

    def learn(self, direction: Direction, bound: float, point: P | None) -> None:
        """An answer."""
        self.lines.append(Line(direction, bound))
        if point is not None and (self.best is None or self._beats(point, self.best)):
            self.best = point

    def _beats(self, point: P, other: P) -> bool:
        """Whether a point is better; of equal ones the one with the smaller product is."""
        value, before = self._of(point), self._of(other)
        if abs(value - before) > EXACT * before:
            return value < before
        return point.energy_pj * point.cycles < other.energy_pj * other.cycles

    @property
    def bound(self) -> float:
        """No point has a smaller value."""
        if not (self.criterion.energy and self.criterion.cycles):
            only = ENERGY if self.criterion.energy else CYCLES
            return max(line.bound for line in self.lines if line.direction == only) ** self._power
        least = min((self.criterion.value(*corner) for corner in self.corners()), default=0.0)
        return least if self.best is None else min(least, self._of(self.best))

    @property
    def is_proved(self) -> bool:
        return self.best is not None and self.bound >= self._of(self.best) * (1 - EXACT)

    def corners(self) -> list[tuple[float, float]]:
        """(energy, cycles) of the corners of the region that is left."""
        crossings = (_crossing(first, second) for first, second in combinations(self.lines, 2))
        return [one for one in crossings if one is not None and all(_above(line, one) for line in self.lines)]

    def question(self) -> Direction | None:
        """The direction that says most about the best corner; None when it was asked already.

        The line through the best point that just excludes a corner whose other side stays as it is; one between the two
        lines that meet there where that is next to either of them, and so would hardly say more.
        """
        assert self.best is not None
        energy, cycles = min(self.corners(), key=lambda corner: self.criterion.value(*corner))
        prices = [line.direction.price for line in self.lines if not _above(line, (energy, cycles), strictly=True)]
        frugal = energy < self.best.energy_pj
        side = (energy, float(self.best.cycles)) if frugal else (self.best.energy_pj, cycles)
        slope = self.criterion.cycles * side[0] / (self.criterion.energy * side[1])
        wanted = Direction(1.0, slope * (_SLACK if frugal else 1 / _SLACK))
        if not _well_between(wanted, min(prices), max(prices)):
            wanted = _between(min(prices), max(prices))
        asked = any(abs(line.direction.price - wanted.price) < 1e-12 * wanted.price for line in self.lines)
        return None if asked else wanted

    @property
    def _power(self) -> int:
        return self.criterion.energy + self.criterion.cycles

    def _of(self, point: P) -> float:
        return self.criterion.value(point.energy_pj, point.cycles)


def minimise(
    criterion: Criterion,
    ask: Ask[P],
    lower: Callable[[Direction], float],
    first: Direction,
    expired: Callable[[], bool],
    known: P | None = None,
) -> Corners[P]:
    """Ask until the best point is proved, or time is up.

    Args:
        criterion: energy, cycles, or a product of powers of both.
        ask: what answers.
        lower: a bound that costs nothing.
        first: where to begin when no point is known.
        expired: whether to stop.
        known: a point that is possible; with the bounds that cost nothing it says where to begin.
    """
    corners: Corners[P] = Corners(criterion)
    if not (criterion.energy and criterion.cycles):
        only = ENERGY if criterion.energy else CYCLES
        corners.learn(only, *ask(only))
        if corners.best is not None and only is CYCLES:
            # Of what is equally fast, something frugal.
            tie = Direction(1.0, _STEEP * corners.best.energy_pj / corners.best.cycles)
            corners.learn(tie, *ask(tie))
        return corners
    corners.best = known
    if known is None:
        corners.learn(first, *ask(first))
    for extreme in (ENERGY, CYCLES):
        corners.learn(extreme, lower(extreme), None)
    for _ in range(_MOST_QUESTIONS):
        if corners.best is None or corners.is_proved or expired():
            break
        question = corners.question()
        if question is None:
            break
        corners.learn(question, *ask(question))
    return corners


def _crossing(first: Line, second: Line) -> tuple[float, float] | None:
    a, b = first.direction, second.direction
    determinant = a.energy * b.cycles - b.energy * a.cycles
    if not determinant or inf in (first.bound, second.bound):
        return None
    energy = (first.bound * b.cycles - second.bound * a.cycles) / determinant
    cycles = (a.energy * second.bound - b.energy * first.bound) / determinant
    return energy, cycles


def _above(line: Line, point: tuple[float, float], *, strictly: bool = False) -> bool:
    value = line.direction.value(*point)
    return value > line.bound * (1 + EXACT) if strictly else value >= line.bound * (1 - EXACT)


def _ratio(price: float) -> float:
    """Weight of a cycle when energy has the weight 1."""
    return price / (1 - price) if price < 1 else inf


def _well_between(direction: Direction, low: float, high: float) -> bool:
    """Whether a direction lies between two prices, and next to neither of two that are no extremes."""
    ratios = _ratio(low), _ratio(direction.price), _ratio(high)
    if not ratios[0] < ratios[1] < ratios[2]:
        return False
    if not ratios[0] or ratios[2] == inf:
        return True
    step, span = log(ratios[1] / ratios[0]), log(ratios[2] / ratios[0])
    return _MARGIN * span < step < (1 - _MARGIN) * span


def _between(low: float, high: float) -> Direction:
    """A direction between two prices, by the geometric mean of their ratios of cycles to energy."""
    ratios = _ratio(low), _ratio(high)
    if ratios[0] == 0:
        return Direction(1.0, ratios[1] / 16) if ratios[1] < inf else Direction(1.0, 1.0)
    return Direction(1.0, ratios[0] * 16 if ratios[1] == inf else sqrt(ratios[0] * ratios[1]))
