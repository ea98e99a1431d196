"""The search: boxes of designs, best bound first, divided until each design is searched or excluded."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from copy import copy
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from math import inf, log
from typing import Any

import numpy as np

from launcher.engines.native.arrays import BoolArray, IntArray
from launcher.engines.native.designs.bounds import LayerBound
from launcher.summing import sum_in_order
from launcher.sweeping.exhaustive import work
from launcher.sweeping.exhaustive.boxes import Box, Divider
from launcher.sweeping.exhaustive.designs import DesignTable
from launcher.sweeping.exhaustive.figure_bounds import BoxBounds, FigureBounds
from launcher.sweeping.exhaustive.findings import BOUND, NO_MAPPING_REASON, Exclusion, Findings
from launcher.sweeping.exhaustive.ledger import Ledger
from launcher.sweeping.exhaustive.work import Corner

_BATCH = 8
"""Boxes that a worker gets at once."""

_PATIENCE_S = 0.5

_CornerKey = tuple[int, int, bytes]
"""Layer, structure, slots."""


@dataclass(frozen=True)
class Batch:
    """Boxes that a worker has."""

    boxes: Sequence[Box]
    corners: Sequence[tuple[_CornerKey, str]]
    designs: Sequence[int]


class BoxSearch:
    """A search of all designs of a table.

    A box goes through stages: at stage 0 nothing is known, then come the mapper's root bound and a search of its corner
    for each criterion that tells something; then it is divided. A single design is searched itself after the root.
    """

    def __init__(
        self,
        study: bytes,
        table: DesignTable,
        bounds: FigureBounds,
        divider: Divider,
        wanted: Sequence[str],
        findings: Findings,
        ledger: Ledger,
    ) -> None:
        """A search that has not begun.

        Args:
            study: pickled, for workers.
            table: the designs.
            bounds: of the figures that are wanted.
            divider: divides boxes.
            wanted: metrics that are kept of each design that is searched.
            findings: what is known already, and will be found.
            ledger: what other processes know, and are told.
        """
        self._study, self._table, self._bounds = study, table, bounds
        self._divider, self._wanted, self.findings = divider, tuple(wanted), findings
        self._kinds = bounds.kinds
        self._known: dict[tuple[_CornerKey, str], LayerBound] = {}
        self._heap: list[tuple[float, int, Box]] = []
        self._serial = count()
        self._ledger = ledger
        self._elsewhere: list[Box] = []
        self._running: list[Box] = []
        self._mine: set[int] = set()
        self._ranked = np.ones(len(table), np.bool_)
        self._weight = np.bincount(table.design[table.design >= 0], minlength=len(table))
        self._excluded_points = 0
        self._stands_for = {
            (layer, int(family)): int(table.number[first])
            for layer in range(table.layers)
            for family, first in zip(*np.unique(table.family[:, layer], return_index=True), strict=True)
        }

    def begin(self) -> None:
        """Put all designs that nobody has searched into boxes."""
        nothing = LayerBound(0.0, 0.0, 0.0)
        self.hear()
        left = self._left()
        for members in self._table.groups():
            if left[members].any():
                box = Box(members[left[members]], (nothing,) * self._table.layers, ())
                self._push(self._with_losses(box))

    def among(self, chosen: BoolArray, findings: Findings) -> BoxSearch:
        """A search of some of the designs that this one, which is over, excluded by bounds: they begin with these."""
        search = copy(self)
        search.findings, search._heap, search._elsewhere, search._running = findings, [], [], []
        search._ranked = chosen
        left = chosen & search._left()
        for one in self.findings.excluded:
            if one.reason == BOUND and left[one.members].any():
                box = Box(one.members[left[one.members]], one.layers, ())
                box.stage = search._first_stage
                search._push(search._with_losses(box))
        return search

    def _left(self) -> BoolArray:
        left = np.ones(len(self._table), np.bool_)
        left[list(self.findings.searched)] = False
        return left

    @property
    def _first_stage(self) -> int:
        """Of parts of a box, whose root bounds say little more than its own."""
        return min(1, len(self._kinds) - 1)

    def hear(self) -> None:
        """Take in what was found, by other processes as well."""
        for outcome in self._ledger.news():
            design = int(self._table.design[outcome.number])
            if self._ranked[design]:
                self.findings.add(design, outcome)
            else:  # another process is at another part
                self.findings.searched[design] = outcome

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Metrics that exclude nothing."""
        return self._bounds.unbounded

    @property
    def settled_points(self) -> tuple[int, int]:
        """How many points are settled, and how many of these without a search."""
        left = int(self._weight[self.open_designs].sum())
        return len(self._table.design) - left, self._excluded_points

    @property
    def least_loss(self) -> float:
        """No design that is left has less of the first objective's loss; infinite when none is left."""
        return min((box.losses[0] for box in self._open_boxes), default=inf)

    @property
    def open_designs(self) -> IntArray:
        """Designs that are not settled."""
        members = [box.members for box in self._open_boxes]
        return np.concatenate([np.zeros(0, np.intp), *members]).astype(np.intp)

    @property
    def _open_boxes(self) -> list[Box]:
        return [*(box for _, _, box in self._heap), *self._elsewhere, *self._running]

    def run(self, executor: Executor, workers: int, look: Callable[[], None]) -> None:
        """Settle everything.

        Args:
            executor: runs the workers.
            workers: how many there are.
            look: called now and then, in this thread.
        """
        running: dict[Future[Any], Batch] = {}
        while True:
            while len(running) < (workers + 1 if workers > 1 else 1):
                batch = self._next_batch()
                if batch is None:
                    break
                running[self._submit(executor, batch)] = batch
                self._running = [box for one in running.values() for box in one.boxes]
            if not running and not self._elsewhere:
                return
            done, _ = wait(running, timeout=_PATIENCE_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(running.pop(future), future.result())
            self._running = [box for one in running.values() for box in one.boxes]
            if self._elsewhere and not running and not self._heap:  # others work on what is left
                time.sleep(_PATIENCE_S)
            self.hear()
            self._look_elsewhere()
            look()

    def _look_elsewhere(self) -> None:
        """Boxes of other processes are settled by them, or by us when they died."""
        waiting, self._elsewhere = self._elsewhere, []
        for box in waiting:
            if int(box.members[0]) not in self.findings.searched:
                self._push(box)

    def _next_batch(self) -> Batch | None:
        """Work of one kind for the boxes whose turn it is; what needs none is done here."""
        boxes: list[Box] = []
        corners: dict[tuple[_CornerKey, str], None] = {}
        designs: list[int] = []
        while self._heap and len(boxes) < _BATCH:
            _, _, box = heapq.heappop(self._heap)
            if self._is_searched(box) or self._settled(box):
                continue
            if self._is_ready(box):
                if corners:  # of another kind
                    self._push(box)
                    break
                if self._claim(box):
                    boxes.append(box)
                    designs.append(int(box.members[0]))
                else:
                    self._elsewhere.append(box)
                continue
            if box.stage >= len(self._kinds):
                for part in self._divider.parts(box, self._first_stage):
                    self._push(self._with_losses(part))
                continue
            lacking = [key for key in self._corner_keys(box) if not self._is_known(key)]
            if not lacking:
                self._advance(box)
                continue
            if designs:
                self._push(box)
                break
            boxes.append(box)
            corners |= dict.fromkeys(lacking)
        return Batch(boxes, list(corners), designs) if boxes else None

    def _is_searched(self, box: Box) -> bool:
        return box.single and int(box.members[0]) in self.findings.searched

    def _claim(self, box: Box) -> bool:
        number = int(self._table.number[box.members[0]])
        if number not in self._mine:
            self._mine.update(self._ledger.claim([number]))
        return number in self._mine

    def _is_known(self, key: tuple[_CornerKey, str]) -> bool:
        if key not in self._known:
            kept = self._ledger.bounds.get(self._name(key))
            if kept is not None:
                self._known[key] = LayerBound(*kept)
        return key in self._known

    def _name(self, key: tuple[_CornerKey, str]) -> str:
        """What a corner is called in the ledger: processes number structures differently."""
        (layer, family, slots), kind = key
        structure = self._table.families[family].key
        return blake2b(structure + slots + f"{layer} {kind}".encode(), digest_size=12).hexdigest()

    def _is_ready(self, box: Box) -> bool:
        return box.single and box.stage > 0

    def _submit(self, executor: Executor, batch: Batch) -> Future[Any]:
        if batch.designs:
            numbers = [int(self._table.number[one]) for one in batch.designs]
            return executor.submit(work.search, self._study, numbers, self._wanted)
        asked = [Corner(self._point(key), key[0], key[2], kind) for key, kind in batch.corners]
        return executor.submit(work.bound, self._study, asked)

    def _point(self, key: _CornerKey) -> int:
        """A point of the structure, the same one each time, so that workers know it."""
        layer, family, _ = key
        return self._stands_for[layer, family]

    def _take(self, batch: Batch, came: Sequence[Any]) -> None:
        if batch.designs:
            self._ledger.settle([one for one in came if one.status != "failed"])
            for one in came:
                if one.status == "failed":  # whoever goes on from here tries it again
                    self.findings.add(int(self._table.design[one.number]), one)
            self.hear()
            return
        self._known.update(zip(batch.corners, came, strict=True))
        named = {
            self._name(key): (own.energy_pj, own.cycles, own.value)
            for key, own in zip(batch.corners, came, strict=True)
        }
        self._ledger.keep_bounds(named)
        for box in batch.boxes:
            self._advance(box)

    def _advance(self, box: Box) -> None:
        """Use the bounds of the box's stage."""
        own = [self._known[key] for key in self._corner_keys(box)]
        box.layers = tuple(before.tightened(new) for before, new in zip(box.layers, own, strict=True))
        box.stage += 1
        self._with_losses(box)
        if box.stage == 2:
            self._divider.learn(box)
        self._push(box)

    def _with_losses(self, box: Box) -> Box:
        box.losses = self._bounds.losses(self._of(box))
        return box

    def _of(self, box: Box) -> BoxBounds:
        table, members = self._table, box.members
        units = tuple(table.families[f].units for f in table.family[members[0]])
        areas = table.area_um2[members]
        return BoxBounds(box.layers, float(areas.min()), float(table.cycle_seconds[members].min()), units)

    def _settled(self, box: Box) -> bool:
        """Whether nothing of a box is worth searching."""
        reason = None
        if not all(layer.feasible for layer in box.layers):
            reason = NO_MAPPING_REASON
        elif self.findings.beats(box.losses):
            reason = BOUND
        else:
            limit = self._bounds.broken(self._of(box))
            reason = str(limit) if limit else None
        if reason is not None:
            self.findings.excluded.append(Exclusion(box.members, box.losses, box.layers, reason))
            self._excluded_points += int(self._weight[box.members].sum())
        return reason is not None

    def _corner_keys(self, box: Box) -> list[tuple[_CornerKey, str]]:
        if box.corners is None:
            box.corners = tuple(self._corners(box))
        kind = self._kinds[box.stage]
        return [(key, kind) for key in box.corners]

    def _corners(self, box: Box) -> Iterator[_CornerKey]:
        table = self._table
        for layer in range(table.layers):
            family = int(table.family[box.members[0], layer])
            comparable = table.families[family].separable
            yield layer, family, table.corner(box.members, layer).tobytes() if comparable else b""

    def _push(self, box: Box) -> None:
        heapq.heappush(self._heap, (_urgency(box.losses), next(self._serial), box))


def _urgency(losses: Sequence[float]) -> float:
    """Least first: the loss, or of several the product, which finds compromises that beat much."""
    if len(losses) == 1 or min(losses) <= 0:
        return losses[0]
    return sum_in_order(log(loss) for loss in losses)
