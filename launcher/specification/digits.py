"""The loops over one dimension as the digits of its index.

With ends P1, P2, ... from the innermost loop outwards, iteration (i1, i2, ...) stands at index i1 + P1 (i2 + P2 (...)).
The nest runs the indices below the extent and no others. Where the ends multiply to more than the extent, the last
iterations of outer loops are cut short: the factors are *imperfect* (Horeni et al., Ruby, ISPASS 2022).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Digits:
    """The loops over one dimension; a digit is named by the place of its loop, 0 for the innermost.

    Attributes:
        extent: of the dimension, at least 1.
        ends: of the loops, innermost first, each at least 1.
    """

    extent: int
    ends: tuple[int, ...]

    @property
    def residuals(self) -> tuple[int, ...]:
        """Per loop, its bound while all loops further out are at their last iteration."""
        last = self.extent - 1
        found = []
        for end in self.ends:
            last, digit = divmod(last, end)
            found.append(digit + 1)
        return tuple(found)

    @property
    def remainders(self) -> tuple[int, ...]:
        """What is left for each loop to cover, and last what they all leave: 1 when they reach the extent."""
        left = [self.extent]
        for end in self.ends:
            left.append(-(-left[-1] // end))
        return tuple(left)

    def distinct(self, chosen: Container[int]) -> int:
        """How many different combinations of the ``chosen`` digits the indices below the extent have.

        That is also how many indices have a 0 in all other digits. The ends must reach the extent.
        """
        tile = full = 1
        part = 0  # of the indices that are left of the extent after whole tiles
        for digit, end in enumerate(self.ends):
            tiles = self.extent % (tile * end) // tile
            if digit in chosen:
                full, part = full * end, tiles * full + part
            elif tiles:
                part = full
            tile *= end
        return full if tile == self.extent else part

    def sharers(self, chosen: Container[int], shared: Container[int]) -> Counter[int]:
        """Number of combinations of the ``shared`` digits -> how many combinations of the ``chosen`` ones have so many.

        Args:
            chosen: digits that make a case.
            shared: digits that are counted in each case; none of them is chosen.
        """
        cases = Counter({(1, 0): 1})  # in a whole tile, and in what is left of the extent after whole tiles
        tile = 1
        for digit, end in enumerate(self.ends):
            tiles = self.extent % (tile * end) // tile
            grown: Counter[tuple[int, int]] = Counter()
            for (full, part), count in cases.items():
                if digit in chosen:
                    for rest, times in ((full, tiles), (part, 1), (0, end - 1 - tiles)):
                        grown[full, rest] += count * times
                elif digit in shared:
                    grown[full * end, full * tiles + part] += count
                else:
                    grown[full, full if tiles else part] += count
            cases = grown
            tile *= end
        found: Counter[int] = Counter()
        for (full, part), count in cases.items():
            number = full if tile == self.extent else part
            if number and count:
                found[number] += count
        return found
