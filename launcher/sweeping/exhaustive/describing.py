"""Describing a whole space with the help of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np

from launcher.engines.native.arrays import AnyArray, AnyInts
from launcher.sweeping.executors import in_turn
from launcher.sweeping.exhaustive import work
from launcher.sweeping.exhaustive.designs import DesignTable, TableBuilder, digits_of, first_of_equal
from launcher.sweeping.exhaustive.factored import NO_TEXT, FactoredLayer, TextBlock
from launcher.sweeping.exhaustive.space import FiniteSpace
from launcher.sweeping.exhaustive.work import DescribedPoints

_CHUNK = 250
"""Points that are described by themselves, at a time."""

_FAMILIES_CHUNK = 25


def described(
    study: bytes, space: FiniteSpace, layers: int, executor: Executor, look: Callable[[], None], workers: int = 1
) -> DesignTable:
    """The designs of all points.

    Args:
        study: pickled, for workers.
        space: its points.
        layers: of the workload.
        executor: runs the workers.
        look: called now and then, in this thread.
        workers: how many there are.

    Raises:
        LauncherError: a template or a table is wrong.
    """
    points = np.arange(space.size)
    digits = digits_of(space.values, points)
    builder = TableBuilder(space.size, layers)
    for choices, _ in space.choices():
        chosen = np.ones(space.size, np.bool_)
        for key, value in choices:
            chosen &= digits[key] == list(space.values[key]).index(value)
        own = points[chosen]
        asked = in_turn(executor, workers, work.factor, [(study, choices, layer) for layer in range(layers)])
        factored = [_patiently(one, look) for one in asked]
        if any(one is None for one in factored):
            _put_each(study, builder, own, executor, look, workers)
            continue
        here = {key: digits[key][chosen] for key in space.values}
        for layer, one in enumerate(factored):
            _put_factored(study, space, builder, own, layer, one, here, executor, look, workers)
    return builder.table()


def _put_each(
    study: bytes,
    builder: TableBuilder,
    points: AnyArray,
    executor: Executor,
    look: Callable[[], None],
    workers: int,
) -> None:
    """Describe every point by itself."""
    parts = [points[first : first + _CHUNK] for first in range(0, len(points), _CHUNK)]
    for part, came in zip(parts, _each_patiently(executor, workers, study, parts, look), strict=True):
        names, rows = builder.families(came.families), builder.rows(came.rows)
        for layer in range(came.family.shape[1]):
            builder.put(part, layer, names[came.family[:, layer]], rows[came.row[:, layer]])
        builder.put_seconds(part, came.cycle_seconds)
        for place, reason in came.failures.items():
            builder.fail(part[[place]], reason)


def _put_factored(
    study: bytes,
    space: FiniteSpace,
    builder: TableBuilder,
    points: AnyArray,
    layer: int,
    factored: FactoredLayer,
    digits: Mapping[str, AnyInts],
    executor: Executor,
    look: Callable[[], None],
    workers: int,
) -> None:
    """Combine what was seen of the blocks."""
    for failure in factored.failures:
        failing = np.ones(len(points), np.bool_)
        for key, value in failure.values:
            failing &= digits[key] == list(space.values[key]).index(value)
        builder.fail(points[failing], failure.reason)
    places = [_place(block.keys, space, digits) for block in factored.blocks]
    structure = np.column_stack([
        block.structure[place] for block, place in zip(factored.blocks, places, strict=True)
    ])  # fmt: skip
    fine = np.flatnonzero((structure != NO_TEXT).all(axis=1))
    first, which = first_of_equal(structure[fine])
    stands = points[fine][first]
    parts = [stands[at : at + _FAMILIES_CHUNK] for at in range(0, len(stands), _FAMILIES_CHUNK)]
    came = list(_each_patiently(executor, workers, study, parts, look))
    rows = builder.rows(factored.rows)
    seconds = factored.cycle_seconds[_place(factored.seconds_keys, space, digits)]
    builder.put_seconds(points, seconds)
    # Points of the same structure, one after the other.
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(stands) + 1))
    told = [(one, place) for one in came for place in range(len(one.family))]
    for number, (part, place) in enumerate(told):
        members = fine[order[bounds[number] : bounds[number + 1]]]
        family = part.families[part.family[place, layer]]
        name = builder.families([family])[0]
        columns = [_column(factored.blocks, places, component, members) for component in family.names]
        own = rows[np.column_stack(columns)]
        builder.put(points[members], layer, np.full(len(members), name, np.int32), own)


def _column(blocks: Sequence[TextBlock], places: Sequence[AnyArray], component: str, members: AnyArray) -> AnyArray:
    """(members,) number of a component's row."""
    found = np.full(len(members), -1, np.int32)
    for block, place in zip(blocks, places, strict=True):
        if component in block.rows:
            found = np.maximum(found, block.rows[component][place[members]])
    return found


def _place(keys: Sequence[str], space: FiniteSpace, digits: Mapping[str, AnyInts]) -> AnyArray:
    """(points,) which combination of some keys' values each has, the last changing fastest."""
    place = np.zeros(len(next(iter(digits.values()))), np.int32)
    for key in keys:
        place = place * np.int32(len(space.values[key])) + digits[key]
    return place


def _each_patiently(
    executor: Executor, workers: int, study: bytes, parts: Sequence[AnyArray], look: Callable[[], None]
) -> Iterator[DescribedPoints]:
    calls = ((study, [int(one) for one in part]) for part in parts)
    for one in in_turn(executor, workers, work.describe, calls):
        yield _patiently(one, look)


def _patiently(future: Future[Any], look: Callable[[], None]) -> Any:
    while True:
        look()
        try:
            return future.result(timeout=0.5)
        except TimeoutError:
            if future.done():
                raise
