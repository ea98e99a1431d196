"""What a network is made of, wherever it comes from: operations with their sizes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Protocol, TypeVar

_MOST_NAME = 40

ELEMENTWISE = "elementwise"
"""The shape of operations on single values."""


@dataclass(frozen=True)
class Operation:
    """One node of a graph.

    Attributes:
        name: what it is called there.
        kind: its type there, ``Conv`` or ``aten.addmm``.
        layer: as ``layer`` of the configuration has it: its shape, sizes and repeats. Empty: it costs something, and
            nothing here can say what.
        operations: multiply-accumulates, or operations on single values.
    """

    name: str
    kind: str
    layer: Mapping[str, object]
    operations: int


@dataclass(frozen=True)
class ImportedLayer:
    """Operations that are the same layer.

    Attributes:
        name: of the layer, made of the first one's.
        layer: see :class:`Operation`; ``repeats`` counts all of them.
        kinds: their types.
        count: how many there are.
        operations: of all of them.
    """

    name: str
    layer: Mapping[str, object]
    kinds: tuple[str, ...]
    count: int
    operations: int


@dataclass(frozen=True)
class ImportedNetwork:
    """A network.

    Attributes:
        layers: in the order in which they first run.
        left_out: type of operation -> how many there are that are not layers, and their operations.
    """

    layers: tuple[ImportedLayer, ...]
    left_out: Mapping[str, tuple[int, int]]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not counted, in one line."""
        if not self.left_out:
            return ()
        every = sum(layer.operations for layer in self.layers) + sum(own for _, own in self.left_out.values())
        share = sum(own for _, own in self.left_out.values()) / max(every, 1)
        listed = sorted(self.left_out.items(), key=lambda item: (-item[1][1], item[0]))
        named = ", ".join(f"{count} {kind}" for kind, (count, _) in listed)
        return (f"not counted: {named}; {share:.2%} of all operations",)


