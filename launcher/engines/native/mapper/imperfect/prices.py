"""Compiled: bounds of what moving words costs, from totals over all instances."""

from __future__ import annotations

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.compilation import helper
from launcher.engines.native.formulas import block_count
from launcher.engines.native.mapper.imperfect.tables import PER_FIRST_TOUCH, PER_WORD, Fans, Work
from launcher.engines.native.mapper.kernels import search_tables as at

counted = helper(block_count)


@helper
def own_words(work: Work, p: int) -> float:
    """Words of a data space; those of a single window where there are windows."""
    words = 1.0
    for d in range(len(work.extents)):
        if work.relevant[p, d] and not work.windowed[p, d]:
            words *= work.extents[d]
    return words


@helper
def serving_energy(work: Work, fans: Fans, p: int, inner: int, outer: int, content: float) -> float:
    """Least energy of a level and the networks below it when ``content`` words are taken from it, and handed back."""
    prices = fans.prices[outer, p]
    energy = content * prices[at.ADDRESS_PJ]
    if work.read_write[p]:
        energy += counted(content, prices[at.PARTS], prices[at.BLOCK]) * prices[at.UPDATE_PJ]
    reads = max(content - (fans.first[outer, p] if work.elides[outer, p] else 0.0), 0.0)
    energy += counted(reads, prices[at.PARTS], prices[at.BLOCK]) * prices[at.READ_PJ]
    for m in range(inner + 1, outer + 1):
        # Fewer words come out of a level than cross the networks further in.
        energy += fans.network[m, p, PER_WORD] * content
        energy -= fans.network[m, p, PER_FIRST_TOUCH] * fans.first[m, p]
    return float(energy)


@helper
def filling_energy(work: Work, fans: Fans, p: int, inner: int, entering: float) -> float:
    """Least energy of ``entering`` words that are filled into a level."""
    fills = max(entering - (fans.first[inner, p] if work.elides[inner, p] else 0.0), 0.0)
    prices = fans.prices[inner, p]
    accesses = counted(fills, prices[at.PARTS], prices[at.BLOCK])
    return float(accesses * prices[at.FILL_PJ] + fills * prices[at.ADDRESS_PJ])


@helper
def visible_share(ends: AnyArray, first: int, last: int, d: int) -> int:
    """Product of a dimension's fan-outs over some levels."""
    product = 1
    for m in range(first, last + 1):
        product *= ends[m, d]
    return int(product)


@helper
def least_different(fans: AnyArray, inside: int, level: int, d: int, left: int) -> float:
    """Least different digits in the fan-outs outside ``inside`` up to ``level``, and in all loops outside that level.

    Of the ``left`` tiles all but the last are whole. Where nothing remains, the outermost fan-out shows all its
    digits, since it is no larger than what remained there.
    """
    if inside >= level:
        return float(-(-left // visible_share(fans, level + 1, inside, d)))
    share = visible_share(fans, inside + 1, level, d)
    if left > 1:
        return float((left - 1) * share + 1)
    for k in range(level - inside):
        end = fans[level - k, d]
        if end > 1:
            return float((end - 1) * (share // end) + 1)
    return 1.0


@helper
def tile_words(work: Work, p: int, tile: AnyArray) -> float:
    """Words of a data space's tile; ``tile``: (D,) how far it reaches at least, within the problem or beyond."""
    words = 1.0
    if work.boxes[p]:
        for r in range(work.coefficient.shape[1]):
            width = 1
            for d in range(len(work.extents)):
                width += work.coefficient[p, r, d] * (min(tile[d], work.extents[d]) - 1)
            words *= width
        return words
    for d in range(len(work.extents)):
        if work.relevant[p, d]:
            words *= min(tile[d], work.extents[d])
    return words
