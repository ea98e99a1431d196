"""The room that persistent tiles of some layers leave the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod

from launcher.engines.native.fusion.own_nest import OwnNest
from launcher.engines.native.fusion.parts import LayerPart, Pin
from launcher.engines.native.mapper.space.factorization import loop_bounds
from launcher.specification.specification import Specification

Reserved = tuple[tuple[str, int], ...]
"""(level, bits) of one instance."""


def reserved_bits(parts: Sequence[LayerPart], nests: Sequence[OwnNest]) -> list[Reserved]:
    """Per layer, what the persistent tiles of all other layers take of each level of its machine.

    Where machines see a memory as different numbers of instances, all its bits together count.
    """
    stays: list[dict[str, list[str]]] = [{} for _ in parts]
    for at, part in zip(stays, parts, strict=True):
        for level, space, _ in part.stays:
            at.setdefault(level, []).append(space)
    return [tuple(sorted(bits.items())) for bits in held_for_others(nests, stays)]


def held_for_others(nests: Sequence[OwnNest], stays: Sequence[Mapping[str, Sequence[str]]]) -> list[dict[str, int]]:
    """The same by level, for tiles that stay given by layer: level -> data spaces."""
    taken = [_taken(nest, own) for nest, own in zip(nests, stays, strict=True)]
    reserved = []
    for number, nest in enumerate(nests):
        bits: dict[str, int] = {}
        for level in nest.specification.architecture.levels:
            others = (tiles.get(level.name, []) for one, tiles in enumerate(taken) if one != number)
            total = _share([tile for tiles in others for tile in tiles], level.instances)
            if total:
                bits[level.name] = total
        reserved.append(bits)
    return reserved


def has_room(nest: OwnNest, reserved: Mapping[str, int]) -> bool:
    """Whether a nest's own tiles leave so many bits of an instance of each level."""
    for level, stats in zip(nest.specification.architecture.levels, nest.evaluation.levels, strict=True):
        room = replace(level, reserved_bits=reserved.get(level.name, 0)).room(tuple(stats.data_spaces))
        tiles = zip(stats.data_spaces.values(), room.weights, strict=True)
        if room.capacity is not None and sum(tile.tile_words * weight for tile, weight in tiles) > room.capacity:
            return False
    return True


def pooled_levels(nests: Sequence[OwnNest]) -> frozenset[str]:
    """Levels of which some machines have more instances than others."""
    seen: dict[str, set[int]] = {}
    for nest in nests:
        for level in nest.specification.architecture.levels:
            seen.setdefault(level.name, set()).add(level.instances)
    return frozenset(name for name, instances in seen.items() if len(instances) > 1)


def pin_choices(
    specification: Specification, part: LayerPart, pooled: frozenset[str] = frozenset()
) -> Iterator[tuple[Pin, ...]]:
    """Every choice of the fan-outs that decide what a part's persistent tiles take; none when nothing does.

    Of a tile at one of the ``pooled`` levels, all copies count.
    """
    architecture, problem = specification.architecture, specification.problem
    names = [level.name for level in architecture.levels]
    pinned = {
        (outer, dimension)
        for level, space, _ in part.stays
        for outer in range(names.index(level) + 1, len(names))
        for dimension in (problem.dimensions if level in pooled else problem.data_space(space).relevant)
        if prod(architecture.fanout(outer)) > 1 and problem.dimensions[dimension] > 1
    }
    places = sorted(pinned)
    if not places:
        return
    factors = [
        [bound for bound in loop_bounds(problem.dimensions[name]) if bound <= prod(architecture.fanout(outer))]
        for outer, name in places
    ]
    for choice in product(*factors):
        if _possible(specification, places, choice):
            yield tuple((names[outer], name, factor) for (outer, name), factor in zip(places, choice, strict=True))


def _possible(specification: Specification, places: Sequence[tuple[int, str]], factors: Sequence[int]) -> bool:
    """Whether fan-outs have so many places, and dimensions so many iterations."""
    pairs = list(zip(places, factors, strict=True))
    by_level = {outer: prod(f for (one, _), f in pairs if one == outer) for outer, _ in places}
    by_name = {name: prod(f for (_, one), f in pairs if one == name) for _, name in places}
    fits = all(prod(specification.architecture.fanout(outer)) >= used for outer, used in by_level.items())
    return fits and all(specification.problem.dimensions[name] % used == 0 for name, used in by_name.items())


def _taken(nest: OwnNest, stays: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[int, int, int]]]:
    """Per level, bits of each persistent tile, how many instances hold one, and how many there are."""
    architecture, problem = nest.specification.architecture, nest.specification.problem
    taken: dict[str, list[tuple[int, int, int]]] = {}
    for level, spaces in stays.items():
        place = architecture.level_index(level)
        extents = nest.mapping.tile_extents(place, problem)
        used = prod(loop.bound for one in nest.mapping.levels[place + 1 :] for loop in one.spatial)
        own = architecture.levels[place]
        sizes = (problem.data_space(space).size(extents) * own.bits_of(space) for space in spaces)
        taken[level] = [(bits, used, own.instances) for bits in sizes]
    return taken


def _share(tiles: Sequence[tuple[int, int, int]], instances: int) -> int:
    """Bits of one of a machine's instances that tiles of other layers take, whatever machines these are on."""
    each = sum(bits for bits, _, theirs in tiles if theirs == instances)
    together = sum(bits * used for bits, used, theirs in tiles if theirs != instances)
    return each - (-together // instances)
