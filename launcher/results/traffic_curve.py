"""The least traffic of the outermost memory for every capacity of a buffer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from launcher.specification.chain import SharedLoop

BITS_PER_KIB = 8192


@dataclass(frozen=True)
class LayerTiling:
    """A layer's part of a mapping on two levels.

    Attributes:
        layer: its name.
        tile: extent of every dimension in the buffer (of one iteration of the shared loops, if there are any).
        loops: (dimension, bound) outside the buffer, outermost first.
    """

    layer: str
    tile: Mapping[str, int]
    loops: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class CurvePoint:
    """A capacity from which on less traffic is possible.

    Attributes:
        capacity_words: of the buffer.
        traffic_words: read from and written to the outermost memory.
        tilings: how, layer by layer.
        shared: loops around all layers of a fused group, outermost first.
        persistent: (layer, data space) of tiles that stay in the buffer while other layers run.
    """

    capacity_words: int
    traffic_words: int
    tilings: tuple[LayerTiling, ...]
    shared: tuple[SharedLoop, ...] = ()
    persistent: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TrafficCurve:
    """All points at which the least traffic falls, by rising capacity."""

    points: tuple[CurvePoint, ...]

    @property
    def least(self) -> CurvePoint:
        """The smallest buffer that will do."""
        return self.points[0]

    @property
    def compulsory(self) -> CurvePoint:
        """The smallest buffer with the least traffic of all."""
        return self.points[-1]

    @cached_property
    def _capacities(self) -> list[int]:
        return [point.capacity_words for point in self.points]

    def at(self, capacity_words: float) -> CurvePoint | None:
        """The least traffic with a buffer of that many words; None when nothing fits."""
        place = bisect_right(self._capacities, capacity_words)
        return self.points[place - 1] if place else None

    @property
    def halvings(self) -> Iterator[tuple[int, CurvePoint]]:
        """Per power of two, the smallest buffer whose traffic is at most that fraction of the smallest buffer's."""
        divisor = 2
        while self.compulsory.traffic_words * divisor <= self.least.traffic_words:
            most = self.least.traffic_words // divisor
            yield divisor, next(point for point in self.points if point.traffic_words <= most)
            divisor *= 2

    @property
    def knee(self) -> CurvePoint:
        """The smallest buffer with at most twice the compulsory traffic.

        While a buffer is small, traffic falls along one straight line (both axes logarithmic), and in the end it stays
        on another. A sum of the two is twice the second one where the lines cross.
        """
        return next(one for one in self.points if one.traffic_words <= 2 * self.compulsory.traffic_words)


@dataclass(frozen=True)
class MemoryMark:
    """A memory on the chip, for comparison.

    Attributes:
        name: the level's.
        capacity_words: of all instances together, as far as tiles may fill them.
        capacity_kib: the same by its own word width.
    """

    name: str
    capacity_words: int
    capacity_kib: float


@dataclass(frozen=True)
class CurveStudy:
    """The curve of a layer or of a fused group, and what it is compared with.

    Attributes:
        name: of the trial, for headings.
        layers: their names.
        runs: how often the model runs them; figures are those of one run.
        computes: operations of all layers (multiply-accumulates, where it is matmuls).
        word_bits: width of a word, by which capacities in KiB are counted.
        curve: of the layer, or of all layers as one fused group.
        apart: of a group, the same layers one after the other, with the same buffer for each; else None.
        memories: on the chip, outermost first.
    """

    name: str
    layers: tuple[str, ...]
    runs: int
    computes: int
    word_bits: int
    curve: TrafficCurve
    apart: TrafficCurve | None
    memories: tuple[MemoryMark, ...]

    def kib(self, words: float) -> float:
        return words * self.word_bits / BITS_PER_KIB

    def words(self, kib: float) -> int:
        return int(kib * BITS_PER_KIB / self.word_bits)

    def intensity(self, point: CurvePoint) -> float:
        """Operations per word of traffic."""
        return self.computes / point.traffic_words

    @property
    def crossings(self) -> tuple[tuple[int, str], ...]:
        """(capacity in words, which one has less traffic from there on): ``fused``, ``apart`` or ``equal``."""
        if self.apart is None:
            return ()
        capacities = sorted({one.capacity_words for one in (*self.curve.points, *self.apart.points)})
        found: list[tuple[int, str]] = []
        for capacity in capacities:
            lower = self._lower(capacity)
            if not found or found[-1][1] != lower:
                found.append((capacity, lower))
        return tuple(found)

    def _lower(self, capacity: int) -> str:
        assert self.apart is not None
        fused, apart = self.curve.at(capacity), self.apart.at(capacity)
        if fused is None or apart is None:
            return "fused" if apart is None else "apart"
        if fused.traffic_words == apart.traffic_words:
            return "equal"
        return "fused" if fused.traffic_words < apart.traffic_words else "apart"
