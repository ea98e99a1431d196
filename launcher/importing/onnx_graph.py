"""An ONNX file as nodes with the shapes of their tensors; weights are not needed, and not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from launcher.errors import ConfigurationError, LauncherError
from launcher.importing.operations import first_line

LARGEST_EXTENT = 2**31
_LARGEST_FILE_BYTES = 2**31
_MOST_NODES = 200_000
_MOST_KEPT_VALUES = 4096
"""Constants with more values are weights; shape inference needs those that say shapes."""

_BATCH = ("batch", "batch_size", "n", "b", "bs")

_VIEWS = ("Reshape", "Transpose", "Expand", "Tile", "Unsqueeze", "Squeeze", "Flatten", "Identity", "Cast")
"""Types whose tensor has the values of their first input, some of them several times."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class GraphNode:
    """A node.

    Attributes:
        name, kind: as the file has them; kinds of other domains than ONNX's own keep their domain.
        inputs, outputs: shapes; None where a tensor is left out, or its shape cannot be told.
        attributes: numbers, texts, and lists of them.
        constant: for each input, whether it is a weight or another constant.
        shared: for each input, how many times each of its values stands in it because it was expanded.
    """

    name: str
    kind: str
    inputs: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]
    attributes: Mapping[str, Any]
    constant: tuple[bool, ...]
    shared: tuple[int, ...]


def read_onnx(path: Path, dims: Mapping[str, int], batch: int) -> list[GraphNode]:
    """The nodes of a file.

    Args:
        path: of the file; data beside it is not read.
        dims: what dimensions are that the file leaves open, by their names.
        batch: what open dimensions are whose names say that they are the batch.

    Raises:
        ConfigurationError: the file cannot be read, is no ONNX model, leaves a dimension open, or is too large.
        LauncherError: the package onnx is missing.
    """
    onnx = _package()
    model = _loaded(onnx, path)
    _check_size(model, path)
    _lighten(onnx, model)
    _close(model, dims, batch, path)
    try:
        if model.functions:
            from onnx import inliner  # noqa: PLC0415

            model = inliner.inline_local_functions(model)
        model = onnx.shape_inference.infer_shapes(model, check_type=False, strict_mode=False, data_prop=True)
    except Exception as error:  # whatever its C++ says
        raise ConfigurationError(
            f"shapes cannot be inferred: {first_line(error)}", where=str(path), expected="a model that onnx can check"
        ) from error
    return list(_nodes(onnx, model, path))


def _package() -> Any:
    try:
        import onnx  # noqa: PLC0415
        import onnx.shape_inference  # noqa: PLC0415
    except ImportError as error:
        raise LauncherError(
            "model=onnx needs the package onnx", hint="pip install 'timeloop-launcher[onnx]'"
        ) from error
    return onnx


def _loaded(onnx: Any, path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > _LARGEST_FILE_BYTES:
            raise ConfigurationError(
                f"the file has {size:,} bytes, more than {_LARGEST_FILE_BYTES:,}",
                where=str(path),
                hint="export it with external data: weights are not needed",
            )
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"model.path={path} cannot be read: {error.strerror}", expected="an ONNX file"
        ) from error
    except ConfigurationError:
        raise
    except Exception as error:  # protobuf's own
        raise ConfigurationError(f"not an ONNX file: {first_line(error)}", where=str(path)) from error
    if not model.graph.node:
        raise ConfigurationError("the file holds no ONNX graph with nodes", where=str(path), expected="an ONNX model")
    return model


def _check_size(model: Any, path: Path) -> None:
    if len(model.graph.node) > _MOST_NODES:
        raise ConfigurationError(
            f"the graph has {len(model.graph.node):,} nodes", where=str(path), expected=f"at most {_MOST_NODES:,}"
        )
    for tensor in model.graph.initializer:
        _checked(list(tensor.dims), tensor.name, path)


