"""A limit of time for work that may be left unfinished."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter


class OutOfTimeError(Exception):
    """The work takes too long."""


@dataclass(frozen=True)
class Deadline:
    """When to give up, in seconds of ``perf_counter``."""

    at: float

    def check(self) -> None:
        """Give up when it is time to.

        Raises:
            OutOfTimeError: it is.
        """
        if perf_counter() > self.at:
            raise OutOfTimeError
