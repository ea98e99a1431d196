"""Layers in a row, of which one's output is the next one's input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from launcher.errors import SpecificationError
from launcher.specification.problem import DataSpace, Problem
from launcher.specification.specification import Specification

Narrow = Callable[[Specification, Mapping[str, int]], Specification]
"""A layer's specification for smaller extents of its dimensions."""


class Columns(StrEnum):
    """What a layer needs of the columns that it reduces.

    ``any``: nothing, it adds up what comes. ``whole``: all of a column at once (layer normalisation). ``online``:
    pieces will do, but what was made of the pieces before is scaled anew for each further one (softmax).
    """

    any = "any"
    whole = "whole"
    online = "online"


def narrowed(specification: Specification, extents: Mapping[str, int]) -> Specification:
    """The same rules for a problem with other extents."""
    return replace(specification, problem=replace(specification.problem, dimensions=dict(extents)))


@dataclass(frozen=True)
class ChainLayer:
    """One layer of a chain.

    Attributes:
        name: unique in the chain.
        specification: the whole layer on its machine, energies included.
        narrow: makes the specification of a part of it.
        columns, reduction: what it needs of the columns that it reduces, and along which dimension they lie.
    """

    name: str
    specification: Specification
    narrow: Narrow = narrowed
    columns: Columns = Columns.any
    reduction: str | None = None

    @property
    def problem(self) -> Problem:
        return self.specification.problem


@dataclass(frozen=True)
class Flow:
    """A layer's output that is the next layer's input.

    Attributes:
        output, input: the data spaces' names in the layer before and the layer behind.
        dimensions: dimensions of the layer before -> those of the layer behind that are the same.
    """

    output: str
    input: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class SharedLoop:
    """A loop that all layers of a group have in common.

    Attributes:
        names: the dimension's name in every layer.
        bound: its iterations, at least 2.
    """

    names: tuple[str, ...]
    bound: int


def bounds_of(shared: Sequence[SharedLoop], layer: int) -> dict[str, int]:
    """Dimension -> bound of shared loops, outermost first, in the names of the group's layer with this number."""
    return {loop.names[layer]: loop.bound for loop in shared}


@dataclass(frozen=True)
class Chain:
    """Layers, and between each two of them what flows; None where nothing does.

    Attributes:
        layers: in the order in which they run.
        flows: one fewer than layers.
        first: number of its first layer in the chain that it is a part of.
    """

    layers: tuple[ChainLayer, ...]
    flows: tuple[Flow | None, ...]
    first: int = 0

    def part(self, first: int, last: int) -> Chain:
        """The layers from ``first`` to ``last`` (not included)."""
        return Chain(self.layers[first:last], self.flows[first : last - 1], self.first + first)

    def tensor(self, number: int) -> str:
        """What people call the tensor that flows out of a layer: ``KTQ.Outputs``."""
        flow = self.flows[number]
        return f"{self.layers[number].name}.{flow.output}" if flow else ""

    @property
    def flowing(self) -> tuple[Flow, ...]:
        """The flows of a chain in which every layer hands something to the next one."""
        return tuple(flow for flow in self.flows if flow is not None)


@dataclass(frozen=True)
class Unit:
    """A chain that a network runs so many times.

    Attributes:
        chain: its layers.
        runs: how often.
        groups: runs of layers (first, and the one behind the last) that must be fused, all others being mapped alone;
            None leaves the partition open.
    """

    chain: Chain
    runs: int = 1
    groups: tuple[tuple[int, int], ...] | None = None


def check_chain(chain: Chain) -> None:
    """See that flows connect what can be connected.

    Raises:
        SpecificationError: says which flow is wrong, where, and what would be right.
    """
    for number, flow in enumerate(chain.flows):
        if flow is not None:
            _check_flow(chain.layers[number], chain.layers[number + 1], flow)


