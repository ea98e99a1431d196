"""What the nodes of an ONNX graph compute, by their types; shapes as in ONNX's operator schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod

from launcher.importing.onnx_graph import GraphNode, Shape
from launcher.importing.operations import (
    ConvolutionSizes,
    Operation,
    attention,
    convolution,
    elementwise,
    matmul,
    normalisation,
    reduction,
    softmax,
    told,
    transposed_convolution,
    uncounted,
)

Reader = Callable[[GraphNode], Iterable[Operation | None]]

_FREE = frozenset(
    "Cast CastLike Concat Constant ConstantOfShape Dropout Expand Flatten Gather GatherElements GatherND Identity "
    "NonZero OneHot Pad QuantizeLinear DequantizeLinear DynamicQuantizeLinear Range Reshape Resize ScatterElements "
    "ScatterND Shape Size Slice SpaceToDepth DepthToSpace Split SplitToSequence Squeeze Tile Transpose Unsqueeze "
    "Upsample Where Trilu CumSum EyeLike".split()
)
"""Types that move or name values, and compute nothing."""


def operations_of(nodes: Sequence[GraphNode]) -> Iterator[Operation]:
    """The operations of a graph, in its order; what computes nothing is left out."""
    for node in nodes:
        if node.kind in _FREE:
            continue
        yield from told(node, _READERS.get(node.kind, _one_by_one))


class _UnknownShapeError(ValueError):
    """A shape that is needed cannot be told, or fits no operation of this type."""


def _known(shape: Shape | None) -> Shape:
    if shape is None:
        raise _UnknownShapeError
    return shape


def _convolution(data: int, weights: int) -> Reader:
    """``data``, ``weights``: the places of these inputs."""

    def read(node: GraphNode) -> Iterator[Operation | None]:
        inputs, kernel, out = _known(node.inputs[data]), _known(node.inputs[weights]), _known(node.outputs[0])
        along = len(kernel) - 2
        sizes = ConvolutionSizes(
            batch=inputs[0],
            inputs=inputs[1],
            outputs=out[1],
            groups=int(node.attributes.get("group", 1)),
            kernel=kernel[2:],
            strides=_numbers(node, "strides", along),
            dilations=_numbers(node, "dilations", along),
            places=out[2:],
        )
        yield convolution(node.name, node.kind, sizes)

    return read


def _transposed(node: GraphNode) -> Iterator[Operation | None]:
    inputs, kernel, out = _known(node.inputs[0]), _known(node.inputs[1]), _known(node.outputs[0])
    along = len(kernel) - 2
    strides, dilations = _numbers(node, "strides", along), _numbers(node, "dilations", along)
    groups = int(node.attributes.get("group", 1))
    sizes = ConvolutionSizes(inputs[0], inputs[1], out[1], groups, kernel[2:], strides, dilations, inputs[2:])
    yield from transposed_convolution(node.name, node.kind, sizes)


def _numbers(node: GraphNode, name: str, count: int) -> Sequence[int]:
    numbers = list(node.attributes.get(name) or [1] * count)
    if len(numbers) != count:
        raise _UnknownShapeError
    return [int(number) for number in numbers]


def _gemm(node: GraphNode) -> Iterator[Operation | None]:
    first, out = _known(node.inputs[0]), _known(node.outputs[0])
    reduction = first[0] if node.attributes.get("transA") else first[1]
    yield matmul(node.name, node.kind, out[1], reduction, out[0])


def _product(left: int, right: int) -> Reader:
    """A product of matrices, stacked or not; ``left``, ``right``: the places of these inputs."""

    def read(node: GraphNode) -> Iterator[Operation | None]:
        first, second = _known(node.inputs[left]), _known(node.inputs[right])
        yield _stacked_product(node, left, right, first, second)

    return read


def _stacked_product(node: GraphNode, at_left: int, at_right: int, first: Shape, second: Shape) -> Operation | None:
    """``first @ second`` as numpy has it: a matrix that is not stacked is shared by all of the other's."""
    name, kind = node.name, node.kind
    left = first if len(first) > 1 else (1, *first)
    right = second if len(second) > 1 else (*second, 1)
    rows, reduction, columns = left[-2], left[-1], right[-1]
    times = 1
    for a, b in zip(_padded(left[:-2], right), _padded(right[:-2], left), strict=True):
        times *= max(a, b)
    weights_first = node.constant[at_left] and not node.constant[at_right]
    what = "weights" if node.constant[at_left] or node.constant[at_right] else "activations"
    if prod(right[:-2]) == 1:  # one matrix for all rows of all others
        return matmul(name, kind, columns, reduction, rows * times, weights_are=what)
    if prod(left[:-2]) == 1:
        return matmul(name, kind, rows, reduction, columns * times, weights_are=what)
    if weights_first:
        return matmul(name, kind, rows, reduction, columns, times, node.shared[at_left], what)
    return matmul(name, kind, columns, reduction, rows, times, node.shared[at_right], what)


def _padded(stack: Shape, other: Shape) -> Shape:
    return (1,) * (len(other) - 2 - len(stack)) + stack


