"""Layers that a model brings itself: written in ``model.parts``, or read from a graph that another program made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from launcher.config.data_only import as_it_is
from launcher.config.explain import explain
from launcher.config.files_stamp import file_stamp
from launcher.config.layer_schema import SHAPES, Layer
from launcher.config.model_schema import ImportedModel, Importer
from launcher.errors import ConfigurationError

if TYPE_CHECKING:  # what reads graphs is loaded for those who ask
    from launcher.importing.operations import ImportedNetwork


def is_imported(model: DictConfig) -> bool:
    """Whether a model's layers stand in a file of another program."""
    return issubclass(OmegaConf.get_type(model) or dict, ImportedModel)


def read_parts(model: DictConfig) -> None:
    """Fill in the layers of a model that is imported; nothing to do for others, and where it was done.

    Raises:
        ConfigurationError: ``model.path`` is missing, or cannot be read.
        LauncherError: the package that reads it is not installed.
    """
    if not is_imported(model):
        return
    if OmegaConf.is_missing(model, "path"):
        hint = "model.path=net.onnx" if model.importer is Importer.onnx else "model.path=my_models:resnet50"
        raise ConfigurationError(f"model={model.name} has no model.path", hint=hint)
    network = imported(model)
    model.parts = {one.name: dict(one.layer) for one in network.layers}
    model.layers = [one.name for one in network.layers]
    model.notes = [as_it_is(note) for note in network.notes]


def imported(model: ImportedModel | DictConfig) -> ImportedNetwork:
    """What the file of an imported model says; errors as of :func:`read_parts`."""
    path = str(model.path)
    if model.importer is Importer.torch:
        file = Path(path.partition(":")[0].replace(".", "/") + ".py")
        return _of_module(path, file_stamp(file), bool(model.elementwise))
    file = Path(path).expanduser()
    return _of_file(str(file), file_stamp(file), _dims(model.dims), int(model.batch), bool(model.elementwise))


def _dims(written: object) -> tuple[tuple[str, int], ...]:
    """The extents of dimensions that a file leaves open."""
    from launcher.importing.onnx_graph import LARGEST_EXTENT  # noqa: PLC0415

    if written is None:
        return ()
    if not isinstance(written, Mapping | DictConfig):
        raise ConfigurationError(f"model.dims={written} is no list of extents", expected="'model.dims={sequence:128}'")
    for name, extent in written.items():
        if isinstance(extent, bool) or not isinstance(extent, int) or not 0 < extent <= LARGEST_EXTENT:
            raise ConfigurationError(f"model.dims.{name}={extent}", expected=f"an integer from 1 to {LARGEST_EXTENT}")
    return tuple((str(name), extent) for name, extent in written.items())


@lru_cache(maxsize=8)
def _of_file(
    path: str, stamp: object, dims: tuple[tuple[str, int], ...], batch: int, elementwise: bool
) -> ImportedNetwork:
    """Read again when the file changes."""
    from launcher.importing.onnx_graph import read_onnx  # noqa: PLC0415
    from launcher.importing.onnx_operations import operations_of  # noqa: PLC0415
    from launcher.importing.operations import network_of  # noqa: PLC0415

    nodes = read_onnx(Path(path), dict(dims), batch)
    return _checked(network_of(operations_of(nodes), elementwise=elementwise), path)


@lru_cache(maxsize=8)
def _of_module(path: str, stamp: object, elementwise: bool) -> ImportedNetwork:
    from launcher.importing.operations import network_of  # noqa: PLC0415
    from launcher.importing.torch_module import read_torch  # noqa: PLC0415
    from launcher.importing.torch_operations import operations_of  # noqa: PLC0415

    return _checked(network_of(operations_of(read_torch(path)), elementwise=elementwise), path)


def _checked(network: ImportedNetwork, path: str) -> ImportedNetwork:
    if not network.layers:
        raise ConfigurationError(
            "nothing in it is a layer", where=f"model.path={path}", expected="; ".join(network.notes)
        )
    return network


def part_nodes(model: DictConfig) -> dict[str, DictConfig]:
    """The model's own layers by name, with their types.

    Raises:
        ConfigurationError: one has no shape that is known, or a key or value that does not fit it.
    """
    return {str(name): _node(str(name), part) for name, part in (model.get("parts") or {}).items()}


def _node(name: str, part: object) -> DictConfig:
    if not isinstance(part, DictConfig):
        raise ConfigurationError(
            f"model.parts.{name} is {part}",
            expected=f"a layer, as model.parts.{name}={{shape: matmul, D: 8, E: 8, L: 8}}",
        )
    shape = part.get("shape")
    kind: type[Layer] | None = SHAPES.get(str(shape))
    if kind is None:
        raise ConfigurationError(
            f"model.parts.{name}.shape is {shape}", expected=f"one of {', '.join(SHAPES)}", where=f"model.parts.{name}"
        )
    try:
        merged = OmegaConf.merge(OmegaConf.structured(kind), {"name": name}, part)
    except OmegaConfBaseException as error:
        raise explain(error) from error
    assert isinstance(merged, DictConfig)
    return merged