def shared_dimensions(chain: Chain) -> tuple[tuple[str, ...], ...]:
    """Dimensions over which all layers of a group can share loops: for each, its name in every layer.

    A dimension counts when every tensor that flows has it as a rank of its own, and no layer between needs whole
    columns along it. Those in which the layers have a single iteration are left out.
    """
    if any(flow is None for flow in chain.flows):
        return ()
    found = []
    for name, extent in chain.layers[0].problem.dimensions.items():
        names = _followed(chain, name)
        if extent > 1 and len(names) == len(chain.layers) and not _needs_whole(chain, names):
            found.append(names)
    return tuple(found)


def _followed(chain: Chain, name: str) -> tuple[str, ...]:
    """The dimension's names from the first layer on, as far as tensors that flow have it."""
    names = [name]
    for flow in chain.flowing:
        if names[-1] not in flow.dimensions:
            break
        names.append(flow.dimensions[names[-1]])
    return tuple(names)


def _needs_whole(chain: Chain, names: Sequence[str]) -> bool:
    """Whether a layer of a group needs whole columns along a dimension.

    Pieces do for an online softmax only while the layer behind adds up over them: its sums can be scaled anew.
    """
    for number, (layer, name) in enumerate(zip(chain.layers, names, strict=True)):
        if layer.columns is Columns.any or layer.reduction != name:
            continue
        last = number == len(chain.layers) - 1
        if layer.columns is Columns.whole or last or not _adds_up(chain.layers[number + 1], names[number + 1]):
            return True
    return False


def _adds_up(layer: ChainLayer, name: str) -> bool:
    return all(name not in space.relevant for space in layer.problem.data_spaces if space.read_write)


def _check_flow(before: ChainLayer, behind: ChainLayer, flow: Flow) -> None:
    where = f"flow from {before.name}.{flow.output} to {behind.name}.{flow.input}"
    output, taken = _space(before, flow.output, where), _space(behind, flow.input, where)
    if not output.read_write:
        outputs = [space.name for space in before.problem.data_spaces if space.read_write]
        raise SpecificationError(
            f"{before.name} does not compute {flow.output}", where=where, expected=f"from: {before.name}.{outputs[0]}"
        )
    if taken.read_write:
        raise SpecificationError(
            f"{behind.name} computes {flow.input} itself", where=where, expected="a data space that it only reads"
        )
    for name, other in flow.dimensions.items():
        _check_dimension(before, output, name, where)
        _check_dimension(behind, taken, other, where)
        sizes = before.problem.dimensions[name], behind.problem.dimensions[other]
        if sizes[0] != sizes[1]:
            raise SpecificationError(
                f"dimension {name} of {before.name} has {sizes[0]} and {other} of {behind.name} has {sizes[1]} values",
                where=where,
                expected="the same size on both sides of a flow",
            )
    if len(set(flow.dimensions.values())) < len(flow.dimensions):
        raise SpecificationError(f"a dimension of {behind.name} is named twice", where=f"{where}, dimensions")


def _space(layer: ChainLayer, name: str, where: str) -> DataSpace:
    names = layer.problem.data_space_names
    if name not in names:
        raise SpecificationError(
            f"{layer.name} has no data space {name!r}", where=where, expected=f"one of {', '.join(names)}"
        )
    return layer.problem.data_space(name)


def _check_dimension(layer: ChainLayer, space: DataSpace, name: str, where: str) -> None:
    if name not in layer.problem.dimensions:
        raise SpecificationError(
            f"{layer.name} has no dimension {name!r}",
            where=f"{where}, dimensions",
            expected=f"one of {', '.join(layer.problem.dimensions)}",
        )
    windowed = space.windowed(layer.problem.dimensions)
    if name not in space.relevant or name in windowed:
        own = [one for one in layer.problem.dimensions if one in space.relevant - windowed]
        raise SpecificationError(
            f"{layer.name}.{space.name} is not indexed by {name} alone",
            where=f"{where}, dimensions",
            expected=f"some of {', '.join(own) or 'no dimension: windows slide along all of them'}",
        )
