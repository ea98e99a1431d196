"""What calls of PyTorch's core operators compute, by their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod

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
from launcher.importing.torch_module import TorchNode

Reader = Callable[[TorchNode], Iterable[Operation | None]]

_FREE = frozenset(
    "view _unsafe_view reshape permute transpose t expand clone detach alias squeeze unsqueeze slice select cat "
    "stack split split_with_sizes chunk unbind index embedding gather arange full full_like empty empty_like zeros "
    "zeros_like ones ones_like scalar_tensor _to_copy lift_fresh_copy copy constant_pad_nd repeat flip roll where "
    "masked_fill slice_scatter select_scatter index_put scatter as_strided sym_size native_dropout dropout "
    "_assert_tensor_metadata _assert_scalar upsample_nearest2d upsample_bilinear2d pixel_shuffle pixel_unshuffle "
    "tril triu contiguous to item index_select convert_element_type".split()
)


def operations_of(nodes: Sequence[TorchNode]) -> Iterator[Operation]:
    """The operations of a graph, in its order; what computes nothing is left out."""
    for node in nodes:
        library, _, kind = node.kind.partition(".")
        if library not in ("aten", "prims") or not node.outputs:
            continue  # Python's own, on numbers
        if kind in _FREE:
            continue
        yield from told(node, _READERS.get(kind, _one_by_one))


def _convolution(node: TorchNode) -> Iterator[Operation | None]:
    inputs, kernel, _, strides, _, dilations, transposed, _, groups = node.arguments[:9]
    out = node.outputs[0]
    along = len(kernel) - 2
    sizes = ConvolutionSizes(
        batch=inputs[0],
        inputs=inputs[1],
        outputs=out[1],
        groups=groups,
        kernel=kernel[2:],
        strides=_each(strides, along),
        dilations=_each(dilations, along),
        places=inputs[2:] if transposed else out[2:],
    )
    if transposed:
        yield from transposed_convolution(node.name, node.kind, sizes)
    else:
        yield convolution(node.name, node.kind, sizes)


def _each(numbers: Sequence[int], count: int) -> Sequence[int]:
    return list(numbers) * count if len(numbers) == 1 else list(numbers)


def _product(first: int) -> Reader:
    """Of two matrices, or two stacks of them; ``first``: the place of the left one."""

    def read(node: TorchNode) -> Iterator[Operation | None]:
        left, right = node.arguments[first], node.arguments[first + 1]
        times = left[0] if len(left) == 3 else 1
        if node.constant[first] and not node.constant[first + 1]:
            yield matmul(node.name, node.kind, left[-2], left[-1], right[-1], times, node.shared[first])
        else:
            what = "weights" if node.constant[first + 1] else "activations"
            yield matmul(node.name, node.kind, right[-1], left[-1], left[-2], times, node.shared[first + 1], what)

    return read


def _vector_product(node: TorchNode) -> Iterator[Operation | None]:
    left = node.arguments[0]
    yield matmul(node.name, node.kind, left[0], left[-1], 1)


def _linear(node: TorchNode) -> Iterator[Operation | None]:
    inputs, weights = node.arguments[:2]
    yield matmul(node.name, node.kind, weights[0], inputs[-1], prod(inputs[:-1]))


def _attention(node: TorchNode) -> Iterator[Operation | None]:
    query, key, value = node.arguments[:3]
    heads, kv_heads = query[-3], key[-3]
    sizes = (prod(query[:-3]), kv_heads, heads // kv_heads, query[-2], key[-2], query[-1], value[-1])
    yield from attention(node.name, node.kind, sizes)


def _softmax(node: TorchNode) -> Iterator[Operation | None]:
    yield softmax(node.name, node.kind, node.outputs[0], node.arguments[1])


def _layer_norm(node: TorchNode) -> Iterator[Operation | None]:
    shape, values = node.outputs[0], prod(node.arguments[1])
    sweeps = 2 if "rms" in node.kind else 3
    yield normalisation(node.name, node.kind, sweeps, values, prod(shape) // max(values, 1))


def _group_norm(node: TorchNode) -> Iterator[Operation | None]:
    shape, groups = node.outputs[0], node.arguments[6 if node.kind.endswith("native_group_norm") else 1]
    columns = shape[0] * groups
    yield normalisation(node.name, node.kind, 3, prod(shape) // max(columns, 1), columns)


def _pool(node: TorchNode) -> Iterator[Operation | None]:
    out = node.outputs[0]
    window = prod(_each(node.arguments[1], len(out) - 2))
    yield elementwise(node.name, node.kind, window, (*out[:-3], *out[-2:], out[-3]))


def _reduction(node: TorchNode) -> Iterator[Operation | None]:
    yield reduction(node.name, node.kind, node.arguments[0], node.outputs[0] or (1,))


def _one_by_one(node: TorchNode) -> Iterator[Operation | None]:
    """Value by value, as all core operators are that have no reader here and give a tensor of an input's size."""
    shape = node.outputs[0]
    tensors = [
        one
        for one, own in zip(node.arguments, node.constant, strict=True)
        if isinstance(one, tuple) and prod(one) > 1 and not own
    ]
    if max(map(prod, tensors), default=prod(shape)) > prod(shape):
        yield uncounted(node)
    else:
        yield elementwise(node.name, node.kind, max(len(tensors), 1), shape)


_READERS: Mapping[str, Reader] = {
    "convolution": _convolution,
    "mm": _product(0),
    "bmm": _product(0),
    "addmm": _product(1),
    "baddbmm": _product(1),
    "mv": _vector_product,
    "linear": _linear,
    **dict.fromkeys(
        (
            *("scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu"),
            *("_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention"),
            *("_scaled_dot_product_cudnn_attention", "_scaled_dot_product_fused_attention_overrideable"),
        ),
        _attention,
    ),
    "_softmax": _softmax,
    "_log_softmax": _softmax,
    "_safe_softmax": _softmax,
    "native_layer_norm": _layer_norm,
    "layer_norm": _layer_norm,
    "rms_norm": _layer_norm,
    "_fused_rms_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "group_norm": _group_norm,
    **dict.fromkeys(("max_pool2d_with_indices", "avg_pool2d", "max_pool2d", "avg_pool1d"), _pool),
    **dict.fromkeys(
        (
            *("mean", "sum", "amax", "amin", "max", "min", "var", "var_mean", "any", "all", "argmax", "argmin", "prod"),
            *("adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d", "_adaptive_avg_pool1d"),
        ),
        _reduction,
    ),
}
