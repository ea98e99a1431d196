"""Keep-or-bypass choices that the constraints leave open."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from launcher.engines.native.mapper.automaton import Keep
from launcher.engines.native.mapper.mapspace import Mapspace


def keep_choices(space: Mapspace) -> Iterator[Keep]:
    """Every allowed choice in a fixed order, keeping first; each data space is kept at least once."""
    options = [[(True, False) if keep is None else (keep,) for keep in level.keep] for level in space.levels]
    for flat in product(*(choice for level in options for choice in level)):
        width = len(space.levels[0].keep)
        keep = tuple(tuple(flat[i : i + width]) for i in range(0, len(flat), width))
        if all(any(level[number] for level in keep) for number in range(width)):
            yield keep
