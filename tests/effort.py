"""How much the tests against oracles try: ``THOROUGH=8 pytest`` takes eight times as many seeds."""

from __future__ import annotations

import os

_TIMES = int(os.environ.get("THOROUGH", "1"))


def seeds(first: int, number: int) -> range:
    """Some seeds, from the first one on; thresholds of how many count must hold for ``number`` of them."""
    return range(first, first + number * _TIMES)
