"""A second, independent reading of the mapspace: every mapping by plain enumeration, and a checker of constraints.

Nothing here uses the mapper. Rules, from Timeloop's own mapper: every dimension's extent is a product of one factor
per block; each storage level has a temporal block, and a spatial one where it has more than one child; a block's
permutation fixes its innermost loops; a spatial block is cut in two at its split point, the first loops lie along X;
what no constraint says to keep or to bypass is free, except at the outermost level, which keeps. With imperfect
factors, an end may be anything up to what the ends inside leave of the dimension, and all of them leave nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import permutations, product
from math import prod
from random import Random

import numpy as np

from launcher.engines.native.batch import MappingBatch
from launcher.specification.constraints import BlockConstraint, FactorBounds, Factors
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification

Axes = tuple[tuple[int, ...], tuple[int, ...]]


def enumerate_mappings(
    specification: Specification, limit: int, factors: Factors = Factors.perfect
) -> MappingBatch | None:
    """All mappings that constraints and fan-outs allow (capacities are left to the model); None beyond ``limit``."""
    levels = specification.architecture.levels
    names = list(specification.problem.dimensions)
    blocks = [(level, kind) for level in range(len(levels)) for kind in ("spatial", "temporal")]
    choices = []
    for name, extent in specification.problem.dimensions.items():
        if _may_be_imperfect(specification, name, "spatial", factors):
            allowed = list(_chains(specification, tuple(blocks), name, extent, factors))
        else:
            splits = _splits(extent, len(blocks))
            allowed = [
                s for s in splits if all(_allows(specification, b, name, f) for b, f in zip(blocks, s, strict=True))
            ]
        choices.append(np.array(allowed, np.int64).reshape(-1, len(blocks)))
    sizes = [len(choice) for choice in choices]
    if prod(sizes) > 20 * limit:
        return None
    picks = np.stack([g.ravel() for g in np.meshgrid(*(np.arange(n) for n in sizes), indexing="ij")], axis=1)
    ends = np.stack([choices[d][picks[:, d]] for d in range(len(names))], axis=2)
    fanouts = np.array([prod(specification.architecture.fanout(level)) for level in range(len(levels))])
    ends = ends[(ends[:, 0::2].prod(axis=2) <= fanouts).all(axis=1)]
    keeps = np.array(list(keeps_of(specification)), np.bool_).reshape(-1, len(levels), _spaces(specification))
    by_level: dict[tuple[object, ...], np.ndarray] = {}
    choices_of = []
    count = 0
    for row in ends:
        choices_of.append([_level_choices(specification, level, row, by_level) for level in range(len(levels))])
        count += prod(len(options) for options in choices_of[-1]) * len(keeps)
        if count > limit:
            return None
    parts = [_with_orders(listed, keeps) for listed in choices_of if all(len(options) for options in listed)]
    shape = (0, len(levels), 3, len(names))
    if not parts:
        return MappingBatch(np.ones(shape, np.int32), np.zeros(shape, np.int8), keeps[:0])
    return MappingBatch(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _spaces(specification: Specification) -> int:
    return len(specification.problem.data_spaces)


@cache
def _splits(number: int, blocks: int) -> tuple[tuple[int, ...], ...]:
    if blocks == 1:
        return ((number,),)
    return tuple(
        (factor, *rest)
        for factor in range(1, number + 1)
        if number % factor == 0
        for rest in _splits(number // factor, blocks - 1)
    )


def _may_be_imperfect(specification: Specification, name: str, kind: str, factors: Factors) -> bool:
    wanted = factors is Factors.all or (factors is Factors.spatial and kind == "spatial")
    return wanted and name not in specification.problem.sliding


def _chains(
    specification: Specification, blocks: tuple[tuple[int, str], ...], name: str, left: int, factors: Factors
) -> Iterator[tuple[int, ...]]:
    """Ends of all blocks, of which each leaves a rounded up part of what the ones before it left; in the end, 1."""
    if not blocks:
        if left == 1:
            yield ()
        return
    free = _may_be_imperfect(specification, name, blocks[0][1], factors)
    for end in range(1, left + 1):
        if (free or left % end == 0) and _allows(specification, blocks[0], name, end):
            for rest in _chains(specification, blocks[1:], name, -(-left // end), factors):
                yield (end, *rest)


def _constraint(specification: Specification, level: int, kind: str) -> BlockConstraint:
    found: BlockConstraint = getattr(specification.constraints.at(specification.architecture.levels[level].name), kind)
    return found


def _allows(specification: Specification, block: tuple[int, str], name: str, factor: int) -> bool:
    level, kind = block
    if kind == "spatial" and prod(specification.architecture.fanout(level)) == 1 and factor > 1:
        return False
    constraint = _constraint(specification, level, kind)
    bounds = constraint.factors.get(name, FactorBounds())
    if not bounds.allows(factor):
        return False
    if specification.architecture.levels[level].is_dummy and kind == "temporal" and name not in constraint.factors:
        return factor == 1
    if bounds.exact is None and bounds.most is None and constraint.default_max_factor is not None:
        return factor <= constraint.default_max_factor
    return True


def keeps_of(specification: Specification) -> Iterator[tuple[bool, ...]]:
    levels = specification.architecture.levels
    options = []
    for level in levels:
        constraint = specification.constraints.at(level.name)
        for space in specification.problem.data_space_names:
            if space in constraint.keep:
                options.append((True,))
            elif space in constraint.bypass or level.is_dummy:
                options.append((False,))
            else:
                options.append((True,) if level is levels[-1] else (True, False))
    width = _spaces(specification)
    for keep in product(*options):
        if all(any(keep[space::width]) for space in range(width)):
            yield keep


def _level_choices(
    specification: Specification, level: int, ends: np.ndarray, known: dict[tuple[object, ...], np.ndarray]
) -> np.ndarray:
    """(choices, 2, 3, dimensions) ends and orders of all layouts and orders of one level's blocks."""
    spatial, temporal = ends[2 * level], ends[2 * level + 1]
    key = (level, spatial.tobytes(), temporal.tobytes())
    if key not in known:
        found = [
            _level_arrays(spatial, temporal, axes, order)
            for axes, order in product(
                _axes(specification, level, tuple(spatial)), _orders(specification, level, tuple(temporal))
            )
        ]
        known[key] = np.array(found).reshape(len(found), 2, 3, len(spatial))
    return known[key]


