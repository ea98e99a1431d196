"""What nothing else beats: the front of several losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether ``one`` is nowhere larger than ``other``, and somewhere smaller."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


class Front(Generic[T]):
    """Items that nothing beats, those with equal losses together; it grows item by item."""

    def __init__(self) -> None:
        self._items: dict[tuple[float, ...], list[T]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._items.values()))

    @property
    def groups(self) -> list[list[T]]:
        """Items with equal losses, the least losses first."""
        return [self._items[losses] for losses in sorted(self._items)]

    @property
    def least(self) -> tuple[float, ...] | None:
        """The least losses, the first of them deciding; None of an empty front."""
        return min(self._items, default=None)

    def add(self, item: T, losses: Sequence[float]) -> None:
        """Add an item unless something beats it, and take out what it beats."""
        own = tuple(losses)
        if own not in self._items:
            if any(dominates(other, own) for other in self._items):
                return
            for beaten in [other for other in self._items if dominates(own, other)]:
                del self._items[beaten]
            self._items[own] = []
        self._items[own].append(item)


def front_of(items: Iterable[T], losses: Callable[[T], tuple[float, ...]]) -> list[T]:
    """The items that nothing beats, the least losses first; of equal ones the first."""
    front: Front[T] = Front()
    for one in sorted(items, key=losses):  # then nothing that was added is beaten later, and the front stays small
        front.add(one, losses(one))
    return [group[0] for group in front.groups]
