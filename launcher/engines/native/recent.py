"""What a slow function gave for the same few objects a moment ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

R = TypeVar("R")


class Recent(Generic[R]):
    """Values by the objects that they were made of, which must never change.

    A fused network is searched part by part: thousands of specifications that differ in their problems and constraints
    but have one machine and one energy table. These are told apart by identity: to compare them would take as long as
    to make the value anew.

    Args:
        most: how many values are kept, and what they were made of with them.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._kept: tuple[tuple[tuple[object, ...], R], ...] = ()

    def of(self, made_of: tuple[object, ...], make: Callable[[], R]) -> R:
        """The value for these objects, made when it is not known."""
        for known, value in self._kept:
            if all(one is other for one, other in zip(known, made_of, strict=True)):
                return value
        value = make()
        # Replaced as a whole: several threads may search at once.
        self._kept = ((made_of, value), *self._kept[: self._most - 1])
        return value
