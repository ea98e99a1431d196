"""A module of PyTorch as the operations that ``torch.export`` sees, on tensors without data."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from launcher.errors import ConfigurationError, LauncherError
from launcher.importing.operations import first_line

_PICKLES = (".pt", ".pth", ".bin", ".pkl", ".pt2", ".ckpt", ".safetensors")

_WHOLE = ("scaled_dot_product_attention", "rms_norm", "layer_norm", "group_norm", "gelu", "silu")

_VIEWS = ("view", "_unsafe_view", "reshape", "permute", "transpose", "t", "expand", "unsqueeze", "squeeze", "clone")
"""Calls whose tensor has the values of their first argument, some of them several times."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class TorchNode:
    """A call.

    Attributes:
        name: of the graph's node, with the module that it stands in.
        kind: ``aten.addmm`` for example.
        arguments: by position; tensors are their shapes, and so are lists of them.
        options: by name.
        outputs: shapes.
        constant: for each argument, whether it has the values of a parameter or a buffer.
        shared: for each argument, how many times each of its values stands in it because it was expanded.
    """

    name: str
    kind: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    outputs: tuple[Shape, ...]
    constant: tuple[bool, ...]
    shared: tuple[int, ...]


def read_torch(path: str) -> list[TorchNode]:
    """The calls of the module that a factory makes.

    Args:
        path: ``module:factory``. The factory is called without arguments; it returns a module and its example inputs
            (a tensor, or a tuple of them), of which only shapes and types count.

    Raises:
        ConfigurationError: no such factory, or what it returns cannot be exported.
        LauncherError: PyTorch is missing.
    """
    factory = _factory(path)
    torch = _package()
    try:
        with torch.device("meta"):
            made = factory()
        module, inputs = _parts(torch, made, path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter's own
            exported = torch.export.export(module.to("meta").eval(), inputs, strict=False)
            exported = exported.run_decompositions(_decompositions(torch))
    except LauncherError:
        raise
    except Exception as error:  # of the user's code, or of what export cannot do
        raise ConfigurationError(
            f"{type(error).__name__}: {first_line(error)}",
            where=f"model.path={path}",
            expected="a factory that returns a module and example inputs for torch.export",
        ) from error
    weights = {*exported.graph_signature.inputs_to_parameters, *exported.graph_signature.inputs_to_buffers}
    return list(_nodes(torch, exported.graph, weights))


def _decompositions(torch: Any) -> Any:
    """The usual ones, but for what is a layer here as it is."""
    table = torch.export.default_decompositions()
    for name in _WHOLE:
        packet = getattr(torch.ops.aten, name, None)
        for overload in packet.overloads() if packet else ():
            table.pop(getattr(packet, overload), None)
    return table


def _factory(path: str) -> Callable[[], Any]:
    name, colon, factory = path.partition(":")
    if Path(path).suffix in _PICKLES:
        raise ConfigurationError(
            f"model.path={path} is a file of weights, which may run code when it is read",
            expected="module:factory, where the factory returns a module and example inputs",
            hint="model.path=my_models:resnet50",
        )
    if not colon or not all(part.isidentifier() for part in (*name.split("."), factory)):
        raise ConfigurationError(
            f"model.path={path} names no factory", expected="module:factory", hint="model.path=my_models:resnet50"
        )
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(name), factory)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"model.path={path}: there is no module {error.name!r}",
            expected="a Python module of this folder, or one that is installed",
        ) from error
    except AttributeError as error:
        raise ConfigurationError(f"model.path={path}: {error}", expected="the name of a function") from error
    except Exception as error:  # of the user's module
        raise ConfigurationError(
            f"importing {name} fails: {type(error).__name__}: {first_line(error)}", where=f"model.path={path}"
        ) from error
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise ConfigurationError(f"model.path={path}: {factory} is a {type(found).__name__}", expected="a function")
    factory_of: Callable[[], Any] = found
    return factory_of


def _package() -> Any:
    try:
        import torch  # noqa: PLC0415
        import torch.export  # noqa: PLC0415
    except ImportError as error:
        raise LauncherError("model=torch needs PyTorch", hint="pip install 'timeloop-launcher[torch]'") from error
    return torch


def _parts(torch: Any, made: Any, path: str) -> tuple[Any, tuple[Any, ...]]:
    match made:
        case (torch.nn.Module() as module, torch.Tensor() as one):
            inputs: tuple[Any, ...] = (one,)
        case (torch.nn.Module() as module, tuple() | list() as several):
            inputs = tuple(several)
        case _:
            told = type(made).__name__ if not isinstance(made, tuple) else f"{len(made)} things"
            raise ConfigurationError(
                f"the factory of model.path={path} returns {told}",
                expected="a torch.nn.Module and its example inputs",
                hint="return module, torch.empty(1, 3, 224, 224)",
            )
    meta = tuple(one.to("meta") if isinstance(one, torch.Tensor) else one for one in inputs)
    return module, meta


def _nodes(torch: Any, graph: Any, weights: Any) -> Iterator[TorchNode]:
    for node in graph.nodes:
        if node.op != "call_function":
            continue
        arguments = tuple(_plain(torch, one) for one in node.args)
        constant = tuple(getattr(_origin(torch, one), "name", None) in weights for one in node.args)
        options = {name: _plain(torch, one) for name, one in node.kwargs.items()}
        made = node.meta.get("val")
        outputs = [one for one in (made if isinstance(made, list | tuple) else [made]) if one is not None]
        shapes = tuple(tuple(map(int, one.shape)) for one in outputs if isinstance(one, torch.Tensor))
        shared = tuple(_shared(torch, one) for one in node.args)
        yield TorchNode(_name(node), _kind(node), arguments, options, shapes, constant, shared)


def _origin(torch: Any, value: Any) -> Any:
    """Where a tensor's values come from."""
    while isinstance(value, torch.fx.Node) and value.op == "call_function" and _is_view(value):
        value = value.args[0]
    return value


def _is_view(node: Any) -> bool:
    return _kind(node).partition(".")[2] in _VIEWS


def _shared(torch: Any, value: Any) -> int:
    """How many times each value of a tensor stands in it."""
    if not isinstance(value, torch.fx.Node) or not isinstance(value.meta.get("val"), torch.Tensor):
        return 1
    most = fewest = prod(map(int, value.meta["val"].shape))
    while value.op == "call_function" and _is_view(value):
        value = value.args[0]
        fewest = min(fewest, prod(map(int, value.meta["val"].shape)))
    return most // max(fewest, 1)


def _plain(torch: Any, value: Any) -> Any:
    if isinstance(value, torch.fx.Node):
        own = value.meta.get("val")
        return tuple(map(int, own.shape)) if isinstance(own, torch.Tensor) else own
    if isinstance(value, list | tuple):
        return [_plain(torch, one) for one in value]
    return value


def _kind(node: Any) -> str:
    packet = getattr(node.target, "overloadpacket", node.target)
    return str(getattr(packet, "_qualified_op_name", getattr(packet, "__name__", packet))).replace("::", ".")


def _name(node: Any) -> str:
    """The innermost module that makes the call, or the node's own name."""
    stack = node.meta.get("nn_module_stack") or {}
    names = [str(path) for path, _ in stack.values() if path]
    return (
        f"{names[-1]}.{node.name}" if names and names[-1] not in node.name else str(names[-1] if names else node.name)
    )
