"""Whether the hardware can hold and spread what a mapping asks for."""

from __future__ import annotations

from launcher.engines.native.lowering import Nest
from launcher.engines.native.tiles import Tensor
from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.specification import Specification


def find_violation(specification: Specification, tensors: tuple[Tensor, ...], nest: Nest) -> str | None:
    """Say which limit of which level a mapping breaks and by how much; None when it is legal.

    Checked, innermost level first: every data space is kept somewhere; tiles fit the capacity and reach the minimum
    utilization; fan-out only where there is one; instances and their mesh suffice, compute units included.
    """
    for number, tensor in enumerate(tensors):
        if not any(level.keep[number] for level in nest.levels):
            return f"data space {tensor.name} is kept at no level"
    architecture = specification.architecture
    for index, level in enumerate(architecture.levels):
        reason = _capacity(level, tensors, nest, index) or _fanout(specification, nest, index)
        if reason is None:
            block = nest.levels[index]
            reason = _instances(level, block.expansion_x, block.expansion_y)
        if reason is not None:
            return reason
    return _instances(architecture.compute, nest.expansion_x, nest.expansion_y)


def check_architecture(architecture: Architecture) -> None:
    """Make sure that every figure that the model divides by makes sense.

    Raises:
        SpecificationError: a mesh that is not the instances, a cluster that does not divide them, a mesh that the
            mesh of the level above does not divide, or a figure that must be positive and is not.
    """
    outer: StorageLevel | None = None
    levels: list[StorageLevel | ComputeLevel] = [*reversed(architecture.levels), architecture.compute]
    for level in levels:
        _check(level, "meshX * meshY", level.mesh_x * level.mesh_y, level.instances)
        if outer is not None:
            _check_divides(level, "meshX", level.mesh_x, outer.mesh_x, f"the meshX of {outer.name}")
            _check_divides(level, "meshY", level.mesh_y, outer.mesh_y, f"the meshY of {outer.name}")
        if isinstance(level, StorageLevel):
            _check_storage(level)
            outer = level


def _check_storage(level: StorageLevel) -> None:
    _check_divides(level, "instances", level.instances, level.cluster_size, "its cluster_size")
    positive = {
        "block_size": level.block_size,
        "multiple_buffering": level.multiple_buffering,
        "read_bandwidth": level.read_bandwidth,
        "write_bandwidth": level.write_bandwidth,
        "shared_bandwidth": level.shared_bandwidth,
    }
    for key, value in positive.items():
        if value is not None and value <= 0:
            raise SpecificationError(
                f"{key} of level {level.name!r} is {value}",
                where=f"architecture, level {level.name}, {key}",
                expected="a number above 0",
            )


def _check(level: StorageLevel | ComputeLevel, key: str, value: int, expected: int) -> None:
    if value != expected or value < 1:
        raise SpecificationError(
            f"{key} of {level.name!r} is {value}, but it has {expected} instances",
            where=f"architecture, {level.name}, {key}",
            expected="meshX * meshY equal to instances, at least 1",
        )


def _check_divides(level: StorageLevel | ComputeLevel, key: str, value: int, divisor: int, whose: str) -> None:
    if divisor < 1 or value % divisor:
        raise SpecificationError(
            f"{key} of {level.name!r} is {value}, which is no multiple of {divisor}, {whose}",
            where=f"architecture, {level.name}, {key}",
            expected=f"a multiple of {divisor}" if divisor >= 1 else "a number of at least 1",
        )


def _capacity(level: StorageLevel, tensors: tuple[Tensor, ...], nest: Nest, index: int) -> str | None:
    room = level.room([tensor.name for tensor in tensors])
    if room.capacity is None:
        return None
    block = nest.levels[index]
    parts = zip(tensors, room.weights, block.keep, strict=True)
    sizes = {tensor.name: tensor.words(block.extents) * weight for tensor, weight, keep in parts if keep}
    needed = sum(sizes.values())
    listed = " + ".join(f"{name} {room.count(size)}" for name, size in sizes.items()) or "nothing kept"
    if needed > room.capacity:
        return (
            f"{level.name}: tiles of {room.amount(needed)} ({listed}) exceed the capacity of "
            f"{room.amount(room.capacity)} by {room.count(needed - room.capacity)}"
        )
    if needed < room.least:
        return (
            f"{level.name}: tiles of {room.amount(needed)} ({listed}) are {room.amount(room.least - needed)} short of "
            f"the minimum utilization, {level.min_utilization:g} of {room.amount(room.capacity)}"
        )
    return None


def _fanout(specification: Specification, nest: Nest, index: int) -> str | None:
    available_x, available_y = specification.architecture.fanout(index)
    used = nest.levels[index].fanout
    if used > 1 and available_x * available_y <= 1:
        name = specification.architecture.levels[index].name
        return f"{name}: fans out to {used} children, but it has one child only"
    return None


def _instances(level: StorageLevel | ComputeLevel, used_x: int, used_y: int) -> str | None:
    for used, available, what in (
        (used_x * used_y, level.instances, "instances"),
        (used_x, level.mesh_x, "instances along X"),
        (used_y, level.mesh_y, "instances along Y"),
    ):
        if used > available:
            return f"{level.name}: {used} {what} are used, {used - available} more than the {available} there are"
    return None
