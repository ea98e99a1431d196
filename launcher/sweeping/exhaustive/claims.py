"""Which points are settled, and which a living process works on."""

from __future__ import annotations

from collections.abc import Iterable

from launcher.sweeping.processes import Process


class Claims:
    """What the records say, in their order, about who does what.

    A claimant is a process's key, and behind a space what tells apart its parts.
    """

    def __init__(self, me: str) -> None:
        """``me``: the claimant that asks."""
        self._me = me
        self._settled = bytearray()
        self._by: dict[int, str] = {}
        self._heard: dict[str, float] = {}

    def heard(self, claimant: str, at: float) -> None:
        """A claimant said something, at a time in seconds since 1970."""
        self._heard[claimant] = at

    def take(self, claimant: str, numbers: Iterable[int]) -> None:
        """Points are a claimant's from now on; it made sure that they were nobody's."""
        self._by.update(dict.fromkeys(numbers, claimant))

    def release(self, claimant: str) -> None:
        """A claimant works on nothing any more."""
        self._by = {number: by for number, by in self._by.items() if by != claimant}

    def settle(self, number: int) -> bool:
        """A point is settled; False when it was already."""
        if self._is_settled(number):
            return False
        if number >= len(self._settled):
            self._settled.extend(bytes(number + 1 + len(self._settled) // 8 - len(self._settled)))
        self._settled[number] = 1
        self._by.pop(number, None)
        return True

    def free(self, numbers: Iterable[int], most: int | None) -> list[int]:
        """Those, in their order, that nobody has settled and no living process has claimed; ``most`` at most."""
        lives: dict[str, bool] = {}
        found: dict[int, None] = {}
        for number in numbers:
            if most is not None and len(found) >= most:
                break
            by = self._by.get(number)
            if by is not None and by not in lives:
                lives[by] = self._lives(by)
            if not self._is_settled(number) and not (by and lives[by]):
                found[int(number)] = None
        return list(found)

    def _is_settled(self, number: int) -> bool:
        return number < len(self._settled) and bool(self._settled[number])

    def _lives(self, claimant: str) -> bool:
        process = Process.of(claimant.partition(" ")[0])
        return claimant == self._me or process.lives(self._heard.get(claimant, 0.0))
