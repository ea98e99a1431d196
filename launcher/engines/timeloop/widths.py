"""Values of several widths in Timeloop's words: its levels know one width of words each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from launcher.engines.native.network_costs import connections
from launcher.errors import EngineError
from launcher.specification.architecture import StorageLevel
from launcher.specification.mapping import Mapping as LoopNest
from launcher.specification.specification import Specification

_PER_WORD = ("energy_per_hop", "router_energy", "energy-per-ingress", "network_word_bits")
"""Attributes of a level that say something of a word on the network below it."""

_OF_SIZES = (
    *("word_bits", "word_width", "datawidth", "block_size", "n_words", "entries", "depth", "memory_depth", "sizeKB"),
    *("data_storage_depth", "bandwidth", "read_bandwidth", "write_bandwidth", "shared_bandwidth", "data_space_bits"),
)


def in_words(specification: Specification, mapping: LoopNest | None = None) -> Specification:
    """The same machine, whose words are as wide as the values that its levels keep; itself where they are anyway.

    Args:
        specification: what Timeloop is to be asked about.
        mapping: what is kept where; without it, whatever the constraints do not bypass may be.

    Raises:
        EngineError: a level keeps values of several widths, or ones that do not fill its accesses.
    """
    architecture = specification.architecture
    if not any(level.value_bits for level in architecture.levels):
        return specification
    kept = _kept(specification, mapping)
    widths = {level.name: _width(level, kept[level.name]) for level in architecture.levels}
    for connection in connections(specification):
        spaces = specification.problem.data_space_names
        on_it = {connection.outer.bits_of(space) for space in spaces}
        if connection.network is None and on_it != {widths[connection.outer.name]}:
            raise _refusal(f"network {connection.name!r} moves values of {_listed(on_it)} bits")
    levels = tuple(_rewritten(level, widths[level.name]) for level in architecture.levels)
    return replace(specification, architecture=replace(architecture, levels=levels))


def _kept(specification: Specification, mapping: LoopNest | None) -> Mapping[str, tuple[str, ...]]:
    if mapping is not None:
        return {level.level: level.keep for level in mapping.levels}
    names = specification.problem.data_space_names
    bypasses = {one.name: specification.constraints.at(one.name).bypass for one in specification.architecture.levels}
    return {level: tuple(name for name in names if name not in bypass) for level, bypass in bypasses.items()}


def _width(level: StorageLevel, spaces: tuple[str, ...]) -> int:
    widths = {level.bits_of(space) for space in spaces} or {level.word_bits}
    if len(widths) > 1:
        raise _refusal(f"{level.name} keeps values of {_listed(widths)} bits")
    return widths.pop()


def _rewritten(level: StorageLevel, bits: int) -> StorageLevel:
    """A level with words of so many bits, and accesses of as many bits as before."""
    if not level.value_bits:
        return level
    access = level.word_bits * level.block_size
    if access % bits:
        raise _refusal(f"{level.name} moves {access} bits at once, which is no whole number of values of {bits}")
    ratio = level.word_bits / bits
    kept = {name: value for name, value in level.attributes.items() if name not in _OF_SIZES}
    per_word = ((name, kept.get(name)) for name in _PER_WORD)
    kept |= {name: value / ratio for name, value in per_word if isinstance(value, int | float)}
    return replace(
        level,
        attributes=kept,
        word_bits=bits,
        value_bits={},
        block_size=access // bits,
        capacity_words=None if level.capacity_words is None else level.capacity_words * level.word_bits // bits,
        read_bandwidth=_scaled(level.read_bandwidth, ratio),
        write_bandwidth=_scaled(level.write_bandwidth, ratio),
        shared_bandwidth=_scaled(level.shared_bandwidth, ratio),
    )


def _scaled(bandwidth: float | None, ratio: float) -> float | None:
    return None if bandwidth is None else bandwidth * ratio


def _listed(widths: set[int]) -> str:
    return " and ".join(map(str, sorted(widths)))


def _refusal(what: str) -> EngineError:
    return EngineError(
        f"Timeloop knows one width of words per level, but {what}",
        where="model.weight_bits, activation_bits, cache_bits, sum_bits, or data_space_bits of the architecture",
        expected="levels and networks whose values are equally wide",
        hint="engine=native verify=false",
    )
