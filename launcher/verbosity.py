"""How much a command says: ``verbosity=quiet|normal|verbose``, or ``-q`` and ``-v``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Verbosity(StrEnum):
    """``quiet``: mistakes and warnings only; ``verbose``: also what the search did, and progress off terminals."""

    quiet = "quiet"
    normal = "normal"
    verbose = "verbose"


_OPTIONS = {
    "-q": Verbosity.quiet,
    "--quiet": Verbosity.quiet,
    "-v": Verbosity.verbose,
    "--verbose": Verbosity.verbose,
}


def without_options(arguments: Sequence[str]) -> list[str]:
    """Hydra's command line knows no ``-q`` and ``-v``: the same arguments, with an override instead.

    It stands before the other overrides, because Hydra wants them side by side.
    """
    asked = [f"verbosity={_OPTIONS[one]}" for one in arguments if one in _OPTIONS][-1:]
    left = [one for one in arguments if one not in _OPTIONS]
    first = next((n for n, one in enumerate(left) if "=" in one and not one.startswith("-")), len(left))
    return [*left[:first], *asked, *left[first:]]
