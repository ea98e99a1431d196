"""Compiled: how many different digits the indices of a dimension have in some of its loops.

An index has one digit per loop, in mixed radix over the ends. Whole tiles show all digits of the loops inside; only
the last tile, which ends where the dimension does, shows fewer.
"""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import procedure

EVERY_PLACE = 1 << 30
"""A place behind all loops."""


@procedure
def different(
    n: int, left: int, tile: int, d: int, last: int, fans: AnyArray, ends: AnyArray, places: AnyArray,
    level: int, place: int, inside: int, within: int, apart: AnyArray, below: int, kept: int,
) -> int:  # fmt: skip
    """Different digits over the first ``n`` indices in the chosen loops.

    Args:
        n: indices.
        left: tiles of the size ``tile`` that cover them; all loops outside the tile are chosen.
        tile: how far the loops up to level ``last`` reach together.
        d, last: the dimension, and the outermost level whose loops are known.
        fans, ends, places: (L, D) ends of fan-outs, ends of temporal loops and their places.
        level, place: temporal loops behind this place are chosen, ``place`` itself not.
        inside, within: fan-outs of the levels outside the first, up to the second, are chosen.
        apart, below: (L,) levels whose fan-outs are chosen as well, if they lie outside ``below``.
        kept: temporal loops up to this level are chosen as well.
    """
    chosen = 1
    for m in range(last + 1):
        if m > level or (m == level and places[m, d] > place) or m <= kept:
            chosen *= ends[m, d]
        if inside < m <= within or (apart[m] and below < m <= inside):
            chosen *= fans[m, d]
    if chosen == 1:
        return int(left)
    total = (left - 1) * chosen
    n -= (left - 1) * tile
    for k in range(last + 1):
        m = last - k
        for kind in range(2):
            end = fans[m, d] if kind else ends[m, d]
            if end == 1:
                continue
            tile //= end
            taken = inside < m <= within or (apart[m] and below < m <= inside)
            if taken if kind else (m > level or (m == level and places[m, d] > place) or m <= kept):
                chosen //= end
                whole = n // tile
                total += whole * chosen
                n -= whole * tile
                if n == 0:
                    return int(total)
            else:
                n = min(n, tile)
    return int(total + 1)


@procedure
def so_far(
    n: int, left: int, tile: int, d: int, last: int, fans: AnyArray, outside: AnyArray, ends: AnyArray,
    places: AnyArray, inside: int, apart: AnyArray,
) -> int:  # fmt: skip
    """The least there can be of different digits in all temporal loops, and in the fan-outs outside a level.

    As ``different``, but loops outside ``tile`` are not known yet. Of what remains, fan-outs that are not chosen can
    take all but ``rounds``; all of these but the last have a whole tile.
    """
    nowhere, start = np.int64(-1), np.int64(0)
    if inside <= last:
        found: int = different(
            n,
            left,
            tile,
            d,
            last,
            fans,
            ends,
            places,
            nowhere,
            start,
            inside,
            len(fans),
            apart,
            inside,
            nowhere,
        )
        return found
    hidden = outside[last + 1, d] // outside[min(inside + 1, len(fans)), d]
    rounds = -(-left // hidden)
    chosen = 1
    for m in range(last + 1):
        chosen *= ends[m, d]
    rest = different(
        n - (left - 1) * tile, np.int64(1), tile, d, last, fans, ends, places, nowhere, start, inside, len(fans), apart,
        inside, nowhere,
    )  # fmt: skip
    return int((rounds - 1) * chosen + rest)