def _with_orders(listed: list[np.ndarray], keeps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All combinations of the levels' choices and of keeps."""
    picks = np.indices([len(options) for options in listed]).reshape(len(listed), -1)
    arrays = np.stack([options[pick] for options, pick in zip(listed, picks, strict=True)], axis=1)
    bounds = np.repeat(arrays[:, :, 0], len(keeps), axis=0).astype(np.int32)
    orders = np.repeat(arrays[:, :, 1], len(keeps), axis=0).astype(np.int8)
    return bounds, orders, np.tile(keeps, (len(arrays), 1, 1))


def _full(order: tuple[int, ...], dimensions: int) -> list[int]:
    return [*order, *(d for d in range(dimensions) if d not in order)]


def _orders(specification: Specification, level: int, factors: tuple[int, ...]) -> list[list[int]]:
    names = list(specification.problem.dimensions)
    given = tuple(names.index(n) for n in _constraint(specification, level, "temporal").permutation)
    return _orders_of(given, tuple(factor > 1 for factor in factors))


@cache
def _orders_of(given: tuple[int, ...], used: tuple[bool, ...]) -> list[list[int]]:
    fixed = [d for d in given if used[d]]
    free = [d for d in range(len(used)) if used[d] and d not in given]
    return [_full((*fixed, *rest), len(used)) for rest in permutations(free)]


def _axes(specification: Specification, level: int, factors: tuple[int, ...]) -> list[Axes]:
    constraint = _constraint(specification, level, "spatial")
    names = list(specification.problem.dimensions)
    given = tuple(names.index(n) for n in constraint.permutation)
    return _axes_of(given, constraint.split, tuple(factors), specification.architecture.fanout(level))


@cache
def _axes_of(
    given: tuple[int, ...], split: int | None, factors: tuple[int, ...], limits: tuple[int, int]
) -> list[Axes]:
    """Loops along X and Y, by trying every order of ALL dimensions and every split point."""
    rest = [d for d in range(len(factors)) if d not in given]
    if split is None:  # unit loops take no part when the split point is free
        given = tuple(d for d in given if factors[d] > 1)
        rest = [d for d in rest if factors[d] > 1]
    found: dict[Axes, None] = {}
    for behind in permutations(rest):
        order = (*given, *behind)
        for cut in range(len(order) + 1) if split is None else (split,):
            x = tuple(d for d in order[:cut] if factors[d] > 1)
            y = tuple(d for d in order[cut:] if factors[d] > 1)
            if prod(factors[d] for d in x) <= limits[0] and prod(factors[d] for d in y) <= limits[1]:
                found[x, y] = None
    return list(found)


def violations(specification: Specification, mapping: Mapping, factors: Factors = Factors.perfect) -> list[str]:
    """Constraints, fan-outs and extents that a mapping breaks, in words (capacities are left to the model)."""
    found = []
    for name in specification.problem.dimensions:
        found += _wrong_factors(specification, mapping, name, factors)
    keeps = {tuple(keep) for keep in keeps_of(specification)}
    names = specification.problem.data_space_names
    if tuple(space in level.keep for level in mapping.levels for space in names) not in keeps:
        found.append("keep and bypass are not allowed")
    for number, level in enumerate(mapping.levels):
        found += _level_violations(specification, number, level)
    return found


def _wrong_factors(specification: Specification, mapping: Mapping, name: str, factors: Factors) -> Iterator[str]:
    """What is wrong with the ends and residuals of one dimension's loops, innermost first."""
    extent = left = specification.problem.dimensions[name]
    covered = 1
    for level in mapping.levels:
        for kind, loops in (("spatial", level.spatial), ("temporal", level.temporal)):
            for loop in loops:
                if loop.dimension != name:
                    continue
                where = f"{level.level}: {kind} {loop}, where {left} remains"
                if loop.bound > left:
                    yield f"{where}, is too large"
                elif left % loop.bound and not _may_be_imperfect(specification, name, kind, factors):
                    yield f"{where}, does not divide"
                if loop.last != (extent - 1) // covered % loop.bound + 1:
                    yield f"{where}, has a wrong residual"
                covered *= loop.bound
                left = -(-left // loop.bound)
    if left > 1:
        yield f"{name}: {left} remains"


def _level_violations(specification: Specification, number: int, level: LevelMapping) -> Iterator[str]:
    names = list(specification.problem.dimensions)
    for kind, loops in (("spatial", level.spatial), ("temporal", level.temporal)):
        if len({loop.dimension for loop in loops}) < len(loops):
            yield f"{level.level}: two {kind} loops over one dimension"
        for name in names:
            factor = prod(loop.bound for loop in loops if loop.dimension == name)
            if not _allows(specification, (number, kind), name, factor):
                yield f"{level.level}: {kind} factor {name} = {factor}"
    temporal = _factors(names, level.temporal)
    if _full(_numbers(names, level.temporal), len(names)) not in _orders(specification, number, temporal):
        yield f"{level.level}: order of the temporal loops"
    axes = _numbers(names, level.spatial_x), _numbers(names, level.spatial_y)
    if axes not in _axes(specification, number, _factors(names, level.spatial)):
        yield f"{level.level}: layout of the spatial loops"


def _numbers(names: list[str], loops: tuple[Loop, ...]) -> tuple[int, ...]:
    return tuple(names.index(loop.dimension) for loop in loops)


def _factors(names: list[str], loops: tuple[Loop, ...]) -> tuple[int, ...]:
    return tuple(prod(loop.bound for loop in loops if loop.dimension == name) for name in names)


def random_mappings(specification: Specification, count: int, seed: int) -> MappingBatch:
    """Random mappings that the constraints and fan-outs allow (capacities are left to the model)."""
    generator = np.random.default_rng(seed)
    random = Random(seed)
    levels = specification.architecture.levels
    keeps = np.array(list(keeps_of(specification)), np.bool_).reshape(-1, len(levels), _spaces(specification))
    factors = _random_factors(specification, count, generator)
    rows = []
    for row in factors:
        picks = [_random_level(specification, level, row, random) for level in range(len(levels))]
        if all(pick is not None for pick in picks):
            rows.append(np.stack(picks))
    arrays = np.stack(rows)
    chosen = keeps[generator.integers(len(keeps), size=len(arrays))]
    return MappingBatch(arrays[:, :, 0].astype(np.int32), arrays[:, :, 1].astype(np.int8), chosen)


def _random_factors(specification: Specification, count: int, generator: np.random.Generator) -> np.ndarray:
    """Random factors per mapping, block and dimension, each allowed split of a dimension equally likely."""
    levels = specification.architecture.levels
    blocks = [(level, kind) for level in range(len(levels)) for kind in ("spatial", "temporal")]
    fanouts = [prod(specification.architecture.fanout(level)) for level in range(len(levels))]
    choices = [
        np.array(_allowed_splits(specification, tuple(blocks), name, extent), np.int64)
        for name, extent in specification.problem.dimensions.items()
    ]
    found: list[np.ndarray] = []
    total = 0
    while total < count:
        drawn = np.stack([choice[generator.integers(len(choice), size=count)] for choice in choices], axis=2)
        drawn = drawn[(drawn[:, 0::2].prod(axis=2) <= fanouts).all(axis=1)]
        found.append(drawn)
        total += len(drawn)
    return np.concatenate(found)[:count]


def _allowed_splits(
    specification: Specification, blocks: tuple[tuple[int, str], ...], name: str, rest: int
) -> list[tuple[int, ...]]:
    if not blocks:
        return [()] if rest == 1 else []
    return [
        (factor, *others)
        for factor in _divisors(rest)
        if _allows(specification, blocks[0], name, factor)
        for others in _allowed_splits(specification, blocks[1:], name, rest // factor)
    ]


def _random_level(specification: Specification, level: int, row: np.ndarray, random: Random) -> np.ndarray | None:
    spatial, temporal = tuple(row[2 * level].tolist()), tuple(row[2 * level + 1].tolist())
    axes = _axes(specification, level, spatial)
    if not axes:
        return None
    order = random.choice(_orders(specification, level, temporal))
    return _level_arrays(np.array(spatial), np.array(temporal), random.choice(axes), order)


@cache
def _divisors(number: int) -> tuple[int, ...]:
    return tuple(f for f in range(1, number + 1) if number % f == 0)


def _level_arrays(spatial: np.ndarray, temporal: np.ndarray, axes: Axes, order: list[int]) -> np.ndarray:
    dimensions = len(spatial)
    bounds = [[spatial[d] if d in axis else 1 for d in range(dimensions)] for axis in axes]
    return np.array([[*bounds, temporal], [_full(axes[0], dimensions), _full(axes[1], dimensions), order]])