class AnyGraphNode(Protocol):
    """A node of a graph, whoever made it."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def outputs(self) -> Sequence[Sequence[int] | None]: ...


_Node = TypeVar("_Node", bound=AnyGraphNode)


def told(node: _Node, read: Callable[[_Node], Iterable[Operation | None]]) -> Iterator[Operation]:
    """What a node computes by its reader; it is not counted where its shapes fit no operation of its type."""
    try:
        yield from (one for one in read(node) if one is not None)
    except (IndexError, KeyError, TypeError, ValueError, ZeroDivisionError):
        yield uncounted(node)


def uncounted(node: AnyGraphNode) -> Operation:
    """A node of which nothing here can say what it costs, with an operation for each value that it makes."""
    return Operation(node.name, node.kind, {}, sum(prod(shape) for shape in node.outputs if shape is not None))


def network_of(operations: Iterable[Operation], *, elementwise: bool) -> ImportedNetwork:
    """The layers of some operations, equal ones merged.

    Args:
        operations: in the order in which they run.
        elementwise: whether operations on single values and pooling are layers, too.
    """
    merged: dict[tuple[object, ...], list[Operation]] = {}
    left_out: dict[str, list[int]] = {}
    for one in operations:
        if not one.layer or (one.layer["shape"] == ELEMENTWISE and not elementwise):
            left_out.setdefault(one.kind, []).append(one.operations)
        else:
            merged.setdefault(_key(one.layer), []).append(one)
    names = _names([group[0].name or group[0].kind for group in merged.values()])
    layers = tuple(_merged(name, group) for name, group in zip(names, merged.values(), strict=True))
    return ImportedNetwork(layers, {kind: (len(own), sum(own)) for kind, own in left_out.items()})


def _key(layer: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(sorted((name, str(value)) for name, value in layer.items() if name != "repeats"))


def _merged(name: str, group: Sequence[Operation]) -> ImportedLayer:
    repeats = sum(int(str(one.layer.get("repeats", 1))) for one in group)
    kinds = tuple(dict.fromkeys(one.kind for one in group))
    operations = sum(one.operations for one in group)
    return ImportedLayer(name, {**group[0].layer, "repeats": repeats}, kinds, len(group), operations)


def _names(written: Sequence[str]) -> list[str]:
    """Names that files and keys may have, each once."""
    taken: dict[str, None] = {}
    for text in written:
        name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")[-_MOST_NAME:].strip("_") or "layer"
        name = f"n{name}" if name[0].isdigit() else name
        number, own = 2, name
        while own in taken:
            own, number = f"{name}_{number}", number + 1
        taken[own] = None
    return list(taken)


def matmul(
    name: str,
    kind: str,
    rows: int,
    reduction: int,
    columns: int,
    times: int = 1,
    shared: int = 1,
    weights_are: str = "weights",
) -> Operation | None:
    """Outputs[rows, columns] += Weights[reduction, rows] * Inputs[reduction, columns], ``times`` with others each.

    ``shared`` of them have the same weights, and are one multiplication; ``weights_are`` says what kind of tensor that
    is. Nothing where a tensor is empty.
    """
    if times % shared == 0:
        times, columns = times // shared, columns * shared
    if not rows * reduction * columns * times:
        return None
    layer = {"shape": "matmul", "D": rows, "E": reduction, "L": columns, "repeats": times}
    layer["weights_are"] = weights_are
    return Operation(name, kind, layer, rows * reduction * columns * times)


@dataclass(frozen=True)
class ConvolutionSizes:
    """A convolution of one or two dimensions, or its transpose.

    Attributes:
        batch, inputs, outputs, groups: images, channels of all groups together, and groups.
        kernel, strides, dilations: along rows and columns; of one dimension, along rows.
        places: of the outputs, or of the inputs where it is transposed.
    """

    batch: int
    inputs: int
    outputs: int
    groups: int
    kernel: Sequence[int]
    strides: Sequence[int]
    dilations: Sequence[int]
    places: Sequence[int]

    @property
    def operations(self) -> int:
        """Multiply-accumulates: every kernel at every place."""
        return self.batch * self.inputs * self.outputs // self.groups * prod(self.kernel) * prod(self.places)

    @property
    def layer(self) -> dict[str, object]:
        """Of the shape conv, or of three dimensions an einsum; empty where nothing here can say what it is."""
        if len(self.kernel) == 3 and self.groups == 1 and self.operations:
            return self._in_space()
        if len(self.kernel) not in (1, 2) or not self.operations:
            return {}
        (rows, columns), (down, across) = _two(self.kernel), _two(self.places)
        strides, dilations = _two(self.strides), _two(self.dilations)
        layer = {"shape": "conv", "E": self.inputs, "D": self.outputs, "R": rows, "S": columns, "N": self.batch}
        layer |= {"L": down, "Q": across, "Wstride": strides[0], "Hstride": strides[1]}
        return {**layer, "Wdilation": dilations[0], "Hdilation": dilations[1], "groups": self.groups}

    def _in_space(self) -> dict[str, object]:
        axes = zip("xyz", "rst", self.strides, self.dilations, strict=True)
        windows = ",".join(f"{stride}*{place}+{dilation}*{kernel}" for place, kernel, stride, dilation in axes)
        expression = f"Outputs[n,d,x,y,z] += Weights[d,e,r,s,t] * Inputs[n,e,{windows}]"
        extents = (self.batch, self.outputs, self.inputs, *self.places, *self.kernel)
        return {"shape": "einsum", "expression": expression, "sizes": dict(zip("ndexyzrst", extents, strict=True))}


def convolution(name: str, kind: str, sizes: ConvolutionSizes) -> Operation:
    """A convolution."""
    return Operation(name, kind, sizes.layer, sizes.operations)


def transposed_convolution(name: str, kind: str, sizes: ConvolutionSizes) -> Iterator[Operation]:
    """A transposed convolution: for each phase of its outputs a convolution with its share of the kernel.

    Outputs beyond a stride's worth for each input are cropped, as padding does it. See Shi et al., "Is the
    deconvolution layer the same as a convolutional layer?", 2016.
    """
    if set(sizes.dilations) != {1}:
        yield Operation(name, kind, {}, sizes.operations)
        return
    shares = [
        [-(-(size - phase) // stride) for phase in range(stride)]
        for size, stride in zip(sizes.kernel, sizes.strides, strict=True)
    ]
    ones = [1] * len(sizes.kernel)
    for kernel in product(*shares):
        if prod(kernel) > 0:
            yield convolution(name, kind, replace(sizes, kernel=kernel, strides=ones))


def _two(numbers: Sequence[int]) -> tuple[int, int]:
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (numbers[0], 1)


def normalisation(name: str, kind: str, sweeps: int, values: int, columns: int, *, whole: bool = True) -> Operation:
    """``sweeps`` over each of some columns of values: softmax, layer normalisation."""
    layer: dict[str, object] = {"shape": "norm_operation", "D": sweeps, "E": values, "L": columns}
    layer["columns"] = "whole" if whole else "online"
    return Operation(name, kind, layer, sweeps * values * columns)


def elementwise(name: str, kind: str, tensors: int, shape: Sequence[int]) -> Operation:
    """Every value of the output from one value of each of some tensors, or from a window of one."""
    values = prod(shape)
    inner = shape[-1] if len(shape) > 1 else values
    layer = {"shape": ELEMENTWISE, "D": tensors, "E": inner, "L": values // inner if inner else 0}
    return Operation(name, kind, layer if values else {}, values * tensors)


def softmax(name: str, kind: str, shape: Sequence[int], axis: int) -> Operation:
    """Over one axis of a tensor."""
    values = shape[axis]
    return normalisation(name, kind, 2, values, prod(shape) // max(values, 1), whole=False)


def reduction(name: str, kind: str, whole: Sequence[int], out: Sequence[int]) -> Operation:
    """Every value of the output from as many of the input as there are for it."""
    return elementwise(name, kind, prod(whole) // max(prod(out), 1), out)


def attention(name: str, kind: str, sizes: tuple[int, int, int, int, int, int, int]) -> Iterator[Operation | None]:
    """Scores, softmax and values.

    Args:
        name, kind: of the node.
        sizes: batch, heads of keys and values, queries that share each, tokens, context, and the sizes of a key and
            of a value.
    """
    batch, kv_heads, shared, tokens, context, key_size, value_size = sizes
    times = batch * kv_heads
    yield matmul(f"{name}_KTQ", kind, context, key_size, tokens * shared, times, weights_are="cache")
    yield normalisation(f"{name}_softmax", kind, 2, context, tokens * shared * times, whole=False)
    yield matmul(f"{name}_VScores", kind, value_size, context, tokens * shared, times, weights_are="cache")


def first_line(error: Exception) -> str:
    """What another program's error says, short enough for a message; its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
