"""All designs of a study as arrays: structures, rows of components, areas; equal designs are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from launcher.engines.native.arrays import AnyArray, AnyInts, FloatArray
from launcher.summing import sum_in_order
from launcher.sweeping.exhaustive.describe import AREA, ROW, DesignFamily
from launcher.sweeping.exhaustive.numbering import Keys, strides_of


@dataclass(frozen=True)
class DesignTable:
    """Designs of all points of a space; different points may be the same design.

    Attributes:
        families: distinct structures.
        family: (designs, layers) which of them.
        rows: (rows, 9) distinct rows of components, as in ``describe``.
        row: (designs, layers, components) which of them; -1 beyond a structure's components.
        cycle_seconds: (designs,) length of a cycle.
        number: (designs,) the first point that is this design.
        design: (points,) which design a point is; -1 where it has none.
        area_um2: (designs,) area of the machine; NaN where it is not known.
        failure: (points,) why a point has no design: number of the reason; -1 where it has one.
        reasons: of failures.
    """

    families: Sequence[DesignFamily]
    family: AnyInts
    rows: FloatArray
    row: AnyInts
    cycle_seconds: FloatArray
    number: AnyInts
    design: AnyInts
    area_um2: FloatArray
    failure: AnyInts
    reasons: Sequence[str]

    def __len__(self) -> int:
        return len(self.number)

    @property
    def layers(self) -> int:
        return int(self.family.shape[1])

    def corner(self, members: AnyInts, layer: int) -> FloatArray:
        """(components, 8) the least slots of some designs of one structure."""
        width = len(self.families[self.family[members[0], layer]].names)
        own = self.row[members, layer]
        columns = [self.rows[np.unique(own[:, component]), :AREA].min(axis=0) for component in range(width)]
        return np.array(columns)

    def groups(self) -> list[AnyInts]:
        """Designs that have the same structures for all layers; those that cannot be compared are alone."""
        order = np.lexsort(self.family.T[::-1])
        changes = (np.diff(self.family[order], axis=0) != 0).any(axis=1)
        alike = np.split(order, np.flatnonzero(changes) + 1) if len(order) else []
        groups: list[AnyInts] = []
        for members in alike:
            separable = all(self.families[f].separable for f in self.family[members[0]])
            groups += [np.sort(members)] if separable else [np.array([one]) for one in members]
        return groups


class TableBuilder:
    """Collects the designs of points, in any order, and makes the table."""

    def __init__(self, points: int, layers: int) -> None:
        self._families: dict[bytes, tuple[int, DesignFamily]] = {}
        self._rows: dict[bytes, int] = {}
        self._family = np.full((points, layers), -1, np.int32)
        self._row = np.full((points, layers, 0), -1, np.int32)
        self._seconds = np.full(points, np.nan)
        self._failure = np.full(points, -1, np.int32)
        self._reasons: dict[str, int] = {}

    def families(self, families: Sequence[DesignFamily]) -> AnyInts:
        """Numbers of structures."""
        numbers = [self._families.setdefault(one.key, (len(self._families), one))[0] for one in families]
        return np.array([*numbers, -1], np.int32)

    def rows(self, rows: FloatArray) -> AnyInts:
        """Numbers of rows; the last is that of no row."""
        return np.array([*(self._rows.setdefault(row.tobytes(), len(self._rows)) for row in rows), -1], np.int32)

    def put(self, points: AnyArray, layer: int, family: AnyInts, row: AnyInts) -> None:
        """Structures, (points,), and rows, (points, components), of one layer of some points."""
        missing = row.shape[1] - self._row.shape[2]
        if missing > 0:
            self._row = np.pad(self._row, [(0, 0), (0, 0), (0, missing)], constant_values=-1)
        self._family[points, layer] = family
        self._row[points, layer, : row.shape[1]] = row

    def put_seconds(self, points: AnyArray, seconds: FloatArray) -> None:
        """Lengths of a cycle."""
        self._seconds[points] = seconds

    def fail(self, points: AnyArray, reason: str) -> None:
        """Points without a design; the first reason stands."""
        new = np.zeros(len(self._failure), np.bool_)
        new[points] = True
        self._failure[new & (self._failure < 0)] = self._reasons.setdefault(reason, len(self._reasons))

    def table(self) -> DesignTable:
        """The table of everything that was put."""
        rows: FloatArray = np.frombuffer(b"".join(self._rows)).reshape(-1, ROW)
        numbers = np.flatnonzero(self._failure < 0)
        families = [one for _, one in self._families.values()]
        _, of_seconds = np.unique(self._seconds[numbers], return_inverse=True)
        family, row = self._family[numbers], self._row[numbers]
        flat = row.reshape(len(numbers), int(np.prod(row.shape[1:])))
        told_apart = np.column_stack((family, flat, of_seconds)).astype(np.int32)
        first, which = first_of_equal(told_apart)
        design = np.full(len(self._failure), -1, np.int32)
        design[numbers] = which
        family, row = family[first], row[first]
        areas = _areas(families, family, rows, row)
        seconds, reasons = self._seconds[numbers[first]], list(self._reasons)
        return DesignTable(families, family, rows, row, seconds, numbers[first], design, areas, self._failure, reasons)


def first_of_equal(table: AnyInts) -> tuple[AnyInts, AnyInts]:
    """Of equal rows the first one, in order, and for each row which of them it equals."""
    if not len(table):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    whole = np.ascontiguousarray(table[:, _varying(table)])
    keys = whole.view([("", whole.dtype)] * whole.shape[1]).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    return first[order], place[which.ravel()]


def _varying(table: AnyInts) -> Sequence[int]:
    """Columns in which rows differ, or any one."""
    columns = np.flatnonzero((table != table[0]).any(axis=0))
    return columns.tolist() or [0]


def _areas(families: Sequence[DesignFamily], family: AnyInts, rows: FloatArray, row: AnyInts) -> FloatArray:
    """Areas as a result adds them up: a component that several layers use counts once, the largest."""
    _, of_row = np.unique(rows[:, AREA], return_inverse=True)
    alike = np.append(of_row.ravel(), -1)[row].reshape(len(row), int(np.prod(row.shape[1:])))
    first, which = first_of_equal(np.column_stack((family, alike)).astype(np.int32))
    return np.array([_area(families, family[one], rows, row[one]) for one in first], float)[which]


def _area(families: Sequence[DesignFamily], family: AnyInts, rows: FloatArray, row: AnyInts) -> float:
    areas: dict[str, float] = {}
    for number, own in zip(family, row, strict=True):
        structure = families[number]
        for place in structure.area_order:
            each = rows[own[place], AREA]
            if not isnan(each):
                name = structure.names[place]
                areas[name] = max(float(each) * structure.instances[place], areas.get(name, 0.0))
    return sum_in_order(areas.values()) if areas else float("nan")


def digits_of(values: Keys, points: AnyArray) -> dict[str, AnyInts]:
    """(points,) for each key the place of its value."""
    strides = strides_of(values)
    return {key: np.asarray(points // strides[key] % len(own), np.int32) for key, own in values.items()}