def _lighten(onnx: Any, model: Any) -> None:
    """Take the weights out: inference would copy them. Data in other files is never opened."""
    for tensor in model.graph.initializer:
        if prod(tensor.dims) > _MOST_KEPT_VALUES or tensor.data_location == onnx.TensorProto.EXTERNAL:
            kept = {"name": tensor.name, "data_type": tensor.data_type, "dims": list(tensor.dims)}
            tensor.Clear()
            tensor.name, tensor.data_type = kept["name"], kept["data_type"]
            tensor.dims.extend(kept["dims"])
            # As a value without a constant, which is all that shape inference may use.
            info = model.graph.value_info.add()
            info.name = kept["name"]
            info.type.tensor_type.elem_type = kept["data_type"]
            for extent in kept["dims"]:
                info.type.tensor_type.shape.dim.add().dim_value = extent


def _close(model: Any, dims: Mapping[str, int], batch: int, path: Path) -> None:
    """Give dimensions of the inputs that are open their extents."""
    weights = {tensor.name for tensor in model.graph.initializer}
    left: dict[str, None] = {}
    open_: set[str] = set()
    for value in model.graph.input:
        if value.name in weights:
            continue
        for place, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.HasField("dim_value") and dim.dim_value > 0:
                continue
            name = dim.dim_param or f"{value.name}_{place}"
            open_.add(name)
            extent = dims.get(name, batch if name.lower() in _BATCH else None)
            if extent is None:
                left[name] = None
            else:
                dim.dim_value = extent
    if left:
        own = ",".join(f"{name}:128" for name in left)
        raise ConfigurationError(
            f"the file leaves {', '.join(left)} open", where=str(path), hint=f"'model.dims={{{own}}}'"
        )
    for name in dims:
        if name not in open_:
            raise ConfigurationError(
                f"model.dims.{name}: the file leaves no such dimension open",
                where=str(path),
                expected=f"one of {', '.join(sorted(open_))}" if open_ else "no model.dims",
            )


def _nodes(onnx: Any, model: Any, path: Path) -> Iterator[GraphNode]:
    graph = model.graph
    shapes: dict[str, Shape | None] = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    constant = set(shapes)
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.name not in shapes and value.type.HasField("tensor_type"):
            shapes[value.name] = _shape(value, path)
    made_by = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type == "Constant" or (node.input and all(name in constant for name in node.input)):
            constant.update(node.output)  # folded before anything runs
            continue
        own = {"", "ai.onnx"}
        yield GraphNode(
            name=node.name or (node.output[0] if node.output else node.op_type),
            kind=node.op_type if node.domain in own else f"{node.domain}.{node.op_type}",
            inputs=tuple(shapes.get(name) if name else None for name in node.input),
            outputs=tuple(shapes.get(name) for name in node.output),
            attributes={one.name: _attribute(onnx, one) for one in node.attribute},
            constant=tuple(name in constant for name in node.input),
            shared=tuple(_shared(name, made_by, shapes) for name in node.input),
        )


def _shared(name: str, made_by: Mapping[str, Any], shapes: Mapping[str, Shape | None]) -> int:
    """How many times each value of a tensor stands in it."""
    shape = shapes.get(name)
    if shape is None:
        return 1
    most = fewest = prod(shape)
    seen = {name}
    while (node := made_by.get(name)) is not None and node.op_type in _VIEWS and node.input:
        name = node.input[0]
        before = shapes.get(name)
        if before is None or name in seen:
            break
        seen.add(name)
        fewest = min(fewest, prod(before))
    return most // max(fewest, 1)


def _shape(value: Any, path: Path) -> Shape | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    if not all(dim.HasField("dim_value") for dim in dims):
        return None
    return _checked([dim.dim_value for dim in dims], value.name, path)


def _checked(extents: Sequence[int], name: str, path: Path) -> Shape:
    if any(not 0 <= extent <= LARGEST_EXTENT for extent in extents):
        raise ConfigurationError(
            f"tensor {name[:60]!r} has the shape {list(extents)}", where=str(path), expected=f"0 to {LARGEST_EXTENT}"
        )
    return tuple(extents)


def _attribute(onnx: Any, attribute: Any) -> Any:
    kinds = onnx.AttributeProto
    if attribute.type in (kinds.GRAPH, kinds.GRAPHS, kinds.TENSOR, kinds.TENSORS):
        return None
    value = onnx.helper.get_attribute_value(attribute)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
