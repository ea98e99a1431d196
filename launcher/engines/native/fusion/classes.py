"""The classes of a group's mappings: where tensors wait, which loops are shared, and which tiles stay meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain as concatenated
from itertools import combinations, permutations, product
from math import prod

from launcher.engines.native.mapper.space.factorization import loop_bounds
from launcher.specification.chain import Chain, ChainLayer, SharedLoop, bounds_of, shared_dimensions

Stays = tuple[tuple[str, str], ...]
"""(level, data space) of a layer's tiles that stay while the other layers run."""


@dataclass(frozen=True)
class FusedClass:
    """One way to fuse a group; every layer's own nest is still free.

    Attributes:
        waits: level at which each tensor that flows waits.
        shared: the shared loops, outermost first.
        stays: per layer, its persistent tiles.
    """

    waits: tuple[str, ...]
    shared: tuple[SharedLoop, ...]
    stays: tuple[Stays, ...]


def fetches_of(relevant: frozenset[str], bounds: Mapping[str, int]) -> int:
    """How often shared loops, outermost first, bring in a persistent tile.

    The innermost one that moves it brings it in anew, and so do all further out; what runs inside of that one finds it
    in place.
    """
    names = list(bounds)
    moving = [place for place, name in enumerate(names) if name in relevant]
    return prod(bounds[name] for name in names[: moving[-1] + 1]) if moving else 1


def own_extents(layer: ChainLayer, bounds: Mapping[str, int]) -> dict[str, int]:
    """Extents of the part of a layer that one iteration of the shared loops runs."""
    return {name: extent // bounds.get(name, 1) for name, extent in layer.problem.dimensions.items()}


def waiting_levels(chain: Chain) -> list[tuple[str, ...]]:
    """For each tensor that flows, the levels at which it may wait.

    Both machines must have the level, it must be a memory on chip for both, and the constraints of neither layer may
    make the tensor bypass it.
    """
    found = []
    for number, flow in enumerate(chain.flowing):
        before, behind = chain.layers[number], chain.layers[number + 1]
        levels = memories(before, flow.output)
        found.append(tuple(level for level in levels if level in memories(behind, flow.input)))
    return found


def memories(layer: ChainLayer, data_space: str) -> list[str]:
    """Levels on chip, innermost first, that may hold a data space of a layer."""
    specification = layer.specification
    return [
        level.name
        for level in specification.architecture.levels[:-1]
        if not level.is_dummy and data_space not in specification.constraints.at(level.name).bypass
    ]


def shared_bounds(chain: Chain) -> Iterator[tuple[SharedLoop, ...]]:
    """Every choice of shared loops, in the order of the dimensions; those of a single iteration are left out."""
    dimensions = shared_dimensions(chain)
    extents = [chain.layers[0].problem.dimensions[names[0]] for names in dimensions]
    for bounds in product(*map(loop_bounds, extents)):
        yield tuple(SharedLoop(names, bound) for names, bound in zip(dimensions, bounds, strict=True) if bound > 1)


def orders(shared: tuple[SharedLoop, ...]) -> Iterator[tuple[SharedLoop, ...]]:
    """Every order of the shared loops."""
    return permutations(shared)


def stay_options(chain: Chain, layer: int, shared: Sequence[SharedLoop]) -> list[Stays]:
    """Every set of a layer's tiles that may stay, with this order of shared loops: none of them first.

    Only tiles that some innermost shared loops do not move are worth staying. Tensors that flow do not stay, nor do
    windows that shared loops slide, nor tiles at levels where the tensor's reuse over time is switched off.
    """
    one = chain.layers[layer]
    bounds = bounds_of(shared, layer)
    per_space = []
    for space in one.problem.data_spaces:
        slid = space.windowed(one.problem.dimensions) & bounds.keys()
        if space.name in flowing_spaces(chain, layer) or slid:
            continue
        if fetches_of(space.relevant, bounds) < prod(bounds.values()):
            levels = [level for level in memories(one, space.name) if not _forgets(one, level, space.name)]
            subsets = concatenated.from_iterable(combinations(levels, n) for n in range(len(levels) + 1))
            per_space.append([tuple((level, space.name) for level in subset) for subset in subsets])
    return [tuple(sorted(concatenated.from_iterable(choice))) for choice in product(*per_space)]


def flowing_spaces(chain: Chain, layer: int) -> dict[str, int]:
    """Data spaces of a layer that flow from the layer before or to the one behind, and the number of the flow."""
    spaces = {}
    if layer > 0:
        spaces[chain.flowing[layer - 1].input] = layer - 1
    if layer < len(chain.flowing):
        spaces[chain.flowing[layer].output] = layer
    return spaces


def _forgets(layer: ChainLayer, level: str, space: str) -> bool:
    return space in layer.specification.constraints.at(level).temporal.no_reuse
