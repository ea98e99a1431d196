"""How much of a layer's dimensions fits where a template puts them.

A loop of a fan-out takes what fits there: the largest divisor, or all of it where fan-outs may be imperfect. A loop in
time takes the largest divisor of what remains of its dimension once the loops inside it are done, or all that fits
where every loop may be imperfect. What remains of N indices outside a loop with end P is ceil(N / P).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, prod

from launcher.specification.constraints import Factors


def largest_divisor(extent: int, most: float) -> int:
    """The largest divisor of ``extent`` that is at most ``most`` (1 when there is none)."""
    return next((n for n in range(min(extent, floor(most)), 0, -1) if extent % n == 0), 1)


@dataclass(frozen=True)
class Fitting:
    """What fits of a layer, in the mapspace that is asked for.

    Attributes:
        sizes: extent of each dimension.
        factors: which loops may be imperfect.
        sliding: dimensions that keep perfect factors in any case: windows slide along them.
    """

    sizes: Mapping[str, int]
    factors: Factors = Factors.perfect
    sliding: frozenset[str] = frozenset()

    def fill(self, extent: int, places: float) -> int:
        """How much of a dimension stands on a side of an array with this many places."""
        return _fitting(extent, places, imperfect=self.factors is not Factors.perfect)

    def spread(self, places: int, *names: str) -> dict[str, int]:
        """Factors that fill ``places`` with the first dimension, then what is left with the next, and so on."""
        return self._filled(places, names, imperfect=self.factors is not Factors.perfect)

    def spread_in_time(self, most: int, *names: str) -> dict[str, int]:
        """As :meth:`spread`, for at most ``most`` iterations in time, inside all other loops of their dimensions."""
        return self._filled(most, names, imperfect=self.factors is Factors.all)

    def least_use(self, extent: int, side: int, share: float) -> int:
        """How much of a side of an array a layer must fill: ``share`` of it, or what the layer has if that is less."""
        return min(ceil(side * share), self.fill(extent, side))

    def norm_factors(self, room: int, most_lanes: int, registers: int) -> dict[str, int]:
        """How a norm operation fills lanes with columns, their registers, and a buffer with ``room`` words.

        The buffer takes the rest of a column first (``reduction``), then further columns (``columns``). From the inside
        out: registers and reduction share E, lanes and columns share L; only the lanes are a fan-out.
        """
        in_time = self.factors is Factors.all
        values, columns = self.sizes["E"], self.sizes["L"]
        lanes = self.fill(columns, min(most_lanes, room))
        in_registers = _fitting(values, min(registers, room // lanes), imperfect=in_time)
        left = room // (lanes * in_registers)
        reduction = _fitting(_remaining(values, in_registers), left, imperfect=in_time)
        further = _fitting(_remaining(columns, lanes), left // reduction, imperfect=in_time)
        return {"lanes": lanes, "registers": in_registers, "reduction": reduction, "columns": further}

    def _filled(self, places: int, names: tuple[str, ...], *, imperfect: bool) -> dict[str, int]:
        factors: dict[str, int] = {}
        for name in names:
            if name in self.sizes:
                left = places // prod(factors.values())
                factors[name] = _fitting(self.sizes[name], left, imperfect=imperfect and name not in self.sliding)
        return factors


def _fitting(extent: int, most: float, *, imperfect: bool) -> int:
    return max(min(extent, floor(most)), 1) if imperfect else largest_divisor(extent, most)


def _remaining(extent: int, end: int) -> int:
    return ceil(extent / end)
