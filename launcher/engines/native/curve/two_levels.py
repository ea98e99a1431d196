"""The machine that a curve is drawn for: the outermost memory, and one buffer that holds a tile of every tensor."""

from __future__ import annotations

from dataclasses import replace

from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.chain import Chain, narrowed
from launcher.specification.constraints import Constraints, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.problem import DataSpace, Problem
from launcher.specification.specification import Specification

BUFFER, OUTERMOST = "buffer", "outermost memory"
_COMPUTE = "compute"
_OFF_CHIP_CLASS = "DRAM"


def two_levels(specification: Specification, capacity_words: int | None = None) -> Specification:
    """A layer on a machine of two levels, where a word of the outermost memory costs 1 pJ and all else nothing.

    A data space that the constraints never let into a memory off the chip (the stand-in weights of a norm operation)
    moves nothing there, and is left out.

    Args:
        specification: of the layer; of its machine only counts what is off the chip.
        capacity_words: of the buffer; None means unlimited.

    Raises:
        SpecificationError: windows slide over a tensor that is written.
    """
    problem = replace(specification.problem, data_spaces=moved_data_spaces(specification))
    _check_written(problem)
    buffer = StorageLevel(BUFFER, "SRAM", capacity_words=capacity_words)
    architecture = Architecture(
        "two levels", (buffer, StorageLevel(OUTERMOST, _OFF_CHIP_CLASS)), ComputeLevel(_COMPUTE, "intmac")
    )
    everything = LevelConstraint(keep=frozenset(problem.data_space_names))
    prices: dict[str, dict[str, tuple[ActionEnergy, ...]]] = {
        BUFFER: _prices(0.0),
        OUTERMOST: _prices(1.0),
        _COMPUTE: {"compute": (ActionEnergy(0.0),)},
    }
    constraints = Constraints({BUFFER: everything, OUTERMOST: everything})
    return Specification(architecture, problem, constraints, EnergyTable(prices))


def two_level_chain(chain: Chain, capacity_words: int | None = None) -> Chain:
    """The same layers, each on such a machine; parts of them have no rules of their own."""
    layers = (
        replace(layer, specification=two_levels(layer.specification, capacity_words), narrow=narrowed)
        for layer in chain.layers
    )
    return replace(chain, layers=tuple(layers))


def off_chip(specification: Specification) -> tuple[StorageLevel, ...]:
    """Memories off the chip: the outermost level, and all others of its kind (one may hold weights only)."""
    levels = specification.architecture.levels
    return tuple(one for one in levels if one is levels[-1] or one.component_class == _OFF_CHIP_CLASS)


def on_chip(specification: Specification) -> tuple[StorageLevel, ...]:
    """Memories on the chip, outermost first."""
    outside = off_chip(specification)
    return tuple(one for one in reversed(specification.architecture.levels) if one not in outside and not one.is_dummy)


def moved_data_spaces(specification: Specification) -> tuple[DataSpace, ...]:
    """The data spaces that a memory off the chip may hold."""
    outside = [specification.constraints.at(level.name).bypass for level in off_chip(specification)]
    return tuple(
        space for space in specification.problem.data_spaces if any(space.name not in bypass for bypass in outside)
    )


def _prices(pj: float) -> dict[str, tuple[ActionEnergy, ...]]:
    return {action: (ActionEnergy(pj),) for action in ("read", "write", "update")}


def _check_written(problem: Problem) -> None:
    for space in problem.data_spaces:
        slid = space.windowed(problem.dimensions)
        if space.read_write and slid:
            raise SpecificationError(
                f"windows slide over the data space {space.name!r}, which is written",
                where=f"problem, data space {space.name}, projection: {', '.join(sorted(slid))}",
                expected="a written data space whose ranks are one dimension each, such as [[[D]], [[L]]]",
            )
