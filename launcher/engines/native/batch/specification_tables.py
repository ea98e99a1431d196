"""A specification as the batch model wants it: one plain record per level and per tensor, nothing left to look up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.cost import gate_of
from launcher.engines.native.energies import AccessEnergies, compute_energy_pj, level_energies
from launcher.engines.native.legality import check_architecture
from launcher.engines.native.network_costs import (
    Connection,
    TransferPrices,
    connections,
    network_latency_cycles,
    transfer_prices,
)
from launcher.engines.native.reuse_rules import ReuseRules, reuse_rules
from launcher.engines.native.tiles import Tensor, tensors_of
from launcher.errors import SpecificationError
from launcher.specification.architecture import ComputeLevel, StorageLevel
from launcher.specification.specification import Specification

MOST_COMPUTES = 1 << 53


@dataclass(frozen=True)
class LevelTable:
    """One storage level; see ``StorageLevel`` for units.

    Attributes:
        capacity, least: of one instance as in ``TileRoom``.
        weights: per data space, units of one value.
        rows: per data space, parts of one value and of an access, as in ``StorageLevel.row_parts``.
        clusters: rows of instances that share an access.
        children: of one instance.
        bandwidths: read, write, shared; None for unlimited.
        scales: per data space, words of a bandwidth that a value consumes.
        energies: pJ per access and leakage.
        address_pj: energy of an address generation.
        gate, gate_share: the level whose instances in use leak, and how many of this level's each of them counts for.
    """

    capacity: int | None
    least: float
    weights: tuple[int, ...]
    rows: tuple[tuple[int, int], ...]
    clusters: int
    children: int
    bandwidths: tuple[float | None, float | None, float | None]
    scales: tuple[float, ...]
    energies: AccessEnergies
    address_pj: float
    gate: int
    gate_share: float


@dataclass(frozen=True)
class TensorTable:
    """One tensor; dimensions are numbered among those of extent above 1.

    Attributes:
        read_write, sliding: as in ``Tensor``.
        ranks: (dimension, coefficient) per term.
        coefficients: (R, all dimensions) the same as an array.
        own, foreign: dimensions with a rank of their own, dimensions that do not move the tile.
        rules: per level.
        fetches: per boundary, from the compute units outwards, how often shared loops bring in the tile below it.
        firsts: how often they bring other words than before.
    """

    read_write: bool
    sliding: bool
    ranks: tuple[tuple[tuple[int, int], ...], ...]
    coefficients: AnyArray
    own: tuple[int, ...]
    foreign: tuple[int, ...]
    rules: tuple[ReuseRules, ...]
    fetches: tuple[int, ...]
    firsts: int

    @property
    def divides(self) -> bool:
        """Whether tiles are products of extents, so that words divide as extents do."""
        return all(len(rank) == 1 and rank[0][1] == 1 for rank in self.ranks)


@dataclass(frozen=True)
class Charge:
    """What one data space pays per transfer on an explicit network below a level, by number of destinations."""

    level: int
    space: int
    prices: TransferPrices


@dataclass(frozen=True)
class Tables:
    """A specification.

    Attributes:
        extents: of all dimensions.
        moving: numbers of the dimensions of extent above 1.
        levels, tensors: the records.
        meshes: instances, along X, along Y of the compute units and then of each level.
        networks: charges of each explicit network, in the order in which their energies are added.
        compute_pj: energy of one operation.
        latency: cycles of the networks.
        is_complete: False when a mesh costs energy, which only the plain model covers.
        times: iterations of the loops shared with other layers.
    """

    extents: tuple[int, ...]
    moving: tuple[int, ...]
    levels: tuple[LevelTable, ...]
    tensors: tuple[TensorTable, ...]
    meshes: tuple[tuple[int, int, int], ...]
    networks: tuple[tuple[Charge, ...], ...]
    compute_pj: float
    latency: int
    is_complete: bool
    times: int


def build_tables(specification: Specification) -> Tables:
    """Records of a specification.

    Raises:
        SpecificationError: as ``model.evaluate`` does, and for problems too large to count in double precision.
    """
    architecture = specification.architecture
    check_architecture(architecture)
    _check_size(specification)
    energies = level_energies(specification)
    extents = tuple(specification.problem.dimensions.values())
    moving = tuple(number for number, extent in enumerate(extents) if extent > 1)
    networks = sorted(connections(specification), key=lambda connection: connection.name)
    parts: list[ComputeLevel | StorageLevel] = [architecture.compute, *architecture.levels]
    return Tables(
        extents=extents,
        moving=moving,
        levels=tuple(_level(specification, index, energies[index]) for index in range(len(energies))),
        tensors=tuple(_tensor(specification, tensor, moving) for tensor in tensors_of(specification.problem)),
        meshes=tuple((part.instances, part.mesh_x, part.mesh_y) for part in parts),
        networks=tuple(_charges(specification, connection) for connection in networks),
        compute_pj=compute_energy_pj(specification),
        latency=network_latency_cycles(architecture),
        is_complete=all(connection.network is not None for connection in networks),
        times=specification.repeats.times,
    )


def _check_size(specification: Specification) -> None:
    """Counts must be exact in double precision and fit 64 bits."""
    computes = specification.problem.computes
    if computes >= MOST_COMPUTES:
        raise SpecificationError(
            f"the problem has {computes} computes, too many for the batch model",
            where=f"problem {specification.problem.name}, dimensions",
            expected=f"less than 2^53 = {MOST_COMPUTES}",
            hint="evaluate its mappings one by one",
        )


def _level(specification: Specification, index: int, energies: AccessEnergies) -> LevelTable:
    level = specification.architecture.levels[index]
    names = specification.problem.data_space_names
    room = level.room(names)
    columns, rows = specification.architecture.fanout(index)
    gate, gate_share = gate_of(specification.architecture, index)
    return LevelTable(
        capacity=room.capacity,
        least=room.least,
        weights=room.weights,
        rows=tuple(level.row_parts(name) for name in names),
        clusters=level.instances // level.cluster_size,
        children=columns * rows,
        bandwidths=(level.read_bandwidth, level.write_bandwidth, level.shared_bandwidth),
        scales=tuple(level.bandwidth_of(name) for name in names),
        energies=energies,
        address_pj=max(0.0, level.addr_gen_energy_pj or 0.0),
        gate=gate,
        gate_share=gate_share,
    )


def _tensor(specification: Specification, tensor: Tensor, moving: tuple[int, ...]) -> TensorTable:
    number = {dimension: place for place, dimension in enumerate(moving)}
    coefficients = np.zeros((len(tensor.ranks), len(tensor.relevant)), dtype=np.int64)
    for rank, terms in enumerate(tensor.ranks):
        for dimension, coefficient in terms:
            coefficients[rank, dimension] += coefficient
    return TensorTable(
        read_write=tensor.read_write,
        sliding=tensor.sliding,
        ranks=tuple(tuple((number[d], c) for d, c in terms) for terms in tensor.ranks),
        coefficients=coefficients,
        own=tuple(number[d] for d in moving if tensor.has_own_rank(d)),
        foreign=tuple(number[d] for d in moving if not tensor.relevant[d]),
        rules=reuse_rules(specification, tensor.name),
        fetches=_fetches(specification, tensor.name),
        firsts=specification.repeats.first(tensor.name),
    )


def _fetches(specification: Specification, name: str) -> tuple[int, ...]:
    repeats = specification.repeats
    inner = (repeats.fetched(level.name, name) for level in specification.architecture.levels[:-1])
    return (repeats.times, *inner)


def _charges(specification: Specification, connection: Connection) -> tuple[Charge, ...]:
    network = connection.network
    if network is None:
        return ()
    return tuple(
        Charge(connection.index, space, transfer_prices(specification, network, name))
        for space, name in enumerate(specification.problem.data_space_names)
    )
