"""How much of a layer's dimensions fits where a template puts them.

A loop of a fan-out takes what fits there: the largest divisor, or all of it where fan-outs may be imperfect. A loop in
time takes the largest divisor of what remains of its dimension once the loops inside it are done, or all that fits
where every loop may be imperfect. What remains of N indices outside a loop with end P is ceil(N / P).

Templates speak of parts (``specification/roles.py``), and here alone they become the layer's own dimensions: where
several play one part, the first takes what fits, the next what fits in what is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isqrt, prod

from launcher.errors import ConfigurationError
from launcher.specification.constraints import Factors
from launcher.specification.roles import Roles

_BOUND = re.compile(r"([<>]?=+)\s*([0-9]+)")


_LARGEST_EXTENT = 2**40


def largest_divisor(extent: int, most: float) -> int:
    """The largest divisor of ``extent`` that is at most ``most`` (1 when there is none).

    Raises:
        ConfigurationError: no dimension has an extent of more than 2^40.
    """
    if extent > _LARGEST_EXTENT:
        raise ConfigurationError(f"largest_divisor of {extent}", expected=f"an extent of at most {_LARGEST_EXTENT}")
    bound = min(extent, floor(most))
    if bound < 1:
        return 1
    root = isqrt(extent)
    # Of two factors one is at most the root: large divisors are found by what they are multiplied with.
    large = (extent // n for n in range(-(-extent // bound), root + 1) if extent % n == 0)
    small = (n for n in range(min(bound, root), 0, -1) if extent % n == 0)
    return next(large, None) or next(small)


class Shares(int):
    """The product of the factors of several dimensions that play one part, and the factor of each."""

    of: Mapping[str, int]

    def __new__(cls, of: Mapping[str, int]) -> Shares:
        made = super().__new__(cls, prod(of.values()))
        made.of = dict(of)
        return made


@dataclass(frozen=True)
class Fitting:
    """What fits of a layer, in the mapspace that is asked for.

    Attributes:
        sizes: extent of each dimension.
        factors: which loops may be imperfect.
        sliding: dimensions that keep perfect factors in any case: windows slide along them.
        roles: which dimensions a template means.
    """

    sizes: Mapping[str, int]
    factors: Factors = Factors.perfect
    sliding: frozenset[str] = frozenset()
    roles: Roles = field(default_factory=Roles)

    def only(self, *free: str, **factors: int | str) -> str:
        """Factors of one block: ``free`` dimensions may have any, others the given one, or else 1.

        Dimensions that the problem does not have are left out.
        """
        given, open_ = self._given(factors), {one for name in free for one in self.roles.own(name)}
        return _written({name: given.get(name, 1) for name in self.sizes if name in given or name not in open_})

    def fixed(self, **factors: int | str) -> str:
        """As :meth:`only`, with all other dimensions free."""
        given = self._given(factors)
        return _written({name: given[name] for name in self.sizes if name in given})

    def order(self, *names: str) -> str:
        """Loops from the inside out; dimensions that the problem does not have are left out."""
        own = [one for name in names for one in self.roles.own(name) if one in self.sizes]
        return f"[{', '.join(own)}]"

    def fill(self, extent: int, places: float) -> int:
        """How much of a dimension stands on a side of an array with this many places."""
        return _fitting(extent, places, imperfect=self.factors is not Factors.perfect)

    def spread(self, places: int, *names: str) -> dict[str, int]:
        """Factors that fill ``places`` with the first dimension, then what is left with the next, and so on.

        Where several dimensions play one part, its factor is their product, a :class:`Shares`.
        """
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
            own = [one for one in self.roles.own(name) if one in self.sizes]
            if own:
                shares = self._shares(places // prod(factors.values()), own, imperfect=imperfect)
                factors[name] = Shares(shares) if len(own) > 1 else shares[own[0]]
        return factors

    def _shares(self, places: int, own: Sequence[str], *, imperfect: bool) -> dict[str, int]:
        shares: dict[str, int] = {}
        for one in own:
            left = places // prod(shares.values())
            shares[one] = _fitting(self.sizes[one], left, imperfect=imperfect and one not in self.sliding)
        return shares

    def _given(self, factors: Mapping[str, int | str]) -> dict[str, int | str]:
        """The factors, or bounds, of the layer's own dimensions."""
        given: dict[str, int | str] = {}
        for name, factor in factors.items():
            own = [one for one in self.roles.own(name) if one in self.sizes]
            given |= dict.fromkeys(own, factor) if len(own) < 2 else self._shared_out(factor, own)
        return given

    def _shared_out(self, factor: int | str, own: Sequence[str]) -> Mapping[str, int | str]:
        if isinstance(factor, Shares):
            return factor.of
        bound = _BOUND.fullmatch(str(factor))
        sign, number = (bound[1], int(bound[2])) if bound else ("", int(factor))
        shares = self._shares(number, own, imperfect=False)
        return {one: f"{sign}{share}" if sign else share for one, share in shares.items()}


def _written(factors: Mapping[str, int | str]) -> str:
    """``[E=4, D>=8]``."""
    return "[" + ", ".join(f"{name}{_bound(factor)}" for name, factor in factors.items()) + "]"


def _bound(factor: int | str) -> str:
    """``=4``, or a bound as it is written: ``>=4``."""
    return factor if isinstance(factor, str) else f"={factor}"


def _fitting(extent: int, most: float, *, imperfect: bool) -> int:
    return max(min(extent, floor(most)), 1) if imperfect else largest_divisor(extent, most)


def _remaining(extent: int, end: int) -> int:
    return ceil(extent / end)
