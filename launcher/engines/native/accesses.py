"""Reads, fills and updates of every level, from the words that cross the boundaries and what each level keeps."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from launcher.engines.native.nest import Nest
from launcher.engines.native.reuse import Traffic
from launcher.engines.native.tiles import Tensor, partition_words


@dataclass
class LevelAccesses:
    """One tensor at one level, per instance.

    Attributes:
        tile_words: the tile kept here; 0 when it bypasses the level.
        partition_words: the part of the tensor that this instance is responsible for in total.
        content_words: words that the children take from here.
        share_words: words that come from the parent for this instance.
        peer_words: words that come from a neighbour over a link.
        reads, fills, updates: words read, written from above, written from below.
        traffic: what crosses the network below this level.
    """

    tile_words: int
    partition_words: int
    content_words: float
    share_words: float
    traffic: Traffic
    peer_words: float = 0.0
    reads: int = 0
    fills: int = 0
    updates: int = 0

    def clear_buffer(self) -> None:
        """Forget the storage, not the network: the tensor passes by."""
        self.tile_words = 0
        self.partition_words = 0
        self.content_words = 0.0
        self.share_words = 0.0


def count_accesses(tensor: Tensor, nest: Nest, number: int, traffic: list[Traffic]) -> list[LevelAccesses]:
    """Accesses of one tensor at all levels, innermost first.

    Args:
        tensor: the tensor.
        nest: the mapping.
        number: the tensor's position among the problem's data spaces.
        traffic: per level what crosses the boundary below it, as if every level kept the tensor; it is rescaled
            in place where levels are bypassed.
    """
    keep = [level.keep[number] for level in nest.levels]
    accesses = _unmasked(tensor, nest, traffic)
    _mask_inner(accesses, keep)
    _mask_outer(accesses, keep)
    _add_peers(accesses, nest)
    for level in accesses:
        if level.tile_words:
            _split(tensor, level)
    _elide_first_fill(tensor, accesses, keep)
    return accesses


def _unmasked(tensor: Tensor, nest: Nest, traffic: list[Traffic]) -> list[LevelAccesses]:
    parts = partition_words(tensor, nest)
    accesses = []
    for index, level in enumerate(nest.levels):
        share = 0.0
        if index + 1 < len(nest.levels):
            parent = traffic[index + 1]
            for (destinations, _), words in sorted(parent.accesses.items()):
                share += words * destinations / parent.fanout
        accesses.append(
            LevelAccesses(tensor.words(level.extents), parts[index], traffic[index].words, share, traffic[index])
        )
    return accesses


def _mask_inner(accesses: list[LevelAccesses], keep: list[bool]) -> None:
    """Bypassed levels hand their children's accesses to the next level out.

    Each of the parent's children is then accessed as often as the bypassed level was, so the parent's traffic grows
    by the ratio of what the bypassed instances gave out to what they were given.
    """
    for index, level in enumerate(accesses):
        if keep[index]:
            continue
        if index + 1 < len(accesses):
            parent = accesses[index + 1]
            delivered = parent.traffic.delivered_words
            factor = level.content_words * parent.traffic.fanout / delivered
            for key in parent.traffic.accesses:
                parent.traffic.accesses[key] *= factor
            parent.traffic.link_words = 0.0
            parent.content_words = parent.traffic.words
        level.clear_buffer()


def _mask_outer(accesses: list[LevelAccesses], keep: list[bool]) -> None:
    """Nothing moves above the outermost level that keeps the tensor, and nothing fills that level."""
    for level, kept in zip(reversed(accesses), reversed(keep), strict=True):
        if kept:
            level.share_words = 0.0
            return
        level.traffic.accesses.clear()
        level.traffic.link_words = 0.0


def _add_peers(accesses: list[LevelAccesses], nest: Nest) -> None:
    for index in range(1, len(accesses)):
        links = accesses[index].traffic.link_words
        if links:
            # Timeloop divides by all instances of the child level, also when several parents have children.
            accesses[index - 1].peer_words += links / nest.levels[index - 1].instances


def _split(tensor: Tensor, level: LevelAccesses) -> None:
    taken = level.content_words + level.peer_words
    given = level.share_words + level.peer_words
    if not tensor.read_write:
        level.reads = _round(taken)
        level.fills = int(given)
        return
    # Every word from below is written; it is first read back, except where it is touched for the first time.
    level.updates = _round(level.content_words)
    level.reads = _round(taken - level.partition_words)
    level.fills = _round(given - level.partition_words)


def _elide_first_fill(tensor: Tensor, accesses: list[LevelAccesses], keep: list[bool]) -> None:
    outermost = accesses[max(index for index, kept in enumerate(keep) if kept)]
    if tensor.read_write:
        outermost.fills = _round(outermost.share_words + outermost.peer_words)


def _round(value: float) -> int:
    """Round half away from zero, as C does (Python rounds half to even)."""
    whole = floor(value)
    return whole + (value - whole >= 0.5)
