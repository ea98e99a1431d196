"""Constants of an architecture, its constraints and a problem, as arrays for the search."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from operator import itemgetter

import numpy as np

from launcher.engines.native.arrays import BoolArray, FloatArray, IntArray
from launcher.engines.native.mapper.kernels import search_tables as at
from launcher.engines.native.mapper.space.feasibility import capacities_of, rooms_of
from launcher.engines.native.mapper.space.mapspace import SearchSpace
from launcher.engines.native.network_costs import network_latency_cycles
from launcher.engines.native.reuse_rules import reuse_rules
from launcher.engines.native.tiles import RankTerms, Tensor, tensors_of
from launcher.errors import SpecificationError
from launcher.specification.architecture import StorageLevel


@dataclass(frozen=True)
class Machine:
    """Constants; levels innermost first, P data spaces, D dimensions of the mapspace.

    Attributes:
        tensors: the data spaces in the model's terms.
        capacity, least_fill: (levels,) units that kept tiles may and must have (infinity and 0 when nothing limits).
        weight: (levels, P) units of one value.
        rows: (levels, P, 2) parts of one value and of an access, as in ``StorageLevel.row_parts``.
        limits: (levels, 3) read, write and shared bandwidth; infinity when unlimited.
        scale: (levels, P) words of a bandwidth that one value consumes.
        latency: network cycles added once.
        read_write, boxes: (P,) whether it is accumulated into; whether its tiles can overlap or have gaps.
        coefficient, motion: (P, ranks, D), (P, D) projection, as in ``Costs``.
        temporal_reuse: (levels, P) whether the level below keeps words from one step to the next; compute units do not.
        multicast, links: (levels, P) whether the fan-out below shares words, whether children pass them on.
        first_update_reads: (levels, P) whether the first update of a word reads it first.
    """

    tensors: tuple[Tensor, ...]
    capacity: FloatArray
    least_fill: FloatArray
    weight: FloatArray
    rows: FloatArray
    limits: FloatArray
    scale: FloatArray
    latency: int
    read_write: BoolArray
    boxes: BoolArray
    coefficient: IntArray
    motion: IntArray
    temporal_reuse: BoolArray
    multicast: BoolArray
    links: BoolArray
    first_update_reads: BoolArray

    @property
    def windowed_results(self) -> BoolArray:
        """(P,) which data spaces are accumulated into window by window, as the output of a transposed convolution."""
        return np.asarray(self.read_write & self.boxes)

    @property
    def relevant(self) -> BoolArray:
        """(P, D) whether a step along a dimension moves the tile."""
        return np.asarray(self.motion != at.STILL)

    @property
    def passes_on(self) -> BoolArray:
        """(levels, P) whether instances below a level keep nothing between steps, but may get words from neighbours."""
        forgets = ~self.temporal_reuse
        forgets[0] = False
        return np.asarray(forgets & self.links)

    @property
    def nature(self) -> IntArray:
        """(P,) bits as in ``Costs.nature``."""
        return np.asarray(self.read_write * at.READ_WRITE + self.boxes * at.BOXES, np.int64)


def machine_of(space: SearchSpace) -> Machine:
    """Constants of a mapspace.

    Raises:
        SpecificationError: a read-write data space whose projection leaves gaps.
    """
    specification = space.specification
    levels = specification.architecture.levels
    names = specification.problem.data_space_names
    tensors = tensors_of(specification.problem)
    coefficient = _coefficients(space, tensors)
    boxes = np.array([_has_boxes(tensor) for tensor in tensors])
    for tensor in tensors:
        if tensor.read_write:
            _check_gaps(tensor, tuple(specification.problem.dimensions.values()))
    capacities = capacities_of(space)
    rules = [reuse_rules(specification, name) for name in names]

    def switches(name: str) -> BoolArray:
        return np.array([[getattr(rule, name) for rule in of_space] for of_space in rules]).T

    return Machine(
        tensors=tensors,
        capacity=np.array(capacities.capacity),
        least_fill=np.array(capacities.least_fill),
        weight=np.array([room.weights for room in rooms_of(specification)], float),
        rows=np.array([[level.row_parts(name) for name in names] for level in levels], float),
        limits=np.array([_bandwidths(level) for level in levels]),
        scale=np.array([[level.bandwidth_of(name) for name in names] for level in levels]),
        latency=network_latency_cycles(specification.architecture),
        read_write=np.array([tensor.read_write for tensor in tensors]),
        boxes=boxes,
        coefficient=coefficient,
        motion=_motion(coefficient),
        temporal_reuse=switches("temporal_reuse"),
        multicast=switches("multicast"),
        links=switches("links"),
        first_update_reads=switches("first_update_reads"),
    )


def _bandwidths(level: StorageLevel) -> list[float]:
    return [inf if b is None else b for b in (level.read_bandwidth, level.write_bandwidth, level.shared_bandwidth)]


def _check_gaps(tensor: Tensor, extents: tuple[int, ...]) -> None:
    """See that something is added to every word of a read-write data space."""
    seen = [dimension for rank in tensor.ranks for dimension in {dimension for dimension, _ in rank}]
    if len(set(seen)) == len(seen) and all(_is_covered(rank, extents) for rank in tensor.ranks):
        return
    raise SpecificationError(
        f"the projection of the read-write data space {tensor.name!r} leaves gaps: some of its words are never updated",
        where=f"problem, data space {tensor.name}, projection",
        expected="strides no larger than what the other dimensions of a rank cover, and no dimension in two ranks",
        hint="a transposed convolution leaves no gaps where its kernel is at least as large as its stride",
    )


def _is_covered(rank: RankTerms, extents: tuple[int, ...]) -> bool:
    """Whether the dimensions of a rank reach every place along it: no step is longer than what shorter ones cover."""
    strides: dict[int, int] = {}
    for dimension, coefficient in rank:
        strides[dimension] = strides.get(dimension, 0) + coefficient
    covered = 1
    for dimension, stride in sorted(strides.items(), key=itemgetter(1)):
        if stride > covered:
            return False
        covered += stride * (extents[dimension] - 1)
    return True


def _has_boxes(tensor: Tensor) -> bool:
    terms = [term for rank in tensor.ranks for term in rank]
    dimensions = [dimension for dimension, _ in terms]
    return tensor.sliding or any(coefficient != 1 for _, coefficient in terms) or len(set(dimensions)) < len(dimensions)


def _coefficients(space: SearchSpace, tensors: tuple[Tensor, ...]) -> IntArray:
    numbers = {name: i for i, name in enumerate(space.specification.problem.dimensions)}
    active = [numbers[name] for name in space.dimensions]
    ranks = max([1, *(len(tensor.ranks) for tensor in tensors)])
    array = np.zeros((len(tensors), ranks, len(active)), np.int64)
    for p, tensor in enumerate(tensors):
        for r, rank in enumerate(tensor.ranks):
            for dimension, coefficient in rank:
                array[p, r, active.index(dimension)] += coefficient
    return array


def _motion(coefficient: IntArray) -> IntArray:
    """Per data space and dimension how it moves the tiles (see ``Costs.motion``)."""
    used = coefficient > 0
    alone = (used & (used.sum(axis=2, keepdims=True) == 1)).any(axis=1)
    ranks = np.where(used.sum(axis=1) > 1, at.TANGLED, used.argmax(axis=1))
    return np.asarray(np.where(~used.any(axis=1), at.STILL, np.where(alone, at.OWN_RANK, ranks)), np.int64)
