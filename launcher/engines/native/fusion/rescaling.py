"""What a softmax over pieces of columns costs beside the nests.

A shared loop over the reduction cuts columns into pieces. For every piece after the first, the largest value so far may
change; then what the layer behind has added up so far is scaled anew: all its words are read and written once where
they stay, and a running maximum and sum per column are read and written where the columns wait. The lanes of the
softmax's machine do that, one word per lane and cycle.
"""

from __future__ import annotations

from math import prod

from launcher.engines.native.energies import level_energies
from launcher.engines.native.formulas import blocks
from launcher.engines.native.fusion.classes import Stays, flowing_spaces, own_extents
from launcher.results.fused import NOTHING, Rescaling
from launcher.specification.chain import Chain, ChainLayer, Columns, SharedLoop, bounds_of
from launcher.summing import sum_in_order

_RUNNING_VALUES = 2
"""Per column: its largest value so far, and its sum."""


def rescaling_of(
    chain: Chain, waits: tuple[str, ...], shared: tuple[SharedLoop, ...], stays: tuple[Stays, ...] | None
) -> Rescaling:
    """What the softmax among a group's layers costs beside the nests; nothing where columns are whole.

    Args:
        chain: the group.
        waits, shared: of its class.
        stays: per layer, its persistent tiles; None bounds the cost from below for all of them.
    """
    for number, layer in enumerate(chain.layers[:-1]):
        bounds = bounds_of(shared, number)
        pieces = bounds.get(layer.reduction or "", 1) if layer.columns is Columns.online else 1
        if pieces > 1:
            times = prod(bounds.values()) // pieces * (pieces - 1)
            return _rescaling(chain, number, waits, shared, stays, times)
    return NOTHING


def _rescaling(
    chain: Chain,
    number: int,
    waits: tuple[str, ...],
    shared: tuple[SharedLoop, ...],
    stays: tuple[Stays, ...] | None,
    times: int,
) -> Rescaling:
    softmax, behind = chain.layers[number], chain.layers[number + 1]
    output = next(space for space in behind.problem.data_spaces if space.read_write)
    words = output.size(own_extents(behind, bounds_of(shared, number + 1))) * times
    running = _columns(chain, number, shared) * _RUNNING_VALUES * times
    cycles = -(-(words + running) // softmax.specification.architecture.compute.instances)
    energy = _leakage_pj(softmax) * cycles
    if stays is None:
        return Rescaling(energy, cycles, words, "", running)
    level = _level_of(behind, output.name, stays[number + 1])
    running_level = waits[max(number - 1, 0)]
    (columns, *_) = flowing_spaces(chain, number)
    energy += _accesses_pj(behind, level, output.name, words) + _accesses_pj(softmax, running_level, columns, running)
    return Rescaling(energy, cycles, words, level, running, running_level)


def _columns(chain: Chain, number: int, shared: tuple[SharedLoop, ...]) -> int:
    """Columns in one iteration of the shared loops."""
    layer = chain.layers[number]
    (name, *_) = flowing_spaces(chain, number)
    space = layer.problem.data_space(name)
    extents = own_extents(layer, bounds_of(shared, number))
    return space.size(extents) // extents[str(layer.reduction)]


def _level_of(layer: ChainLayer, space: str, stays: Stays) -> str:
    """Where what a layer has added up so far stays between two pieces: the outermost level that keeps it."""
    specification = layer.specification
    names = [level.name for level in specification.architecture.levels]
    persistent = [level for level, name in stays if name == space]
    if persistent:
        return max(persistent, key=names.index)
    return next(name for name in reversed(names) if space not in specification.constraints.at(name).bypass)


def _accesses_pj(layer: ChainLayer, level: str, space: str, words: int) -> float:
    """Energy of words of a data space that are each read and written once at a level."""
    architecture = layer.specification.architecture
    place = architecture.level_index(level)
    energies = level_energies(layer.specification)[place]
    return blocks(words, *architecture.levels[place].row_parts(space)) * (energies.read_pj + energies.update_pj)


def _leakage_pj(layer: ChainLayer) -> float:
    """Leakage of a layer's whole machine per cycle."""
    levels = layer.specification.architecture.levels
    energies = level_energies(layer.specification)
    return sum_in_order(one.leak_pj_per_cycle * level.instances for one, level in zip(energies, levels, strict=True))
