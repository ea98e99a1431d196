"""Lower bounds of sums over layers: of total energy, of total cycles, and of energy x cycles^k of the totals.

Of layer i, with energy e and cycles c over all its runs, is known that e >= E, c >= C and e c^k >= B. Energy x cycles^k
of the totals is a product of sums, and by the inequality of arithmetic and geometric means

    (sum e) (sum c)^k  =  min over x > 0 of  k^k / (k+1)^(k+1) * (sum (e + x c))^(k+1) / x^k.

For each price of a cycle x the layers can be minimised one by one, in closed form: where neither E nor C binds,
e + x c is least at (k+1) (B x^k / k^k)^(1/(k+1)). Between the prices at which a layer starts or ceases to be bound, the
sum is a + b x + g x^(k/(k+1)), and its quotient by x^(k/(k+1)) is least at x = k a / b, or at an end of the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from launcher.engines.native.designs.bounds import LayerBound
from launcher.summing import sum_in_order


def total_energy_pj(layers: Sequence[tuple[LayerBound, int]]) -> float:
    """Of layers with how often each runs."""
    return sum_in_order(bound.energy_pj * runs for bound, runs in layers)


def total_cycles(layers: Sequence[tuple[LayerBound, int]]) -> float:
    """Of layers with how often each runs."""
    return sum_in_order(bound.cycles * runs for bound, runs in layers)


def least_product(layers: Sequence[tuple[LayerBound, int]], power: int, scale: float) -> float:
    """Least total energy x total cycles^power, in the unit of ``LayerBound.value``.

    Args:
        layers: whose values bound energy x cycles^power (or are 0), with how often each runs.
        power: of the cycles, 1 or more.
        scale: from pJ x cycles^power to the unit of the values.
    """
    if not all(bound.feasible for bound, _ in layers):
        return inf
    parts = [_Part.of(bound, runs, power, scale) for bound, runs in layers]
    marks = sorted({x for part in parts for x in (part.first, part.last)})
    least = min(_between(parts, low, high, power) for low, high in zip([0.0, *marks], [*marks, inf], strict=True))
    return least * scale


class _Part:
    """One layer: ``first`` and ``last`` are the prices between which only its product binds."""

    def __init__(self, energy: float, cycles: float, value: float, power: int) -> None:
        self.energy, self.cycles = energy, cycles
        # A product that the energy and the cycles exceed by themselves says nothing more than they do.
        self.value = max(value, energy * cycles**power)
        self.most_cycles = (self.value / energy) ** (1 / power) if energy else inf
        self.most_energy = self.value / cycles**power if cycles else inf
        self.first = power * energy / self.most_cycles if self.most_cycles else 0.0
        self.last = power * self.most_energy / cycles if cycles else inf
        self.last = max(self.first, self.last)

    @classmethod
    def of(cls, bound: LayerBound, runs: int, power: int, scale: float) -> _Part:
        return cls(bound.energy_pj * runs, bound.cycles * runs, bound.value / scale * runs ** (power + 1), power)

    def terms(self, low: float, high: float, power: int) -> tuple[float, float, float]:
        """(a, b, g) of the least e + x c for prices x of an interval that no mark divides."""
        if high <= self.first:
            return self.energy, self.most_cycles, 0.0
        if low >= self.last:
            return self.most_energy, self.cycles, 0.0
        return 0.0, 0.0, (power + 1) * (self.value / power**power) ** (1 / (power + 1))


def _between(parts: Sequence[_Part], low: float, high: float, power: int) -> float:
    if low >= high:
        return inf
    terms = [part.terms(low, high, power) for part in parts]
    a, b, g = (sum_in_order(term[n] for term in terms) for n in range(3))
    # Without one of them the quotient is least at an end, where the next interval meets it.
    x = min(max(power * a / b, low), high) if a and b else low if b else high
    share = power / (power + 1)
    quotient = g
    quotient += a * x**-share if a and x < inf else 0.0
    quotient += b * x ** (1 - share) if b else 0.0
    return float(power**power / (power + 1) ** (power + 1) * quotient ** (power + 1))
