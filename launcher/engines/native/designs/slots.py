"""What makes one design of the same structure better than another: capacities, bandwidths and energies.

Two designs have the same structure when their mapspaces differ in nothing but capacities, and their costs in nothing
but bandwidths and energies. A mapping of one is then a mapping of any other that has room for it, takes no fewer
cycles where bandwidths are less, and costs no less where energies are more, since Timeloop's energies are sums of
counts, none negative, times energies. So the corner of several designs, with the largest of their capacities and
bandwidths and the least of their energies, has no worse an optimum than any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from math import inf

import numpy as np

from launcher.engines.native.arrays import FloatArray
from launcher.engines.native.energies import (
    AccessEnergies,
    compute_energy_pj,
    compute_entry,
    level_energies,
    level_entry,
)
from launcher.engines.native.network_costs import NETWORK_ATTRIBUTES, connections
from launcher.specification.architecture import Component, ComputeLevel, StorageLevel
from launcher.specification.energy import EnergyTable
from launcher.specification.specification import Specification

COLUMNS = (
    *("capacity_words", "read_bandwidth", "write_bandwidth", "shared_bandwidth"),
    *("read_pj", "fill_pj", "update_pj", "leak_pj_per_cycle"),
)
"""Of a level's row. What is better the more there is of it stands there with a minus sign, so less is always better."""

CAPACITY, BANDWIDTHS, ENERGIES = 0, slice(1, 4), slice(4, 8)


def slots_of(specification: Specification) -> FloatArray:
    """(levels + 1, 8) what favours a design, innermost level first; the compute units' energy per operation is last.

    Raises:
        SpecificationError: the energy table lacks something.
    """
    levels = specification.architecture.levels
    rows = np.zeros((len(levels) + 1, len(COLUMNS)))
    for row, level, own in zip(rows, levels, level_energies(specification), strict=False):
        row[CAPACITY] = _negative(level.capacity_words)
        row[BANDWIDTHS] = [_negative(b) for b in (level.read_bandwidth, level.write_bandwidth, level.shared_bandwidth)]
        row[ENERGIES] = (own.read_pj, own.fill_pj, own.update_pj, own.leak_pj_per_cycle)
    rows[-1, 4] = compute_energy_pj(specification)
    return rows


def with_slots(specification: Specification, slots: FloatArray) -> Specification:
    """A design of the same structure with other slots (see :func:`slots_of`; further rows are not looked at)."""
    architecture = specification.architecture
    levels = tuple(_with_slots(level, row) for level, row in zip(architecture.levels, slots, strict=False))
    prices = [AccessEnergies(*map(float, row[ENERGIES])) for row in slots]
    energy = dict(specification.energy.components) if specification.energy else {}
    energy |= {level.name: level_entry(own) for level, own in zip(levels, prices, strict=False)}
    energy[architecture.compute.name] = compute_entry(prices[len(levels)].read_pj)
    return replace(
        specification, architecture=replace(architecture, levels=levels), energy=EnergyTable(energy), area=None
    )


def is_separable(specification: Specification) -> bool:
    """Whether designs that differ in slots alone can be compared as this module says.

    Not where meshes cost energy (which may depend on areas), where a constraint asks how full a buffer is, and not with
    negative energies. Explicit networks belong to the structure, energies included.
    """
    filled = any(level.min_utilization for level in specification.architecture.levels)
    constraints = specification.constraints.levels.values()
    filled = filled or any(one.temporal.maximize or one.spatial.maximize for one in constraints)
    meshes = any(not connection.mesh.is_free for connection in connections(specification))
    return not filled and not meshes and bool((slots_of(specification)[:, ENERGIES] >= 0).all())


def component_structure(specification: Specification, component: Component) -> object:
    """What of one component and its constraints decides a design's structure, in a form that can be compared.

    The number of its instances is left out: the containers around it decide that.
    """
    kept = {name: value for name, value in component.attributes.items() if name in NETWORK_ATTRIBUTES}
    if kept.get("technology") != "DRAM":  # otherwise it is a process, which energies know
        kept.pop("technology", None)
    bare: Component = replace(component, attributes=kept, instances=1, required_actions=(), subclass=None)
    if isinstance(bare, ComputeLevel):
        return comparable(replace(bare, mesh_x=1, mesh_y=1))
    if isinstance(bare, StorageLevel):
        bare = replace(_with_slots(bare, np.zeros(len(COLUMNS))), mesh_x=1, mesh_y=1)
        unlimited = [getattr(component, name) is None for name in COLUMNS[:4]]
        return comparable((bare, unlimited, specification.constraints.at(component.name)))
    return comparable(bare)


def comparable(value: object) -> object:
    """Nested tuples that are equal, and written alike in every process, for equal values."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, tuple(comparable(getattr(value, item.name)) for item in fields(value))
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), comparable(item)) for key, item in value.items()))
    if isinstance(value, set | frozenset):
        return tuple(sorted(map(str, value)))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(comparable(item) for item in value)
    return repr(value)


def _with_slots(level: StorageLevel, row: FloatArray) -> StorageLevel:
    read, write, shared = (_positive(value) for value in row[BANDWIDTHS])
    capacity = _positive(row[CAPACITY])
    return replace(
        level,
        capacity_words=None if capacity is None else int(capacity),
        read_bandwidth=read,
        write_bandwidth=write,
        shared_bandwidth=shared,
    )


def _negative(value: float | None) -> float:
    return -inf if value is None else -float(value)


def _positive(value: float) -> float | None:
    return None if value == -inf else -float(value)
