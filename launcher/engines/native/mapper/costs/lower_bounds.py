"""The part of a mapping's cost that spatial factors and bypass alone decide, and bounds on the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from launcher.engines.native.arrays import FloatArray, IntArray
from launcher.engines.native.formulas import block_count, elide_first_touch
from launcher.engines.native.mapper.costs.coefficients import Assignments
from launcher.engines.native.mapper.costs.machine_constants import Machine
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.space.bypass import Boundary, Pattern


@dataclass(frozen=True)
class Base:
    """One spatial assignment under one choice of keep and bypass.

    Attributes:
        energy_pj: arithmetic, and the innermost kept levels serving the compute units.
        fixed: (2, levels, P) words read and written per instance in that energy.
    """

    energy_pj: float
    fixed: FloatArray


@dataclass(frozen=True)
class Least:
    """Lower bounds for one data space that is kept in one way, per spatial assignment (first axis).

    Attributes:
        energy_pj: dynamic energy that it causes: every level moves each word once.
        words: (assignments, slots) words per instance, weighted for the bandwidth, of each limited bandwidth.
    """

    energy_pj: FloatArray
    words: FloatArray


class AssignmentBounds(Protocol):
    """Lower bounds of many spatial assignments, without looking at their loops."""

    @property
    def iterations(self) -> FloatArray:
        """(assignments,) least cycles of every compute unit without stalls."""

    @property
    def leak_pj(self) -> FloatArray:
        """(assignments,) leakage of the whole machine per cycle."""

    @property
    def compute_pj(self) -> float:
        """Energy of arithmetic."""

    def __len__(self) -> int: ...

    def least(self, p: int, pattern: Pattern) -> Least:
        """Bounds for one data space that is kept as the pattern says."""

    def smallest_tiles(self, p: int) -> FloatArray:
        """Words of tiles that span no more than the fan-outs inside a level: (assignments, levels)."""


@dataclass
class _Totals:
    """Energy per assignment, and words read and written at each level: (assignments, levels, P)."""

    energy: FloatArray
    reads: FloatArray
    writes: FloatArray


@dataclass(frozen=True)
class PerfectBounds:
    """Bounds of assignments whose factors are all perfect."""

    machine: Machine
    assignments: Assignments

    def __len__(self) -> int:
        return len(self.assignments)

    @property
    def iterations(self) -> FloatArray:
        return self.assignments.iterations

    @property
    def leak_pj(self) -> FloatArray:
        return self.assignments.leak_pj

    @property
    def compute_pj(self) -> float:
        return self.assignments.compute_pj

    def least(self, p: int, pattern: Pattern) -> Least:
        return _least_of(self.machine, self.assignments, p, pattern)

    def smallest_tiles(self, p: int) -> FloatArray:
        return _smallest_tiles(self.machine, self.assignments, p)


def base_of(machine: Machine, assignments: Assignments, index: int, chosen: tuple[Pattern, ...]) -> Base:
    """Costs of an assignment that do not depend on the temporal loops."""
    one = assignments.only(slice(index, index + 1))
    fixed = _nothing(machine, one)
    fixed.energy += one.compute_pj
    for p, pattern in enumerate(chosen):
        _add_fixed(machine, one, fixed, p, pattern)
    return Base(float(fixed.energy[0]), np.concatenate((fixed.reads, fixed.writes)))


def limited_slots(machine: Machine) -> IntArray:
    """(slots, 2) the limited bandwidths: level, and kind (0 read, 1 write, 2 shared)."""
    return np.argwhere(np.isfinite(machine.limits))


def _least_of(machine: Machine, assignments: Assignments, p: int, pattern: Pattern) -> Least:
    """Bounds for one data space that is kept as the pattern says."""
    totals = _nothing(machine, assignments)
    _add_fixed(machine, assignments, totals, p, pattern)
    for boundary in assignments.boundaries(p, pattern):
        _serve(machine, assignments, totals, boundary, _least_words(machine, assignments, boundary))
    reads = totals.reads[:, :, p] * machine.scale[:, p]
    writes = totals.writes[:, :, p] * machine.scale[:, p]
    slots = limited_slots(machine)
    return Least(totals.energy, np.stack((reads, writes, reads + writes), axis=2)[:, slots[:, 0], slots[:, 1]])


def _smallest_tiles(machine: Machine, assignments: Assignments, p: int) -> FloatArray:
    """Words of tiles that span no more than the fan-outs inside a level: (assignments, levels)."""
    extents = assignments.extent[:, 1:]
    if machine.boxes[p]:
        reach = (machine.coefficient[p] * (extents[:, :, None, :] - 1)).sum(axis=3)
        return np.asarray((1 + reach).prod(axis=2, dtype=float))
    return np.asarray(np.where(machine.relevant[p], extents, 1).prod(axis=2, dtype=float))


def _nothing(machine: Machine, assignments: Assignments) -> _Totals:
    shape = (len(assignments), *machine.weight.shape)
    return _Totals(np.zeros(shape[0]), np.zeros(shape), np.zeros(shape))


def _add_fixed(machine: Machine, assignments: Assignments, totals: _Totals, p: int, pattern: Pattern) -> None:
    if p in assignments.from_compute:
        return
    words = assignments.iterations
    if machine.boxes[p]:
        # Where neighbours can help each other, only the first word is sure to come from the level itself.
        first = 1 / assignments.pair[:, 1, p, at.SPREAD]
        words = np.maximum(words * assignments.pair[:, 0, p, at.THINNED], first)
    _serve(machine, assignments, totals, Boundary(p, -1, pattern.index(True)), words)


def _least_words(machine: Machine, assignments: Assignments, boundary: Boundary) -> FloatArray:
    """Words that must cross a boundary at least: each word once."""
    p, row = boundary.space, boundary.inner + 1
    if machine.boxes[p]:
        return _least_box_words(machine, assignments, p, row)
    words = assignments.pair[:, row, p, at.PART]
    if boundary.inner < 0:
        return words + (assignments.iterations - words) * assignments.pair[:, 0, p, at.THINNED]
    return words


def _least_box_words(machine: Machine, assignments: Assignments, p: int, row: int) -> FloatArray:
    """Words that must cross a boundary at least where tiles can overlap.

    As long as a loop along another rank slides the tile, at least as much is fetched along a rank as its longest
    dimension covers. Along the rank that does slide, by a loop over d around tiles that leave ``left`` rounds of
    another dimension e, ``sliding_words`` is more than covered_d / 2 * left + covered_e / left: for any number of
    rounds at least the square root of 2 * covered_d * covered_e.
    """
    one = assignments.pair[:, row, p, at.FETCHES]
    motion = machine.motion[p]
    if row == 0 or (motion == at.TANGLED).any():
        return one
    covered = (assignments.temporal * assignments.extent[:, row]).astype(float)
    whole = np.where(motion == at.OWN_RANK, covered, 1.0).prod(axis=1)
    least = np.full(len(assignments), np.inf)
    for r in range(machine.coefficient.shape[1]):
        along = np.flatnonzero(motion == r)
        if not len(along):
            continue
        longest = covered[:, along].max(axis=1)
        slid = longest.copy()
        for d in along:
            others = covered[:, along[along != d]].max(axis=1, initial=1.0)
            fetched = np.maximum(covered[:, d] / 2, np.sqrt(2 * covered[:, d] * others))
            slid = np.where(assignments.temporal[:, d] > 1, np.minimum(slid, fetched), slid)
        # So far one rank at most slides.
        least = np.minimum(least * longest, whole * slid)
        whole = whole * longest
    thinned = np.minimum(least, whole) * assignments.pair[:, row + 1, p, at.THINNED]
    # An instance counts the whole words that it is sent on average.
    return np.asarray(one * np.maximum(1.0, np.floor(thinned)))


def _serve(machine: Machine, assignments: Assignments, totals: _Totals, boundary: Boundary, words: FloatArray) -> None:
    """Add the cost of ``words`` crossing a boundary per instance of its inner side."""
    p, inner, outer = boundary.space, boundary.inner, boundary.outer
    pair, at_outer = assignments.pair, assignments.level[:, outer, p]
    grown = pair[:, inner + 1 :, p, at.SPREAD] / pair[:, inner + 1, p, at.SPREAD, None]
    content = words * grown[:, outer - inner]
    taken = np.maximum(elide_first_touch(content, pair[:, outer + 1, p, at.UNTOUCHED]), 0.0)
    addresses = content * at_outer[:, at.ADDRESS_PJ]
    if machine.read_write[p]:
        totals.energy += _accesses(content, at_outer) * at_outer[:, at.UPDATE_PJ]
        totals.writes[:, outer, p] += content
    totals.reads[:, outer, p] += taken
    totals.energy += _accesses(taken, at_outer) * at_outer[:, at.READ_PJ]
    if inner >= 0:
        filled = np.maximum(elide_first_touch(words, pair[:, inner + 1, p, at.UNTOUCHED]), 0.0)
        totals.writes[:, inner, p] += filled
        at_inner = assignments.level[:, inner, p]
        totals.energy += _accesses(filled, at_inner) * at_inner[:, at.FILL_PJ]
        addresses += filled * at_inner[:, at.ADDRESS_PJ]
    for level in range(inner + 1, outer + 1):
        totals.energy += pair[:, level + 1, p, at.NETWORK_PJ] * (words * grown[:, level - inner])
    rebate = pair[:, outer + 1, p, at.REBATE_PJ]
    if machine.boxes[p]:
        rebate = np.minimum(rebate, pair[:, outer + 1, p, at.NETWORK_PJ] * content)
    totals.energy += addresses - rebate


def _accesses(words: FloatArray, prices: FloatArray) -> FloatArray:
    return block_count(words, prices[:, at.PARTS], prices[:, at.BLOCK])
