"""Orders of the loops outside a buffer, as far as they matter.

Let *live* loops be those of bound 2 or more. A tile stays where it is while live loops run that do not move it, from
the innermost outwards; the first one that moves it brings in a new tile, and so does every iteration further out. So
what a tensor without overlapping tiles costs follows from the set of its *free* dimensions, those inside of the first
that moves it, whatever their order: it is its tile times the product of all other bounds. Two orders in which every
tensor has the same free dimensions cost the same, and one whose free dimensions are all among those of another never
costs less.

Loops of bound 1 are counted as if they were live. That is never too low: a tensor that they seem to move only loses
free dimensions. And the least over all orders stays what it is: take the best order of the live loops and put all
others outermost; then the first loop that moves a tensor is a live one if any of them does, so nothing is counted too
high, and the order is one of those that are looked at, or costs the same as one, or no less.

Where tiles overlap (sliding windows), the first loop that moves the tile brings in what is new only; all others bring
in a whole tile, unless they happen to move it by the same vector (see ``deltas``): a loop over the other dimension of
the same rank can, when nothing that moves the tile stands between. So beside the free dimensions matter the first that
moves the tile, and, if the next one that moves it is its partner in a rank, which loops are inside that one. Orders
that agree in this and in the other tensors' free dimensions are of one kind. Of each kind one order is counted, by its
live loops alone, so every count is that of a real order. And the least is found: take the best order again, the other
loops outermost. The order that stands for its kind has the same free dimensions, the same first loop that moves the
tile, and the partner at the same place; where loops of bound 1 stand between its live ones, dropping them can bring
other partners together, which only saves words.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import permutations

from launcher.engines.native.tiles import Tensor

Order = tuple[int, ...]
"""Dimension numbers, innermost first."""


def orders_that_matter(
    tensors: Sequence[Tensor], dimensions: Sequence[int], inside: Sequence[Order] = ()
) -> list[Order]:
    """One order of each kind that can be the best for some tiling.

    Args:
        tensors: those whose traffic counts.
        dimensions: those that can have loops outside the buffer.
        inside: (inner, outer) pairs; whether all of them are kept is told apart as well.
    """
    kinds: dict[tuple[Hashable, ...], Order] = {}
    for order in permutations(dimensions):
        kinds.setdefault((keeps(order, inside), *(cost_key(tensor, order) for tensor in tensors)), order)
    if any(tensor.sliding for tensor in tensors):
        return list(kinds.values())
    frees = {kind: [frozenset(free_of(tensor, order)) for tensor in tensors] for kind, order in kinds.items()}
    return [order for kind, order in kinds.items() if not _is_beaten(kind, frees)]


def keeps(order: Order, inside: Sequence[Order]) -> bool:
    """Whether in every pair the first dimension is inside of the second one; true where one has no loop."""
    return all(order.index(inner) < order.index(outer) for inner, outer in inside if inner in order and outer in order)


def free_of(tensor: Tensor, order: Order) -> Order:
    """The dimensions inside of the first one that moves a tensor's tile."""
    place = next((place for place, dimension in enumerate(order) if tensor.relevant[dimension]), len(order))
    return order[:place]


def cost_key(tensor: Tensor, order: Order) -> Hashable:
    """What the traffic of a tensor depends on; see the module."""
    free = free_of(tensor, order)
    if not tensor.sliding:
        return frozenset(free)
    if not _is_plain(tensor):
        return order
    moving = [dimension for dimension in order if tensor.relevant[dimension]]
    if len(moving) < 2 or not _are_partners(tensor, moving[0], moving[1]):
        return frozenset(free), tuple(moving[:1])
    return frozenset(free), moving[0], frozenset(order[: order.index(moving[1])])


def _is_plain(tensor: Tensor) -> bool:
    """Whether every rank adds up at most two dimensions, each of which has no other rank."""
    seen = [dimension for rank in tensor.ranks for dimension, _ in rank]
    return len(set(seen)) == len(seen) and all(len(rank) <= 2 for rank in tensor.ranks)


def _are_partners(tensor: Tensor, first: int, second: int) -> bool:
    return any({first, second} == {dimension for dimension, _ in rank} for rank in tensor.ranks)


def _is_beaten(kind: tuple[Hashable, ...], frees: dict[tuple[Hashable, ...], list[frozenset[int]]]) -> bool:
    return any(
        other != kind
        and (other[0] or not kind[0])
        and all(one <= two for one, two in zip(frees[kind], frees[other], strict=True))
        for other in frees
    )
