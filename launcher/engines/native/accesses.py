"""Reads, fills and updates of every level, from the words that cross the boundaries and what each level keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from launcher.engines.native.formulas import elide_first_touch, round_half_away
from launcher.engines.native.lowering import Nest
from launcher.engines.native.reuse import Traffic
from launcher.engines.native.reuse_rules import ReuseRules
from launcher.engines.native.tiles import Tensor, partition_words
from launcher.errors import SpecificationError

ROUNDING = 1e-14
"""Relative difference that may come of counts beyond 2^53, which are rounded."""


class LeavesGapsError(SpecificationError):
    """A mapping under which an instance updates fewer words than its part of a read-write data space has.

    Raised by ``count_accesses``; Timeloop stops at such a mapping.
    """


@dataclass
class LevelAccesses:
    """One tensor at one level, per instance.

    Attributes:
        read_write: whether the tensor is accumulated into.
        tile_words: the tile kept here; 0 when it bypasses the level.
        partition_words: the part of the tensor that this instance is responsible for in total.
        content_words: words that the children take from here.
        share_words: words that come from the parent for this instance.
        peer_words: words that come from a neighbour over a link.
        reads, fills, updates: words read, written from above, written from below.
        traffic: what crosses the network below this level.
    """

    read_write: bool
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


def count_accesses(
    tensor: Tensor,
    nest: Nest,
    kept: list[bool],
    rules: Sequence[ReuseRules],
    traffic: list[Traffic],
    firsts: int = 1,
    *,
    first_fills: bool = False,
) -> list[LevelAccesses]:
    """Accesses of one tensor at all levels, innermost first.

    Args:
        tensor: the tensor.
        nest: the mapping.
        kept: per level, whether it stores the tensor.
        rules: of the tensor, per level.
        traffic: per level what crosses the boundary below it, as if every level kept the tensor; it is rescaled
            in place where levels are bypassed.
        firsts: how often the nest runs on other words than before.
        first_fills: whether the first fill of a partial result counts, as in old versions of Timeloop.
    """
    accesses = _unmasked(tensor, nest, traffic, firsts)
    coalesced = [rule.coalesced for rule in rules]
    _mask_inner(accesses, kept, coalesced)
    _mask_outer(accesses, kept, coalesced)
    _add_peers(accesses, nest)
    backing = max((index for index, level in enumerate(accesses) if level.tile_words), default=None)
    for index, level in enumerate(accesses):
        if level.tile_words:
            _split(level, rules[index], first_fills=first_fills or index == backing)
    return accesses


def _unmasked(tensor: Tensor, nest: Nest, traffic: list[Traffic], firsts: int) -> list[LevelAccesses]:
    parts = [words * firsts for words in partition_words(tensor, nest)]
    accesses = []
    for index, level in enumerate(nest.levels):
        share = 0.0
        if index + 1 < len(nest.levels):
            parent = traffic[index + 1]
            for (destinations, _), words in sorted(parent.accesses.items()):
                share += words * destinations / parent.fanout
        words = tensor.words(level.extents)
        accesses.append(
            LevelAccesses(tensor.read_write, words, parts[index], traffic[index].words, share, traffic[index])
        )
    return accesses


def _mask_inner(accesses: list[LevelAccesses], kept: list[bool], coalesced: list[bool]) -> None:
    """Bypassed levels hand their children's accesses to the next level out.

    Each of the parent's children is then accessed as often as the bypassed level was, so the parent's traffic grows
    by the ratio of what the bypassed instances gave out to what they were given.
    """
    for index, level in enumerate(accesses):
        if kept[index] and coalesced[index]:
            continue
        if index + 1 < len(accesses):
            parent = accesses[index + 1]
            if parent.traffic.accesses:
                factor = level.content_words * parent.traffic.fanout / parent.traffic.delivered_words
                for key in parent.traffic.accesses:
                    parent.traffic.accesses[key] *= factor
                parent.traffic.link_words = 0.0
            parent.content_words = parent.traffic.words
        if not kept[index] or index + 1 == len(accesses):
            level.clear_buffer()


def _mask_outer(accesses: list[LevelAccesses], kept: list[bool], coalesced: list[bool]) -> None:
    """Nothing moves above the outermost level that keeps the tensor, and nothing fills that level."""
    for index, level in reversed(list(enumerate(accesses))):
        if kept[index] and coalesced[index]:
            level.share_words = 0.0
            return
        level.clear_buffer()
        level.traffic.clear()


def _add_peers(accesses: list[LevelAccesses], nest: Nest) -> None:
    for index in range(1, len(accesses)):
        links = accesses[index].traffic.link_words
        if links:
            # Timeloop divides by all instances of the child level, also when several parents have children.
            accesses[index - 1].peer_words += links / nest.levels[index - 1].instances


def _split(level: LevelAccesses, rules: ReuseRules, *, first_fills: bool) -> None:
    """Tell reads, fills and updates apart.

    Every word of a read-write tensor that arrives from below is written; it is first read back, except where it is
    touched for the first time (see ``elide_first_touch``).
    """
    taken = level.content_words + level.peer_words
    given = level.share_words + level.peer_words
    if not level.read_write:
        level.reads = _rounded(taken)
        level.fills = int(given)
        return
    level.updates = _rounded(level.content_words)
    if not rules.coalesced:
        level.reads = level.fills = _rounded(taken)
        return
    untouched = 0.0 if rules.first_update_reads else float(level.partition_words)
    if taken < untouched * (1 - ROUNDING):
        raise LeavesGapsError(
            "fewer words of a read-write data space are updated than it has: its projection leaves gaps",
            expected="a projection without gaps, such as [[[D]], [[L]]]",
            hint="Timeloop stops at such a mapping too",
        )
    level.reads = _rounded(_touched_before(taken, untouched))
    level.fills = _rounded(_touched_before(given, 0.0 if first_fills else untouched))


def _touched_before(words: float, untouched: float) -> float:
    left = elide_first_touch(words, untouched)
    return 0.0 if abs(left) <= ROUNDING * untouched else left


def _rounded(words: float) -> int:
    return int(round_half_away(words, floor(words)))