def _attention(node: GraphNode) -> Iterator[Operation | None]:
    """Attention of ONNX's opset 23: (batch, heads, tokens, size), or (batch, tokens, heads * size)."""
    query, key, value = (_known(shape) for shape in node.inputs[:3])
    past = node.inputs[4] if len(node.inputs) > 4 else None
    if len(query) == 4:
        batch, heads, tokens, size = query
        kv_heads, context, value_size = key[1], key[2], value[3]
    else:
        batch, tokens, width = query
        heads, kv_heads = int(node.attributes["q_num_heads"]), int(node.attributes["kv_num_heads"])
        size, context, value_size = width // heads, key[1], value[2] // kv_heads
    context += past[2] if past else 0
    yield from attention(node.name, node.kind, (batch, kv_heads, heads // kv_heads, tokens, context, size, value_size))


def _recurrent(gates: int) -> Reader:
    """LSTM, GRU and RNN: the inputs of all steps at once, then the states step by step."""

    def read(node: GraphNode) -> Iterator[Operation | None]:
        inputs, weights, recurrence = (_known(shape) for shape in node.inputs[:3])
        steps, batch = (inputs[1], inputs[0]) if node.attributes.get("layout") else (inputs[0], inputs[1])
        directions, rows, width = weights
        if rows != gates * recurrence[2]:
            raise _UnknownShapeError
        yield matmul(f"{node.name}_inputs", node.kind, rows, width, steps * batch, directions)
        yield matmul(f"{node.name}_states", node.kind, rows, recurrence[2], batch, directions * steps)

    return read


def _einsum(node: GraphNode) -> Iterator[Operation | None]:
    """Of two tensors, such as ``bhqk,bhkd->bhqd``."""
    equation = str(node.attributes["equation"]).replace(" ", "")
    operands, _, result = equation.partition("->")
    terms = operands.split(",")
    sizes = {
        letter: extent
        for term, shape in zip(terms, map(_known, node.inputs), strict=True)
        for letter, extent in zip(term, shape, strict=True)
    }
    if len(terms) != 2 or "." in equation or not result or not all(term for term in terms):
        yield Operation(node.name, node.kind, {}, prod(sizes.values()))
        return
    first, second, out = (",".join(term) for term in (*terms, result))
    layer = {"shape": "einsum", "expression": f"O[{out}] += A[{first}] * B[{second}]", "sizes": sizes}
    yield Operation(node.name, node.kind, layer, prod(sizes.values()))


def _pool(node: GraphNode) -> Iterator[Operation | None]:
    out = _known(node.outputs[0])
    whole = _known(node.inputs[0])
    window = node.attributes.get("kernel_shape") or whole[2:]
    yield elementwise(node.name, node.kind, prod(map(int, window)), (out[0], *out[2:], out[1]))


def _softmax(node: GraphNode) -> Iterator[Operation | None]:
    yield softmax(node.name, node.kind, _known(node.outputs[0]), int(node.attributes.get("axis", -1)))


def _layer_norm(sweeps: int) -> Reader:
    def read(node: GraphNode) -> Iterator[Operation | None]:
        shape = _known(node.outputs[0])
        axis = int(node.attributes.get("axis", -1))
        values = prod(shape[axis:])
        yield normalisation(node.name, node.kind, sweeps, values, prod(shape) // max(values, 1))

    return read


def _group_norm(node: GraphNode) -> Iterator[Operation | None]:
    shape = _known(node.outputs[0])
    columns = shape[0] * int(node.attributes.get("num_groups", shape[1]))
    yield normalisation(node.name, node.kind, 3, prod(shape) // max(columns, 1), columns)


def _reduction(node: GraphNode) -> Iterator[Operation | None]:
    yield reduction(node.name, node.kind, _known(node.inputs[0]), _known(node.outputs[0]))


def _one_by_one(node: GraphNode) -> Iterator[Operation | None]:
    """Value by value, as most types are; a type that is not known is not taken for one."""
    if node.kind not in _ELEMENTWISE:
        yield uncounted(node)
        return
    shape = _known(node.outputs[0])
    tensors = sum(
        one is not None and prod(one) > 1 and not own for one, own in zip(node.inputs, node.constant, strict=True)
    )
    yield elementwise(node.name, node.kind, max(tensors, 1), shape)


_ELEMENTWISE = frozenset(
    "Abs Acos Acosh Add And Asin Asinh Atan Atanh BatchNormalization Ceil Celu Clip Cos Cosh Div Elu Equal Erf Exp "
    "Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish "
    "Mod Mul Neg Not Or Pow PRelu Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum "
    "Swish Tan Tanh ThresholdedRelu Xor RotaryEmbedding LRN Bernoulli QLinearAdd QLinearMul QLinearSigmoid "
    "com.microsoft.Gelu com.microsoft.QuickGelu com.microsoft.FastGelu com.microsoft.BiasGelu "
    "com.microsoft.RotaryEmbedding com.microsoft.QLinearAdd com.microsoft.QLinearSigmoid".split()
)

_READERS: Mapping[str, Reader] = {
    "Conv": _convolution(0, 1),
    "ConvInteger": _convolution(0, 1),
    "QLinearConv": _convolution(0, 3),
    "ConvTranspose": _transposed,
    "Gemm": _gemm,
    "com.microsoft.QGemm": _gemm,
    "MatMul": _product(0, 1),
    "MatMulInteger": _product(0, 1),
    "QLinearMatMul": _product(0, 3),
    "com.microsoft.FusedMatMul": _product(0, 1),
    "Attention": _attention,
    "LSTM": _recurrent(4),
    "GRU": _recurrent(3),
    "RNN": _recurrent(1),
    "Einsum": _einsum,
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    **dict.fromkeys(("LayerNormalization", "com.microsoft.SkipLayerNormalization"), _layer_norm(3)),
    **dict.fromkeys(
        ("RMSNormalization", "SimplifiedLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization"),
        _layer_norm(2),
    ),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), _group_norm),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _pool),
    **dict.fromkeys(
        (
            *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2"),
            *("ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp", "ArgMax", "ArgMin"),
        ),
        _reduction,
    ),
}
